# The packages that each command needs, and their installation through apt.
# shellcheck shell=bash

# Fields: a program or Python module; if it exists, the packages are installed | Debian packages | commands that need them.
# publish-aot stands for publish without --no-aot. Packages of ci alone are installed by ci and setup; without them, test-web skips the tests that need them.
requirements='
cc                    | gcc libc6-dev                               | build run bench soak attack test test-clients test-agents test-cluster test-package test-monitoring
aarch64-linux-gnu-gcc | gcc-aarch64-linux-gnu libc6-dev-arm64-cross | test test-arm64
readelf               | binutils                                    | publish publish-aot
clang                 | clang                                       | publish-aot
ld.lld                | lld                                         | publish-aot
llvm-objcopy          | llvm                                        | publish-aot
mmdebstrap            | mmdebstrap                                  | publish-aot test-package test-arm64
dpkg-deb              | dpkg                                        | package test-package test-arm64
openssl               | openssl                                     | bench
curl                  | curl                                        | bench test test-cluster test-package test-arm64 test-monitoring
script                | bsdutils                                | test
python3               | python3                                     | test test-cluster test-monitoring
python3:requests      | python3-requests                            | test test-cluster
systemd-analyze       | systemd                                     | test
node                  | nodejs                                      | page publish publish-aot test-clients test-agents test-web
npm                   | npm                                         | page publish publish-aot test-clients test-agents test-web
chromium              | chromium                                    | test-web
firefox-esr           | firefox-esr                                 | ci
haproxy               | haproxy                                     | test-cluster
nginx                 | nginx                                       | bench test-cluster
systemd-nspawn        | systemd-container                           | test-package
lintian               | lintian                                     | test-package
mandoc                | mandoc                                      | test-package
col                   | bsdextrautils                               | test-package
ansible-playbook      | ansible-core                                | test-package
pgrep                 | procps                                      | test-package
arch-test             | arch-test                                   | test-arm64
qemu-aarch64-static   | qemu-user-static                            | test-arm64
update-binfmts        | binfmt-support                              | test-arm64
qemu-system-aarch64   | qemu-system-arm                             | test-arm64
cpio                  | cpio                                        | test-arm64
xz                    | xz-utils                                    | test-arm64
mke2fs                | e2fsprogs                                   | test-arm64
prometheus            | prometheus                                  | test-monitoring
promtool              | prometheus                                  | test-monitoring
jq                    | jq                                          | test-monitoring
'

is_installed() {
    case $1 in
        python3:*) /usr/bin/python3 -c "import ${1#*:}" 2>/dev/null ;;
        *) command -v "$1" >/dev/null ;;
    esac
}

# missing COMMAND...: prints the packages that these commands need and that are not installed. "all" stands for every command.
missing() {
    local proof packages commands command
    while IFS='|' read -r proof packages commands; do
        for command in "$@"; do
            if [[ $command = all || " $commands " == *" $command "* ]] && ! is_installed "${proof// /}"; then
                echo "$packages"
                break
            fi
        done
    done < <(grep . <<<"$requirements") | xargs -n 1 | sort -u | xargs
}

# require COMMAND...: installs the packages that these commands need. Without root or apt it prints the names of the packages and exits.
require() {
    require_dotnet
    local packages
    read -ra packages < <(missing "$@")
    [ ${#packages[@]} != 0 ] || return 0
    if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; then
        echo "installing ${packages[*]}" >&2
        { apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "${packages[@]}"; } >/dev/null && return
    fi
    fail "packages are missing. Install them: $(sudo_prefix)apt-get install ${packages[*]}"
}

sudo_prefix() {
    if [ "$(id -u)" != 0 ]; then echo "sudo "; fi
}

# If there is no home directory, or if it cannot be written, dotnet does not start, because it keeps its state and its packages there. Then it gets another one.
provide_home() {
    local home=${HOME:-$(getent passwd "$(id -u)" | cut -d: -f6)}
    if [ -n "${DOTNET_CLI_HOME:-}" ] || { [ -d "$home" ] && [ -w "$home" ]; }; then return; fi
    export DOTNET_CLI_HOME="$PWD/artifacts/home"
    mkdir -p "$DOTNET_CLI_HOME"
}

# Checks for the SDK version in global.json, or a later one of the same major version.
require_dotnet() {
    local reason
    provide_home
    if reason=$(dotnet --version 2>&1); then return; fi
    if command -v dotnet >/dev/null; then printf '%s\n\n' "$reason" >&2; fi
    cat >&2 <<TEXT
build.sh: the .NET SDK 10.0 is missing. These lines install it in ~/.dotnet, on Debian or Ubuntu, x64 or arm64:

  $(sudo_prefix)apt-get update
  $(sudo_prefix)apt-get install -y curl ca-certificates libicu-dev
  curl -fsSL https://dot.net/v1/dotnet-install.sh | bash -s -- --channel 10.0
  export DOTNET_ROOT="\$HOME/.dotnet" PATH="\$HOME/.dotnet:\$PATH"

Other ways: https://learn.microsoft.com/dotnet/core/install/linux
TEXT
    exit 1
}

# The clients from npm need Node 20; Debian 12 has Node 18.
require_node() {
    node -e 'process.exit(parseInt(process.versions.node) < 20 ? 1 : 0)' ||
        fail "the clients need Node 20 or newer; this is $(node --version)"
}

setup() {
    require all
    require_node
    echo "Everything that the commands need is installed."
}
