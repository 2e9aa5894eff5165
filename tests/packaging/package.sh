#!/usr/bin/env bash
# package.sh RID DEB: tests the files of the package for RID, without installing it. The last line is "N passed, N failed".
set -euo pipefail
cd "$(dirname "$0")/../.."

rid=$1
deb=$2
. tests/packaging/node.sh
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

check "lintian reports no error" lintian --allow-root --fail-on error "$deb"
check "only two lintian tags are overridden" test "$(lintian --allow-root --show-overrides "$deb" 2>/dev/null | sed -nE 's/^[NO]: rkllama: ([a-z-]+).*/\1/p' | sort -u | xargs)" = "dir-or-file-in-opt embedded-library"
check "the lintian overrides have a comment" grep -q '^# ' packaging/debian/lintian-overrides

sha256sum "$deb" "${deb%.deb}.tar.gz" >"$work/sums"
sleep 1 # the second build must have another time, to test that no time is in the package
packaging/package.sh "$rid" >"$work/again"
check "a second build has the same bytes" sha256sum --check --quiet "$work/sums"

dpkg-deb --fsys-tarfile "$deb" | tar -t | sort >"$work/in-deb"
tar -tf "${deb%.deb}.tar.gz" | sort >"$work/in-archive"
check "the archive has the same files as the package" diff <(grep -v lintian "$work/in-deb") "$work/in-archive"
for file in opt/rkllama/rkllama usr/bin/rkllama usr/lib/systemd/system/rkllama.service usr/lib/systemd/system/rkllama-tune.service \
    usr/share/man/man1/rkllama.1.gz usr/share/bash-completion/completions/rkllama usr/lib/udev/rules.d/60-rkllama.rules etc/rkllama/rkllama.env usr/share/doc/rkllama/NOTICES.gz usr/share/doc/rkllama/copyright \
    usr/share/doc/rkllama/deploy/prometheus/rkllama.rules.yml usr/share/doc/rkllama/examples/DeepSeek-R1-1.5B/Modelfile; do
    check "the package contains $file" grep -qx "./$file" "$work/in-deb"
done
check "the package does not contain the vendor's library" not grep -q librkllmrt "$work/in-deb"
dpkg-deb -R "$deb" "$work/tree"
for component in "Microsoft.NETCore.App.Runtime.NativeAOT" "Microsoft.AspNetCore.App.Runtime" Serilog Tomlyn System.CommandLine; do
    check "the notices name $component" grep -q "^== $component" <(zcat "$work/tree/usr/share/doc/rkllama/NOTICES.gz")
done
lint_manual() { zcat "$work/tree/usr/share/man/man1/rkllama.1.gz" >"$work/rkllama.1" && mandoc -T lint -W warning "$work/rkllama.1"; }
check "mandoc has no warning about the man page" lint_manual
check "the man page has the version of the package" grep -q "RkLlama $(sed -nE 's/^Version: (.*)/\1/p' "$work/tree/DEBIAN/control")\"" "$work/rkllama.1"
check "the man page shows the options of a command" grep -q -- '--hidethinking' <(mandoc -T ascii "$work/rkllama.1" | col -b)
check "bash reads the completion" bash -c '. "$1" && complete -p rkllama' bash "$work/tree/usr/share/bash-completion/completions/rkllama"
for package in ca-certificates 'libssl3 | libssl3t64 | libssl1.1'; do
    check "the package depends on $package" grep -qE "^Depends: .*, ${package//|/\\|}(,|\$)" "$work/tree/DEBIAN/control"
done
check "the package has no questions for debconf" test ! -e "$work/tree/DEBIAN/config" -a ! -e "$work/tree/DEBIAN/templates"
check "the settings file is a conffile" grep -qx /etc/rkllama/rkllama.env "$work/tree/DEBIAN/conffiles"
check "the package has at most 12 MB" test "$(stat -c %s "$deb")" -le 12000000
check "the executable has less than 29.5 MB" test "$(stat -c %s "$work/tree/opt/rkllama/rkllama")" -lt 29500000
check "the executable runs on glibc 2.31" packaging/glibc.sh "$work/tree/opt/rkllama/rkllama"

echo "$passed passed, $failed failed"
[ "$failed" = 0 ]
