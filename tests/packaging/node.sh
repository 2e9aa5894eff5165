# Functions for tests on a node: Debian with a real systemd, in a container with its own network. This file is sourced.
# start_node needs root, systemd-nspawn and the directory that rootfs.sh makes.

passed=0 failed=0
node=             # root directory of the node
leader=           # process id of the node's first process
patience=60       # timeout of soon, in seconds
neighbour=        # the same of a second node: its first process, and those of start_neighbour

# start_node ROOT [OPTION]: boots a copy of ROOT, with a network of its own or that of the option of systemd-nspawn.
start_node() {
    node=$(mktemp -d)/root
    cp -a --reflink=auto "$1" "$node"
    echo node >"$node/etc/hostname"
    mkdir -p "$node/etc/systemd/system"
    for unit in apt-daily.timer apt-daily-upgrade.timer dpkg-db-backup.timer e2scrub_all.timer fstrim.timer; do
        ln -sf /dev/null "$node/etc/systemd/system/$unit"
    done
    systemd-nspawn --quiet --directory="$node" --boot "${2:---private-network}" --register=no --keep-unit --machine="rkllama-test-$$-$RANDOM" --console=pipe \
        </dev/null >"$node/../console" 2>&1 &
    nspawn=$!
    trap stop_node EXIT
    until_true 180 booted || { echo "the node did not boot"; cat "$node/../console"; return 1; }
}

# start_neighbour ROOT: boots a second node in the network of the first one. on_node and all others continue to mean the first one.
start_neighbour() {
    local first=("$node" "$leader" "$nspawn")
    leader=
    start_node "$1" --network-namespace-path="/proc/${first[1]}/ns/net"
    neighbour=$leader neighbour_root=$node neighbour_nspawn=$nspawn
    node=${first[0]} leader=${first[1]} nspawn=${first[2]}
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
    [ -n "$neighbour" ] || return 0
    leader=$neighbour node=$neighbour_root nspawn=$neighbour_nspawn neighbour=
    stop_node
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

# start_hub NODE: starts a stand-in for Hugging Face on the node's loopback, with the demo model as deepseek-r1:1.5b, and names it to services that start later.
start_hub() {
    local repositories=$1/srv/hub model base
    model=$repositories/kautism/DeepSeek-R1-Distill-Qwen-1.5B-RK3588S-RKLLM1.1.4
    base=$repositories/deepseek-ai/DeepSeek-R1-Distill-Qwen-1.5B
    mkdir -p "$model" "$base"
    cp models/demo/demo.rkllm "$model/demo-rk3588.rkllm"
    cp models/demo/*.json models/demo/*.jinja "$base"
    cp tests/packaging/hub.py "$1/srv/"
    on_node sh -c 'python3 /srv/hub.py /srv/hub 9000 >/srv/hub.log 2>&1 &'
    on_node systemctl set-environment HF_ENDPOINT=http://127.0.0.1:9000
    until_true 20 on_node curl -s -o /dev/null http://127.0.0.1:9000/
}

# no_request COMMAND...: runs the command, and fails if it fails or if the stand-in gets a request.
no_request() {
    local before
    before=$(wc -l <"$node/srv/hub.log")
    "$@" && [ "$(wc -l <"$node/srv/hub.log")" = "$before" ]
}
