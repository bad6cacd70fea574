#!/usr/bin/env python3
"""Makes the tokenizer test vectors with Hugging Face's `tokenizers` (0.23.3 made the files that are stored here).

    pip install tokenizers==0.23.3 jinja2
    make_tokenizer.py small                tokenizer_small.json, a byte-level BPE of 3000 tokens trained on text made here,
                                           and tokenizer_small_answers.json
    make_tokenizer.py real MODEL_DIR       tokenizer_real_answers.json, for the tokenizer.json of any Qwen2.5 checkpoint
    make_tokenizer.py check DIR N SEED     N fresh strings, one per line of JSON, with their numbers in DIR's tokenizer

Answers: {"strings": [...], "text": [numbers, control tokens in the text being text], "control": {index: numbers, where control
tokens being control changes them}, "nfc": {index: what decoding gives, where normalization changes the string},
"decode": [[numbers, shown without control tokens, shown with them]], "chats": [[messages, numbers]],
"variants": [{"patch": an RFC 7396 merge patch to the tokenizer, "strings": ..., "text": ..., "control": ...}]}.

Random characters are taken from those of Unicode 3.2, so that the answers hold with any version of PCRE2 and ICU.
"""
import json
import random
import sys
import unicodedata
from pathlib import Path

import jinja2
from tokenizers import AddedToken, Regex, Tokenizer, decoders, models, normalizers, pre_tokenizers, processors, trainers

from tokenizer_strings import SENTENCES, make_strings, training_text

HERE = Path(__file__).parent
SPLIT = r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+"
CONTROL = ["<|endoftext|>", "<|im_start|>", "<|im_end|>", "<|box_start|>", "<|box_end|>", "<|fim_prefix|>", "<|fim_pad|>"]
DEFAULT = "You are Qwen, created by Alibaba Cloud. You are a helpful assistant."
CHAT = ("{%- if messages[0]['role'] == 'system' %}{{- '<|im_start|>system\\n' + messages[0]['content'] + '<|im_end|>\\n' }}{%- else %}"
        "{{- '<|im_start|>system\\n" + DEFAULT + "<|im_end|>\\n' }}{%- endif %}{%- for message in messages %}"
        "{%- if message.role == 'user' or (message.role == 'system' and not loop.first) or message.role == 'assistant' %}"
        "{{- '<|im_start|>' + message.role + '\\n' + message.content + '<|im_end|>' + '\\n' }}{%- endif %}{%- endfor %}"
        "{{- '<|im_start|>assistant\\n' }}")


def train():
    tk = Tokenizer(models.BPE())
    tk.normalizer = normalizers.NFC()
    tk.pre_tokenizer = pre_tokenizers.Sequence([pre_tokenizers.Split(Regex(SPLIT), "isolated"),
                                                pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False)])
    tk.post_processor = processors.ByteLevel(add_prefix_space=False, trim_offsets=False, use_regex=False)
    tk.decoder = decoders.ByteLevel()
    tk.train_from_iterator(training_text(random.Random(1)), trainers.BpeTrainer(
        vocab_size=3000, initial_alphabet=pre_tokenizers.ByteLevel.alphabet(), show_progress=False))
    tk.add_special_tokens([AddedToken(t, special=True, normalized=False) for t in CONTROL])
    tk.add_tokens([AddedToken(t, special=False, normalized=False) for t in ("<tool_call>", "</tool_call>")])
    return tk


def numbers(tk, text, control):
    tk.encode_special_tokens = not control
    return tk.encode(text, add_special_tokens=False).ids


def encoded(tk, strings):
    text = [numbers(tk, s, False) for s in strings]
    control = [numbers(tk, s, True) for s in strings]
    return {"strings": strings, "text": text, "control": {str(i): c for i, c in enumerate(control) if c != text[i]}}


def decoded(tk, rng, n):
    out = []
    for _ in range(n):
        ids = [rng.randrange(tk.get_vocab_size()) for _ in range(rng.randint(1, 12))]
        out.append([ids, tk.decode(ids, skip_special_tokens=True), tk.decode(ids, skip_special_tokens=False)])
    return out


def chats(tk, rng, n):
    template = jinja2.Environment().from_string(CHAT)
    out = []
    for _ in range(n):
        roles = rng.choice(["u", "su", "uau", "suau", "us", "sau"])
        contents = [rng.choice(SENTENCES + ["", "\n", "\u0301", " ", "a <tool_call> b"]) for _ in roles]
        messages = [{"role": {"s": "system", "u": "user", "a": "assistant"}[r], "content": c} for r, c in zip(roles, contents)]
        out.append([messages, numbers(tk, template.render(messages=messages), True)])
    return out


def merge_patch(target, patch):
    for key, value in patch.items():
        target[key] = merge_patch(target[key], value) if isinstance(value, dict) else value
    return target


def variants(tk):
    """Cases that Qwen's own file does not have: tokens that overlap control tokens, normalized ones, ignore_merges."""
    plain = json.loads(tk.to_str())
    size = tk.get_vocab_size()
    token = lambda i, content, special, normalized: {"id": size + i, "content": content, "single_word": False, "lstrip": False, "rstrip": False,
                                                     "normalized": normalized, "special": special}
    overlapping = plain["added_tokens"] + [token(0, "<|im_start|>user", False, False), token(1, "im_end", False, False), token(2, "<|", True, False),
                                           token(3, "zz top", False, True), token(4, "q\u0307\u0323\u20ac", False, True), token(5, "zz", True, True)]
    cases = [({"added_tokens": overlapping}, ["<|im_start|>user", "<|im_start|>user<|im_end|>", "im_end <|im_end|>im_end", "<|x|> <|im_start|>", "zz top zz",
                                              "fuzz topzz", "q\u0323\u0307\u20ac", "q\u0307\u0323\u20ac", "zz <|im_end|> top", "zz<|im_end|>zz top"]),
             ({"model": {"ignore_merges": True, "vocab": {"\u0120unheardof": size, "zq": size + 1}}}, [" unheardof", "unheardof", " unheardofs", "zq", "zq zq", " zq"]),
             ({"model": {"vocab": {"\u0120unheardof": size}}}, [" unheardof"]),
             ({"normalizer": None}, ["e\u0301", "\u00e9", "\u212b"])]
    out = []
    for patch, strings in cases:
        changed = Tokenizer.from_str(json.dumps(merge_patch(json.loads(tk.to_str()), patch)))
        out.append({"patch": patch, **encoded(changed, strings)})
    return out


def answers(tk, count, rng):
    strings = make_strings(rng, count)
    nfc = {str(i): unicodedata.normalize("NFC", s) for i, s in enumerate(strings) if unicodedata.normalize("NFC", s) != s}
    return {**encoded(tk, strings), "nfc": nfc, "decode": decoded(tk, rng, 150), "chats": chats(tk, rng, 40)}


def write(path, value):
    path.write_text(json.dumps(value, separators=(",", ":")) + "\n")


def main(what, *args):
    if what == "small":
        tk = train()
        tk.save(str(HERE / "tokenizer_small.json"), pretty=False)
        write(HERE / "tokenizer_small_answers.json", {**answers(tk, 5000, random.Random(2)), "variants": variants(tk)})
    elif what == "real":
        write(HERE / "tokenizer_real_answers.json", answers(Tokenizer.from_file(args[0] + "/tokenizer.json"), 5000, random.Random(3)))
    else:
        tk = Tokenizer.from_file(args[0] + "/tokenizer.json")
        for s in make_strings(random.Random(int(args[2])), int(args[1])):
            print(json.dumps([s, numbers(tk, s, False), numbers(tk, s, True)]))


if __name__ == "__main__":
    main(*sys.argv[1:])
