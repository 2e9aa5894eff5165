# Starts the server from source, with the shortest possible build.
# shellcheck shell=bash

has_npu() {
    [ -e /dev/dri/renderD129 ] && [ "$(uname -m)" = aarch64 ]
}

# run [OPTION...]: passes the options to the server. On a machine without an NPU, it builds the simulator while it compiles the server. The link ./rkllama
# is the executable, for commands in another terminal.
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

    bundle_page_if_possible
    [ -e artifacts/run ] || echo "Building the server: about a minute the first time."
    compile_server
    ln -sfn artifacts/run/bin/RkLlama.Server/debug/rkllama rkllama
    if [ -n "$simulator_job" ]; then
        wait "$simulator_job"
        RKLLAMA_LIBRARY=$PWD/$(simulator_library)
        export RKLLAMA_LIBRARY
        echo "No NPU here: a simulator answers, no language model runs. Talk to it in a second terminal: ./rkllama run demo"
    fi
    exec artifacts/run/bin/RkLlama.Server/debug/rkllama "$@"
}

# To be fast: no analyzers, no audit of the packages, no native compilation, no tiered PGO in the compiler process. The output goes to a separate folder:
# otherwise the next build with analyzers would compile everything again.
compile_server() {
    DOTNET_TieredPGO=0 dotnet msbuild src/RkLlama.Server -restore -nologo -v:quiet -p:ArtifactsPath="$PWD/artifacts/run" \
        -p:RunAnalyzers=false -p:EnforceCodeStyleInBuild=false -p:NuGetAudit=false -p:PublishAot=false
}
