#!/usr/bin/env python3
"""make_real_logits.py HF_DIR: real_logits.json, what transformers computes in float32 on a real checkpoint (bfloat16 weights widened).

    pip install torch transformers==4.46.3
    make_real_logits.py DIR

The stored file was made with torch 2.15.0 and transformers 4.46.3 from Qwen2.5-Coder-0.5B-Instruct. sha256 names the model.safetensors
that it belongs to. Of each prompt: its tokens, and after every position the logits of each STEP-th token of the vocabulary, with the
spread (standard deviation) of all logits, against which differences are measured.
"""
import hashlib
import json
import sys
from pathlib import Path

import torch
from transformers import AutoTokenizer, Qwen2ForCausalLM

STEP = 601
PROMPTS = ["The capital of France is",
           "<|im_start|>user\nHello<|im_end|>\n<|im_start|>assistant\n",
           "def quicksort(items):\n    if len(items) <= 1:\n        return items\n",
           "\u5317\u4eac\u662f\u4e2d\u56fd\u7684\u9996\u90fd\uff0c\u4e0a\u6d77\u662f"]


def sha256(path):
    digest = hashlib.sha256()
    with open(path, "rb") as file:
        while block := file.read(1 << 20):
            digest.update(block)
    return digest.hexdigest()


def main(folder):
    tokenizer = AutoTokenizer.from_pretrained(folder)
    model = Qwen2ForCausalLM.from_pretrained(folder, torch_dtype=torch.float32, attn_implementation="eager").eval()
    prompts = []
    for prompt in PROMPTS:
        tokens = tokenizer.encode(prompt)
        with torch.no_grad():
            logits = model(torch.tensor([tokens])).logits[0].double()
        prompts.append({"tokens": tokens, "spread": [round(x, 5) for x in logits.std(dim=1).tolist()],
                        "top": logits.argmax(dim=1).tolist(), "logits": [[float(f"{x:.8g}") for x in row] for row in logits[:, ::STEP].tolist()]})
        print(repr(prompt), len(tokens), "->", repr(tokenizer.decode(prompts[-1]["top"][-1])))
    answers = {"sha256": sha256(Path(folder) / "model.safetensors"), "step": STEP, "prompts": prompts}
    (Path(__file__).parent / "real_logits.json").write_text(json.dumps(answers, separators=(",", ":")) + "\n")


main(*sys.argv[1:])
