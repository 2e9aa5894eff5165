#!/usr/bin/env bash
# rootfs.sh ARCH: prints the directory of a configured Debian 12 with systemd, for amd64 or arm64. Makes it if it does not exist; for arm64 under
# emulation this takes minutes. It contains the dependencies of the package, and Python for Ansible. Needs root. RKLLAMA_CACHE and RKLLAMA_MIRROR
# have the same meaning as for packaging/sysroot.sh.
set -euo pipefail
cd "$(dirname "$0")/../.."

arch=$1
suite=bookworm
cache=${RKLLAMA_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/rkllama}
packages=systemd,systemd-sysv,udev,dbus,iproute2,curl,acl,ca-certificates,libssl3,libstdc++6,libgomp1,python3-apt
root=$cache/rootfs-$suite-$arch-$(cksum <<<"$packages" | cut -d' ' -f1)
[ ! -e "$root" ] || { echo "$root"; exit; }

[ "$arch" = arm64 ] && tests/packaging/emulation.sh

mkdir -p "$cache"
made=$(mktemp -d "$cache/making-XXXXXX")
trap 'rm -rf "$made"' EXIT
mirror=$(packaging/mirror.sh)
echo "making $root from $mirror" >&2
mmdebstrap --quiet --architectures="$arch" --variant=minbase --include=$packages --aptopt='APT::Install-Recommends "false"' \
    --dpkgopt=force-unsafe-io --dpkgopt='path-exclude=/usr/share/man/*' --dpkgopt='path-exclude=/usr/share/locale/*' \
    $suite "$made/root" "deb $mirror $suite main" >&2
chmod 755 "$made/root"
mv -nT "$made/root" "$root"
echo "$root"
