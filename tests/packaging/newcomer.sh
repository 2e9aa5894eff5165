# The way of a new user from an empty node to a first answer: three commands, none of them an editor. Sourced by install.sh.

start_node "$root"
work=$(dirname "$node")
cp "$deb" "$node/root/rkllama.deb"
cp "$library" "$node/root/librkllmrt.so"
start_hub "$node"

# timed COMMAND...: runs a command of the user, and counts it and its time.
commands=0 milliseconds=0
timed() {
    local start
    start=$(date +%s%3N)
    on_node "$@" || return
    commands=$((commands + 1)) milliseconds=$((milliseconds + $(date +%s%3N) - start))
}
timed_answer() { timed rkllama run deepseek-r1:1.5b Hello >"$work/answer" && grep -q "^Hello! " "$work/answer" || { cat "$work/answer"; return 1; }; }

check "a new user installs the package" timed apt-get install -y --no-install-recommends ./rkllama.deb
check "a new user copies the vendor's library" timed cp librkllmrt.so /usr/lib/
check "a new user gets an answer of a model that the node did not have" timed_answer
check "the way to the first answer has three commands" test $commands = 3
echo "from an empty node to the first answer: $commands commands, $((milliseconds / 1000)).$(printf '%03d' $((milliseconds % 1000))) s"
check "the files of the model belong to the service" test "$(on_node stat -c %U /var/lib/rkllama/models/deepseek-r1:1.5b/demo-rk3588.rkllm)" = rkllama
check "the model came with its tokenizer" test -s "$node/var/lib/rkllama/models/deepseek-r1:1.5b/tokenizer.json"
check "the second answer asks no hub" no_request timed_answer
check "the doctor finds the tokenizer of the model" says "every model has its tokenizer" rkllama doctor
check "the doctor finds the chat template of the model" says "every model has its chat template" rkllama doctor
