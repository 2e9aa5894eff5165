# Measures the published server: benchmarks, a soak with load and faults, and attacks.
# shellcheck shell=bash

bench() {
    local data=${RKLLAMA_CONFORMANCE_DATA:-../shared/conformance}
    [ -d "$data" ] || fail "no templates and tokenizers in $data; set RKLLAMA_CONFORMANCE_DATA"
    require bench publish-aot
    simulator $run_version
    published "$(rid)"
    dotnet publish tests/RkLlama.Benchmarks -c Release -r "$(rid)" -o artifacts/bench -v quiet

    # The baseline: a C program that only calls the library. Any other program costs more.
    cc -std=c11 -D_GNU_SOURCE -O1 -DSIM_ABI=10201 simulator/baseline.c -o artifacts/bench/floor -ldl
    make_long_model artifacts/bench/models/long
    artifacts/bench/RkLlama.Benchmarks "$data" "$PWD/$(simulator_library)" "$PWD/models" "$PWD/dist/publish/$(rid)/rkllama" \
        "$PWD/artifacts/bench/floor" "$PWD/artifacts/bench/models"
}

# make_long_model FOLDER: copies the demo model to FOLDER, with a context of 16384 tokens for long answers.
make_long_model() {
    mkdir -p "$1"
    sed 's/"max_context_limit": 4096/"max_context_limit": 16384/' models/demo/demo.rkllm >"$1/long.rkllm"
    cp models/demo/*.jinja models/demo/*.json "$1"
    printf 'FROM="long.rkllm"\nNUM_CTX=16384\nMAX_NEW_TOKENS=12000\n' >"$1/Modelfile"
}

# soak [MINUTES]
soak() {
    require soak publish-aot
    simulator $run_version
    published "$(rid)"
    dotnet build tests/RkLlama.Soak -v quiet
    run_soak "${1:-10}"
    run_soak "${1:-10}" --residents models
}

# run_soak MINUTES [OPTION...]: needs the published server, the simulator and a Debug build.
run_soak() {
    dotnet artifacts/bin/RkLlama.Soak/debug/RkLlama.Soak.dll --executable "$PWD/dist/publish/$(rid)/rkllama" \
        --simulator "$PWD/$(simulator_library)" --model models/demo --minutes "$@"
}

# attack [SECONDS]
attack() {
    require attack publish-aot
    simulator $run_version
    published "$(rid)"
    dotnet build tests/RkLlama.Attack -v quiet
    run_attack "${1:-10}" --limit 512 --health 250
}

# run_attack SECONDS [OPTION...]: needs the published server, the simulator and a Debug build. The clients run with a lower priority than the server.
run_attack() {
    nice -n 10 dotnet artifacts/bin/RkLlama.Attack/debug/RkLlama.Attack.dll --executable "$PWD/dist/publish/$(rid)/rkllama" \
        --simulator "$PWD/$(simulator_library)" --model models/demo --seconds "$@"
}
