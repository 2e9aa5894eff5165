#!/usr/bin/env bash
# sysroot.sh ARCH: prints the path of a folder with the C library, headers and libgcc of Debian 11 for amd64 or arm64. Creates it if it does not exist.
# An executable that is linked against it runs with glibc 2.31 and later. An executable that is linked on Debian 12 needs 2.34.
#
#   RKLLAMA_SYSROOT   an existing folder to use instead
#   RKLLAMA_CACHE     where the folder is kept; default ~/.cache/rkllama, so that all clones of the repository on a machine share it
#   RKLLAMA_MIRROR    the Debian mirror to download from (mirror.sh)
set -euo pipefail
cd "$(dirname "$0")/.."

arch=$1
suite=bullseye
[ -z "${RKLLAMA_SYSROOT:-}" ] || { echo "$RKLLAMA_SYSROOT"; exit; }

cache=${RKLLAMA_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/rkllama}
sysroot=$cache/sysroot-$suite-$arch
[ ! -e "$sysroot" ] || { echo "$sysroot"; exit; }

mirror=$(packaging/mirror.sh)

# If two builds create the folder at the same time, the first one that finishes moves it to its final name.
mkdir -p "$cache"
made=$(mktemp -d "$cache/making-XXXXXX")
trap 'rm -rf "$made"' EXIT
echo "making $sysroot from $mirror" >&2
mmdebstrap --quiet --variant=extract --architectures="$arch" --include=libc6-dev,libgcc-10-dev,zlib1g-dev \
    $suite "$made/root" "deb $mirror $suite main" >&2

# Make absolute links relative. Otherwise the linker follows them to files of this machine, and falls back to the static libpthread.
find "$made/root" -type l -lname '/*' | while read -r link; do
    ln -snf "$(realpath -m --relative-to="$(dirname "$link")" "$made/root$(readlink "$link")")" "$link"
done
chmod 755 "$made/root"
mv -nT "$made/root" "$sysroot"
echo "$sysroot"
