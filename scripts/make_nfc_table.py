"""Writes src/Smvl/Text/nfc.txt: python3 scripts/make_nfc_table.py > src/Smvl/Text/nfc.txt

Run among the peers (it needs `tokenizers`): the table holds what the reference normalises with, which is Unicode 9 in
tokenizers 0.23, and not what this Python's own, newer unicodedata knows. Characters without a canonical mapping or class in
the reference are left out, so they pass through unchanged there as here.
"""
import sys
import unicodedata

import tokenizers
from tokenizers import normalizers

nfc, nfd = normalizers.NFC().normalize_str, normalizers.NFD().normalize_str
points = [c for c in range(0x110000) if not 0xD800 <= c < 0xE000]
hangul = range(0xAC00, 0xD7A4)  # by arithmetic, not by table


def code(text):
    return " ".join(f"{ord(c):04X}" for c in text)


def reorders(mark, others):
    """Whether the reference sorts this mark as its class says: behind a lower class, before a higher one."""
    return any(nfd("a" + pair) != "a" + pair for other in others for pair in (mark + other, other + mark))


classes = {c: unicodedata.combining(chr(c)) for c in points if unicodedata.combining(chr(c))}
probes = {0x0301: 230, 0x0327: 202, 0x0334: 1, 0x0345: 240, 0x302A: 218}
for c in [c for c, k in classes.items() if not reorders(chr(c), [chr(p) for p, q in probes.items() if q != k])]:
    del classes[c]

out = [f"# Canonical classes, decompositions and compositions as tokenizers {tokenizers.__version__} applies them.",
       "# Written by scripts/make_nfc_table.py from the Unicode Character Database (https://www.unicode.org/license.txt).",
       "# FIRST-LAST class | CHAR=A B: composes again | CHAR!A [B]: decomposes only. Hangul syllables are left to arithmetic."]
run = None
for c, k in [*sorted(classes.items()), (0x110000, 0)]:
    if run and run[1] == c - 1 and run[2] == k:
        run[1] = c
    else:
        if run:
            out.append(f"{run[0]:04X}-{run[1]:04X} {run[2]}")
        run = [c, c, k]
for c in points:
    if c in hangul or nfd(chr(c)) == chr(c):
        continue
    step = "".join(chr(int(x, 16)) for x in unicodedata.decomposition(chr(c)).split())
    assert nfd(step) == nfd(chr(c)), hex(c)
    out.append(f"{c:04X}{'=' if nfc(chr(c)) == chr(c) else '!'}{code(step)}")
print("\n".join(out))
print(len(classes), "classes", file=sys.stderr)
