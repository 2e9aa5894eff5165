#!/usr/bin/env bash
# The list of all commands. The scripts in build/ implement them.
set -euo pipefail
cd "$(dirname "$0")"

export DOTNET_CLI_TELEMETRY_OPTOUT=1 DOTNET_NOLOGO=1 DOTNET_CLI_UI_LANGUAGE=en
. build/common.sh
. build/setup.sh
. build/page.sh
. build/publish.sh
. build/run.sh
. build/bench.sh
. build/results.sh
. build/suites.sh

usage() {
    cat <<'TEXT'
usage: ./build.sh COMMAND
  setup            install everything that the commands below need from apt
  build            build the solution and the simulator
  run [OPTION...]  start the server; on a machine without an NPU: with the simulator and the models in models/
  web              serve the page from its source and reload it after each change; other requests go to the node RKLLAMA_NODE (http://127.0.0.1:8080)
  test             run all tests that need no containers, balancers or clients from npm
  test-clients [NAME...]
                   run the client tests from npm against the published server; with NAME, only the files whose names contain NAME
  test-web [NAME...]
                   test the page in Chromium and Firefox against the published server; with NAME, only the files whose names contain NAME
  test-agents      run coding agents from npm (1.3 GB) against the published server; not part of ci
  test-cluster     run four nodes behind HAProxy and nginx; check the manifests and the container image; as root
  test-package     build the package; install, upgrade and remove it on nodes in containers; as root
  test-arm64       test the arm64 package on an emulated machine; as root
  test-monitoring  check the metrics and alerts with promtool and with a Prometheus that scrapes a node
  ci               run all tests, and the unit tests once more in Release
  soak [MINUTES]   run mixed load and faults against the published server, 10 minutes by default; print one line of figures
  attack [SECONDS] attack the published server in a memory limit of 512 MiB, 10 seconds per attack by default; print one line per attack
  bench            measure the prompt code and the published server, for docs/performance.md
  publish [RID] [--no-aot]
                   build one self-contained executable, dist/publish/RID/rkllama; RID: linux-arm64 (default) or linux-x64;
                   --no-aot needs no clang and no sysroot, but the executable is four times as large and slow to start
  package [RID...] build dist/rkllama_VERSION_ARCH.deb and .tar.gz (default: linux-arm64 and linux-x64)
  help             print this text
The last line of test, test-* and ci is "N passed, N failed, N skipped". If a test fails, the exit code is not 0.
If a command needs packages that are missing, it installs them when it runs as root; otherwise it prints their names.
TEXT
}

command=${1:-help}
[ $# -eq 0 ] || shift
case $command in
    setup) setup ;;
    build) build ;;
    run) run "$@" ;;
    web) web "$@" ;;
    test) counted test_suites ;;
    test-clients) counted client_suites "$@" ;;
    test-web) counted web_suites "$@" ;;
    test-agents) counted agent_suites ;;
    test-cluster) counted cluster_suites ;;
    test-package) counted package_suites ;;
    test-arm64) counted arm64_suites ;;
    test-monitoring) counted monitoring_suites ;;
    ci) counted ci_suites ;;
    soak) soak "$@" ;;
    attack) attack "$@" ;;
    bench) bench ;;
    publish) publish "$@" ;;
    package) package "$@" ;;
    help | -h | --help) usage ;;
    *) usage >&2; exit 2 ;;
esac
