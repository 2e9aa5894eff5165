# Runs suites and sums their results.
# shellcheck shell=bash

passed=0 failed=0 skipped=0
results=artifacts/test-results   # log of each suite

# counted FUNCTION...: runs suites and prints the sum. If a build or an installation ends the run early, that is one failure.
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

# dotnet_suite NAME ASSEMBLY: runs the tests of a built assembly.
dotnet_suite() {
    suite "$1" dotnet test "$2"
}

# suite NAME COMMAND...: sums the runner's summary lines in its log. A suite that fails without a failed test counts as one failure.
suite() {
    local name=$1 log=$results/${1// /-}.log status=0
    shift
    echo "== $name"
    "$@" >"$log" 2>&1 || status=$?
    count "$log"
    if [ "$status" != 0 ]; then
        cat "$log"
        grep -qE 'Failed: +[1-9]|[1-9][0-9]* failed' "$log" || failed=$((failed + 1))
    else
        grep -E '^(Passed!|[0-9]+ passed)' "$log" || true
    fi
}

count() {
    local p f s
    while read -r f p s; do
        passed=$((passed + p)) failed=$((failed + f)) skipped=$((skipped + ${s:-0}))
    done < <(
        sed -nE 's/.*Failed: +([0-9]+), Passed: +([0-9]+), Skipped: +([0-9]+),.*/\1 \2 \3/p' "$1"
        sed -nE 's/^([0-9]+) passed, ([0-9]+) failed(, ([0-9]+) skipped)?.*/\2 \1 \4/p' "$1"
    )
}
