#!/usr/bin/env bash
# The one list of commands. Every command installs what it lacks (as root, through apt) or says what to install.
set -euo pipefail
cd "$(dirname "$0")"

export DOTNET_CLI_TELEMETRY_OPTOUT=1 DOTNET_NOLOGO=1 DOTNET_CLI_UI_LANGUAGE=en
simulator_versions="1.1.4 1.2.0 1.2.3 1.3.0 1.3.1"   # one of each ABI group
run_version=1.2.3                                    # what ./build.sh run answers with

usage() {
    cat <<'TEXT'
usage: ./build.sh COMMAND
  build            build the solution and the simulator
  run [OPTION...]  start the server; where there is no NPU, on the simulator and the models in models/
  test             run every test; ends with "N passed, N failed, N skipped"
  soak [MINUTES]   everything at once against the published server, 10 minutes by default; prints one line of figures
  bench            measure prompts and the published server; the figures are docs/performance.md's
  publish [RID]    one self-contained executable in dist/publish/RID/ (default: this machine's)
  help             this text
TEXT
}

# install PACKAGE...: by apt, or says what to install.
install() {
    if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; then
        echo "installing $*" >&2
        { apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "$@"; } >/dev/null && return
    fi
    echo "build.sh: install this first: apt-get install $*" >&2
    exit 1
}

# need COMMAND PACKAGE...: makes sure COMMAND is there.
need() {
    local command=$1
    shift
    command -v "$command" >/dev/null || install "$@"
}

need_dotnet() {
    command -v dotnet >/dev/null && return
    echo "build.sh: the .NET SDK 10.0 is missing; see https://learn.microsoft.com/dotnet/core/install/linux" >&2
    exit 1
}

rid() {
    case $(uname -m) in
        x86_64) echo linux-x64 ;;
        aarch64) echo linux-arm64 ;;
        *) echo "build.sh: no build for $(uname -m)" >&2; exit 1 ;;
    esac
}

simulator() {
    need cc gcc libc6-dev
    simulator/build.sh "artifacts/simulator/$(rid)" "$@"
}

build() {
    need_dotnet
    simulator
    dotnet build RkLlama.sln -v minimal
}

publish() {
    local target=${1:-$(rid)}
    need_dotnet
    need cc gcc libc6-dev
    if [ "$target" != "$(rid)" ]; then
        # Cross-compiling takes clang, and the other machine's linker, objcopy and C library.
        need clang clang llvm
        need aarch64-linux-gnu-gcc gcc-aarch64-linux-gnu libc6-dev-arm64-cross
    fi
    dotnet publish src/RkLlama.Server -c Release -r "$target" -o "dist/publish/$target" -v minimal -p:DebugType=none -p:StripSymbols=true
    rm -f "dist/publish/$target"/*.dbg "dist/publish/$target"/*.xml
}

bench() {
    local data=${RKLLAMA_CONFORMANCE_DATA:-../shared/conformance}
    need_dotnet
    need cc gcc libc6-dev
    if [ ! -d "$data" ]; then
        echo "build.sh: no templates and tokenizers in $data; set RKLLAMA_CONFORMANCE_DATA" >&2
        exit 1
    fi
    simulator $run_version
    publish "$(rid)" >/dev/null
    dotnet publish tests/RkLlama.Benchmarks -c Release -r "$(rid)" -o artifacts/bench -v quiet
    artifacts/bench/RkLlama.Benchmarks "$data" "$PWD/artifacts/simulator/$(rid)/$run_version/librkllmrt.so" "$PWD/models" "$PWD/dist/publish/$(rid)/rkllama"
}

# run_soak MINUTES: clients, an operator and a killer against one published server.
run_soak() {
    dotnet artifacts/bin/RkLlama.Soak/debug/RkLlama.Soak.dll --executable "$PWD/dist/publish/$(rid)/rkllama" \
        --simulator "$PWD/artifacts/simulator/$(rid)/$run_version/librkllmrt.so" --model models/demo --minutes "$1"
}

soak() {
    need_dotnet
    simulator $run_version
    publish "$(rid)" >/dev/null
    dotnet build tests/RkLlama.Soak -v quiet
    run_soak "${1:-10}"
}

has_npu() {
    [ -e /dev/dri/renderD129 ] && [ "$(uname -m)" = aarch64 ]
}

run() {
    need_dotnet
    dotnet build src/RkLlama.Server -v quiet
    if has_npu; then
        exec artifacts/bin/RkLlama.Server/debug/rkllama "$@"
    fi
    simulator $run_version
    echo "No NPU here: a simulator answers, no language model runs."
    export RKLLAMA_LIBRARY=${RKLLAMA_LIBRARY:-$PWD/artifacts/simulator/$(rid)/$run_version/librkllmrt.so}
    export RKLLAMA_MODELS=${RKLLAMA_MODELS:-$PWD/models}
    exec artifacts/bin/RkLlama.Server/debug/rkllama "$@"
}

# Each suite prints the runner's summary line; the sum of them all is the last line of the log.
passed=0 failed=0 skipped=0
suite() {
    local name=$1 log status=0
    shift
    log=$(mktemp)
    echo "== $name"
    "$@" >"$log" 2>&1 || status=$?
    count "$log"
    if [ "$status" != 0 ]; then
        cat "$log"
        # A suite that broke before it could count is one failure.
        grep -qE 'Failed: +[1-9]|[1-9][0-9]* failed' "$log" || failed=$((failed + 1))
    else
        grep -E '^(Passed!|[0-9]+ passed)' "$log" || true
    fi
    rm -f "$log"
}

count() {
    local p f s
    while read -r f p s; do
        passed=$((passed + p)) failed=$((failed + f)) skipped=$((skipped + s))
    done < <(
        sed -nE 's/.*Failed: +([0-9]+), Passed: +([0-9]+), Skipped: +([0-9]+),.*/\1 \2 \3/p' "$1"
        sed -nE 's/^([0-9]+) passed, ([0-9]+) failed.*/\2 \1 0/p' "$1"
    )
}

test_all() {
    need_dotnet
    need cc gcc libc6-dev
    need aarch64-linux-gnu-gcc gcc-aarch64-linux-gnu libc6-dev-arm64-cross
    need curl curl
    need systemd-analyze systemd
    /usr/bin/python3 -c 'import requests' 2>/dev/null || install python3 python3-requests
    simulator
    CC=aarch64-linux-gnu-gcc simulator/build.sh artifacts/simulator/linux-arm64
    dotnet build RkLlama.sln -v quiet
    publish "$(rid)" >/dev/null
    export RKLLAMA_TEST_SIMULATORS=$PWD/artifacts/simulator/$(rid)
    export RKLLAMA_TEST_EXECUTABLE=$PWD/dist/publish/$(rid)/rkllama

    suite "simulator" simulator/selftest.sh "artifacts/simulator/$(rid)"
    for version in $simulator_versions; do
        RKLLAMA_TEST_RUNTIME=$version suite "native on $version" dotnet test tests/RkLlama.Native.Tests --no-build
    done
    for project in Prompts Server EndToEnd Clients; do
        suite "$project" dotnet test "tests/RkLlama.$project.Tests" --no-build
    done
    suite "soak" run_soak 0.25
    echo "$passed passed, $failed failed, $skipped skipped"
    [ "$failed" = 0 ]
}

command=${1:-help}
[ $# -gt 0 ] && shift
case $command in
    build) build ;;
    bench) bench ;;
    soak) soak "$@" ;;
    run) run "$@" ;;
    test) test_all ;;
    publish) publish "$@" ;;
    help | -h | --help) usage ;;
    *) usage >&2; exit 2 ;;
esac
