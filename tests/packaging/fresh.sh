# Tests a node without an earlier installation. Sourced by install.sh.

mkdir "$node/opt/others"
files >"$work/before"
check "the package installs on a new node" install_package rkllama
check "the installation says where to put the vendor's library" log_says "copy the arm64 librkllmrt.so"
check "the installation says once that clients need no key" test "$(grep -c "need no key" "$work/log")" = 1
check "the service runs" soon is_active rkllama
check "the service does not run as root" test "$(on_node ps -o user= -p "$(service MainPID)" 2>/dev/null || on_node stat -c %U "/proc/$(service MainPID)")" = rkllama
check "the service is enabled" says enabled systemctl is-enabled rkllama
check "the service answers" soon answers 8080 / "Welcome to RKLLama !"
check "the unit that sets the clocks is disabled" test "$(on_node systemctl is-enabled rkllama-tune)" = disabled -a "$(on_node systemctl is-active rkllama-tune)" = inactive
# Containers have no devfreq. This only tests that the command starts and ends in its sandbox.
mkdir -p "$node/etc/systemd/system/rkllama-tune.service.d"
printf '[Unit]\nConditionPathExists=\n[Service]\nExecStart=\nExecStart=/opt/rkllama/rkllama tune --dry-run --target_platform rk3588\n' \
    >"$node/etc/systemd/system/rkllama-tune.service.d/test.conf"
on_node systemctl daemon-reload
check "the unit that sets the clocks starts" on_node systemctl start rkllama-tune
check "it logs the clocks that it cannot set" says "NPU: skipped, this kernel has no" journalctl -u rkllama-tune
check "it stops" on_node systemctl stop rkllama-tune
check "it runs the restore command when it stops" says "nothing to restore" journalctl -u rkllama-tune
rm -r "$node/etc/systemd/system/rkllama-tune.service.d"
on_node systemctl daemon-reload
check "the command rkllama is in the path" says "$(sed -nE 's/.*<Version>([^<]+)<.*/\1/p' Directory.Build.props)" rkllama --version
check "the log says that the library is missing" soon says "was not found" journalctl -u rkllama
on_node sh -c 'umask 077; mkdir -p ~/RKLLAMA/models/MyModel; cat >~/RKLLAMA/models/MyModel/Modelfile' <<<'FROM="mymodel.rkllm"'
cp models/demo/demo.rkllm "$node/opt/mymodel.rkllm"
on_node ln -s /opt/mymodel.rkllm /root/RKLLAMA/models/MyModel/mymodel.rkllm
check "the service lists a model that root adds in ~/RKLLAMA/models with umask 077" answers 8080 /models '{"models":["MyModel"]}'
check "without the library a load fails with the reason" says "was not found" curl -s -m 20 http://127.0.0.1:8080/load_model -d '{"model_name":"MyModel"}'
mkdir -p "$node/opt/rkllama/lib"
cp "$library" "$node/opt/rkllama/lib/"
check "a model loads with the library in /opt/rkllama/lib" load 8080 MyModel
check "the model answers a question" generate 8080
check "missing NPU readings have a reason" answers 8080 /npu '"reading":"load","reason":"'
# Containers have no debugfs. A tmpfs with the same modes replaces it: only root can enter the kernel's directory.
on_node sh -c 'mount -t tmpfs -o mode=0700 tmpfs /sys/kernel/debug && mkdir /sys/kernel/debug/rknpu && cd /sys/kernel/debug/rknpu &&
    echo "RKNPU driver: v0.9.8" >version && echo "NPU load:  Core0: 45%, Core1: 42%, Core2: 44%," >load && chmod 0444 version load'
check "the service's user cannot read debugfs" not on_node runuser -u rkllama -- cat /sys/kernel/debug/rknpu/load
on_node systemctl restart rkllama
check "the service can read the NPU's files in debugfs" soon answers 8080 /npu '"driver_version":"0.9.8","load_percent":[45,42,44]'
check "the command tells another user why it cannot read the load" says "no permission to read /sys/kernel/debug/rknpu/load" runuser -u rkllama -- rkllama npu
check "other processes do not see the service's mount of debugfs" not on_node test -e /run/rkllama/rknpu/load
check "root can read the load with the command" says "core 2               44 %" rkllama npu
check "the doctor checks the port of the service" says "the server listens on 8080" rkllama doctor
check "the doctor checks the models of the service" says "/var/lib/rkllama/models" rkllama doctor --json
check "the doctor reports that there is no NPU device" says "failure  npu-device" rkllama doctor
check "the doctor checks the permissions of the service's user" says "the user 'rkllama' may read the models" rkllama doctor
on_node sh -c 'setfacl -b /opt/mymodel.rkllm; chown root:root /opt/mymodel.rkllm; chmod 0600 /opt/mymodel.rkllm'
check "the doctor names a file that the service's user cannot read" says "the user 'rkllama' cannot read /opt/mymodel.rkllm" rkllama doctor
on_node sh -c 'chmod 0644 /opt/mymodel.rkllm; umount /sys/kernel/debug'
check "a model can be deleted over HTTP" on_node curl -sf -X DELETE http://127.0.0.1:8080/api/delete -d '{"model":"MyModel"}'
check "the directory of the deleted model does not exist" test ! -e "$node/var/lib/rkllama/models/MyModel"
check "the target of its link still exists" test -e "$node/opt/mymodel.rkllm"

on_node rm -r /opt/rkllama/lib /opt/mymodel.rkllm
check "the package is purged" on_node dpkg --purge rkllama
files >"$work/after"
check "the purge leaves nothing but the user" diff <(grep -vE '^etc/(passwd|shadow|group|gshadow|subuid|subgid) ' "$work/before") \
    <(grep -vE '^etc/(passwd|shadow|group|gshadow|subuid|subgid) ' "$work/after")
check "the service does not run any more" not is_active rkllama
