# Functions for an emulated arm64 machine: Debian with systemd in qemu-system-aarch64. This file is sourced. Needs root.
# The machine's ports 8080 and 8081 are reachable on 127.0.0.1. The machine itself has no network access. It gets commands over its serial console.

vm_work=       # directory of its files
vm_port=       # 127.0.0.1:vm_port → 8080, vm_port + 1 → 8081
qemu=

# make_vm ROOT: makes a disk image from a copy of the file system in ROOT, which the caller's vm_prepare changes first, and an initrd.
make_vm() {
    local kernel root=$1
    vm_work=$(mktemp -d)
    trap stop_vm EXIT
    kernel=$(tests/arm64/kernel.sh)
    cp -a --reflink=auto "$root" "$vm_work/root"
    make_initrd "$kernel" >"$vm_work/initrd"
    vm_prepare "$vm_work/root"
    printf '[Match]\nName=en* eth*\n[Network]\nDHCP=yes\nLinkLocalAddressing=no\nIPv6AcceptRA=no\n' >"$vm_work/root/etc/systemd/network/10-all.network"
    ln -sf /lib/systemd/system/systemd-networkd.service "$vm_work/root/etc/systemd/system/multi-user.target.wants/"
    echo board >"$vm_work/root/etc/hostname"
    echo 0123456789abcdef0123456789abcdef >"$vm_work/root/etc/machine-id"
    echo '/dev/vda / ext4 defaults,noatime 0 0' >"$vm_work/root/etc/fstab"
    local unit
    for unit in systemd-timesyncd.service apt-daily.timer apt-daily-upgrade.timer dpkg-db-backup.timer e2scrub_all.timer fstrim.timer; do
        ln -sf /dev/null "$vm_work/root/etc/systemd/system/$unit"
    done
    # A shell on the console that prints only the output of commands, and their exit codes.
    mkdir -p "$vm_work/root/etc/systemd/system/serial-getty@ttyAMA0.service.d"
    cat >"$vm_work/root/etc/systemd/system/serial-getty@ttyAMA0.service.d/shell.conf" <<'UNIT'
[Service]
ExecStart=
ExecStart=-/bin/sh -c 'stty -echo; export TERM=dumb SYSTEMD_COLORS=0 SYSTEMD_URLIFY=0 HOME=/root PATH=/usr/sbin:/usr/bin:/sbin:/bin; cd; echo @ready; while read -r line; do eval "$line" </dev/null 2>&1; echo "@end $?"; done'
StandardInput=tty
StandardOutput=tty
UNIT
    truncate -s 1500M "$vm_work/disk"
    mke2fs -q -t ext4 -d "$vm_work/root" "$vm_work/disk"
    rm -rf "$vm_work/root"
    cp "$kernel"/boot/vmlinuz-* "$vm_work/vmlinuz"
}

# Debian's cloud kernel has ext4 built in, but virtio as modules. The initrd contains these modules and busybox.
make_initrd() {
    local kernel=$1 folder=$vm_work/initrd.d number=10 module file
    mkdir -p "$folder"/{bin,dev,proc,new,m}
    cp "$kernel/bin/busybox" "$folder/bin/"
    for module in failover net_failover virtio virtio_ring virtio_pci_legacy_dev virtio_pci_modern_dev virtio_pci virtio_blk virtio_net virtio-rng autofs4; do
        file=$(find "$kernel/lib/modules/" -name "$module.ko*")
        case $file in
            '') continue ;;
            *.xz) xz -dc "$file" >"$folder/m/$number-$module.ko" ;;
            *) cp "$file" "$folder/m/$number-$module.ko" ;;
        esac
        number=$((number + 1))
    done
    cat >"$folder/init" <<'INIT'
#!/bin/busybox sh
/bin/busybox mount -t devtmpfs dev /dev
for module in /m/*.ko; do /bin/busybox insmod "$module"; done
tries=0
while [ ! -b /dev/vda ] && [ $tries -lt 100 ]; do /bin/busybox sleep 0.1; tries=$((tries + 1)); done
/bin/busybox mount -t ext4 -o rw,noatime /dev/vda /new
/bin/busybox mount --move /dev /new/dev
exec /bin/busybox switch_root /new /sbin/init
INIT
    chmod +x "$folder/init"
    (cd "$folder" && find . | cpio -o -H newc --quiet) | gzip -1
    rm -rf "$folder"
}

# start_vm SECONDS: boots the machine and returns when its console accepts commands. Fails after that many seconds.
start_vm() {
    vm_port=$((20000 + $$ % 20000))
    mkfifo "$vm_work/in"
    # Opened for reading and writing, so that the open does not block until the other end is open.
    exec 7<>"$vm_work/in"
    qemu-system-aarch64 -M virt,gic-version=3 -cpu cortex-a76 -accel tcg,thread=multi -smp 2 -m 2048 -nographic -no-reboot \
        -kernel "$vm_work/vmlinuz" -initrd "$vm_work/initrd" -append 'root=/dev/vda rw console=ttyAMA0 quiet mitigations=off' \
        -drive "if=none,file=$vm_work/disk,format=raw,id=d0,cache=unsafe" -device virtio-blk-pci,drive=d0 -device virtio-rng-pci \
        -netdev "user,id=n0,restrict=on,hostfwd=tcp:127.0.0.1:$vm_port-:8080,hostfwd=tcp:127.0.0.1:$((vm_port + 1))-:8081" \
        -device virtio-net-pci,netdev=n0,romfile= <&7 >"$vm_work/out" 2>&1 &
    qemu=$!
    until_true "$1" grep -q @ready "$vm_work/out" || { cat "$vm_work/out"; return 1; }
}

# in_vm COMMAND: runs one line of shell on the console. Prints its output and returns its exit code. Not for concurrent use.
in_vm() {
    local seen
    seen=$(wc -c <"$vm_work/out")
    printf '%s\n' "$1" >&7
    until_true 600 ended "$seen" || return 1
    answer "$seen" | sed '/^@end /,$d'
    return "$(answer "$seen" | sed -n 's/^@end //p' | head -1)"
}

answer() { tail -c +$(($1 + 1)) "$vm_work/out" | tr -d '\r'; }
ended() { answer "$1" | grep -q '^@end [0-9]'; }

stop_vm() {
    if [ -n "$qemu" ] && kill -0 "$qemu" 2>/dev/null; then
        printf 'systemctl poweroff\n' >&7
        until_true 60 off || kill -KILL "$qemu" || true
        wait "$qemu" 2>/dev/null || true
    fi
    [ -z "$vm_work" ] || rm -rf "$vm_work"
    qemu= vm_work=
}

off() { ! kill -0 "$qemu" 2>/dev/null; }
