# Builds the executable and the packages that are shipped.
# shellcheck shell=bash

# publish [RID] [--no-aot]
publish() {
    local target=linux-arm64 aot=true executable
    while [ $# -gt 0 ]; do
        case $1 in
            --no-aot) aot=false ;;
            linux-arm64 | linux-x64) target=$1 ;;
            *) fail "publish linux-arm64 or linux-x64, not $1" 2 ;;
        esac
        shift
    done

    if $aot; then require publish-aot; else require publish; fi
    bundle_page
    mkdir -p artifacts
    sed "s/VERSION/$(sed -nE 's|.*<Version(Prefix)?>(.*)</Version(Prefix)?>.*|\2|p' Directory.Build.props)/" docs/openapi.json | gzip -9n >artifacts/openapi.json.gz
    rm -rf "dist/publish/$target"
    local options=(src/RkLlama.Server -c Release -r "$target" -o "dist/publish/$target" -v minimal -warnaserror -p:DebugType=none -p:PathMap="$PWD=/rkllama")
    if $aot; then
        publish_aot "$target" "${options[@]}"
    else
        dotnet publish "${options[@]}" --self-contained true -p:PublishAot=false -p:PublishTrimmed=true -p:TrimMode=full \
            -p:PublishSingleFile=true -p:PublishReadyToRun=true
    fi

    executable=dist/publish/$target/rkllama
    rm -f "$executable".dbg "dist/publish/$target"/*.xml
    [ "$(ls "dist/publish/$target")" = rkllama ] || fail "dist/publish/$target has more files than the executable"
    echo "$executable: $(du --apparent-size -BK "$executable" | cut -f1), $(packaging/glibc.sh "$executable")"
}

# publish_aot RID OPTION...: links with clang and lld, for both architectures, against the C library of Debian 11.
publish_aot() {
    local target=$1 sysroot native
    shift
    sysroot=$(packaging/sysroot.sh "$([ "$target" = linux-arm64 ] && echo arm64 || echo amd64)") ||
        fail "the C library of Debian 11 cannot be fetched; publish --no-aot needs none"

    # An interrupted compiler leaves incomplete files, which the next build would use as if they were complete. So delete them first.
    native=artifacts/obj/RkLlama.Server/release_$target/native
    [ ! -e "$native.unfinished" ] || rm -rf "$native"
    mkdir -p "$native"
    touch "$native.unfinished"
    dotnet publish "$@" -p:SysRoot="$sysroot" -p:LinkerFlavor=lld -p:ObjCopyName=llvm-objcopy
    rm "$native.unfinished"
}

# published RID: publishes once per process; prints the log only if it fails.
published=
published() {
    [[ " $published " != *" $1 "* ]] || return 0
    local log
    log=$(mktemp)
    ./build.sh publish "$1" >"$log" 2>&1 || { cat "$log" >&2; exit 1; }
    rm -f "$log"
    published+=" $1"
}

# package [RID...]
package() {
    [ $# -gt 0 ] || set -- linux-arm64 linux-x64
    require package publish-aot
    local target
    for target in "$@"; do
        publish "$target"
        packaging/package.sh "$target"
    done
}

# debian_package RID: packages the published executable and prints the path of the .deb.
debian_package() {
    packaging/package.sh "$1" | sed -n 's/\(.*\.deb\): .*/\1/p'
}
