#!/usr/bin/env bash
# kernel.sh: prints the directory with an unpacked arm64 kernel and busybox. Makes it if it does not exist. Needs root.
# RKLLAMA_CACHE and RKLLAMA_MIRROR have the same meaning as for packaging/sysroot.sh.
set -euo pipefail
cd "$(dirname "$0")/../.."

cache=${RKLLAMA_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/rkllama}
kernel=$cache/kernel-bookworm-arm64
[ ! -e "$kernel" ] || { echo "$kernel"; exit; }
mkdir -p "$cache"
made=$(mktemp -d "$cache/making-XXXXXX")
trap 'rm -rf "$made"' EXIT
mirror=$(packaging/mirror.sh)
echo "making $kernel from $mirror" >&2
mmdebstrap --quiet --architectures=arm64 --variant=extract --include=linux-image-cloud-arm64,busybox-static bookworm "$made/root" "deb $mirror bookworm main" >&2
chmod 755 "$made/root"
mv -nT "$made/root" "$kernel"
echo "$kernel"
