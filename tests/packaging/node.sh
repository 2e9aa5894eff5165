# Functions for tests on a node: Debian with a real systemd, in a container with its own network. This file is sourced.
# start_node needs root, systemd-nspawn and the directory that rootfs.sh makes.

passed=0 failed=0
node=             # root directory of the node
leader=           # process id of the node's first process
patience=60       # timeout of soon, in seconds

# start_node ROOT: boots a copy of ROOT.
start_node() {
    node=$(mktemp -d)/root
    cp -a --reflink=auto "$1" "$node"
    echo node >"$node/etc/hostname"
    mkdir -p "$node/etc/systemd/system"
    for unit in apt-daily.timer apt-daily-upgrade.timer dpkg-db-backup.timer e2scrub_all.timer fstrim.timer; do
        ln -sf /dev/null "$node/etc/systemd/system/$unit"
    done
    systemd-nspawn --quiet --directory="$node" --boot --private-network --register=no --keep-unit --machine="rkllama-test-$$" --console=pipe \
        </dev/null >"$node/../console" 2>&1 &
    nspawn=$!
    trap stop_node EXIT
    until_true 180 booted || { echo "the node did not boot"; cat "$node/../console"; return 1; }
}

booted() {
    # The first child of nspawn only starts the second one, which is the first process of the node.
    kill -0 "$leader" 2>/dev/null || leader=$(cut -d' ' -f1 "/proc/$nspawn/task/$nspawn/children" 2>/dev/null)
    [ "$(cat "/proc/$leader/root/etc/hostname" 2>/dev/null)" = node ] && case $(on_node systemctl is-system-running 2>/dev/null) in running | degraded) ;; *) false ;; esac
}

stop_node() {
    if [ -n "${nspawn:-}" ] && kill -0 "$nspawn" 2>/dev/null; then
        [ -z "$leader" ] || on_node systemctl --no-block poweroff 2>/dev/null || true
        until_true 20 gone || kill -KILL $(cat "/proc/$nspawn/task/$nspawn/children") "$nspawn" || true
        wait "$nspawn" 2>/dev/null || true
    fi
    [ -z "$node" ] || rm -rf "$(dirname "$node")"
    nspawn= leader= node=
}

gone() { ! kill -0 "$nspawn" 2>/dev/null; }

# on_node COMMAND...: runs the command on the node as root, with the environment of a login.
on_node() {
    nsenter --target "$leader" --mount --uts --ipc --pid --net --cgroup --root \
        env -i -C /root PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin HOME=/root LANG=C.UTF-8 DEBIAN_FRONTEND=noninteractive "$@"
}

# until_true SECONDS COMMAND...: repeats the command until it succeeds. Fails after that many seconds.
until_true() {
    local end=$((SECONDS + $1))
    shift
    until "$@"; do
        [ $SECONDS -lt $end ] || return 1
        sleep 0.1
    done
}

# check SENTENCE COMMAND...: runs one test. The test passes if the command succeeds.
check() {
    local sentence=$1
    shift
    if "$@" >/tmp/check.$$ 2>&1; then
        passed=$((passed + 1))
        echo "ok      $sentence"
    else
        failed=$((failed + 1))
        echo "FAILED  $sentence: $*"
        sed 's/^/        /' /tmp/check.$$
    fi
    rm -f /tmp/check.$$
}

# soon COMMAND...: repeats the command until it succeeds. Fails after $patience seconds.
soon() { until_true "$patience" "$@"; }

# says TEXT COMMAND...: runs the command on the node. Succeeds if its output contains the text.
says() {
    local text
    text=$(on_node "${@:2}" 2>&1 || true)
    [[ $text == *"$1"* ]] || { echo "$text"; false; }
}

# answers PORT PATH TEXT [CURL-OPTION...]: sends a request to the node. Succeeds if the response contains the text.
answers() { says "$3" curl -sf -m 20 "http://127.0.0.1:$1$2" "${@:4}"; }

is_active() { [ "$(on_node systemctl is-active "$1")" = active ]; }
not() { ! "$@"; }
