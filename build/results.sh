# Runs test suites and adds up their results.
# shellcheck shell=bash

passed=0 failed=0 skipped=0
results=artifacts/test-results   # log and report of each suite

# counted FUNCTION...: runs suites and prints the sum. If a build or an installation fails and the script ends early, that counts as one failure.
counted() {
    rm -rf "$results"
    mkdir -p "$results"
    trap 'failed=$((failed + 1)); print_sum' EXIT
    "$@"
    trap - EXIT
    print_sum
}

print_sum() {
    echo "$passed passed, $failed failed, $skipped skipped"
    [ "$failed" = 0 ]
}

# suite NAME COMMAND...: runs a suite that prints one line "N passed, N failed" or "N passed, N failed, N skipped".
suite() {
    run_suite "$1" counts_in_log "${@:2}"
}

# dotnet_suite NAME ASSEMBLY: runs the tests of a built assembly.
dotnet_suite() {
    run_suite "$1" counts_in_report dotnet test "$2" --results-directory "$results" --logger "trx;LogFileName=${1// /-}.trx"
}

# run_suite NAME COUNTER COMMAND...: runs COMMAND and adds its counts. If it reports no tests, or its exit code is not 0 although no test failed, that counts
# as one failure.
run_suite() {
    local name=$1 counter=$2 file=$results/${1// /-} start=$SECONDS status=0 counts p f s
    shift 2
    echo "== $name"
    "$@" >"$file.log" 2>&1 || status=$?
    counts=$("$counter" "$file") || counts="0 0 0"
    [ "$counts" != "0 0 0" ] || echo "$name: no tests are reported, exit code $status"
    read -r p f s <<<"$counts"
    if [ "$f" = 0 ] && { [ "$status" != 0 ] || [ "$counts" = "0 0 0" ]; }; then
        f=1
    fi
    [ "$f" = 0 ] || cat "$file.log"
    echo "$name: $p passed, $f failed, $s skipped in $((SECONDS - start)) s"
    passed=$((passed + p)) failed=$((failed + f)) skipped=$((skipped + s))
}

# counts_in_log FILE: prints the numbers of passed, failed and skipped tests in FILE.log; fails if the log does not have exactly one line of results.
counts_in_log() {
    local line pattern='([0-9]+) passed, ([0-9]+) failed(, ([0-9]+) skipped)?'
    line=$(grep -xE "$pattern" "$1.log") && [[ $line =~ ^$pattern$ ]] && echo "${BASH_REMATCH[1]} ${BASH_REMATCH[2]} ${BASH_REMATCH[4]:-0}"
}

# counts_in_report FILE: the same from FILE.trx, the report of dotnet test. This report counts a skipped test only in "total".
counts_in_report() {
    [ -e "$1.trx" ] || return 1
    python3 - "$1.trx" <<'PYTHON'
import sys, xml.etree.ElementTree as xml
counters = xml.parse(sys.argv[1]).find("{*}ResultSummary/{*}Counters")
total, executed, passed = (int(counters.get(name)) for name in ("total", "executed", "passed"))
print(passed, executed - passed, total - executed)
PYTHON
}
