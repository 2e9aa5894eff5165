# A node on which the Python service runs, as it was deployed: its layout, its unit, root's cache of tokenizers. Sourced by install.sh.

# In the place of Python: something that holds the port and says who it is. The node has no Python, but perl.
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
# Qwen's repository is not the demo's; this one is, and was never asked for by a branch.
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
check "the old service answers before" soon answers 8085 / Python
old_files() { (cd "$node" && find opt/rkllama/{venv,server.py,models,lib} root/RKLLAMA root/downloads etc/systemd/system/rkllama.service* -type f -exec sha256sum {} + | sort -k2); }
old_files >"$work/old"

check "the package takes over" install_package rkllama
check "it says what it took over" log_says "took over from /etc/systemd/system/rkllama.service"
check "it names a model that it cannot reach" log_says "the service cannot read /root/RKLLAMA/models/Far/far.rkllm (/root/downloads/far.rkllm)"
check "it warns of the old client" log_says "/usr/local/bin/rkllama hides /usr/bin/rkllama"
check "it does not miss the library" not log_says "copy the arm64 librkllmrt.so"
check "the service runs on the old port" soon answers 8085 / "Welcome to RKLLama !"
check "the unit is the package's" test "$(service FragmentPath)" = /usr/lib/systemd/system/rkllama.service -o "$(service FragmentPath)" = /lib/systemd/system/rkllama.service
check "it is not root" test "$(on_node stat -c %U "/proc/$(service MainPID)")" = rkllama
check "the platform is kept" says RKLLAMA_TARGET_PLATFORM=rk3588 systemctl show -p Environment rkllama
check "a drop-in that means the same is kept" test "$(service MemoryMax)" = 3221225472
check "one that did nothing before is put aside, and named" log_says "override.conf belongs to the old service"
check "the models are the same" answers 8085 /models '{"models":["DeepSeek-R1-1.5B","Demo","Far"]}'
check "the old model loads, its file readable for root alone" load 8085 DeepSeek-R1-1.5B
check "it answers" generate 8085
check "with the tokenizer that root had downloaded" test -f "$store/DeepSeek-R1-1.5B/tokenizer.json" -a ! -L "$store/DeepSeek-R1-1.5B/tokenizer.json"
on_node curl -sf -X POST http://127.0.0.1:8085/unload_model >/dev/null
check "a model loads whose tokenizer has no branch in the cache" load 8085 Demo
check "its tokenizer is the copy" soon says "Tokenizer: /root/RKLLAMA/models/Demo/tokenizer.json" journalctl -u rkllama
check "the log has the model's load" says DeepSeek-R1-1.5B journalctl -u rkllama

# Only the service's own mount namespace counts.
inside() { nsenter --target "$(pgrep -P "$leader" -x rkllama | head -1)" --mount --root "$@"; }
check "the service sees of /root nothing but the models" test "$(inside ls -A /root/RKLLAMA)" = models -a "$(inside ls -A /root)" = RKLLAMA
check "it cannot write into /opt/rkllama" not inside touch /opt/rkllama/x
check "the doctor knows the service's port" says "the server listens on 8085" /opt/rkllama/rkllama doctor
check "and of the models the one that the service cannot reach" says "the user 'rkllama' cannot read /root/downloads/far.rkllm →" /opt/rkllama/rkllama doctor

on_node sh -c 'umask 077; mkdir -p ~/RKLLAMA/models/MyModel; echo FROM=\"mymodel.rkllm\" >~/RKLLAMA/models/MyModel/Modelfile; ln -s /opt/rkllama/models/deepseek-1.5b.rkllm ~/RKLLAMA/models/MyModel/mymodel.rkllm'
check "a model that root adds is there at once" answers 8085 /models '{"models":["DeepSeek-R1-1.5B","Demo","Far","MyModel"]}'
check "it may be removed over HTTP" on_node curl -sf -X DELETE http://127.0.0.1:8085/api/delete -d '{"model":"MyModel"}'
check "it is gone then" test ! -e "$store/MyModel"

worker() { pgrep -f '^/opt/rkllama/rkllama worker' -P "$(pgrep -P "$leader" -x rkllama | head -1)"; }
kill -KILL "$(worker)"
check "it answers after the death of its worker" soon generate 8085
on_node systemctl kill -s KILL --kill-whom=main rkllama
restarted() { [ "$(service NRestarts)" = 1 ] && is_active rkllama; }
check "systemd starts it again after its own" soon restarted
check "it answers again" soon answers 8085 / "Welcome to RKLLama !"

mkdir -p "$node/etc/systemd/system/rkllama.service.d"
printf '[Service]\nEnvironment="PORT=8086"\nCPUAffinity=\nCPUAffinity=0\n' >"$node/etc/systemd/system/rkllama.service.d/override.conf"
on_node systemctl daemon-reload
on_node systemctl restart rkllama
check "systemctl edit changes the port" soon answers 8086 / "Welcome to RKLLama !"
check "a model loads" load 8086 DeepSeek-R1-1.5B
cpus() { sed -n 's/^Cpus_allowed_list:\t//p' "/proc/$1/status"; }
check "the server keeps to its CPUs" test "$(cpus "$(pgrep -P "$leader" -x rkllama | head -1)")" = 0
[ "$(nproc)" = 1 ] || check "the worker has all of them" test "$(cpus "$(worker)")" != 0

echo 'RKLLAMA_QUEUE=7' >>"$node/etc/rkllama/rkllama.env"
check "an upgrade succeeds" install_package newer
check "it keeps the port" soon answers 8086 / "Welcome to RKLLama !"
check "it keeps the settings" soon says RKLLAMA_QUEUE=7 sh -c 'tr "\0" "\n" <"/proc/$(systemctl show -p MainPID --value rkllama)/environ"'
check "it keeps the models" answers 8086 /models '{"models":["DeepSeek-R1-1.5B","Demo","Far"]}'
on_node systemctl disable rkllama 2>/dev/null
check "so does the way back to the version before" install_package rkllama
check "with its port" soon answers 8086 / "Welcome to RKLLama !"
check "and its models" answers 8086 /models '{"models":["DeepSeek-R1-1.5B","Demo","Far"]}'
check "what was disabled stays so" test "$(on_node systemctl is-enabled rkllama)" = disabled
on_node systemctl enable rkllama 2>/dev/null

check "the package is removed" on_node dpkg -r rkllama
on_node rm "$(printf %s /etc/systemd/system/rkllama.service.d/override.conf)"
check "its service with it" not answers 8086 / RKLLama
rm -f "$store"/{Demo,DeepSeek-R1-1.5B}/{tokenizer.json,tokenizer_config.json,chat_template.jinja}
old_files >"$work/new"
check "all that was there before still is" diff <(grep -v override.conf "$work/old") "$work/new"
on_node systemctl daemon-reload
on_node systemctl start rkllama
check "the old service is back on its port" soon answers 8085 / Python
check "it is enabled as it was" says enabled systemctl is-enabled rkllama

on_node systemctl disable --now rkllama 2>/dev/null
check "the package takes over again" install_package rkllama
check "a service that was off stays off" test "$(on_node systemctl is-active rkllama)" = inactive -a "$(on_node systemctl is-enabled rkllama)" = disabled
cp "$node/etc/rkllama/replaced/rkllama.service" "$node/etc/systemd/system/rkllama.service"
on_node systemctl daemon-reload
on_node systemctl start rkllama
check "the administrator runs the old service besides" soon answers 8085 / Python
check "the package is purged" on_node dpkg --purge rkllama
check "and stops nothing that is not its own" answers 8085 / Python
check "the models are where they were" test -f "$store/DeepSeek-R1-1.5B/Modelfile" -a -L "$store/DeepSeek-R1-1.5B/DeepSeek-R1-1.5B.rkllm" -a -s "$node/opt/rkllama/models/deepseek-1.5b.rkllm"
