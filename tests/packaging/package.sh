#!/usr/bin/env bash
# package.sh RID DEB: the package for RID as it lies there. The last line is "N passed, N failed".
set -euo pipefail
cd "$(dirname "$0")/../.."

rid=$1
deb=$2
. tests/packaging/node.sh
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

check "lintian finds no error" lintian --allow-root --fail-on error "$deb"
check "one kind of finding is overridden" test "$(lintian --allow-root --show-overrides "$deb" 2>/dev/null | sed -nE 's/^[NO]: rkllama: ([a-z-]+).*/\1/p' | sort -u)" = dir-or-file-in-opt
check "every override has its reason" grep -q '^# ' packaging/debian/lintian-overrides

sha256sum "$deb" "${deb%.deb}.tar.gz" >"$work/sums"
sleep 1 # a second build in the same second would prove nothing about times
packaging/package.sh "$rid" >"$work/again"
check "a second build is the same to the byte" sha256sum --check --quiet "$work/sums"

dpkg-deb --fsys-tarfile "$deb" | tar -t | sort >"$work/in-deb"
tar -tf "${deb%.deb}.tar.gz" | sort >"$work/in-archive"
check "the archive has the package's tree" diff <(grep -v lintian "$work/in-deb") "$work/in-archive"
for file in opt/rkllama/rkllama usr/bin/rkllama usr/lib/systemd/system/rkllama.service usr/lib/systemd/system/rkllama-tune.service \
    usr/lib/udev/rules.d/60-rkllama.rules etc/rkllama/rkllama.env usr/share/doc/rkllama/NOTICES.gz usr/share/doc/rkllama/copyright \
    usr/share/doc/rkllama/deploy/prometheus/rkllama.rules.yml usr/share/doc/rkllama/examples/DeepSeek-R1-1.5B/Modelfile; do
    check "it has $file" grep -qx "./$file" "$work/in-deb"
done
check "it does not have the vendor's library" not grep -q librkllmrt "$work/in-deb"
dpkg-deb -R "$deb" "$work/tree"
for work_of_others in "Microsoft.NETCore.App.Runtime.NativeAOT" "Microsoft.AspNetCore.App.Runtime" Serilog Tomlyn System.CommandLine; do
    check "its notices name $work_of_others" grep -q "^== $work_of_others" <(zcat "$work/tree/usr/share/doc/rkllama/NOTICES.gz")
done
check "its settings file is a conffile" grep -qx /etc/rkllama/rkllama.env "$work/tree/DEBIAN/conffiles"
check "it is 12 MB at most" test "$(stat -c %s "$deb")" -le 12000000
check "its executable is 25 MB at most" test "$(stat -c %s "$work/tree/opt/rkllama/rkllama")" -le 25000000
check "and runs on glibc 2.31" packaging/glibc.sh "$work/tree/opt/rkllama/rkllama"

echo "$passed passed, $failed failed"
[ "$failed" = 0 ]
