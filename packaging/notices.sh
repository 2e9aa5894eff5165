#!/usr/bin/env bash
# notices.sh RID: prints the licence notices of all works in the executable for RID: the NuGet packages of the last restore, and the .NET runtime that is
# compiled in. The texts come from the packages.
set -euo pipefail
cd "$(dirname "$0")/.."

rid=$1
packages=${NUGET_PACKAGES:-$HOME/.nuget/packages}
assets=artifacts/obj/RkLlama.Server/project.assets.json

# field NAME NUSPEC: prints the value of an XML element.
field() { sed -nE "s/.*<$1[^>]*>([^<]+)<.*/\1/p" "$2" | head -1; }

# Prints package/version of each work. Compilers and linkers are left out, because no part of them is in the executable.
built_from() {
    grep -oE '"path": "[a-z][^"]*/[0-9][^"]*"' $assets | cut -d'"' -f4 | grep -vE '^(microsoft.dotnet.ilcompiler|microsoft.net.illink.tasks|runtime\..*ilcompiler)/'
    local runtime
    runtime=$(grep -oE 'microsoft.dotnet.ilcompiler/[0-9.]+' $assets | head -1 | cut -d/ -f2)
    echo "microsoft.netcore.app.runtime.nativeaot.$rid/$runtime"
    echo "microsoft.aspnetcore.app.runtime.$rid/$runtime"
}

echo "The executable rkllama contains the following works."
for package in $(built_from | sort -u); do
    spec=$(echo "$packages/$package"/*.nuspec)
    echo
    echo "== $(field id "$spec") $(field version "$spec")"
    echo "by $(field authors "$spec"); licence: $(field license "$spec")"
    field copyright "$spec"
    field projectUrl "$spec"
    for text in "$packages/$package"/{LICENSE,LICENSE.TXT,LICENSE.txt,LICENSE.md,THIRD-PARTY-NOTICES.TXT,THIRD-PARTY-NOTICES.txt}; do
        [ ! -f "$text" ] || { echo; tr -d '\r' <"$text"; }
    done
done
