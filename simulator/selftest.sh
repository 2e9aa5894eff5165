#!/bin/sh
# selftest.sh OUTDIR - builds every version into OUTDIR and tests exports, behaviour, ABI checks and faults of each. Tests
# three versions again with the address and undefined-behaviour sanitizers. Also checks layout.h and the order of the
# modules. The last line has the counts. The exit code is 0 if no test failed.
# RUN=qemu-aarch64... runs the tests of a cross build, without sanitizers.
set -u

src=$(cd "$(dirname "$0")" && pwd)
[ $# -eq 1 ] || { echo "selftest.sh OUTDIR" >&2; exit 2; }
out=$1
cc=${CC:-cc}
demo=$src/../models/demo/demo.rkllm
passed=0 failed=0 skipped=0

verdict() { # ok|FAIL|skipped, name
    echo "$1 $2"
    case $1 in
        ok) passed=$((passed + 1)) ;;
        skipped) skipped=$((skipped + 1)) ;;
        *) failed=$((failed + 1)) ;;
    esac
}

"$src/build.sh" "$out" || exit 1
out=$(cd "$out" && pwd)
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT

base="createDefaultParam init run destroy abort"
v11="$base load_lora load_prompt_cache release_prompt_cache run_async is_running"
v120="$v11 clear_kv_cache set_chat_template"
v121="$v120 get_kv_cache_size set_function_tools set_cross_attn_params"
extra="accuracy_analysis get_timings print_memorys print_timings"

exports() { # version, names
    want=$(for n in $2; do echo "rkllm_$n"; done | sort)
    have=$("${NM:-nm}" -D --defined-only "$out/$1/librkllmrt.so" | awk '{ print $3 }' | sort)
    if [ "$want" = "$have" ]; then verdict ok "$1 exports"; else verdict FAIL "$1 exports: $(echo "$have" | tr '\n' ' ')"; fi
}

marker() { # version, text or empty
    have=$(strings -a "$out/$1/librkllmrt.so" | grep -o 'RKLLM SDK (version: [0-9.]*' | sed 's/.* //')
    if [ "$have" = "$2" ]; then verdict ok "$1 marker '$2'"; else verdict FAIL "$1 marker '$have', not '$2'"; fi
}

exports 1.0.1 "$base"
exports 1.1.4 "$v11"
exports 1.1.4-marker "$v11"
exports 1.2.0 "$v120"
for v in 1.2.3 1.2.3-nomarker 1.2.3-missing-dep 1.3.0 1.3.0-nomarker 1.3.1 9.9.9; do exports $v "$v121"; done
exports 1.2.3-extra "$v121 $extra"
for v in 1.1.4 1.2.3-nomarker 1.3.0-nomarker; do marker $v ""; done
marker 1.1.4-marker 1.1.4
for v in 1.2.0 1.2.3 1.3.0 1.3.1 9.9.9; do marker $v $v; done

for v in 1.5.2 1.6.0 2.3.2 2.3.2-nomarker; do
    have=$("${NM:-nm}" -D --defined-only "$out/rknn-$v/librknnrt.so" | awk '{ print $3 }' | sort | tr '\n' ' ')
    if [ "$have" = "rknn_destroy rknn_init rknn_inputs_set rknn_outputs_get rknn_outputs_release rknn_query rknn_run rknn_set_core_mask " ]
    then verdict ok "rknn $v exports"; else verdict FAIL "rknn $v exports: $have"; fi
    have=$(strings -a "$out/rknn-$v/librknnrt.so" | grep -o 'librknnrt version: [0-9.]*' | sed -n 's/.* //p' | grep .)
    case $v in *-nomarker) want= ;; *) want=$v ;; esac
    if [ "$have" = "$want" ]; then verdict ok "rknn $v marker '$want'"; else verdict FAIL "rknn $v marker '$have', not '$want'"; fi
done

# Compares the generated file layout.h with the output of the generator for the measured layouts.
layouts=${RKLLAMA_REFERENCE_DATA:-$src/../../shared/reference}/rkllm-abi.json
generated="layout.h is the output of generate-layout.py for the measured layouts"
if [ ! -f "$layouts" ]; then verdict skipped "$generated (no $layouts)"
elif ! command -v python3 > /dev/null; then verdict skipped "$generated (no python3)"
elif python3 "$src/generate-layout.py" "$layouts" | cmp - "$src/abi/layout.h"; then verdict ok "$generated"
else verdict FAIL "$generated"
fi

# Checks the order of the modules. Then checks that check-order.sh finds a planted include, cycle and call.
if "$src/check-order.sh"; then verdict ok "order of the modules"; else verdict FAIL "order of the modules"; fi

refused() { # name, text that the output must contain
    have=$("$src/check-order.sh" "$scratch/planted" 2>&1)
    case $have in
        *"$2"*) verdict ok "$1" ;;
        *) verdict FAIL "$1: $have" ;;
    esac
}

mkdir "$scratch/planted"
(cd "$src" && cp -r base node rknn abi model handle run api "$scratch/planted")
echo '#include "run/run.h"' >> "$scratch/planted/base/text.h"
refused "order of the modules: a planted include against the order" "base/text uses run/run (include)"
cp "$src/base/text.h" "$scratch/planted/base/text.h"
echo '#include "run/emit.h"' >> "$scratch/planted/run/run_state.h"
refused "order of the modules: a planted cycle of includes" "cycle: run/emit run/run_state"
cp "$src/run/run_state.h" "$scratch/planted/run/run_state.h"
echo 'int run_start(void); int planted(void) { return run_start(); }' >> "$scratch/planted/base/text.c"
refused "order of the modules: a planted call" "base/text uses run/run (run_start)"

# Runs the tests of one version. Writes the results to a file, because the versions are tested in parallel.
checks() { # version, abi, library dir, extra cflags, extra arguments
    dir=$scratch/$1${4:+-san}
    mkdir -p "$dir"
    # shellcheck disable=SC2086
    $cc -std=c11 -O1 -Wall -Wextra -Werror -DSIM_ABI="$2" $4 "$src"/selftest/*.c -I"$src" -pthread -ldl -lm \
            -o "$dir/selftest" &&
        ${RUN:+env SELFTEST_EMULATED=1 $RUN} "$dir/selftest" "$3/$1/librkllmrt.so" "$demo" "$dir" $5 \
            > "$dir/result" 2> "$dir/stderr"
    status=$?
    grep -q 'passed, 0 failed' "$dir/result" && return
    tail -n 20 "$dir/stderr" >> "$dir/result"
    grep -q '^FAIL' "$dir/result" || echo "FAIL ended with $status" >> "$dir/result"
}

encoder_checks() { # rkllm version, its abi, directory of librkllmrt.so, directory of librknnrt.so, extra cflags, extra arguments
    dir=$scratch/encoder-$1${5:+-san}
    mkdir -p "$dir"
    # shellcheck disable=SC2086
    $cc -std=c11 -O1 -Wall -Wextra -Werror -DSIM_ABI="$2" $5 "$src"/selftest/rknn/*.c -I"$src" -ldl -lm -o "$dir/selftest" &&
        ${RUN:-} "$dir/selftest" "$4/librknnrt.so" "$3/librkllmrt.so" "$demo" "$dir" $6 > "$dir/result" 2> "$dir/stderr"
    status=$?
    grep -q 'passed, 0 failed' "$dir/result" && return
    tail -n 20 "$dir/stderr" >> "$dir/result"
    grep -q '^FAIL' "$dir/result" || echo "FAIL ended with $status" >> "$dir/result"
}

collect() { # prefix of the lines, directory of the results
    grep -e '^ok ' -e '^FAIL' "$2/result" | sed -E "s/^(ok|FAIL) */\1 $1 /"
    grep -v -e '^ok ' -e '^FAIL' -e 'passed,' "$2/result" || :
    passed=$((passed + $(grep -c '^ok ' "$2/result")))
    failed=$((failed + $(grep -c '^FAIL' "$2/result")))
}

set -- 1.1.4 10100 1.2.0 10200 1.2.3 10201 1.3.0 10300 1.3.1 10301
versions=
while [ $# -gt 0 ]; do
    checks "$1" "$2" "$out" "" "" &
    versions="$versions $1"
    shift 2
done
encoder_checks 1.2.3 10201 "$out/1.2.3" "$out/rknn-2.3.2" "" "" &
sanitize="-g -fsanitize=address,undefined -fno-sanitize-recover=undefined"
if [ -z "${RUN:-}" ]; then
    for pair in 1.1.4:10100 1.2.3:10201 1.3.1:10301; do
        (SIM_CFLAGS="$sanitize" "$src/build.sh" "$out/.sanitized/${pair%:*}" "${pair%:*}" &&
            checks "${pair%:*}" "${pair#*:}" "$out/.sanitized/${pair%:*}" "$sanitize" clean
            [ "$pair" != 1.2.3:10201 ] ||
                encoder_checks 1.2.3 10201 "$out/.sanitized/1.2.3/1.2.3" "$out/.sanitized/1.2.3/rknn-2.3.2" "$sanitize" clean) &
    done
fi
wait
for v in $versions; do
    collect "$v" "$scratch/$v"
done
collect "encoder 1.2.3" "$scratch/encoder-1.2.3"
[ -n "${RUN:-}" ] || collect "encoder sanitized" "$scratch/encoder-1.2.3-san"
[ -n "${RUN:-}" ] || for v in 1.1.4 1.2.3 1.3.1; do collect "$v sanitized" "$scratch/$v-san"; done
echo "$passed passed, $failed failed, $skipped skipped"
[ "$failed" -eq 0 ]
