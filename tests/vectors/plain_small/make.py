"""make.py [DIR]: a small random Qwen2.5 as a Hugging Face folder, and what must come out of it (expected.json).

Needs numpy alone. The float64 forward pass and the quantisation below are written from the model's definition, apart from
the product's own code, so that they can disagree with it:
  logits      after the prompt and after each further token, float64 arithmetic on the bfloat16 weights
  integers    every weight matrix as int64 at its scale (15; q, k, v 23): SHA-256 of the row-major little-endian array, and
              its first row
  biases      of q, k, v at scale 35, likewise
  bfloat16    logits after the prompt with the result of every operation rounded to bfloat16
  ranges      the largest residual row norm, gate, silu(gate) up, v and score of every layer over the prompt; the last row norm
One row of o and one of down hold a weight far above 1, so that row exponents are exercised.
"""
import hashlib
import json
import sys
from pathlib import Path

import numpy as np

# Chosen so that nothing is a power of two or fills its last panel of 32 rows.
HIDDEN, LAYERS, HEADS, KV_HEADS, INTER, VOCAB, THETA, EPS = 72, 3, 4, 2, 118, 300, 1e6, 1e-6
HEAD = HIDDEN // HEADS
PROMPT, FURTHER = [17, 250, 3, 3, 91, 128, 64], [5, 299, 200]


def bfloat16(x):
    u = np.ascontiguousarray(x, np.float32).view(np.uint32)
    return ((u + 0x7FFF + ((u >> 16) & 1)) >> 16).astype(np.uint16)


def widen(h):
    return (h.astype(np.uint32) << 16).view(np.float32).astype(np.float64)


def random_tensors(rng):
    normal = lambda *shape: rng.normal(0, 0.08, shape)
    gains = lambda: rng.uniform(0.5, 1.5, HIDDEN)
    kv = KV_HEADS * HEAD
    t = {"model.embed_tokens.weight": rng.normal(0, 0.02, (VOCAB, HIDDEN))}
    t["model.embed_tokens.weight"][17, 3] = 4.0
    for i in range(LAYERS):
        p = f"model.layers.{i}."
        t[p + "input_layernorm.weight"] = gains()
        t[p + "post_attention_layernorm.weight"] = gains()
        for name, rows in (("q", HIDDEN), ("k", kv), ("v", kv)):
            t[p + f"self_attn.{name}_proj.weight"] = normal(rows, HIDDEN)
            t[p + f"self_attn.{name}_proj.bias"] = normal(rows)
        t[p + "self_attn.o_proj.weight"] = normal(HIDDEN, HIDDEN)
        t[p + "mlp.gate_proj.weight"] = normal(INTER, HIDDEN)
        t[p + "mlp.up_proj.weight"] = normal(INTER, HIDDEN)
        t[p + "mlp.down_proj.weight"] = normal(HIDDEN, INTER)
    t["model.layers.0.self_attn.o_proj.weight"][5, 7] = 1.5
    t["model.layers.1.mlp.down_proj.weight"][40, 100] = -6.25
    t["model.norm.weight"] = gains()
    t["lm_head.weight"] = normal(VOCAB, HIDDEN)
    return {name: bfloat16(x) for name, x in t.items()}


def write_safetensors(path, tensors):
    header, at = {"__metadata__": {"format": "pt"}}, 0
    for name, x in tensors.items():
        header[name] = {"dtype": "BF16", "shape": list(x.shape), "data_offsets": [at, at + x.nbytes]}
        at += x.nbytes
    head = json.dumps(header, separators=(",", ":")).encode()
    head += b" " * (-len(head) % 8)
    path.write_bytes(len(head).to_bytes(8, "little") + head + b"".join(x.astype("<u2").tobytes() for x in tensors.values()))


def forward(w, tokens, r=lambda x: x, seen=None):
    """Logits of the last token. r rounds the result of every operation; seen collects each layer's largest values."""
    x = w["model.embed_tokens.weight"][tokens]
    t = len(tokens)
    angle = np.outer(np.arange(t), THETA ** (-np.arange(0, HEAD, 2) / HEAD))
    cos, sin = (np.concatenate([f(angle)] * 2, -1) for f in (np.cos, np.sin))
    norm = lambda v, gain: r(v / np.sqrt((v * v).mean(-1, keepdims=True) + EPS) * gain)
    rotate = lambda v: v * cos + np.concatenate([-v[..., HEAD // 2:], v[..., :HEAD // 2]], -1) * sin
    size = lambda v: float(np.linalg.norm(v, axis=-1).max())
    seen = [] if seen is None else seen
    for i in range(LAYERS):
        get = lambda name: w[f"model.layers.{i}.{name}"]
        before = size(x)
        h = norm(x, get("input_layernorm.weight"))
        q, k, v = (r(h @ get(f"self_attn.{n}_proj.weight").T + get(f"self_attn.{n}_proj.bias")).reshape(t, -1, HEAD).transpose(1, 0, 2) for n in "qkv")
        q, k = r(rotate(q)), r(rotate(k))
        k, v = (np.repeat(a, HEADS // KV_HEADS, 0) for a in (k, v))
        s = np.where(np.tril(np.ones((t, t), bool)), r(r(q @ k.transpose(0, 2, 1)) / np.sqrt(HEAD)), -np.inf)
        p = np.exp(s - s.max(-1, keepdims=True))
        p = r(p / p.sum(-1, keepdims=True))
        x = r(x + r(r((p @ v).transpose(1, 0, 2).reshape(t, -1)) @ get("self_attn.o_proj.weight").T))
        between = size(x)
        h = norm(x, get("post_attention_layernorm.weight"))
        gate, up = r(h @ get("mlp.gate_proj.weight").T), r(h @ get("mlp.up_proj.weight").T)
        m = r(r(gate / (1 + np.exp(-gate))) * up)
        x = r(x + r(m @ get("mlp.down_proj.weight").T))
        seen.append({"row_norm": max(before, between), "gate": float(abs(gate).max()), "product": float(abs(m).max()), "value": float(abs(v).max()),
                     "score": float(abs(np.where(np.isinf(s), 0, s)).max())})
    seen.append({"last_norm": size(x)})
    return r(norm(x[-1], w["model.norm.weight"]) @ w["lm_head.weight"].T)


def quantise(w, scale, largest):
    """Integers at that scale; a row whose largest weight would exceed `largest` loses its lowest bits."""
    exponent = np.zeros((len(w), 1))
    top = np.abs(w).max(1, keepdims=True) * 2.0 ** scale
    while (top / 2 ** exponent > largest).any():
        exponent += top / 2 ** exponent > largest
    return (np.rint(w * 2.0 ** (scale - exponent)) * 2 ** exponent).astype(np.int64)


def integers(w):
    out, biases = {}, {}
    gain = int(np.ceil(np.log2(np.sqrt(HIDDEN))))
    rest, c = np.sqrt(HIDDEN) / 2 ** gain, 1 / np.sqrt(HEAD)
    narrow, wide = (lambda x: quantise(x, 15, 2 ** 15 - 1)), (lambda x: quantise(x, 23, 2 ** 31 - 1))
    for i in range(LAYERS):
        get = lambda name: w[f"model.layers.{i}.{name}"]
        a, m = get("input_layernorm.weight") * rest, get("post_attention_layernorm.weight") * rest
        q, k, v = (get(f"self_attn.{n}_proj.weight") * a for n in "qkv")
        out[f"layers/{i}/qkv"] = np.concatenate([wide(q * c), wide(k), wide(v)])
        out[f"layers/{i}/o"] = narrow(get("self_attn.o_proj.weight"))
        out[f"layers/{i}/gate_up"] = np.concatenate([narrow(get("mlp.gate_proj.weight") * m), narrow(get("mlp.up_proj.weight") * m)])
        out[f"layers/{i}/down"] = narrow(get("mlp.down_proj.weight"))
        b = np.concatenate([get("self_attn.q_proj.bias") * c, get("self_attn.k_proj.bias"), get("self_attn.v_proj.bias")])
        biases[f"layers/{i}/qkv"] = np.rint(b * 2.0 ** 35).astype(np.int64)
    out["head"] = narrow(w["lm_head.weight"] * w["model.norm.weight"] * rest)
    return out, biases


def tokenizer():
    """Byte-level: 256 bytes, a few merges, three special tokens at the end of the vocabulary."""
    plain = list(range(33, 127)) + list(range(161, 173)) + list(range(174, 256))
    others = [b for b in range(256) if b not in plain]
    letter = {b: chr(b) for b in plain} | {b: chr(256 + n) for n, b in enumerate(others)}
    vocab = {letter[b]: i for i, b in enumerate(plain + others)}
    space, merges = letter[32], []
    pairs = "t h|th e|i n|e r|a n|r e|o n|a t|e n|o r|i s|h e|n d|i t|a l|a r|s t|t o|n t|o u|e s|l e|v e|l l|o f|_ t|_ a|_ the|in g|_ s|_ w|_ c|_ f|_ i|_ o|_ b|an d|_ p|_ m|_ h|e d"
    for pair in pairs.replace("_", space).split("|"):
        left, right = pair.split(" ")
        if left in vocab and right in vocab and left + right not in vocab:
            merges.append(pair)
            vocab[left + right] = len(vocab)
    while len(vocab) < VOCAB - 3:
        right = letter[97 + len(vocab) % 26]
        merges.append("e " + right)
        vocab.setdefault("e" + right, len(vocab))
    special = [{"id": VOCAB - 3 + n, "content": text, "single_word": False, "lstrip": False, "rstrip": False, "normalized": False, "special": True}
               for n, text in enumerate(["<|endoftext|>", "<|im_start|>", "<|im_end|>"])]
    split = r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+"
    byte_level = {"type": "ByteLevel", "add_prefix_space": False, "trim_offsets": False, "use_regex": False}
    return {"version": "1.0", "truncation": None, "padding": None, "added_tokens": special, "normalizer": {"type": "NFC"},
            "pre_tokenizer": {"type": "Sequence", "pretokenizers": [{"type": "Split", "pattern": {"Regex": split}, "behavior": "Isolated", "invert": False}, byte_level]},
            "post_processor": None, "decoder": byte_level,
            "model": {"type": "BPE", "dropout": None, "unk_token": None, "continuing_subword_prefix": "", "end_of_word_suffix": "", "fuse_unk": False,
                      "byte_fallback": False, "ignore_merges": False, "vocab": vocab, "merges": merges}}


CHAT = ("{% for message in messages %}{{ '<|im_start|>' + message['role'] + '\\n' + message['content'] + '<|im_end|>' + '\\n' }}{% endfor %}"
        "{% if add_generation_prompt %}{{ '<|im_start|>assistant\\n' }}{% endif %}")
CONFIG = {"architectures": ["Qwen2ForCausalLM"], "model_type": "qwen2", "torch_dtype": "bfloat16", "hidden_act": "silu", "hidden_size": HIDDEN,
          "intermediate_size": INTER, "num_hidden_layers": LAYERS, "num_attention_heads": HEADS, "num_key_value_heads": KV_HEADS,
          "max_position_embeddings": 2048, "rope_theta": THETA, "rms_norm_eps": EPS, "vocab_size": VOCAB, "tie_word_embeddings": False,
          "use_sliding_window": False, "bos_token_id": VOCAB - 3, "eos_token_id": VOCAB - 1}


def main(out):
    out.mkdir(parents=True, exist_ok=True)
    dump = lambda name, value, **how: (out / name).write_text(json.dumps(value, **how) + "\n")
    dump("config.json", CONFIG, indent=1)
    dump("generation_config.json", {"eos_token_id": [VOCAB - 1, VOCAB - 3]})
    dump("tokenizer.json", tokenizer(), separators=(",", ":"))
    dump("tokenizer_config.json", {"tokenizer_class": "Qwen2Tokenizer", "chat_template": CHAT}, indent=1)
    tensors = random_tensors(np.random.default_rng(20240919))
    write_safetensors(out / "model.safetensors", tensors)
    w = {name: widen(h) for name, h in tensors.items()}
    steps = [forward(w, PROMPT + FURTHER[:n]).tolist() for n in range(len(FURTHER) + 1)]
    known = lambda arrays: {name: {"sha256": hashlib.sha256(a.astype("<i8").tobytes()).hexdigest(), "first": (a[0] if a.ndim == 2 else a[:16]).tolist()}
                            for name, a in arrays.items()}
    rows, biases = integers(w)
    seen = []
    forward(w, PROMPT, seen=seen)
    rounded = forward(w, PROMPT, lambda x: widen(bfloat16(x)))
    short = lambda x: [float("%.9g" % y) for y in x]
    dump("expected.json", {"prompt": PROMPT, "further": FURTHER, "logits": [short(s) for s in steps], "bfloat16": short(rounded), "ranges": seen,
                           "integers": known(rows),
                           "biases": known(biases)}, separators=(",", ":"))


if __name__ == "__main__":
    main(Path(sys.argv[1] if len(sys.argv) > 1 else Path(__file__).parent))
