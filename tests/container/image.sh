#!/usr/bin/env bash
# image.sh RID LIBRARY: builds the image of deploy/container from the package of RID and runs it as Kubernetes would: not root, no capabilities,
# read-only, model and library from outside. LIBRARY is a simulator's librkllmrt.so. Where no engine runs (podman, as root), it is one skipped test.
# No registry is needed: the base is made of the Debian that the tests of the package have. The last line is "N passed, N failed, N skipped".
set -euo pipefail
cd "$(dirname "$0")/../.."

rid=$1
library=$(realpath "$2")
. tests/packaging/node.sh
base=localhost/rkllama-test-base
image=localhost/rkllama-test:$$
container=rkllama-test-$$
work=$(mktemp -d)

# Limits that every machine lets us set: podman's own are higher than some of them allow.
engine() { podman --log-level=error "$@"; }
run=(--network=host --ulimit nofile=4096:4096 --ulimit nproc=4096:4096)
cleanup() {
    engine rm --force --time=0 "$container" || true
    engine rmi --force "$image" || true
    rm -rf "$work"
} >/dev/null 2>&1
trap cleanup EXIT

skip() {
    echo "skipped: $*"
    echo "0 passed, 0 failed, 1 skipped"
    exit
}

command -v podman >/dev/null || skip "podman is not installed"
[ "$(id -u)" = 0 ] || skip "podman is tried as root only"
if ! engine image exists $base; then
    tar -C "$(tests/packaging/rootfs.sh "$(dpkg --print-architecture)")" --exclude=./usr/share/doc --exclude=./var/cache -c . | engine import - $base >/dev/null 2>&1 ||
        skip "podman makes no image here"
fi
# The runtime that knows this machine's kind of cgroups.
for runtime in crun runc none; do
    [ $runtime != none ] || skip "podman runs no container here"
    ! engine --runtime $runtime run --rm "${run[@]}" $base true 2>/dev/null || break
done
engine() { podman --log-level=error --runtime $runtime "$@"; }

arch=$(dpkg --print-architecture)
version=$(sed -nE 's/.*<Version>([^<]+)<.*/\1/p' Directory.Build.props)
mkdir "$work/context"
packaging/package.sh "$rid" >/dev/null
cp "dist/rkllama_${version}_$arch.tar.gz" "$work/context"
build() {
    # In the host's namespaces: nothing of what it does needs others, and no network is set up for it.
    engine build --isolation=chroot --network=host --build-arg BASE=$base --build-arg TARGETARCH="$arch" \
        -f deploy/container/Containerfile -t "$image" --format docker "$work/context"
}
port=$((20000 + $$ % 10000))
start() {
    engine run "${run[@]}" --detach --name "$container" --read-only --read-only-tmpfs=false --tmpfs /tmp --cap-drop=all --security-opt=no-new-privileges \
        --volume "$PWD/models:/models:ro" --volume "$library:/opt/rkllama/lib/librkllmrt.so:ro" \
        --env PORT=$port --env RKLLAMA_HOST=127.0.0.1 --env RKLLAMA_PRELOAD=demo "$image"
}
ready() { curl -sf "http://127.0.0.1:$port/ready" >/dev/null; }
answers() { curl -sf -m 20 "http://127.0.0.1:$port/generate" -d '{"messages":[{"role":"user","content":"What is the capital of France?"}]}' | grep -q Paris; }
status() { engine exec "$container" grep "^$1:" /proc/1/status | cut -f2; }
healthy() { engine healthcheck run "$container"; }
stops() { engine stop --time 50 "$container" && [ "$(engine inspect --format '{{.State.ExitCode}}' "$container")" = 0 ]; }

check "the image is built" build
check "it has the notices of what it is made of" engine run "${run[@]}" --rm --entrypoint /bin/sh "$image" -c 'test -s /usr/share/doc/rkllama/NOTICES.gz'
check "and not the vendor's library" not engine run "${run[@]}" --rm --entrypoint /bin/sh "$image" -c 'ls /opt/rkllama/lib | grep .'
built=$(sed -n 's/^#.* podman build .* -t \([^ ]*\) dist$/\1/p' deploy/container/Containerfile)
check "the manifest names the image that the Containerfile's command builds" grep -q "image: $built$" deploy/kubernetes/rkllama.yaml
check "it starts" start
check "its model is there" soon ready
check "it answers" answers
check "it is not root" test "$(status Uid)" = 10001
check "it is the user that the manifest names" grep -q 'runAsUser: 10001$' deploy/kubernetes/rkllama.yaml
check "it has no capabilities" test "$(status CapBnd)" = 0000000000000000
check "it says that it is healthy" healthy
check "it stops when it is told to" stops
check "and is not healthy then" not healthy

echo "$passed passed, $failed failed, 0 skipped"
[ "$failed" = 0 ]
