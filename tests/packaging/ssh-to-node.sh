#!/usr/bin/env bash
# ssh-to-node.sh [OPTION...] HOST COMMAND: replaces ssh for Ansible. HOST is "node" and the id of the node's first process. Runs COMMAND on it.
host=${*: -2:1}
exec nsenter --target "${host#node}" --mount --uts --ipc --pid --net --cgroup --root \
    env -i -C /root PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin HOME=/root LANG=C.UTF-8 sh -c "${*: -1}"
