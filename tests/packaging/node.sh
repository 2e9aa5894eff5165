# A node for the tests of the package: Debian with a real systemd, in a container with a network of its own. To be sourced.
# Needs root, systemd-nspawn and the folder made by rootfs.sh.

passed=0 failed=0
node=             # folder of the node's file system
leader=           # its first process
patience=60       # seconds

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
    # nspawn's first child only makes the second one, which is the node's.
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

# on_node COMMAND...: as root, on the node, as one who logs in.
on_node() {
    nsenter --target "$leader" --mount --uts --ipc --pid --net --cgroup --root \
        env -i -C /root PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin HOME=/root LANG=C.UTF-8 DEBIAN_FRONTEND=noninteractive "$@"
}

# until_true SECONDS COMMAND...: waits for it, so long at most.
until_true() {
    local end=$((SECONDS + $1))
    shift
    until "$@"; do
        [ $SECONDS -lt $end ] || return 1
        sleep 0.1
    done
}

# check SENTENCE COMMAND...: one test.
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

# soon COMMAND...: it comes true within a time that only a broken node needs.
soon() { until_true "$patience" "$@"; }

# says TEXT COMMAND...: it is in what the command prints on the node.
says() {
    local text
    text=$(on_node "${@:2}" 2>&1 || true)
    [[ $text == *"$1"* ]] || { echo "$text"; false; }
}

# answers PORT PATH TEXT [CURL-OPTION...]: it is in the answer.
answers() { says "$3" curl -sf -m 20 "http://127.0.0.1:$1$2" "${@:4}"; }

is_active() { [ "$(on_node systemctl is-active "$1")" = active ]; }
not() { ! "$@"; }
