#!/usr/bin/env bash
# ansible.sh DEB LIBRARY: tests the role in deploy/ansible: its syntax, check mode on this machine, and two runs on a node in a container.
# LIBRARY is a simulator's librkllmrt.so. Needs root. The last line is "N passed, N failed".
set -euo pipefail
cd "$(dirname "$0")/../.."

deb=$(realpath "$1")
library=$(realpath "$2")
. tests/packaging/node.sh
export ANSIBLE_LOCALHOST_WARNING=False ANSIBLE_HOST_KEY_CHECKING=False ANSIBLE_NOCOLOR=1 ANSIBLE_ROLES_PATH=deploy/ansible/roles LC_ALL=C.UTF-8
playbook=deploy/ansible/site.yml

# There is no network, so the download URLs name local files.
variables=(-e "rkllama_package=$deb" -e "rkllama_library=$library" -e rkllama_service_port=8087
    -e "rkllm_model_url=file:///var/cache/model.rkllm" -e rkllm_tokenizer_url=file:///var/cache)

check "the syntax of the role is valid" ansible-playbook -i 'localhost,' --syntax-check $playbook
sed 's/hosts: rkllama/hosts: localhost/; s/become: true/become: false/' $playbook >deploy/ansible/check-$$.yml
trap 'rm -f deploy/ansible/check-$$.yml' EXIT
check "the role runs in check mode on this machine" ansible-playbook -i 'localhost,' -c local --check "${variables[@]}" \
    -e rkllm_skip_model_download=true -e '{"rkllm_tokenizer_files": []}' deploy/ansible/check-$$.yml
check "check mode leaves no files behind" test ! -e /var/cache/rkllama -a ! -e /root/RKLLAMA/models/DeepSeek-R1-1.5B
rm -f deploy/ansible/check-$$.yml

root=$(tests/packaging/rootfs.sh "$(dpkg --print-architecture)")
start_node "$root"
cp models/demo/demo.rkllm "$node/var/cache/model.rkllm"
cp models/demo/tokenizer.json models/demo/tokenizer_config.json "$node/var/cache/"
play() {
    ansible-playbook -i "node$leader," -e ansible_ssh_executable="$PWD/tests/packaging/ssh-to-node.sh" -e ansible_ssh_transfer_method=piped \
        -e ansible_python_interpreter=/usr/bin/python3 "${variables[@]}" "$@" "$(dirname "$node")/site.yml"
}
sed 's/hosts: rkllama/hosts: all/; s/become: true/become: false/' $playbook >"$(dirname "$node")/site.yml"
unchanged() { play "$@" | tee /dev/stderr | grep -E 'changed=0 .*failed=0' >/dev/null; } # no -q: grep would exit early and tee would get SIGPIPE

check "the role sets up a node" play
check "the service answers on its port" soon answers 8087 / "Welcome to RKLLama !"
check "the model is listed" answers 8087 /models '{"models":["DeepSeek-R1-1.5B"]}'
check "the model loads" answers 8087 /load_model "loaded successfully" -d '{"model_name":"DeepSeek-R1-1.5B"}'
check "a second run changes nothing" unchanged
check "a run in check mode changes nothing" unchanged --check
check "a run with another port succeeds" play -e rkllama_service_port=8088
check "the service answers on the other port" soon answers 8088 / "Welcome to RKLLama !"

stop_node
echo "$passed passed, $failed failed"
[ "$failed" = 0 ]
