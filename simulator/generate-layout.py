#!/usr/bin/env python3
"""Generates abi/layout.h from the measured layouts of the vendor's headers.

usage: generate-layout.py RKLLM-ABI.JSON > abi/layout.h

The JSON has "version_groups": {NAME: {"structs": {TYPE: {"size", "fields": [{"name", "offset"}]}},
"enums": {TYPE: {"values": {NAME: NUMBER}}}}}. The output has only the type names, field names and numbers of the JSON.
"""
import json
import sys
import textwrap

# The name of each ABI group in the JSON, and its number in SIM_ABI. Other groups have no build.
GROUPS = [("1.0.1", 10001), ("1.1", 10100), ("1.2.0", 10200), ("1.2.1", 10201), ("1.3.0", 10300), ("1.3.1-derived", 10301)]

HEADER = """\
// layout.h - sizes and offsets of every struct and the enumerators, per ABI group, checked by the compiler.
// Generated: python3 simulator/generate-layout.py RKLLM-ABI.JSON > simulator/abi/layout.h. Do not edit.
// The numbers were measured on the vendor's headers (x86-64 and aarch64 agree); a derived group was not.
#pragma once
#define SIZE(type, bytes) _Static_assert(sizeof(type) == bytes, "size of " #type)
#define AT(type, field, byte) _Static_assert(offsetof(type, field) == byte, #type "." #field)
#define IS(name, value) _Static_assert(name == value, #name)
"""

FOOTER = """
#else
#error "unknown SIM_ABI"
#endif

#undef SIZE
#undef AT
#undef IS
"""


def wrap(assertions):
    """Wraps assertions to lines of at most 120 columns. Never splits an assertion."""
    words = [assertion.replace(" ", "\0") + ";" for assertion in assertions]
    text = textwrap.fill(" ".join(words), 120, subsequent_indent="    ", break_long_words=False, break_on_hyphens=False)
    return text.replace("\0", " ")


def group(layouts):
    for name, enum in layouts["enums"].items():
        yield wrap(f"IS({value}, {number})" for value, number in enum["values"].items())
    for name, struct in layouts["structs"].items():
        yield wrap([f"SIZE({name}, {struct['size']})"] +
                   [f"AT({name}, {field['name']}, {field['offset']})" for field in struct["fields"]])


def main():
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    with open(sys.argv[1], encoding="utf-8") as file:
        groups = json.load(file)["version_groups"]
    print(HEADER, end="")
    for i, (name, number) in enumerate(GROUPS):
        print(f"\n#{'elif' if i else 'if'} SIM_ABI == {number} // {name}")
        print("\n".join(group(groups[name])))
    print(FOOTER, end="")


main()
