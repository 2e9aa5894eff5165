# Tests a node on which RkLlama was installed by hand, as root: the executable and the unit were copied, and the options are on the command line.
# Sourced by install.sh after takeover.sh; uses the models of takeover.sh.

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
check "the server that was installed by hand answers" soon answers 8090 / "Welcome to RKLLama !"
check "the package replaces the installation by hand" install_package rkllama
check "the service keeps the port" soon answers 8090 / "Welcome to RKLLama !"
check "the service keeps the options" says 'RKLLAMA_HOST=127.0.0.1' systemctl show -p Environment rkllama
check "the service does not run as root" test "$(on_node stat -c %U "/proc/$(service MainPID)")" = rkllama
check "the service keeps the models" answers 8090 /models '"DeepSeek-R1-1.5B"'

# "systemctl edit --full" creates a unit that looks like one that was installed by hand.
cp "$node/usr/lib/systemd/system/rkllama.service" "$node/etc/systemd/system/rkllama.service"
check "an upgrade succeeds" install_package newer
check "an upgrade does not say again that clients need no key" not log_says "need no key"
check "the upgrade keeps the administrator's unit" test -f "$node/etc/systemd/system/rkllama.service"
check "the service still answers" soon answers 8090 / "Welcome to RKLLama !"
