# Functions that several commands use: the runtime identifier of this machine, simulator builds, the build of the solution.
# shellcheck shell=bash

simulator_versions="1.1.4 1.2.0 1.2.3 1.3.0 1.3.1"   # one version of each ABI group (library versions with the same functions and layouts)
run_version=1.2.3                                    # the version for commands that need only one

# fail MESSAGE [EXIT-CODE]
fail() {
    echo "build.sh: $1" >&2
    exit "${2:-1}"
}

# The .NET runtime identifier of this machine.
rid() {
    case $(uname -m) in
        x86_64) echo linux-x64 ;;
        aarch64) echo linux-arm64 ;;
        *) fail "$(uname -m) is not supported; x86_64 and aarch64 are" ;;
    esac
}

# simulator [VERSION...]: builds these versions of the simulated vendor library for this machine; without arguments, all versions.
simulator() {
    simulator/build.sh "artifacts/simulator/$(rid)" "$@"
}

# simulator_arm64 [VERSION...]: the same with the cross compiler.
simulator_arm64() {
    CC=aarch64-linux-gnu-gcc simulator/build.sh artifacts/simulator/linux-arm64 "$@"
}

# The path of the library that simulator $run_version builds.
simulator_library() {
    echo "artifacts/simulator/$(rid)/$run_version/librkllmrt.so"
}

# build_solution [OPTION...]: builds all projects in Debug with all analyzers, once per process.
solution_is_built=false
build_solution() {
    if ! $solution_is_built; then
        dotnet build RkLlama.sln "$@"
        solution_is_built=true
    fi
}

build() {
    require build
    simulator
    build_solution -v minimal
}
