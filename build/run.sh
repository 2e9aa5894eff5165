# Starts the server from source, with the shortest possible build.
# shellcheck shell=bash

has_npu() {
    [ -e /dev/dri/renderD129 ] && [ "$(uname -m)" = aarch64 ]
}

# run [OPTION...]: the options are the server's. On a machine without an NPU, the simulator is built while the server is compiled.
run() {
    local simulator_job=
    require_dotnet
    if ! has_npu; then
        export RKLLAMA_MODELS="${RKLLAMA_MODELS:-$PWD/models}"
        if [ -z "${RKLLAMA_LIBRARY:-}" ]; then
            require run
            simulator $run_version &
            simulator_job=$!
        fi
    fi

    [ -e artifacts/run ] || echo "Building the server: about a minute the first time."
    compile_server
    if [ -n "$simulator_job" ]; then
        wait "$simulator_job"
        RKLLAMA_LIBRARY=$PWD/$(simulator_library)
        export RKLLAMA_LIBRARY
        echo "No NPU here: a simulator answers, no language model runs."
    fi
    exec artifacts/run/bin/RkLlama.Server/debug/rkllama "$@"
}

# No analyzers, no audit of the packages, no native compiler, no profiling in the compiler's own process. The output has a folder of
# its own: a build without analyzers makes the next build with analyzers compile everything again.
compile_server() {
    DOTNET_TieredPGO=0 dotnet msbuild src/RkLlama.Server -restore -nologo -v:quiet -p:ArtifactsPath="$PWD/artifacts/run" \
        -p:RunAnalyzers=false -p:EnforceCodeStyleInBuild=false -p:NuGetAudit=false -p:PublishAot=false
}
