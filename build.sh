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
  test             run every test of this project; ends with "N passed, N failed, N skipped"
  test-clients     run the clients of npm against the published server (takes Node 20); ends with such a line
  test-cluster     four nodes behind HAProxy and nginx as they are shipped; the manifests; the image, where an engine runs; as root
  test-package     packages: made, installed, upgraded and removed on nodes in containers; as root
  test-arm64       the arm64 package on an emulated machine; as root
  test-monitoring  the metrics and alerts, by promtool and by a Prometheus that scrapes a node
  ci               all of them; ends with one such line
  soak [MINUTES]   everything at once against the published server, 10 minutes by default; prints one line of figures
  bench            measure prompts and the published server; the figures are docs/performance.md's
  publish [RID] [--no-aot]
                   one self-contained executable, dist/publish/RID/rkllama, for linux-arm64 (default) or linux-x64;
                   --no-aot does without clang and its sysroot, for four times the size and start-up time
  package [RID...] dist/rkllama_VERSION_ARCH.deb and .tar.gz (default: linux-arm64 and linux-x64)
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

# need_each COMMAND/PACKAGE...: the same for many, which are installed at once.
need_each() {
    local pair missing=()
    for pair in "$@"; do
        command -v "${pair%%/*}" >/dev/null || missing+=("${pair#*/}")
    done
    [ ${#missing[@]} = 0 ] || install "${missing[@]}"
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

# publish [RID] [--no-aot]: the executable that is shipped.
publish() {
    local target=linux-arm64 aot=true executable
    while [ $# -gt 0 ]; do
        case $1 in
            --no-aot) aot=false ;;
            linux-arm64 | linux-x64) target=$1 ;;
            *) echo "build.sh: publish linux-arm64 or linux-x64, not $1" >&2; exit 2 ;;
        esac
        shift
    done

    need_dotnet
    need readelf binutils
    local options=(src/RkLlama.Server -c Release -r "$target" -o "dist/publish/$target" -v minimal -warnaserror -p:DebugType=none -p:PathMap="$PWD=/rkllama")
    rm -rf "dist/publish/$target"
    if $aot; then
        # One recipe for both machines: clang and lld link for either, against the C library of Debian 11.
        need_each clang/clang ld.lld/lld llvm-objcopy/llvm mmdebstrap/mmdebstrap
        local sysroot
        sysroot=$(packaging/sysroot.sh "$([ "$target" = linux-arm64 ] && echo arm64 || echo amd64)") ||
            { echo "build.sh: no C library of Debian 11 to link against; --no-aot does without it" >&2; exit 1; }
        # What an interrupted compiler leaves would be taken for whole.
        local native=artifacts/obj/RkLlama.Server/release_$target/native
        [ ! -e "$native.unfinished" ] || rm -rf "$native"
        mkdir -p "$native"
        touch "$native.unfinished"
        dotnet publish "${options[@]}" -p:SysRoot="$sysroot" -p:LinkerFlavor=lld -p:ObjCopyName=llvm-objcopy
        rm "$native.unfinished"
    else
        dotnet publish "${options[@]}" --self-contained true -p:PublishAot=false -p:PublishTrimmed=true -p:TrimMode=full \
            -p:PublishSingleFile=true -p:PublishReadyToRun=true
    fi

    executable=dist/publish/$target/rkllama
    rm -f "$executable".dbg "dist/publish/$target"/*.xml
    [ "$(ls "dist/publish/$target")" = rkllama ] || { echo "build.sh: more than one file in dist/publish/$target" >&2; exit 1; }
    echo "$executable: $(du --apparent-size -BK "$executable" | cut -f1), $(packaging/glibc.sh "$executable")"
}

# published RID: publishes once, however many need it; prints what went on only where it failed.
published=
published() {
    [[ " $published " != *" $1 "* ]] || return 0
    local log
    log=$(mktemp)
    ./build.sh publish "$1" >"$log" 2>&1 || { cat "$log" >&2; exit 1; }
    rm -f "$log"
    published+=" $1"
}

# package [RID...]: .deb and .tar.gz, for both machines by default.
package() {
    [ $# -gt 0 ] || set -- linux-arm64 linux-x64
    need dpkg-deb dpkg
    local target
    for target in "$@"; do
        publish "$target"
        packaging/package.sh "$target"
    done
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
    published "$(rid)"
    dotnet publish tests/RkLlama.Benchmarks -c Release -r "$(rid)" -o artifacts/bench -v quiet

    # The least that a host can cost, and a model with room for long answers.
    cc -std=c11 -D_GNU_SOURCE -O1 -DSIM_ABI=10201 simulator/baseline.c -o artifacts/bench/floor -ldl
    mkdir -p artifacts/bench/models/long
    sed 's/"max_context_limit": 4096/"max_context_limit": 16384/' models/demo/demo.rkllm >artifacts/bench/models/long/long.rkllm
    cp models/demo/*.jinja models/demo/*.json artifacts/bench/models/long/
    printf 'FROM="long.rkllm"\nNUM_CTX=16384\nMAX_NEW_TOKENS=12000\n' >artifacts/bench/models/long/Modelfile
    artifacts/bench/RkLlama.Benchmarks "$data" "$PWD/artifacts/simulator/$(rid)/$run_version/librkllmrt.so" "$PWD/models" "$PWD/dist/publish/$(rid)/rkllama" \
        "$PWD/artifacts/bench/floor" "$PWD/artifacts/bench/models"
}

# run_soak MINUTES: clients, an operator and a killer against one published server.
run_soak() {
    dotnet artifacts/bin/RkLlama.Soak/debug/RkLlama.Soak.dll --executable "$PWD/dist/publish/$(rid)/rkllama" \
        --simulator "$PWD/artifacts/simulator/$(rid)/$run_version/librkllmrt.so" --model models/demo --minutes "$1"
}

soak() {
    need_dotnet
    simulator $run_version
    published "$(rid)"
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
        passed=$((passed + p)) failed=$((failed + f)) skipped=$((skipped + ${s:-0}))
    done < <(
        sed -nE 's/.*Failed: +([0-9]+), Passed: +([0-9]+), Skipped: +([0-9]+),.*/\1 \2 \3/p' "$1"
        sed -nE 's/^([0-9]+) passed, ([0-9]+) failed(, ([0-9]+) skipped)?.*/\2 \1 \4/p' "$1"
    )
}

report() {
    echo "$passed passed, $failed failed, $skipped skipped"
    [ "$failed" = 0 ]
}

test_suites() {
    need_dotnet
    need cc gcc libc6-dev
    need aarch64-linux-gnu-gcc gcc-aarch64-linux-gnu libc6-dev-arm64-cross
    need curl curl
    need systemd-analyze systemd
    /usr/bin/python3 -c 'import requests' 2>/dev/null || install python3 python3-requests
    simulator
    CC=aarch64-linux-gnu-gcc simulator/build.sh artifacts/simulator/linux-arm64
    dotnet build RkLlama.sln -v quiet
    published "$(rid)"
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
}

# Versions and hashes of the clients are in tests/clients/package-lock.json; npm fetches these and nothing else.
client_suites() {
    local clients=tests/clients
    need_dotnet
    need cc gcc libc6-dev
    need node nodejs
    need npm npm
    if ! node -e 'process.exit(parseInt(process.versions.node) < 20 ? 1 : 0)'; then
        echo "build.sh: the clients need Node 20 or newer, this is $(node --version)" >&2
        exit 1
    fi
    [ $clients/node_modules/.package-lock.json -nt $clients/package-lock.json ] || npm ci --prefix $clients --ignore-scripts --loglevel=error >/dev/null
    simulator 1.1.4 1.2.3 1.3.0
    published "$(rid)"
    export RKLLAMA_TEST_SIMULATORS=$PWD/artifacts/simulator/$(rid)
    export RKLLAMA_TEST_EXECUTABLE=$PWD/dist/publish/$(rid)/rkllama
    suite "clients of npm" node $clients/run.js "$@"
}

# Four nodes behind real balancers, and what deploy/ has for containers. About two minutes; as root, because nginx and HAProxy change their user.
cluster_suites() {
    need_dotnet
    need cc gcc libc6-dev
    need_each haproxy/haproxy nginx/nginx curl/curl
    /usr/bin/python3 -c 'import requests' 2>/dev/null || install python3 python3-requests
    simulator $run_version
    published "$(rid)"
    dotnet build tests/RkLlama.Cluster.Tests -v quiet
    export RKLLAMA_TEST_SIMULATORS=$PWD/artifacts/simulator/$(rid)
    export RKLLAMA_TEST_EXECUTABLE=$PWD/dist/publish/$(rid)/rkllama
    suite "cluster" dotnet test tests/RkLlama.Cluster.Tests --no-build
    suite "image" tests/container/image.sh "$(rid)" "artifacts/simulator/$(rid)/$run_version/librkllmrt.so"
}

# What needs root: packages made, installed and removed in containers.
test_package() {
    need cc gcc libc6-dev
    need_each mmdebstrap/mmdebstrap systemd-nspawn/systemd-container lintian/lintian ansible-playbook/ansible-core pgrep/procps curl/curl
    local deb
    [ -e "artifacts/simulator/$(rid)/$run_version/librkllmrt.so" ] || simulator $run_version
    published "$(rid)"
    deb=$(packaging/package.sh "$(rid)" | sed -n 's/\(.*\.deb\): .*/\1/p')
    suite "package" tests/packaging/package.sh "$(rid)" "$deb"
    suite "installation" tests/packaging/install.sh "$deb" "artifacts/simulator/$(rid)/$run_version/librkllmrt.so"
    suite "ansible" tests/packaging/ansible.sh "$deb" "artifacts/simulator/$(rid)/$run_version/librkllmrt.so"
}

# The arm64 package on an emulated machine.
test_arm64() {
    need aarch64-linux-gnu-gcc gcc-aarch64-linux-gnu libc6-dev-arm64-cross
    need_each mmdebstrap/mmdebstrap arch-test/arch-test qemu-aarch64-static/qemu-user-static update-binfmts/binfmt-support \
        qemu-system-aarch64/qemu-system-arm cpio/cpio xz/xz-utils mke2fs/e2fsprogs curl/curl
    local deb library=artifacts/simulator/linux-arm64/$run_version/librkllmrt.so
    [ -e $library ] || CC=aarch64-linux-gnu-gcc simulator/build.sh artifacts/simulator/linux-arm64 $run_version
    published linux-arm64
    deb=$(packaging/package.sh linux-arm64 | sed -n 's/\(.*\.deb\): .*/\1/p')
    suite "arm64" tests/arm64/run.sh "$deb" $library
}

# Debian's Prometheus as the referee of /metrics and of deploy/prometheus.
test_monitoring() {
    need cc gcc libc6-dev
    need_each prometheus/prometheus promtool/prometheus curl/curl jq/jq python3/python3
    [ -e "artifacts/simulator/$(rid)/$run_version/librkllmrt.so" ] || simulator $run_version
    published "$(rid)"
    suite "monitoring" tests/monitoring/run.sh "dist/publish/$(rid)/rkllama" "artifacts/simulator/$(rid)/$run_version/librkllmrt.so"
}

command=${1:-help}
[ $# -gt 0 ] && shift
case $command in
    build) build ;;
    bench) bench ;;
    soak) soak "$@" ;;
    run) run "$@" ;;
    test) test_suites; report ;;
    test-clients) client_suites "$@"; report ;;
    test-cluster) cluster_suites; report ;;
    test-package) test_package; report ;;
    test-arm64) test_arm64; report ;;
    test-monitoring) test_monitoring; report ;;
    ci) test_suites; client_suites; cluster_suites; test_monitoring; test_package; test_arm64; report ;;
    publish) publish "$@" ;;
    package) package "$@" ;;
    help | -h | --help) usage ;;
    *) usage >&2; exit 2 ;;
esac
