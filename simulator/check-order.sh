#!/bin/sh
# check-order.sh [SOURCES] - checks the dependencies between modules. A module is X.h and X.c. It may use modules of its
# own folder and of the folders before it in $order. Cycles are not allowed. The script checks the includes, then the
# symbols of the object files, because a call is possible without an include.
# Without a violation, it prints nothing and exits with 0. Otherwise it prints the violations and exits with 1.
set -eu

order="base node rknn abi model handle run api"
cd "${1:-$(dirname "$0")}"
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
for folder in $order; do
    if [ -d "$folder" ]; then find "$folder" -name '*.[ch]'; fi
done > "$scratch/files"

# Reads lines "USER USED REASON". If a use is against the order or part of a cycle, prints it and exits with 1.
judge() {
    awk -v order="$order" '
        BEGIN { n = split(order, names, " "); for (i = 1; i <= n; i++) rank[names[i]] = i }
        { split($1, user, "/"); split($2, used, "/") }
        rank[user[1]] < rank[used[1]] { print $1 " uses " $2 " (" $3 "), against the order " order }' "$1" > "$scratch/wrong"
    if ! awk '$1 != $2 { print $1, $2 }' "$1" | LC_ALL=C tsort 2> "$scratch/circle" > /dev/null; then
        awk '/loop:$/ { if (loops++) exit; printf "cycle:"; next }
            loops { printf " " $2; next }
            { print }
            END { print "" }' "$scratch/circle" >> "$scratch/wrong"
    fi
    if [ -s "$scratch/wrong" ]; then
        cat "$scratch/wrong"
        exit 1
    fi
}

module() { # FILE: prints the module of the file; the variants of fields.c are one module
    echo "${1%.[ch]}" | sed 's|fields_.*|fields|'
}

while read -r file; do
    header=$(module "$file").h
    case $file in
        */exports*.c) ;;
        *) [ -f "$header" ] || echo "$file has no header $header" ;;
    esac
    sed -n 's/^#include "\(.*\)"/\1/p' "$file" | while read -r included; do
        case $included in */*) ;; *) included=${file%/*}/$included ;; esac
        echo "$(module "$file") $(module "$included") include"
    done
done < "$scratch/files" > "$scratch/includes"
if grep 'has no header' "$scratch/includes"; then exit 1; fi
judge "$scratch/includes"

# Compiles each file alone, for the newest ABI. This also checks that each file includes the headers that it needs.
grep '\.c$' "$scratch/files" | grep -v exports_1_0 | while read -r file; do
    object=$scratch/$(echo "$file" | tr / -).o
    ${CC:-cc} -std=c11 -D_GNU_SOURCE -DSIM_ABI=10301 -DSIM_VERSION='""' -I . -c "$file" -o "$object"
    ${NM:-nm} -g "$object" | awk -v module="$(module "$file")" '{ print module, $(NF - 1), $NF }'
done > "$scratch/symbols"
awk 'NR == FNR { if ($2 != "U") owner[$3] = $1; next } $2 == "U" && $3 in owner { print $1, owner[$3], $3 }' \
    "$scratch/symbols" "$scratch/symbols" > "$scratch/calls"
judge "$scratch/calls"
