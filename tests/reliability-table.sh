#!/usr/bin/env bash
# Runs the fault tests and writes their measurements into docs/reliability.md. Run ./build.sh test first, because this script uses its
# simulator builds and its published executable. RKLLAMA_TEST_SIMULATORS and RKLLAMA_TEST_EXECUTABLE select others.
set -euo pipefail
cd "$(dirname "$0")/.."
. build/results.sh

document=docs/reliability.md
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

# If a test fails, the table lacks its row, so the document is not changed.
if ! RKLLAMA_RELIABILITY_TABLE=$work/table.md dotnet test tests/RkLlama.EndToEnd.Tests --filter FullyQualifiedName~RkLlama.EndToEnd.Tests.Faults \
    --results-directory "$work" --logger "trx;LogFileName=faults.trx" >"$work/log" 2>&1; then
    cat "$work/log"
    echo "reliability-table.sh: a fault test failed; $document is unchanged" >&2
    exit 1
fi

read -r passed failed skipped < <(counts_in_report "$work/faults")
echo "$passed passed, $failed failed, $skipped skipped"
awk -v table="$work/table.md" '
    /^<!-- table -->$/ { print; print ""; while ((getline line < table) > 0) print line; print ""; inside = 1; next }
    /^<!-- end of table -->$/ { inside = 0 }
    !inside
' "$document" >"$work/document"
cp "$work/document" "$document"
