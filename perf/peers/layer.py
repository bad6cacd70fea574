"""One Qwen2.5 layer with random weights, in numpy: what every peer computes, and what its result is compared with."""
import argparse
import dataclasses
import os

import numpy as np

from shapes import SIZES

NAMES = ["n1", "wq", "bq", "wk", "bk", "wv", "bv", "wo", "n2", "wg", "wu", "wd"]
EPSILON, THETA = 1e-6, 1e6


@dataclasses.dataclass(frozen=True)
class Shape:
    hidden: int
    intermediate: int
    heads: int
    kv_heads: int
    tokens: int

    @property
    def head_dim(self):
        return self.hidden // self.heads

    @property
    def group(self):
        return self.heads // self.kv_heads


def shape(size, tokens):
    return Shape(*SIZES[size], tokens)


def make(s, seed=0):
    """The input [tokens][hidden] and the weights, float32. q and k are larger than the rest, so that attention is not flat."""
    random = np.random.default_rng(seed)
    wide, small = np.sqrt(896 / s.hidden) * 0.05, np.sqrt(896 / s.hidden) * 0.02

    def normal(*extents, sigma):
        return (random.standard_normal(extents) * sigma).astype(np.float32)

    x = normal(s.tokens, s.hidden, sigma=1.0)
    kv = s.kv_heads * s.head_dim
    weights = {
        "n1": 1 + normal(s.hidden, sigma=0.1),
        "wq": normal(s.hidden, s.hidden, sigma=wide), "bq": normal(s.hidden, sigma=0.1),
        "wk": normal(s.hidden, kv, sigma=wide), "bk": normal(kv, sigma=0.1),
        "wv": normal(s.hidden, kv, sigma=small), "bv": normal(kv, sigma=0.1),
        "wo": normal(s.hidden, s.hidden, sigma=small),
        "n2": 1 + normal(s.hidden, sigma=0.1),
        "wg": normal(s.hidden, s.intermediate, sigma=small), "wu": normal(s.hidden, s.intermediate, sigma=small),
        "wd": normal(s.intermediate, s.hidden, sigma=small),
    }
    return x, weights


def rope(s):
    """Cosines and sines, [tokens][head_dim]."""
    angles = np.outer(np.arange(s.tokens), 1.0 / THETA ** (np.arange(0, s.head_dim, 2) / s.head_dim))
    angles = np.concatenate([angles, angles], -1)
    return np.cos(angles).astype(np.float32), np.sin(angles).astype(np.float32)


def reference(s, x, weights):
    """The layer in float64."""
    x = x.astype(np.float64)
    w = {name: weights[name].astype(np.float64) for name in NAMES}
    cos, sin = (table.astype(np.float64) for table in rope(s))

    def norm(v, gain):
        return v / np.sqrt((v * v).mean(-1, keepdims=True) + EPSILON) * gain

    def heads(v, count):
        return v.reshape(s.tokens, count, s.head_dim).transpose(1, 0, 2)

    def rotate(v):
        half = s.head_dim // 2
        return v * cos + np.concatenate([-v[..., half:], v[..., :half]], -1) * sin

    h = norm(x, w["n1"])
    q = rotate(heads(h @ w["wq"] + w["bq"], s.heads))
    k = rotate(heads(h @ w["wk"] + w["bk"], s.kv_heads)).repeat(s.group, 0)
    v = heads(h @ w["wv"] + w["bv"], s.kv_heads).repeat(s.group, 0)
    scores = q @ k.transpose(0, 2, 1) / np.sqrt(s.head_dim)
    scores = np.where(np.tril(np.ones((s.tokens, s.tokens), bool)), scores, -np.inf)
    p = np.exp(scores - scores.max(-1, keepdims=True))
    p /= p.sum(-1, keepdims=True)
    x = x + (p @ v).transpose(1, 0, 2).reshape(s.tokens, s.hidden) @ w["wo"]
    h = norm(x, w["n2"])
    gate = h @ w["wg"]
    return x + (gate / (1 + np.exp(-gate)) * (h @ w["wu"])) @ w["wd"]


def relative_error(result, s, x, weights):
    """Of what the layer adds to its input, in the 2-norm."""
    known = reference(s, x, weights)
    return float(np.linalg.norm(np.asarray(result, np.float64) - known) / np.linalg.norm(known - x))


def arguments(description):
    """The parser of what every peer's script takes; --rank is for the parties that it starts of itself."""
    parser = argparse.ArgumentParser(description=description)
    parser.add_argument("--shape", choices=SIZES, default="0.5b")
    parser.add_argument("--tokens", type=int, default=19)
    parser.add_argument("--weights", choices=["public", "secret"], default="public")
    parser.add_argument("--threads", type=int, default=1, help="of each party")
    parser.add_argument("--rank", type=int, default=-1, help=argparse.SUPPRESS)
    return parser


def cpu_seconds():
    """Of this process, all threads."""
    times = os.times()
    return times.user + times.system
