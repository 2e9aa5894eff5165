#!/usr/bin/env bash
# ansible.sh DEB LIBRARY: tests the role in deploy/ansible: its syntax, check mode on this machine, two runs on a node in a container, and a run on two nodes.
# LIBRARY is a simulator's librkllmrt.so. Needs root. The last line is "N passed, N failed".
set -euo pipefail
cd "$(dirname "$0")/../.."

deb=$(realpath "$1")
library=$(realpath "$2")
. tests/packaging/node.sh
export ANSIBLE_LOCALHOST_WARNING=False ANSIBLE_HOST_KEY_CHECKING=False ANSIBLE_NOCOLOR=1 ANSIBLE_ROLES_PATH=deploy/ansible/roles LC_ALL=C.UTF-8
playbook=deploy/ansible/site.yml

# There is no network, so the download URLs name local files.
variables=(-e rkllm_model_name=Office -e "rkllama_package=$deb" -e "rkllama_library=$library" -e rkllama_service_port=8087
    -e "rkllm_model_url=file:///var/cache/model.rkllm" -e rkllm_tokenizer_url=file:///var/cache -e '{"rkllama_models": ["deepseek-r1:1.5b"]}')

check "the syntax of the role is valid" ansible-playbook -i 'localhost,' --syntax-check $playbook
sed 's/hosts: rkllama/hosts: localhost/; s/become: true/become: false/' $playbook >deploy/ansible/check-$$.yml
trap 'rm -f deploy/ansible/check-$$.yml' EXIT
check "the role runs in check mode on this machine" ansible-playbook -i 'localhost,' -c local --check "${variables[@]}" \
    -e rkllm_skip_model_download=true -e '{"rkllm_tokenizer_files": []}' deploy/ansible/check-$$.yml
check "check mode leaves no files behind" test ! -e /var/cache/rkllama -a ! -e /root/RKLLAMA/models/Office
rm -f deploy/ansible/check-$$.yml

root=$(tests/packaging/rootfs.sh "$(dpkg --print-architecture)")
start_node "$root"
start_hub "$node"
cp models/demo/demo.rkllm "$node/var/cache/model.rkllm"
cp models/demo/tokenizer.json models/demo/tokenizer_config.json "$node/var/cache/"
nodes=(-i "node$leader,")
play() {
    ansible-playbook "${nodes[@]}" -e ansible_ssh_executable="$PWD/tests/packaging/ssh-to-node.sh" -e ansible_ssh_transfer_method=piped \
        -e ansible_python_interpreter=/usr/bin/python3 "${variables[@]}" "$@" "$(dirname "$node")/site.yml"
}
sed 's/hosts: rkllama/hosts: all/; s/become: true/become: false/' $playbook >"$(dirname "$node")/site.yml"
unchanged() { play "$@" | tee /dev/stderr | grep -E 'changed=0 .*failed=0' >/dev/null; } # no -q: grep would exit early and tee would get SIGPIPE
unchanged_on_both() { [ "$(play | tee /dev/stderr | grep -cE 'changed=0 .*failed=0')" = 2 ]; }

check "the role sets up a node" play
check "the service answers on its port" soon answers 8087 / "Welcome to RKLLama !"
check "both models are listed" answers 8087 /models '{"models":["Office","deepseek-r1:1.5b"]}'
check "the model that the node has downloaded loads" answers 8087 /load_model "loaded successfully" -d '{"model_name":"deepseek-r1:1.5b"}'
check "it is unloaded" on_node curl -sf -X POST http://127.0.0.1:8087/unload_model
check "the model loads" answers 8087 /load_model "loaded successfully" -d '{"model_name":"Office"}'
check "a second run changes nothing and asks no hub" no_request unchanged
check "a run in check mode changes nothing" unchanged --check
check "a run with another port succeeds" play -e rkllama_service_port=8088
check "the service answers on the other port" soon answers 8088 / "Welcome to RKLLama !"

# A second node without a hub, in the network of the first one.
start_neighbour "$root"
cat >"$(dirname "$node")/inventory" <<INVENTORY
node$leader rkllama_service_port=8088
node$neighbour rkllama_service_port=8089
INVENTORY
nodes=(-i "$(dirname "$node")/inventory" -e rkllama_models_from=http://127.0.0.1:8088)
variables=("${variables[@]/rkllama_service_port=8087/rkllm_model_name=}")
check "the role sets up both nodes" play
check "the second node has the model from the first one" soon answers 8089 /models '"deepseek-r1:1.5b"'
check "the model loads there" answers 8089 /load_model "loaded successfully" -d '{"model_name":"deepseek-r1:1.5b"}'
check "a further run changes neither node" no_request unchanged_on_both

stop_node
echo "$passed passed, $failed failed"
[ "$failed" = 0 ]
