#!/usr/bin/env bash
# sysroot.sh ARCH: prints the folder that has the C library, headers and libgcc of Debian 11 for amd64 or arm64; makes it when it is not there.
# An executable linked against it runs on glibc 2.31 and newer; one linked on Debian 12 asks for 2.34.
#
#   RKLLAMA_SYSROOT   a folder made elsewhere, taken as it is
#   RKLLAMA_CACHE     where to keep it; default ~/.cache/rkllama, so that every clone on a machine shares it
#   RKLLAMA_MIRROR    where to get it (mirror.sh)
set -euo pipefail
cd "$(dirname "$0")/.."

arch=$1
suite=bullseye
[ -z "${RKLLAMA_SYSROOT:-}" ] || { echo "$RKLLAMA_SYSROOT"; exit; }

cache=${RKLLAMA_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/rkllama}
sysroot=$cache/sysroot-$suite-$arch
[ ! -e "$sysroot" ] || { echo "$sysroot"; exit; }

mirror=$(packaging/mirror.sh)

# Two builds at once may both make it; the first to finish gives it its name.
mkdir -p "$cache"
made=$(mktemp -d "$cache/making-XXXXXX")
trap 'rm -rf "$made"' EXIT
echo "making $sysroot from $mirror" >&2
mmdebstrap --quiet --variant=extract --architectures="$arch" --include=libc6-dev,libgcc-10-dev,zlib1g-dev \
    $suite "$made/root" "deb $mirror $suite main" >&2

# The linker takes an absolute link for one of the machine it runs on, and falls back to the static libpthread.
find "$made/root" -type l -lname '/*' | while read -r link; do
    ln -snf "$(realpath -m --relative-to="$(dirname "$link")" "$made/root$(readlink "$link")")" "$link"
done
chmod 755 "$made/root"
mv -nT "$made/root" "$sysroot"
echo "$sysroot"
