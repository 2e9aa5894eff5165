#!/usr/bin/env bash
# glibc.sh FILE: prints the newest glibc version that FILE needs. Fails if it is newer than 2.31 (Debian 11), the oldest supported version.
set -euo pipefail
limit=2.31

newest=$(readelf --version-info --wide "$1" | grep -oE 'GLIBC_[0-9.]+' | sort -uV | tail -1)
[ -n "$newest" ] || { echo "glibc.sh: $1 has no glibc version" >&2; exit 1; }
if [ "$(printf '%s\n' "${newest#GLIBC_}" $limit | sort -V | tail -1)" != $limit ]; then
    echo "glibc.sh: $1 needs $newest, but must run with glibc $limit" >&2
    exit 1
fi
echo "needs $newest"
