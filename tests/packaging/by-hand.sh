# A node on which RkLlama itself was installed by hand, as root: executable and unit copied, options on its command line. Sourced by install.sh,
# after takeover.sh, whose models are still there.

on_node systemctl disable --now rkllama 2>/dev/null || true
rm -rf "$node"/etc/systemd/system/rkllama.service* "$node/etc/rkllama"
dpkg-deb --fsys-tarfile "$deb" | tar -xO ./opt/rkllama/rkllama >"$node/opt/rkllama/rkllama"
chmod 755 "$node/opt/rkllama/rkllama"
cat >"$node/etc/systemd/system/rkllama.service" <<'UNIT'
[Service]
Type=notify
ExecStart=/opt/rkllama/rkllama serve --target_platform=rk3588 \
    --host 127.0.0.1 --port 8090
[Install]
WantedBy=multi-user.target
UNIT
on_node systemctl daemon-reload
on_node systemctl enable --now rkllama 2>/dev/null
check "ours by hand answers" soon answers 8090 / "Welcome to RKLLama !"
check "the package takes its place" install_package rkllama
check "on its port" soon answers 8090 / "Welcome to RKLLama !"
check "with its options" says 'RKLLAMA_HOST=127.0.0.1' systemctl show -p Environment rkllama
check "not as root" test "$(on_node stat -c %U "/proc/$(service MainPID)")" = rkllama
check "and its models" answers 8090 /models '"DeepSeek-R1-1.5B"'

# "systemctl edit --full" makes a unit that looks like one by hand.
cp "$node/usr/lib/systemd/system/rkllama.service" "$node/etc/systemd/system/rkllama.service"
check "an upgrade succeeds" install_package newer
check "and leaves the administrator's own unit alone" test -f "$node/etc/systemd/system/rkllama.service"
check "the service still answers" soon answers 8090 / "Welcome to RKLLama !"
