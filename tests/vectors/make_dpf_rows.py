#!/usr/bin/env python3
"""Row keys and what they expand to, from the paper alone (Boyle, Gilboa, Ishai, CCS'16, figure 1) and RFC 8439's ChaCha: dpf_rows.json.

Run: make_dpf_rows.py > dpf_rows.json. The roots and the salt are SHA-256 of names; nothing here is shared with the C++ code.
"""
import hashlib
import json

WORD = 1 << 64


def words32(data):
    return [int.from_bytes(data[i:i + 4], "little") for i in range(0, len(data), 4)]


def chacha(key, counter, nonce, rounds):
    """key: 32 bytes, counter: int, nonce: 3 ints; one block of 64 bytes."""
    start = words32(b"expand 32-byte k") + words32(key) + [counter] + nonce
    x = list(start)

    def rotate(v, n):
        return (v << n | v >> (32 - n)) & 0xFFFFFFFF

    def quarter(a, b, c, d):
        for i, j, k, n in ((a, b, d, 16), (c, d, b, 12), (a, b, d, 8), (c, d, b, 7)):
            x[i] = (x[i] + x[j]) & 0xFFFFFFFF
            x[k] = rotate(x[k] ^ x[i], n)

    for _ in range(rounds // 2):
        for i in range(4):
            quarter(i, 4 + i, 8 + i, 12 + i)
        for i in range(4):
            quarter(i, 4 + (i + 1) % 4, 8 + (i + 2) % 4, 12 + (i + 3) % 4)
    return b"".join(((a + b) & 0xFFFFFFFF).to_bytes(4, "little") for a, b in zip(x, start))


class Tree:
    """The generator G and the map from a leaf's seed to 8 words, for one key."""

    def __init__(self, salt, serial, depth, rounds):
        self.salt, self.serial, self.depth, self.rounds = salt, serial, depth, rounds

    def children(self, seed, level):  # (left seed, left bit, right seed, right bit)
        block = chacha(seed + self.salt, level, [4, self.serial, 0], self.rounds)
        return block[:16], block[32] & 1, block[16:32], block[36] & 1

    def convert(self, seed):
        block = chacha(seed + self.salt, self.depth, [5, self.serial, 0], self.rounds)
        return [int.from_bytes(block[8 * j:8 * j + 8], "little") for j in range(8)]


def xor(a, b):
    return bytes(x ^ y for x, y in zip(a, b))


def gen(tree, m, alpha, roots):
    """The correction words: [(seed, left bit, right bit)] a level, then 8 words."""
    seeds, bits, corrections = list(roots), [0, 1], []
    for level in range(tree.depth):
        left0, tl0, right0, tr0 = tree.children(seeds[0], level)
        left1, tl1, right1, tr1 = tree.children(seeds[1], level)
        a = alpha >> (m - 1 - level) & 1
        seed = xor(left0, left1) if a else xor(right0, right1)  # of the children that are lost
        cw = (seed, tl0 ^ tl1 ^ a ^ 1, tr0 ^ tr1 ^ a)
        for b, (s, t) in enumerate(((right0, tr0), (right1, tr1)) if a else ((left0, tl0), (left1, tl1))):
            seeds[b], bits[b] = (xor(s, seed), t ^ cw[1 + a]) if bits[b] else (s, t)
        corrections.append(cw)
    leaf0, leaf1 = tree.convert(seeds[0]), tree.convert(seeds[1])
    sign = -1 if bits[1] else 1
    return corrections, [sign * ((alpha % 8 == j) - leaf0[j] + leaf1[j]) % WORD for j in range(8)]


def expand(tree, party, seed, bit, corrections, last, level=0):
    """All words below a node, left to right."""
    if level == tree.depth:
        return [(-1) ** party * (word + bit * cw) % WORD for word, cw in zip(tree.convert(seed), last)]
    left, tl, right, tr = tree.children(seed, level)
    cw, cl, cr = corrections[level]
    if bit:
        left, tl, right, tr = xor(left, cw), tl ^ cl, xor(right, cw), tr ^ cr
    return expand(tree, party, left, tl, corrections, last, level + 1) + expand(tree, party, right, tr, corrections, last, level + 1)


def message(salt, m, roots, keys):
    out = salt
    for root, (corrections, last) in zip(roots, keys):
        controls = sum((cl | cr << 1) << 2 * d for d, (_, cl, cr) in enumerate(corrections))
        out += root + b"".join(seed for seed, _, _ in corrections) + controls.to_bytes((2 * (m - 3) + 7) // 8, "little")
        out += b"".join(word.to_bytes(8, "little") for word in last)
    return out


def case(rounds, m, rows):
    salt = hashlib.sha256(f"salt {m}".encode()).digest()[:16]
    roots = [[hashlib.sha256(f"root {m} {k} {b}".encode()).digest()[:16] for k in range(len(rows))] for b in (0, 1)]
    trees = [Tree(salt, k, m - 3, rounds) for k in range(len(rows))]
    keys = [gen(tree, m, row, [roots[b][k] for b in (0, 1)]) for k, (tree, row) in enumerate(zip(trees, rows))]
    words = [[expand(tree, b, roots[b][k], b, *keys[k]) for k, tree in enumerate(trees)] for b in (0, 1)]
    for k, row in enumerate(rows):
        assert [sum(both) % WORD for both in zip(words[0][k], words[1][k])] == [int(i == row) for i in range(1 << m)]
    return {
        "rounds": rounds,
        "m": m,
        "rows": rows,
        "salt": salt.hex(),
        "roots": [[root.hex() for root in side] for side in roots],
        "messages": [message(salt, m, roots[b], keys).hex() for b in (0, 1)],
        "words": [["".join(word.to_bytes(8, "little").hex() for word in key) for key in side] for side in words],
    }


assert chacha(bytes(range(32)), 1, [0x09000000, 0x4A000000, 0], 20).hex().startswith("10f1e7e4d13b5915")  # RFC 8439, section 2.3.2
note = "made by make_dpf_rows.py; bytes as hex, words of 64 bits as their 8 bytes, lowest first; words: by server and key, all 2^m"
cases = [case(rounds, m, rows) for rounds in (8, 12, 20) for m, rows in ((3, [0, 7, 5]), (4, [11, 3]), (7, [90, 127, 0]), (8, [129]))]
print(json.dumps({"note": note, "cases": cases}, indent=0))
