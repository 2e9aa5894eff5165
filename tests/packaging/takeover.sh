# Tests a node on which the Python service runs as it was deployed: its directories, its unit, root's cache of tokenizers. Sourced by install.sh.

# A Perl script at the path of the service's python3 replaces the Python service. It listens on the port and answers "Python".
mkdir -p "$node/opt/rkllama/venv/bin" "$node/opt/rkllama/lib" "$node/opt/rkllama/models"
cat >"$node/opt/rkllama/venv/bin/python3" <<'PERL'
#!/usr/bin/perl
use IO::Socket::INET;
my ($port) = "@ARGV" =~ /--port (\d+)/;
my $server = IO::Socket::INET->new(LocalAddr => "127.0.0.1", LocalPort => $port, Listen => 5, ReuseAddr => 1) or die $!;
while (my $client = $server->accept) { print $client "HTTP/1.0 200 OK\r\nContent-Length: 6\r\n\r\nPython"; close $client }
PERL
chmod 755 "$node/opt/rkllama/venv/bin/python3"
echo '# the Python service' >"$node/opt/rkllama/server.py"
cp "$library" "$node/opt/rkllama/lib/"
cp models/demo/demo.rkllm "$node/opt/rkllama/models/deepseek-1.5b.rkllm"
chmod 600 "$node/opt/rkllama/models/deepseek-1.5b.rkllm"
store=$node/root/RKLLAMA/models
mkdir -p "$store/DeepSeek-R1-1.5B" "$store/Far" "$node/root/downloads"
ln -s /opt/rkllama/lib "$node/root/RKLLAMA/lib"
printf 'FROM="DeepSeek-R1-1.5B.rkllm"\nHUGGINGFACE_PATH="Qwen/Qwen2.5-1.5B-Instruct"\nSYSTEM=""\nTEMPERATURE=1.0\n' >"$store/DeepSeek-R1-1.5B/Modelfile"
ln -s /opt/rkllama/models/deepseek-1.5b.rkllm "$store/DeepSeek-R1-1.5B/DeepSeek-R1-1.5B.rkllm"
printf 'FROM="far.rkllm"\nHUGGINGFACE_PATH="a/b"\n' >"$store/Far/Modelfile"
cp models/demo/demo.rkllm "$node/root/downloads/far.rkllm"
ln -s /root/downloads/far.rkllm "$store/Far/far.rkllm"
cached=$node/root/.cache/huggingface/hub/models--Qwen--Qwen2.5-1.5B-Instruct
mkdir -p "$cached/blobs" "$cached/refs" "$cached/snapshots/5eed"
printf 5eed >"$cached/refs/main"
for file in tokenizer.json tokenizer_config.json chat_template.jinja; do
    cp "models/demo/$file" "$cached/blobs/$file"
    ln -s "../../blobs/$file" "$cached/snapshots/5eed/$file"
done
# The tokenizer in Qwen's repository does not match the demo model. Org/Demo matches; its cache entry has no branch (no refs).
cp -r "$cached" "$(dirname "$cached")/models--Org--Demo"
rm -r "$(dirname "$cached")/models--Org--Demo/refs"
mkdir "$store/Demo"
cp models/demo/demo.rkllm "$store/Demo/"
printf 'FROM demo.rkllm\nHUGGINGFACE Org/Demo\n' >"$store/Demo/Modelfile"
chmod 700 "$node/root" "$node/root/.cache"
mkdir -p "$node/etc/systemd/system/rkllama.service.d"
cat >"$node/etc/systemd/system/rkllama.service" <<'UNIT'
[Unit]
Description=RKLLama
After=network.target
[Service]
Type=simple
User=root
WorkingDirectory=/opt/rkllama
Environment="PATH=/opt/rkllama/venv/bin:/usr/bin"
Environment="PYTHONUNBUFFERED=1"
ExecStart=/opt/rkllama/venv/bin/python3 /opt/rkllama/server.py --target_platform rk3588 --port 8085
Restart=on-failure
RestartSec=10
[Install]
WantedBy=multi-user.target
UNIT
printf '[Service]\nEnvironment="PORT=9999"\n' >"$node/etc/systemd/system/rkllama.service.d/override.conf"
printf '[Service]\nMemoryMax=3G\n' >"$node/etc/systemd/system/rkllama.service.d/memory.conf"
printf '#!/bin/sh\n' >"$node/usr/local/bin/rkllama"
on_node systemctl daemon-reload
on_node systemctl enable --now rkllama 2>/dev/null
check "the old service answers before the installation" soon answers 8085 / Python
old_files() { (cd "$node" && find opt/rkllama/{venv,server.py,models,lib} root/RKLLAMA root/downloads etc/systemd/system/rkllama.service* -type f -exec sha256sum {} + | sort -k2); }
old_files >"$work/old"

check "the package replaces the old service" install_package rkllama
check "the installation names the unit that it replaced" log_says "took over from /etc/systemd/system/rkllama.service"
check "the installation names a model that the service cannot read" log_says "the service cannot read /root/RKLLAMA/models/Far/far.rkllm (/root/downloads/far.rkllm)"
check "the installation warns of the old client" log_says "/usr/local/bin/rkllama hides /usr/bin/rkllama"
check "the installation finds the library of the old service" not log_says "copy the arm64 librkllmrt.so"
check "the service runs on the old port" soon answers 8085 / "Welcome to RKLLama !"
check "the unit is the package's" test "$(service FragmentPath)" = /usr/lib/systemd/system/rkllama.service -o "$(service FragmentPath)" = /lib/systemd/system/rkllama.service
check "the service does not run as root" test "$(on_node stat -c %U "/proc/$(service MainPID)")" = rkllama
check "the service keeps the platform" says RKLLAMA_TARGET_PLATFORM=rk3588 systemctl show -p Environment rkllama
check "a drop-in that still applies is kept" test "$(service MemoryMax)" = 3221225472
check "a drop-in that had no effect before is moved away and named" log_says "override.conf belongs to the old service"
check "the models that the service can read are listed" answers 8085 /models '{"models":["DeepSeek-R1-1.5B","Demo"]}'
check "the old model loads although only root could read its file" load 8085 DeepSeek-R1-1.5B
check "the model answers" generate 8085
check "the tokenizer from root's cache was copied to the model" test -f "$store/DeepSeek-R1-1.5B/tokenizer.json" -a ! -L "$store/DeepSeek-R1-1.5B/tokenizer.json"
on_node curl -sf -X POST http://127.0.0.1:8085/unload_model >/dev/null
check "a model loads whose tokenizer has no branch in the cache" load 8085 Demo
check "that model uses the copy of the tokenizer" soon says "Tokenizer: /root/RKLLAMA/models/Demo/tokenizer.json" journalctl -u rkllama
check "the log contains the load of the model" says DeepSeek-R1-1.5B journalctl -u rkllama

# The next checks run in the mount namespace of the service.
inside() { nsenter --target "$(pgrep -P "$leader" -x rkllama | head -1)" --mount --root "$@"; }
check "the service sees nothing but the models in /root" test "$(inside ls -A /root/RKLLAMA)" = models -a "$(inside ls -A /root)" = RKLLAMA
check "the service cannot write to /opt/rkllama" not inside touch /opt/rkllama/x
check "the doctor checks the service's port" says "the server listens on 8085" /opt/rkllama/rkllama doctor
check "the doctor names the model that the service cannot read" says "the user 'rkllama' cannot read /root/downloads/far.rkllm →" /opt/rkllama/rkllama doctor

on_node sh -c 'umask 077; mkdir -p ~/RKLLAMA/models/MyModel; echo FROM=\"mymodel.rkllm\" >~/RKLLAMA/models/MyModel/Modelfile; ln -s /opt/rkllama/models/deepseek-1.5b.rkllm ~/RKLLAMA/models/MyModel/mymodel.rkllm'
check "a model that root adds is listed immediately" answers 8085 /models '{"models":["DeepSeek-R1-1.5B","Demo","MyModel"]}'
check "that model can be deleted over HTTP" on_node curl -sf -X DELETE http://127.0.0.1:8085/api/delete -d '{"model":"MyModel"}'
check "the directory of the deleted model does not exist" test ! -e "$store/MyModel"

worker() { pgrep -f '^/opt/rkllama/rkllama worker' -P "$(pgrep -P "$leader" -x rkllama | head -1)"; }
kill -KILL "$(worker)"
check "the service answers after its worker was killed" soon generate 8085
on_node systemctl kill -s KILL --kill-whom=main rkllama
restarted() { [ "$(service NRestarts)" = 1 ] && is_active rkllama; }
check "systemd restarts the server after it was killed" soon restarted
check "the server answers again" soon answers 8085 / "Welcome to RKLLama !"

mkdir -p "$node/etc/systemd/system/rkllama.service.d"
printf '[Service]\nEnvironment="PORT=8086"\nCPUAffinity=\nCPUAffinity=0\n' >"$node/etc/systemd/system/rkllama.service.d/override.conf"
on_node systemctl daemon-reload
on_node systemctl restart rkllama
check "systemctl edit changes the port" soon answers 8086 / "Welcome to RKLLama !"
check "a model loads" load 8086 DeepSeek-R1-1.5B
cpus() { sed -n 's/^Cpus_allowed_list:\t//p' "/proc/$1/status"; }
check "the server uses only the CPUs of CPUAffinity" test "$(cpus "$(pgrep -P "$leader" -x rkllama | head -1)")" = 0
[ "$(nproc)" = 1 ] || check "the worker may use all CPUs" test "$(cpus "$(worker)")" != 0

echo 'RKLLAMA_QUEUE=7' >>"$node/etc/rkllama/rkllama.env"
check "an upgrade succeeds" install_package newer
check "the upgrade keeps the port" soon answers 8086 / "Welcome to RKLLama !"
check "the upgrade keeps the settings" soon says RKLLAMA_QUEUE=7 sh -c 'tr "\0" "\n" <"/proc/$(systemctl show -p MainPID --value rkllama)/environ"'
check "the upgrade keeps the models" answers 8086 /models '{"models":["DeepSeek-R1-1.5B","Demo"]}'
on_node systemctl disable rkllama 2>/dev/null
check "a downgrade succeeds" install_package rkllama
check "the downgrade keeps the port" soon answers 8086 / "Welcome to RKLLama !"
check "the downgrade keeps the models" answers 8086 /models '{"models":["DeepSeek-R1-1.5B","Demo"]}'
check "a disabled service stays disabled" test "$(on_node systemctl is-enabled rkllama)" = disabled
on_node systemctl enable rkllama 2>/dev/null

check "the package is removed" on_node dpkg -r rkllama
on_node rm "$(printf %s /etc/systemd/system/rkllama.service.d/override.conf)"
check "the service stops with the removal" not answers 8086 / RKLLama
rm -f "$store"/{Demo,DeepSeek-R1-1.5B}/{tokenizer.json,tokenizer_config.json,chat_template.jinja}
old_files >"$work/new"
check "the files of the old service are unchanged" diff <(grep -v override.conf "$work/old") "$work/new"
on_node systemctl daemon-reload
on_node systemctl start rkllama
check "the old service answers on its port again" soon answers 8085 / Python
check "the old service is still enabled" says enabled systemctl is-enabled rkllama

on_node systemctl disable --now rkllama 2>/dev/null
check "the package replaces the old service again" install_package rkllama
check "a service that was disabled stays disabled and inactive" test "$(on_node systemctl is-active rkllama)" = inactive -a "$(on_node systemctl is-enabled rkllama)" = disabled
cp "$node/etc/rkllama/replaced/rkllama.service" "$node/etc/systemd/system/rkllama.service"
on_node systemctl daemon-reload
on_node systemctl start rkllama
check "the administrator can start the old service while the package is installed" soon answers 8085 / Python
check "the package is purged" on_node dpkg --purge rkllama
check "the purge does not stop the old service" answers 8085 / Python
check "the purge keeps the models" test -f "$store/DeepSeek-R1-1.5B/Modelfile" -a -L "$store/DeepSeek-R1-1.5B/DeepSeek-R1-1.5B.rkllm" -a -s "$node/opt/rkllama/models/deepseek-1.5b.rkllm"
