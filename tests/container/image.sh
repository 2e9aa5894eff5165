#!/usr/bin/env bash
# image.sh RID LIBRARY: builds the image of deploy/container from the package for RID and runs it as Kubernetes does: not as root, without
# capabilities, read-only, with mounted models and library. LIBRARY is a simulator's librkllmrt.so. If podman cannot run as root here, the result is
# one skipped test. Needs no registry: the base image is made from the Debian of tests/packaging/rootfs.sh. The last line is
# "N passed, N failed, N skipped".
set -euo pipefail
cd "$(dirname "$0")/../.."

rid=$1
library=$(realpath "$2")
. tests/packaging/node.sh
image=localhost/rkllama-test:$$
container=rkllama-test-$$
work=$(mktemp -d)

# podman's default limits are higher than some machines allow.
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
[ "$(id -u)" = 0 ] || skip "this test needs root"
root=$(tests/packaging/rootfs.sh "$(dpkg --print-architecture)")
base=localhost/rkllama-test-$(basename "$root")
if ! engine image exists "$base"; then
    tar -C "$root" --exclude=./usr/share/doc --exclude=./var/cache -c . | engine import - "$base" >/dev/null 2>&1 ||
        skip "podman cannot make an image here"
fi
# Find a runtime that supports the cgroup version of this machine.
for runtime in crun runc none; do
    [ $runtime != none ] || skip "podman cannot run a container here"
    ! engine --runtime $runtime run --rm "${run[@]}" "$base" true 2>/dev/null || break
done
engine() { podman --log-level=error --runtime $runtime "$@"; }

arch=$(dpkg --print-architecture)
version=$(sed -nE 's/.*<Version>([^<]+)<.*/\1/p' Directory.Build.props)
mkdir "$work/context"
packaging/package.sh "$rid" >/dev/null
cp "dist/rkllama_${version}_$arch.tar.gz" "$work/context"
build() {
    # In the host's namespaces: the build needs no own namespaces and no network setup.
    engine build --isolation=chroot --network=host --build-arg BASE="$base" --build-arg TARGETARCH="$arch" \
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
check "the image contains the notices" engine run "${run[@]}" --rm --entrypoint /bin/sh "$image" -c 'test -s /usr/share/doc/rkllama/NOTICES.gz'
check "the image does not contain the vendor's library" not engine run "${run[@]}" --rm --entrypoint /bin/sh "$image" -c 'ls /opt/rkllama/lib | grep .'
built=$(sed -n 's/^#.* podman build .* -t \([^ ]*\) dist$/\1/p' deploy/container/Containerfile)
check "the manifest names the image that the Containerfile's command builds" grep -q "image: $built$" deploy/kubernetes/rkllama.yaml
check "the container starts" start
check "the preloaded model is ready" soon ready
check "the server answers" answers
check "the server runs as user 10001" test "$(status Uid)" = 10001
check "the manifest names the same user" grep -q 'runAsUser: 10001$' deploy/kubernetes/rkllama.yaml
check "the server has no capabilities" test "$(status CapBnd)" = 0000000000000000
check "the health check passes" healthy
check "the container stops with exit code 0" stops
check "the health check of the stopped container fails" not healthy

echo "$passed passed, $failed failed, 0 skipped"
[ "$failed" = 0 ]
