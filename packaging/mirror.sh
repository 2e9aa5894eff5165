#!/usr/bin/env bash
# mirror.sh: prints the Debian mirror for sysroots and root file systems: RKLLAMA_MIRROR, else the mirror that apt uses on this machine, else deb.debian.org.
set -euo pipefail

sources() { cat /etc/apt/sources.list.d/debian.sources /etc/apt/sources.list 2>/dev/null || true; }
mirror=${RKLLAMA_MIRROR:-$(sources | sed -nE 's/^URIs: *([^ ]*\/debian\/?)( .*)?$/\1/p; s/^deb (\[[^]]*\] )?([^ ]*\/debian\/?) .*/\2/p' | head -1)}
echo "${mirror:-http://deb.debian.org/debian}"
