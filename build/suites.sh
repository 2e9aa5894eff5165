# The test suites, in the order in which ci runs them.
# shellcheck shell=bash

# prepare [SIMULATOR-VERSION...]: builds what the suites run: the simulator and the published executable.
prepare() {
    simulator "$@"
    published "$(rid)"
    RKLLAMA_TEST_SIMULATORS=$PWD/artifacts/simulator/$(rid)
    RKLLAMA_TEST_EXECUTABLE=$PWD/dist/publish/$(rid)/rkllama
    export RKLLAMA_TEST_SIMULATORS RKLLAMA_TEST_EXECUTABLE
}

# Prints the projects of unit tests: all test projects except Native, which runs once per ABI group, and those that run the executable.
unit_projects() {
    local path name
    for path in tests/RkLlama.*.Tests/*.csproj; do
        name=${path##*/RkLlama.} name=${name%.Tests.csproj}
        case $name in
            Native | EndToEnd | Clients | Cluster) ;;
            *) echo "$name" ;;
        esac
    done
}

# test_assembly PROJECT: prints the path of the test assembly that build_solution builds.
test_assembly() {
    echo "artifacts/bin/RkLlama.$1.Tests/debug/RkLlama.$1.Tests.dll"
}

test_suites() {
    local version project
    require test publish-aot
    build_solution -v quiet
    prepare
    simulator_arm64

    suite simulator simulator/selftest.sh "artifacts/simulator/$(rid)"
    for version in $simulator_versions; do
        RKLLAMA_TEST_RUNTIME=$version dotnet_suite "Native on $version" "$(test_assembly Native)"
    done
    for project in $(unit_projects) EndToEnd Clients; do
        dotnet_suite "$project" "$(test_assembly "$project")"
    done
    suite soak run_soak 0.25
    suite soak-residents run_soak 0.4 --residents models
    suite attack run_attack 1 --limit 512
}

# Runs the unit tests again in Release. The build has a separate output folder, and no analyzers, because the Debug build runs them.
release_suites() {
    local project folder=artifacts/release-tests projects=()
    for project in Native $(unit_projects); do
        projects+=("\"tests/RkLlama.$project.Tests/RkLlama.$project.Tests.csproj\"")
    done
    (IFS=,; echo "{\"solution\": {\"path\": \"../RkLlama.sln\", \"projects\": [${projects[*]}]}}") >artifacts/unit-tests.slnf
    dotnet build artifacts/unit-tests.slnf -c Release --artifacts-path $folder -v quiet \
        -p:RunAnalyzers=false -p:EnforceCodeStyleInBuild=false -p:NuGetAudit=false

    export RKLLAMA_TEST_RUNTIME=$run_version
    for project in Native $(unit_projects); do
        dotnet_suite "$project in Release" "$folder/bin/RkLlama.$project.Tests/release/RkLlama.$project.Tests.dll"
    done
    unset RKLLAMA_TEST_RUNTIME
}

# client_suites [NAME...]: runs the client tests from npm. tests/clients/package-lock.json has the versions and hashes of all packages; npm installs only these.
client_suites() {
    local clients=tests/clients
    require test-clients publish-aot
    require_node
    prepare 1.1.4 1.2.3 1.3.0
    npm_packages $clients ci
    suite "clients of npm" node tests/node-tests.js $clients "$@"
}

# npm_packages DIRECTORY COMMAND...: installs the packages of DIRECTORY with a command of npm, without scripts, unless they are installed.
npm_packages() {
    local directory=$1
    shift
    [ "$directory/node_modules/.package-lock.json" -nt "$directory/package-lock.json" ] ||
        npm "$@" --prefix "$directory" --ignore-scripts --loglevel=error >/dev/null
}

# web_suites [NAME...]: tests the page: its types, its code in Node.js, and the page of the published server in Debian's Chromium and, if it is installed, Firefox
# ESR. With NAME, only the browser tests whose files contain NAME.
web_suites() {
    require test-web publish-aot
    require_node
    prepare $run_version
    npm_packages tests/web ci
    npm --prefix web run --silent check
    node web/test/build.mjs
    suite "page code" node tests/node-tests.js web/dist-tests
    suite page node tests/node-tests.js tests/web "$@"
}

# agent_suites: runs coding agents from npm against the published server. Not part of ci, because the packages have 1.3 GB. npm ci would refuse the lock file,
# because it does not have the packages of all other platforms.
agent_suites() {
    require test-agents publish-aot
    require_node
    prepare $run_version
    npm_packages tests/agents install --no-save
    suite agents node tests/node-tests.js tests/agents
}

# Tests four nodes behind real load balancers, and the container files of deploy/. Takes two minutes. Needs root, because nginx and HAProxy change their user.
cluster_suites() {
    require test-cluster publish-aot
    prepare $run_version
    $solution_is_built || dotnet build tests/RkLlama.Cluster.Tests -v quiet
    dotnet_suite cluster "$(test_assembly Cluster)"
    suite image tests/container/image.sh "$(rid)" "$(simulator_library)"
}

# Checks the metrics and deploy/prometheus with Debian's Prometheus.
monitoring_suites() {
    require test-monitoring publish-aot
    prepare $run_version
    suite monitoring tests/monitoring/run.sh "dist/publish/$(rid)/rkllama" "$(simulator_library)"
}

# Builds the packages, and installs and removes them in containers. Needs root.
package_suites() {
    local deb
    require test-package publish-aot
    prepare $run_version
    deb=$(debian_package "$(rid)")
    suite package tests/packaging/package.sh "$(rid)" "$deb"
    suite installation tests/packaging/install.sh "$deb" "$(simulator_library)"
    suite ansible tests/packaging/ansible.sh "$deb" "$(simulator_library)"
}

# Tests the arm64 package on an emulated machine. Needs root.
arm64_suites() {
    local deb
    require test-arm64 publish-aot
    simulator_arm64 $run_version
    published linux-arm64
    deb=$(debian_package linux-arm64)
    suite arm64 tests/arm64/run.sh "$deb" "artifacts/simulator/linux-arm64/$run_version/librkllmrt.so"
}

ci_suites() {
    setup
    test_suites
    release_suites
    client_suites
    web_suites
    cluster_suites
    monitoring_suites
    package_suites
    arm64_suites
}
