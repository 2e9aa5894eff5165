#!/usr/bin/env bash
# Runs the fault tests and puts what they measured into docs/reliability.md. Needs what ./build.sh test leaves behind: the simulator
# builds and the published executable, here or where RKLLAMA_TEST_SIMULATORS and RKLLAMA_TEST_EXECUTABLE say.
set -euo pipefail
cd "$(dirname "$0")/.."

document=docs/reliability.md
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

# A table with a failed row would be a table with a hole.
if ! RKLLAMA_RELIABILITY_TABLE=$work/table.md \
    dotnet test tests/RkLlama.EndToEnd.Tests --filter FullyQualifiedName~RkLlama.EndToEnd.Tests.Faults >"$work/log" 2>&1; then
    cat "$work/log"
    echo "reliability-table.sh: not all fault tests passed; $document is as it was" >&2
    exit 1
fi

grep -E '^Passed!' "$work/log"
awk -v table="$work/table.md" '
    /^<!-- table -->$/ { print; print ""; while ((getline line < table) > 0) print line; print ""; inside = 1; next }
    /^<!-- end of table -->$/ { inside = 0 }
    !inside
' "$document" >"$work/document"
cp "$work/document" "$document"
