#!/usr/bin/env bash
# emulation.sh: enables arm64 executables on this machine, with qemu-user, until the next boot. Needs root.
set -euo pipefail
[ "$(uname -m)" != aarch64 ] || exit 0
mountpoint -q /proc/sys/fs/binfmt_misc || mount -t binfmt_misc none /proc/sys/fs/binfmt_misc
[ -e /proc/sys/fs/binfmt_misc/qemu-aarch64 ] || update-binfmts --enable qemu-aarch64
