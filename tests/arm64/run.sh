#!/usr/bin/env bash
# run.sh DEB LIBRARY: tests the arm64 package on an emulated arm64 machine, with requests from outside as in the guide. LIBRARY is a simulator's
# arm64 librkllmrt.so. Needs root. The last line is "N passed, N failed".
set -euo pipefail
cd "$(dirname "$0")/../.."

deb=$(realpath "$1")
library=$(realpath "$2")
. tests/packaging/node.sh
. tests/arm64/vm.sh
root=$(tests/packaging/rootfs.sh arm64)

vm_prepare() {
    cp "$deb" "$1/root/rkllama.deb"
    cp "$library" "$1/usr/lib/librkllmrt.so"
    mkdir -p "$1/root/RKLLAMA/models/DeepSeek-R1-1.5B" "$1/opt/rkllama/models"
    cp models/demo/demo.rkllm "$1/opt/rkllama/models/deepseek-1.5b.rkllm"
    printf 'FROM="DeepSeek-R1-1.5B.rkllm"\nHUGGINGFACE_PATH="deepseek-ai/DeepSeek-R1-Distill-Qwen-1.5B"\nSYSTEM=""\nTEMPERATURE=1.0\n' \
        >"$1/root/RKLLAMA/models/DeepSeek-R1-1.5B/Modelfile"
    ln -s /opt/rkllama/models/deepseek-1.5b.rkllm "$1/root/RKLLAMA/models/DeepSeek-R1-1.5B/DeepSeek-R1-1.5B.rkllm"
}

# guide ANSWER PATH [CURL-OPTION...]: sends a request from outside the machine. Succeeds if the response contains ANSWER.
guide() {
    local text
    text=$(curl -s -m 120 "http://127.0.0.1:$port$2" "${@:3}")
    [[ $text == *"$1"* ]] || { echo "$text"; false; }
}
vm_says() {
    local text
    text=$(in_vm "$2")
    echo "$text"
    [[ $text == *"$1"* ]]
}
# Emulation is slow on a busy machine.
patience=300
json=(-H "Content-Type: application/json")

make_vm "$root"
begin=$SECONDS
start_vm 600
echo "booted in $((SECONDS - begin)) s"
port=$vm_port

check "the machine is arm64" vm_says aarch64 "uname -m"
check "the package installs" in_vm "dpkg -i /root/rkllama.deb"
check "systemctl start rkllama" in_vm "systemctl start rkllama"
check "systemctl status rkllama" vm_says "active (running)" "systemctl --no-pager status rkllama"
check "the executable is for arm64" vm_says AArch64 "od -An -tx1 -j18 -N2 /opt/rkllama/rkllama | grep -q 'b7 00' && echo AArch64"
check "GET /" soon guide '{"message":"Welcome to RKLLama !","github":"https://github.com/notpunhnox/rkllama"}' /
check "GET /models" guide '{"models":["DeepSeek-R1-1.5B"]}' /models
check "GET /current_model, nothing loaded" guide '{"error":"No models are currently loaded."}' /current_model
check "POST /load_model" guide '{"message":"Model DeepSeek-R1-1.5B loaded successfully."}' /load_model -X POST "${json[@]}" -d '{"model_name": "DeepSeek-R1-1.5B"}'
check "GET /current_model" guide '"model":"DeepSeek-R1-1.5B"' /current_model
check "POST /generate" guide '"content":"The capital of France is Paris."' /generate -X POST "${json[@]}" -d '{"messages": [{"role": "user", "content": "What is the capital of France?"}]}'
check "POST /generate, streaming" guide '"finish_reason":"stop"' /generate -N -X POST "${json[@]}" -d '{"messages": [{"role": "user", "content": "Count to 5"}], "stream": true}'
check "POST /generate, several turns" guide "Alice" /generate -X POST "${json[@]}" \
    -d '{"messages": [{"role": "user", "content": "My name is Alice."}, {"role": "assistant", "content": "Hello Alice! Nice to meet you."}, {"role": "user", "content": "What is my name?"}]}'
check "kill -9 of the worker" in_vm "for process in /proc/[0-9]*; do ! grep -qzx worker \$process/cmdline 2>/dev/null || kill -KILL \${process#/proc/}; done"
check "POST /generate after that" soon guide "Paris" /generate -X POST "${json[@]}" -d '{"messages": [{"role": "user", "content": "What is the capital of France?"}]}'
check "journalctl says what happened" vm_says "SIGKILL" "journalctl --no-pager -u rkllama -n 50"
check "kill -9 of the server" in_vm "systemctl kill -s KILL --kill-whom=main rkllama"
check "systemd restarts the server" soon guide "Welcome to RKLLama !" /
check "POST /unload_model, nothing loaded" guide '{"error":"No models are currently loaded."}' /unload_model -X POST

in_vm "mkdir -p /etc/systemd/system/rkllama.service.d && printf '[Service]\nEnvironment=\"PORT=8081\"\n' >/etc/systemd/system/rkllama.service.d/override.conf"
check "systemctl edit of the port, daemon-reload, restart" in_vm "systemctl daemon-reload && systemctl restart rkllama"
port=$((vm_port + 1))
check "the service answers on the new port" soon guide "Welcome to RKLLama !" /
check "the service has its sandbox" vm_says "Seccomp:	2" "grep Seccomp: /proc/\$(systemctl show -p MainPID --value rkllama)/status"
check "systemctl stop rkllama" in_vm "systemctl stop rkllama"
check "journalctl ends with the stop" vm_says "Stopped rkllama.service" "journalctl --no-pager -u rkllama -n 3"
check "rkllama tune names the file that this kernel lacks" vm_says "NPU: skipped, this kernel has no /sys/class/devfreq/fdab0000.npu/governor" "rkllama tune --dry-run --target_platform rk3588"
check "the package is removed" in_vm "dpkg -r rkllama"
check "the removal keeps the models" in_vm "test -s /root/RKLLAMA/models/DeepSeek-R1-1.5B/DeepSeek-R1-1.5B.rkllm"

stop_vm
echo "$passed passed, $failed failed"
[ "$failed" = 0 ]
