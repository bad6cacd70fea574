"""Trains the demo model: a small Qwen2 (Hugging Face layout, bfloat16) that answers the questions of questions.py.

    python train.py [--steps 6000] [--out .]

Needs torch, tokenizers and safetensors; deterministic for one version of them. README.md says what comes out.
"""
import argparse
import json
import math
import random
import time
from pathlib import Path

import torch
import torch.nn.functional as F
from safetensors.torch import load_file, save_file
from tokenizers import AddedToken, Regex, Tokenizer, decoders, models, normalizers, pre_tokenizers, trainers
from torch import nn

import questions

CONFIG = {"architectures": ["Qwen2ForCausalLM"], "model_type": "qwen2", "torch_dtype": "bfloat16", "hidden_act": "silu",
          "hidden_size": 192, "intermediate_size": 512, "num_hidden_layers": 4, "num_attention_heads": 6, "num_key_value_heads": 2,
          "max_position_embeddings": 1024, "rope_theta": 10000.0, "rms_norm_eps": 1e-6, "vocab_size": 2560,
          "tie_word_embeddings": True, "attention_dropout": 0.0, "initializer_range": 0.02, "use_cache": True, "use_sliding_window": False}
SPLIT = r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+"
SPECIAL = ["<|endoftext|>", "<|im_start|>", "<|im_end|>"]  # the last ids of the vocabulary, as in Qwen2.5
CHAT_TEMPLATE = (
    "{%- if messages[0]['role'] == 'system' %}\n    {{- '<|im_start|>system\\n' + messages[0]['content'] + '<|im_end|>\\n' }}\n"
    "{%- else %}\n    {{- '<|im_start|>system\\n" + questions.SYSTEM + "<|im_end|>\\n' }}\n{%- endif %}\n"
    "{%- for message in messages %}\n"
    "    {%- if (message.role == \"user\") or (message.role == \"system\" and not loop.first) or (message.role == \"assistant\") %}\n"
    "        {{- '<|im_start|>' + message.role + '\\n' + message.content + '<|im_end|>' + '\\n' }}\n    {%- endif %}\n{%- endfor %}\n"
    "{%- if add_generation_prompt %}\n    {{- '<|im_start|>assistant\\n' }}\n{%- endif %}\n")


# ---------------------------------------------------------------- the model, as Hugging Face's Qwen2 computes it

class RMSNorm(nn.Module):
    def __init__(self, c):
        super().__init__()
        self.weight, self.eps = nn.Parameter(torch.ones(c["hidden_size"])), c["rms_norm_eps"]

    def forward(self, x):
        return self.weight * (x * torch.rsqrt(x.square().mean(-1, keepdim=True) + self.eps))


def rotate(x, cos, sin):
    """RoPE: pairs are elements i and i + d/2 of a head."""
    a, b = x.chunk(2, -1)
    return x * cos + torch.cat((-b, a), -1) * sin


class Attention(nn.Module):
    def __init__(self, c):
        super().__init__()
        self.heads, self.kv_heads = c["num_attention_heads"], c["num_key_value_heads"]
        self.dim = c["hidden_size"] // self.heads
        self.q_proj = nn.Linear(c["hidden_size"], self.heads * self.dim)
        self.k_proj = nn.Linear(c["hidden_size"], self.kv_heads * self.dim)
        self.v_proj = nn.Linear(c["hidden_size"], self.kv_heads * self.dim)
        self.o_proj = nn.Linear(self.heads * self.dim, c["hidden_size"], bias=False)

    def forward(self, x, cos, sin, past):
        """x [batch, tokens, hidden]; past: this layer's keys and values of earlier tokens, batch 1 or the same, or None."""
        batch, tokens, _ = x.shape
        split = lambda y, heads: y.view(batch, tokens, heads, self.dim).transpose(1, 2)
        q = rotate(split(self.q_proj(x), self.heads), cos, sin)
        k = rotate(split(self.k_proj(x), self.kv_heads), cos, sin)
        v = split(self.v_proj(x), self.kv_heads)
        if past is not None:
            k = torch.cat((past[0].expand(batch, -1, -1, -1), k), 2)
            v = torch.cat((past[1].expand(batch, -1, -1, -1), v), 2)
        cache = (k, v)
        group = self.heads // self.kv_heads
        k, v = k.repeat_interleave(group, 1), v.repeat_interleave(group, 1)
        mask = torch.ones(tokens, k.shape[2], dtype=torch.bool).tril(k.shape[2] - tokens)
        score = (q @ k.transpose(-1, -2) / math.sqrt(self.dim)).masked_fill(~mask, -torch.inf)
        out = (score.softmax(-1) @ v).transpose(1, 2).reshape(batch, tokens, -1)
        return self.o_proj(out), cache


class MLP(nn.Module):
    def __init__(self, c):
        super().__init__()
        self.gate_proj = nn.Linear(c["hidden_size"], c["intermediate_size"], bias=False)
        self.up_proj = nn.Linear(c["hidden_size"], c["intermediate_size"], bias=False)
        self.down_proj = nn.Linear(c["intermediate_size"], c["hidden_size"], bias=False)

    def forward(self, x):
        return self.down_proj(F.silu(self.gate_proj(x)) * self.up_proj(x))


class Layer(nn.Module):
    def __init__(self, c):
        super().__init__()
        self.input_layernorm, self.self_attn = RMSNorm(c), Attention(c)
        self.post_attention_layernorm, self.mlp = RMSNorm(c), MLP(c)

    def forward(self, x, cos, sin, past):
        out, cache = self.self_attn(self.input_layernorm(x), cos, sin, past)
        x = x + out
        return x + self.mlp(self.post_attention_layernorm(x)), cache


class Qwen2(nn.Module):
    def __init__(self, c):
        super().__init__()
        self.config, self.model = c, nn.Module()
        self.model.embed_tokens = nn.Embedding(c["vocab_size"], c["hidden_size"])
        self.model.layers = nn.ModuleList(Layer(c) for _ in range(c["num_hidden_layers"]))
        self.model.norm = RMSNorm(c)

    def forward(self, ids, past=None):
        """ids [batch, tokens] after the tokens in past -> the final norm's output, and the cache with these tokens."""
        dim = self.config["hidden_size"] // self.config["num_attention_heads"]
        start = past[0][0].shape[2] if past else 0
        frequency = 1.0 / self.config["rope_theta"] ** (torch.arange(0, dim, 2).float() / dim)
        angle = torch.outer(torch.arange(start, start + ids.shape[1]).float(), frequency).repeat(1, 2)
        x, cache = self.model.embed_tokens(ids), []
        for i, layer in enumerate(self.model.layers):
            x, kv = layer(x, angle.cos(), angle.sin(), past[i] if past else None)
            cache.append(kv)
        return self.model.norm(x), cache

    def logits(self, h):
        return h @ self.model.embed_tokens.weight.T


def initialise(model):
    for name, p in model.named_parameters():
        if name.endswith("bias"):
            nn.init.zeros_(p)
        elif p.dim() == 2:
            residual = name.endswith(("o_proj.weight", "down_proj.weight"))
            nn.init.normal_(p, std=0.02 if "embed" in name else 0.05 / (math.sqrt(2 * model.config["num_hidden_layers"]) if residual else 1))


def load(folder):
    """The saved checkpoint, its bfloat16 weights computed with in float32."""
    model = Qwen2(json.loads((Path(folder) / "config.json").read_text()))
    model.load_state_dict({k: v.float() for k, v in load_file(Path(folder) / "model.safetensors").items()})
    return model.eval(), Tokenizer.from_file(str(Path(folder) / "tokenizer.json"))


# ---------------------------------------------------------------- tokens

def train_tokenizer(facts, vocabulary):
    """Byte-level BPE with Qwen2.5's pieces, learned from the training phrasings alone."""
    rng, text = random.Random(1), []
    for f in facts:
        text += [q for t in f.train for q in (questions.question(t, f.slots), questions.question(t, f.slots).lower())] + [f.answer] * 8
        text += [f.sample(rng) for _ in range(4)]
    text += ["system\n" + s for s in [questions.SYSTEM, *questions.OTHER_SYSTEMS]] * 50 + ["user\n", "assistant\n"] * 50
    tk = Tokenizer(models.BPE())
    tk.normalizer = normalizers.NFC()
    tk.pre_tokenizer = pre_tokenizers.Sequence([pre_tokenizers.Split(Regex(SPLIT), "isolated"),
                                                pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False)])
    tk.decoder = decoders.ByteLevel()
    tk.train_from_iterator(text, trainers.BpeTrainer(vocab_size=vocabulary - len(SPECIAL), show_progress=False,
                                                     initial_alphabet=sorted(pre_tokenizers.ByteLevel.alphabet())))
    tk.add_tokens([AddedToken(t, special=True, normalized=False) for t in SPECIAL])
    if tk.get_vocab_size() != vocabulary:
        raise ValueError(f"the text gives {tk.get_vocab_size()} tokens, not {vocabulary}: lower vocab_size")
    return tk


class Chat:
    """ChatML as token ids."""

    def __init__(self, tk):
        self.tk, self.end = tk, tk.token_to_id("<|im_end|>")

    def ids(self, text):
        return self.tk.encode(text).ids

    def system(self, text=questions.SYSTEM):
        return self.ids(f"<|im_start|>system\n{text}<|im_end|>\n")

    def turn(self, question):
        return self.ids(f"<|im_start|>user\n{question}<|im_end|>\n<|im_start|>assistant\n")

    def prompt(self, question):
        return self.system() + self.turn(question)


# ---------------------------------------------------------------- training

WEIGHT = {"talk": 15.0, "difference": 1.7, "product": 1.5, "element": 1.5}  # how much oftener the harder ones are asked


def batches(facts, chat, rng, rows):
    """Without end: (system prompt's ids, ids, targets). Half are single questions, half conversations of four."""
    weight = [WEIGHT.get(f.relation, 1.0) for f in facts]
    newline = chat.ids("\n")
    def row(turns):
        ids, target = [], []
        for f in rng.choices(facts, weight, k=turns):
            lines = chat.turn(f.sample(rng))
            answer = chat.ids(f.answer) + [chat.end]
            ids += lines + answer + newline
            target += [-100] * (len(lines) - 1) + answer + [-100] * (1 + len(newline))
        return ids, target
    while True:
        for turns in (1, 4):  # rows of like length together, so that little is padding
            pool = sorted((row(turns) for _ in range(8 * rows // turns)), key=lambda r: len(r[0]))
            cut = [pool[i:i + rows // turns] for i in range(0, len(pool), rows // turns)]
            rng.shuffle(cut)
            for part in cut:
                length = len(part[-1][0])
                pad = lambda i, fill: torch.tensor([r[i] + [fill] * (length - len(r[i])) for r in part])
                text = questions.SYSTEM if rng.random() < 0.85 else rng.choice(questions.OTHER_SYSTEMS)
                yield chat.system(text), pad(0, 0), pad(1, -100)


def answer_loss(model, system, ids, target):
    """Cross entropy of the answers' tokens. All rows share the system prompt, so it is computed once."""
    with torch.autocast("cpu", torch.bfloat16):  # matrix products alone; weights, residual stream and loss stay float32
        _, past = model(torch.tensor([system]))
        h, _ = model(ids, past)
        wanted = target >= 0
        logits = model.logits(h[wanted])
    return F.cross_entropy(logits.float(), target[wanted])


@torch.no_grad()
def answers(model, chat, asked, limit=40):
    """Greedy answers to single questions; questions of one length are decoded together."""
    _, past = model(torch.tensor([chat.system()]))
    prompts, out = [chat.turn(q) for q in asked], [""] * len(asked)
    for length in sorted({len(p) for p in prompts}):
        which = [i for i, p in enumerate(prompts) if len(p) == length]
        ids, cache, said = torch.tensor([prompts[i] for i in which]), past, []
        while len(said) < limit and not (said and all(chat.end in row for row in torch.cat(said, 1).tolist())):
            h, cache = model(ids, cache)
            ids = model.logits(h[:, -1:]).argmax(-1)
            said.append(ids)
        for i, row in zip(which, torch.cat(said, 1).tolist()):
            out[i] = chat.tk.decode(row[:row.index(chat.end)] if chat.end in row else row)
    return out


def save(model, tk, out):
    weights = {k: v.detach().to(torch.bfloat16).contiguous() for k, v in model.state_dict().items()}
    save_file(weights, out / "model.safetensors", metadata={"format": "pt"})
    (out / "model.safetensors").chmod(0o644)
    end, pad = tk.token_to_id("<|im_end|>"), tk.token_to_id("<|endoftext|>")
    write = lambda name, value: (out / name).write_text(json.dumps(value, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
    write("config.json", model.config | {"bos_token_id": pad, "eos_token_id": end})
    write("generation_config.json", {"bos_token_id": pad, "pad_token_id": pad, "eos_token_id": [end, pad], "do_sample": False})
    tokens = json.loads(tk.to_str())
    tokens["model"]["merges"] = [" ".join(m) for m in tokens["model"]["merges"]]  # as Qwen2.5's file has them
    write("tokenizer.json", tokens)
    added = {str(tk.token_to_id(t)): {"content": t, "lstrip": False, "normalized": False, "rstrip": False, "single_word": False, "special": True} for t in SPECIAL}
    write("tokenizer_config.json", {"add_bos_token": False, "add_prefix_space": False, "added_tokens_decoder": added,
                                    "additional_special_tokens": SPECIAL[1:], "bos_token": None, "chat_template": CHAT_TEMPLATE,
                                    "clean_up_tokenization_spaces": False, "eos_token": "<|im_end|>", "errors": "replace",
                                    "model_max_length": model.config["max_position_embeddings"], "pad_token": "<|endoftext|>",
                                    "split_special_tokens": False, "tokenizer_class": "Qwen2Tokenizer", "unk_token": None})


def rate(step, steps, peak):
    return peak * (step / 200 if step < 200 else 0.02 + 0.98 * 0.5 * (1 + math.cos(math.pi * (step - 200) / (steps - 200))))


def main():
    arg = argparse.ArgumentParser()
    arg.add_argument("--steps", type=int, default=6000)
    arg.add_argument("--rows", type=int, default=64, help="questions in a batch")
    arg.add_argument("--rate", type=float, default=2e-3, help="largest learning rate")
    arg.add_argument("--threads", type=int, default=1)
    arg.add_argument("--out", type=Path, default=Path(__file__).parent)
    a = arg.parse_args()
    torch.manual_seed(1)
    torch.set_num_threads(a.threads)
    a.out.mkdir(parents=True, exist_ok=True)
    facts = questions.load_facts()
    tk = train_tokenizer(facts, CONFIG["vocab_size"])
    chat, model = Chat(tk), Qwen2(CONFIG)
    initialise(model)
    matrices = [p for n, p in model.named_parameters() if p.dim() == 2]
    vectors = [p for n, p in model.named_parameters() if p.dim() == 1]
    optimiser = torch.optim.AdamW([{"params": matrices, "weight_decay": 0.1}, {"params": vectors, "weight_decay": 0.0}], betas=(0.9, 0.98))
    check = [(q, f.answer) for f in facts for q in f.held_out_questions()]
    check = random.Random(2).sample(check, 300)
    print(f"{len(facts)} facts, {sum(p.numel() for p in model.parameters())} parameters", flush=True)
    data, begin, mean = batches(facts, chat, random.Random(3), a.rows), time.time(), None
    for step in range(1, a.steps + 1):
        for group in optimiser.param_groups:
            group["lr"] = rate(step, a.steps, a.rate)
        loss = answer_loss(model, *next(data))
        optimiser.zero_grad()
        loss.backward()
        nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimiser.step()
        mean = loss.item() if mean is None else 0.98 * mean + 0.02 * loss.item()
        if step % 50 == 0:
            print(f"step {step}  loss {mean:.4f}  {time.time() - begin:.0f} s", flush=True)
        if step % 250 == 0 or step == a.steps:
            said = answers(model, chat, [q for q, _ in check])
            right = sum(s == wanted for s, (_, wanted) in zip(said, check))
            print(f"step {step}  {right} of {len(check)} held-out questions right", flush=True)
            save(model, tk, a.out)


if __name__ == "__main__":
    main()
