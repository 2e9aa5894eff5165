#!/usr/bin/env bash
# install.sh DEB LIBRARY: installs, upgrades and removes the package on a node with a real systemd: first without an earlier installation
# (fresh.sh), then with the Python service (takeover.sh), then with RkLlama installed by hand (by-hand.sh), then as a new user (newcomer.sh). LIBRARY is
# a simulator's librkllmrt.so. Needs root. The last line is "N passed, N failed".
set -euo pipefail
cd "$(dirname "$0")/../.."

deb=$(realpath "$1")
library=$(realpath "$2")
. tests/packaging/node.sh
root=$(tests/packaging/rootfs.sh "$(dpkg --print-architecture)")
start_node "$root"
mkdir -p "$node/tmp"
cp "$deb" "$node/root/rkllama.deb"
work=$(dirname "$node")

# Build a newer version of the same package.
dpkg-deb -R "$deb" "$work/newer"
sed -i 's/^Version: .*/&+1/' "$work/newer/DEBIAN/control"
dpkg-deb --root-owner-group -Znone --build "$work/newer" "$node/root/newer.deb" >/dev/null

files() { (cd "$node" && find etc opt root usr var/lib ! -path 'var/lib/dpkg/*' ! -path 'var/lib/systemd/*' ! -path 'usr/lib/udev/hwdb.bin' \
    ! -path 'etc/*-' ! -path 'root/*.deb' ! -path 'etc/.pwd.lock' -printf '%p %y %m %U %G %l\n' | sort); }
model() { # DIRECTORY: adds the demo model as the guide describes.
    mkdir -p "$node$1"
    cp models/demo/demo.rkllm "$node$1/../../demo.rkllm"
    printf 'FROM="demo.rkllm"\nHUGGINGFACE_PATH="Org/Demo-Tokenizer"\nSYSTEM=""\nTEMPERATURE=1.0\n' >"$node$1/Modelfile"
}
generate() { answers "$1" /generate "The capital of France is Paris." -d '{"messages":[{"role":"user","content":"What is the capital of France?"}]}'; }
load() { answers "$1" /load_model "Model $2 loaded successfully." -H 'Content-Type: application/json' -d "{\"model_name\":\"$2\"}"; }
# Without input, so that a script of the package that asks a question fails.
install_package() { on_node dpkg -i "/root/$1.deb" </dev/null >"$work/log" 2>&1 || { cat "$work/log"; return 1; }; }
log_says() { grep -qF -- "$1" "$work/log"; }
service() { on_node systemctl show -p "$1" --value rkllama; }

. tests/packaging/fresh.sh
. tests/packaging/takeover.sh
. tests/packaging/by-hand.sh
stop_node
. tests/packaging/newcomer.sh
stop_node

echo "$passed passed, $failed failed"
[ "$failed" = 0 ]
