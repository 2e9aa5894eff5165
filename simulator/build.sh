#!/bin/sh
# build.sh OUTDIR [VERSION...] - builds OUTDIR/<version>/librkllmrt.so for each version and variant, OUTDIR/rknn-<version>/librknnrt.so
# for each version of the second library, and a link to the newest of these beside each librkllmrt.so.
# CC (default: cc) is the compiler, possibly a cross compiler. SIM_CFLAGS (formerly RKSIM_CFLAGS) is appended to the flags.
# A library that is newer than all sources is not built again, unless the compiler or its flags changed.
set -eu

src=$(cd "$(dirname "$0")" && pwd)
[ $# -ge 1 ] || { sed -n '2,5s/^# //p' "$0" >&2; exit 2; }
mkdir -p "$1"
out=$(cd "$1" && pwd)
shift
[ $# -gt 0 ] || set -- 1.0.1 1.1.4 1.1.4-marker 1.2.0 1.2.3 1.2.3-nomarker 1.2.3-extra 1.2.3-missing-dep \
    1.3.0 1.3.0-nomarker 1.3.1 9.9.9

exec 9> "$out/.lock"                    # several test projects may build the same libraries at the same time
if command -v flock > /dev/null; then flock 9; fi

cc=${CC:-cc}
extra=${SIM_CFLAGS-${RKSIM_CFLAGS-}}
rknn_versions="1.5.2 1.6.0 2.2.0 2.3.2 2.3.2-nomarker 2.9.9"
flags="-std=c11 -D_GNU_SOURCE -O1 -fPIC -fvisibility=hidden -pthread -Wall -Wextra -Werror $extra"
link="-shared -pthread -Wl,-soname,librkllmrt.so -Wl,--no-undefined -Wl,--as-needed -Wl,-z,now"
case $extra in *-fsanitize*) link="-shared -pthread -Wl,-soname,librkllmrt.so" ;; esac

if [ "$(cat "$out/.flags" 2>/dev/null)" != "$cc $flags" ]; then
    rm -rf "$out/.obj"
    rm -f "$out"/*/librkllmrt.so "$out"/*/librknnrt.so
    echo "$cc $flags" > "$out/.flags"
fi

abi_of() {
    case $1 in
        1.0.*) echo 10001 ;; 1.1.*) echo 10100 ;; 1.2.0*) echo 10200 ;; 1.2.*) echo 10201 ;;
        1.3.0*) echo 10300 ;; 1.3.*|9.*) echo 10301 ;;
        *) echo "build.sh: unknown version $1" >&2; exit 2 ;;
    esac
}

fresh() {
    [ -f "$1" ] &&
        [ -z "$(find "$src" -path "$src/selftest" -prune -o \( -name '*.[ch]' -o -name build.sh \) -newer "$1" -print)" ]
}

# Compiles one object per ABI group, which its variants share. All sources are one translation unit, which compiles five
# times faster.
object() {
    obj=$out/.obj/$1.o
    fresh "$obj" && return
    mkdir -p "$out/.obj"
    if [ "$1" = 10001 ]; then
        files="base/message.c api/exports_1_0.c"
    else
        files=$(cd "$src" && find base node abi model handle run api -name '*.c' ! -name version.c ! -name exports_1_0.c)
    fi
    # shellcheck disable=SC2086
    for f in $files; do echo "#include \"$f\""; done | $cc $flags -I "$src" -DSIM_ABI="$1" -x c -c - -o "$obj"
}

# The second library: one object for all versions.
rknn_object() {
    obj=$out/.obj/rknn.o
    fresh "$obj" && return
    mkdir -p "$out/.obj"
    # shellcheck disable=SC2086
    (cd "$src" && find base node rknn -name '*.c' ! -name version.c ! -name board.c) | sed 's/.*/#include "&"/' |
        $cc $flags -I "$src" -x c -c - -o "$obj"
}

rknn_library() { # version
    lib=$out/rknn-$1/librknnrt.so
    fresh "$lib" && return
    mkdir -p "$out/rknn-$1"
    define="-DSIM_VERSION=\"${1%%-*}\""
    case $1 in *-nomarker) define="$define -DSIM_NO_MARKER" ;; esac
    # shellcheck disable=SC2086
    $cc $flags -I "$src" $define "$src/rknn/version.c" "$out/.obj/rknn.o" $rknn_link -lm -o "$lib.new"
    mv "$lib.new" "$lib"
}

abis=$(for version; do abi_of "$version"; done)
rknn_object &
jobs=$!
for abi in $(echo "$abis" | sort -u); do
    object "$abi" &
    jobs="$jobs $!"
done
for job in $jobs; do wait "$job"; done

rknn_link=$(echo "$link" | sed 's/librkllmrt/librknnrt/')
for version in $rknn_versions; do rknn_library "$version"; done
for version; do
    mkdir -p "$out/$version"
    [ "$out/$version/librknnrt.so" -ef "$out/rknn-2.3.2/librknnrt.so" ] ||
        ln -f "$out/rknn-2.3.2/librknnrt.so" "$out/$version/librknnrt.so"
done

for version; do
    lib=$out/$version/librkllmrt.so
    abi=$(abi_of "$version")
    fresh "$lib" && continue
    define="-DSIM_VERSION=\"${version%%-*}\""
    case $version in
        1.0.*|1.1.4|*-nomarker) ;;
        *) define="$define -DSIM_MARKER" ;;
    esac
    case $version in *-extra) define="$define -DSIM_EXTRAS" ;; esac
    mkdir -p "$out/$version"
    need=
    if [ "${version#*-}" = missing-dep ]; then      # depends on a library that exists only while linking
        stub=$out/.obj/libgomp-absent.so.1
        # shellcheck disable=SC2086
        echo 'int absent;' | $cc -shared -fPIC -Wl,-soname,libgomp-absent.so.1 -x c - -o "$stub"
        need="-Wl,--no-as-needed $stub"
    fi
    # shellcheck disable=SC2086
    $cc $flags -I "$src" $define "$src/base/version.c" "$out/.obj/$abi.o" $link $need -lm -o "$lib.new"
    mv "$lib.new" "$lib"
done
