#!/usr/bin/env bash
# tests/web/run.sh [NAME...]: the unit tests of the page and the tests in Chromium; with NAME, only the browser tests whose files contain NAME. Needs
# RKLLAMA_TEST_EXECUTABLE and RKLLAMA_TEST_SIMULATORS. The last line has the counts of both.
set -euo pipefail
cd "$(dirname "$0")/../.."

status=0 passed=0 failed=0 skipped=0
count() {
    local output last
    output=$("$@" 2>&1 | tee /dev/stderr) || status=1
    last=$(tail -n 1 <<<"$output")
    if [[ $last =~ ^([0-9]+)\ passed,\ ([0-9]+)\ failed,\ ([0-9]+)\ skipped$ ]]; then
        passed=$((passed + BASH_REMATCH[1])) failed=$((failed + BASH_REMATCH[2])) skipped=$((skipped + BASH_REMATCH[3]))
    else
        failed=$((failed + 1)) status=1
    fi
}

if [ $# -eq 0 ]; then
    npm --prefix web run --silent check
    node web/test/build.mjs
    count node tests/node-tests.js web/dist-tests
fi
count node tests/node-tests.js tests/web "$@"
echo "$passed passed, $failed failed, $skipped skipped"
exit $status
