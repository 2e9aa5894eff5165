#!/usr/bin/env bash
# package.sh RID: builds dist/rkllama_VERSION_ARCH.deb and .tar.gz from dist/publish/RID/rkllama. Both contain the same files.
# Builds are reproducible: two builds of one commit are identical. All file times are that of the commit, all owners are root, and this script sets all modes.
set -euo pipefail
cd "$(dirname "$0")/.."

rid=$1
case $rid in
    linux-arm64) arch=arm64 ;;
    linux-x64) arch=amd64 ;;
    *) echo "package.sh: linux-arm64 or linux-x64, not $rid" >&2; exit 2 ;;
esac
version=$(sed -nE 's/.*<Version>([^<]+)<.*/\1/p' Directory.Build.props)
SOURCE_DATE_EPOCH=${SOURCE_DATE_EPOCH:-$(git log -1 --format=%ct)}
export SOURCE_DATE_EPOCH LC_ALL=C TZ=UTC
umask 022

work=artifacts/package/$arch
tree=$work/tree
rm -rf "$work"

# put MODE FILE... FOLDER: copies the files into FOLDER of the tree.
put() {
    local mode=$1 folder=$tree/${!#}
    shift
    mkdir -p "$folder"
    install -m "$mode" "${@:1:$#-1}" "$folder"
}

put 755 "dist/publish/$rid/rkllama" opt/rkllama
mkdir -p $tree/usr/bin $tree/usr/share/man/man1
ln -s /opt/rkllama/rkllama $tree/usr/bin/rkllama
put 644 packaging/rkllama.env etc/rkllama
put 755 packaging/setup packaging/share packaging/takeover usr/lib/rkllama
put 644 systemd/rkllama.service systemd/rkllama-tune.service usr/lib/systemd/system
put 644 systemd/60-rkllama.rules usr/lib/udev/rules.d
mkdir -p $tree/usr/lib/sysusers.d
install -m 644 systemd/rkllama.sysusers $tree/usr/lib/sysusers.d/rkllama.conf

doc=usr/share/doc/rkllama
put 644 README.md CHANGELOG.md SECURITY.md LICENSE packaging/debian/copyright $doc
put 644 docs/*.md $doc/docs
for folder in prometheus haproxy nginx kubernetes container; do
    put 644 deploy/$folder/* $doc/deploy/$folder
done
for sample in models/samples/*/; do
    put 644 "$sample"* "$doc/examples/$(basename "$sample")"
done
packaging/notices.sh "$rid" | gzip -9n >$tree/$doc/NOTICES.gz
sed "s/@DATE@/$(date -u -d "@$SOURCE_DATE_EPOCH" +%F)/; s/@VERSION@/$version/" packaging/rkllama.1 | gzip -9n >$tree/usr/share/man/man1/rkllama.1.gz
mkdir -p $tree/usr/share/bash-completion/completions
install -m 644 packaging/rkllama.bash-completion $tree/usr/share/bash-completion/completions/rkllama
{
    echo "rkllama ($version) stable; urgency=medium"
    echo
    echo "  * Built from commit $(git rev-parse --short=12 HEAD)."
    echo
    echo " -- RkLlama <jfreed-dev@users.noreply.github.com>  $(date -u -R -d "@$SOURCE_DATE_EPOCH")"
} | gzip -9n >$tree/$doc/changelog.gz
find $tree -exec touch -h -d "@$SOURCE_DATE_EPOCH" {} +

mkdir -p dist
base=dist/rkllama_${version}_$arch
tar --create --sort=name --owner=0 --group=0 --numeric-owner --format=gnu --directory $tree . | gzip -9n >"$base.tar.gz"

# The .deb also has the files for dpkg and lintian.
size=$(du -k --apparent-size -s $tree | cut -f1)
put 644 packaging/debian/conffiles DEBIAN
put 755 packaging/debian/postinst packaging/debian/prerm packaging/debian/postrm DEBIAN
sed "s/@VERSION@/$version/; s/@ARCH@/$arch/; s/@SIZE@/$size/" packaging/debian/control >$tree/DEBIAN/control
mkdir -p $tree/usr/share/lintian/overrides
install -m 644 packaging/debian/lintian-overrides $tree/usr/share/lintian/overrides/rkllama
(cd $tree && find . -type f ! -path './DEBIAN/*' ! -path './etc/*' -printf '%P\0' | sort -z | xargs -0 md5sum) >$tree/DEBIAN/md5sums
chmod 644 $tree/DEBIAN/control $tree/DEBIAN/md5sums
find $tree -exec touch -h -d "@$SOURCE_DATE_EPOCH" {} +
dpkg-deb --root-owner-group -Zxz --threads-max=1 --build $tree "$base.deb" >/dev/null
for file in "$base.deb" "$base.tar.gz"; do
    echo "$file: $(du --apparent-size -BK "$file" | cut -f1), sha256 $(sha256sum "$file" | cut -d' ' -f1)"
done
