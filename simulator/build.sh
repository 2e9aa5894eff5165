#!/bin/sh
# simulator/build.sh OUTDIR [BUILD...]: librkllmrt.so for each ABI group, and variants for tests, in OUTDIR/<build>/.
# CC chooses the compiler (for example aarch64-linux-gnu-gcc), RKSIM_CFLAGS adds flags.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
out=$1
shift
: "${CC:=cc}"
sources="json.c tokens.c model.c script.c faults.c log.c"

# build NAME ABI VERSION [MARKER]
build() {
    target=$out/$1/librkllmrt.so
    [ -n "${wanted:-}" ] && case " $wanted " in *" $1 "*) ;; *) return 0 ;; esac
    [ -f "$target" ] && [ -z "$(find "$here" -name '*.[ch]' -newer "$target" -o -name build.sh -newer "$target")" ] && return 0
    mkdir -p "$out/$1"
    files="exports.c $sources"
    [ "$2" = 100 ] || files="$files policing.c run.c"
    # shellcheck disable=SC2086 # lists of words
    (cd "$here" && $CC -std=c11 -O2 -g -Wall -Wextra -Werror -fPIC -shared -fvisibility=hidden -pthread ${RKSIM_CFLAGS:-} \
        -DRKSIM_ABI="$2" "-DRKSIM_VERSION=\"$3\"" ${4:+"-DRKSIM_MARKER=\"$4\""} \
        -Wl,-soname,librkllmrt.so -Wl,--as-needed $files ${5:-} -lm -o "$target.new")
    mv "$target.new" "$target"
}

mkdir -p "$out"
out=$(cd "$out" && pwd)
wanted="$*"
build 1.0.1 100 1.0.1
build 1.1.4 110 1.1.4
build 1.1.4-marker 110 1.1.4 1.1.4
build 1.2.0 120 1.2.0 1.2.0
build 1.2.3 121 1.2.3 1.2.3
build 1.2.3-nomarker 121 1.2.3
build 1.3.0 130 1.3.0 1.3.0
build 1.3.0-nomarker 130 1.3.0
build 1.3.1 131 1.3.1 1.3.1
build 9.9.9 131 9.9.9 9.9.9

# A library that needs one that is not there, as a vendor library without libgomp.
build_missing_dependency() {
    target=$out/1.2.3-missing-dep
    [ -f "$target/librkllmrt.so" ] && return 0
    [ -n "$wanted" ] && case " $wanted " in *" 1.2.3-missing-dep "*) ;; *) return 0 ;; esac
    mkdir -p "$target"
    echo 'int omp_absent(void) { return 0; }' >"$target/absent.c"
    $CC -shared -fPIC -Wl,-soname,libgomp-absent.so.1 "$target/absent.c" -o "$target/libgomp-absent.so"
    build 1.2.3-missing-dep 121 1.2.3 1.2.3 "-Wl,--no-as-needed $target/libgomp-absent.so -Wl,--as-needed"
    rm -f "$target/libgomp-absent.so" "$target/absent.c"
}
build_missing_dependency
