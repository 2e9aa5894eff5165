# Starts the server from source, with a simulator on machines without an NPU.
# shellcheck shell=bash

has_npu() {
    [ -e /dev/dri/renderD129 ] && [ "$(uname -m)" = aarch64 ]
}

# run [OPTION...]: the options are the server's.
run() {
    require_dotnet
    dotnet build src/RkLlama.Server -v quiet
    if ! has_npu; then
        require run
        simulator $run_version
        echo "No NPU here: a simulator answers, no language model runs."
        RKLLAMA_LIBRARY=${RKLLAMA_LIBRARY:-$PWD/$(simulator_library)}
        RKLLAMA_MODELS=${RKLLAMA_MODELS:-$PWD/models}
        export RKLLAMA_LIBRARY RKLLAMA_MODELS
    fi
    exec artifacts/bin/RkLlama.Server/debug/rkllama "$@"
}
