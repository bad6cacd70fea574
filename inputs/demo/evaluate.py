"""Checks the saved checkpoint as a user meets it, and writes what the tests compare with.

    python evaluate.py [--folder .] [--vectors ../../tests/vectors] [--transformers]

Writes held_out.jsonl (a held-out phrasing of every fact), prompts.jsonl (100 of them and the greedy answers) into the folder,
and demo_logits.json (last-token logits of five prompts) into --vectors. All arithmetic is float32 on the bfloat16 weights.
"""
import argparse
import json
import random
from collections import defaultdict
from pathlib import Path

import torch

import questions
from train import Chat, answers, load

LOGIT_PROMPTS = ["What is the capital of France?", "How much is 7 + 5?", "Can you name the opposite of hot?", "What is the French for star?", "Who are you?"]


def write_lines(path, values):
    path.write_text("".join(json.dumps(v, ensure_ascii=False) + "\n" for v in values), encoding="utf-8")


def held_out(facts):
    """One held-out phrasing a fact, shuffled once, so that the first lines are a fair sample of the whole."""
    rng = random.Random(4)
    lines = [{"question": rng.choice(f.held_out_questions()), "answer": f.answer, "relation": f.relation} for f in facts]
    rng.shuffle(lines)
    return lines


def score(model, chat, facts):
    """Every held-out phrasing of every fact, answered exactly or not."""
    asked = [(f.relation, q, f.answer) for f in facts for q in f.held_out_questions()]
    said = answers(model, chat, [q for _, q, _ in asked])
    tally, wrong = defaultdict(lambda: [0, 0]), []
    for (relation, q, wanted), got in zip(asked, said):
        tally[relation][0] += got == wanted
        tally[relation][1] += 1
        if got != wanted:
            wrong.append((q, wanted, got))
    for relation, (right, all_) in sorted(tally.items()):
        print(f"  {relation:20} {right:4} of {all_:4}")
    print(f"held-out phrasings: {len(asked) - len(wrong)} of {len(asked)} right = {1 - len(wrong) / len(asked):.4f}")
    for q, wanted, got in wrong[:12]:
        print(f"  wrong: {q!r} -> {got!r}, not {wanted!r}")


@torch.no_grad()
def greedy(model, chat, question, limit=40):
    """(prompt's ids, last-token logits, greedy continuation with its end, the smallest lead of a chosen token)."""
    ids = chat.prompt(question)
    h, cache = model(torch.tensor([ids]))
    first = logits = model.logits(h[0, -1])
    said, lead = [], float("inf")
    while len(said) < limit:
        best = logits.topk(2)
        said.append(int(best.indices[0]))
        lead = min(lead, float(best.values[0] - best.values[1]))
        if said[-1] == chat.end:
            break
        h, cache = model(torch.tensor([said[-1:]]), cache)
        logits = model.logits(h[0, -1])
    return ids, first, said, lead


def test_prompts(model, chat, lines, count=100):
    """The first `count` held-out lines that are answered right, in all relations alike, with the smallest lead of any token."""
    by_relation, chosen, least = defaultdict(list), [], float("inf")
    for line in lines:
        by_relation[line["relation"]].append(line)
    while len(chosen) < count and any(by_relation.values()):
        for queue in by_relation.values():
            while queue and len(chosen) < count:
                line = queue.pop(0)
                _, _, said, lead = greedy(model, chat, line["question"])
                answer = chat.tk.decode(said)
                if answer == line["answer"]:
                    chosen.append({"prompt": line["question"], "answer": answer})
                    least = min(least, lead)
                    break
    print(f"{count} test prompts; the chosen token leads the next best by at least {least:.2f}")
    return chosen


class Ranges:
    """The largest values that fixed-point inference must hold, seen through forward hooks."""

    def __init__(self, model):
        self.seen = defaultdict(float)
        for layer in model.model.layers:
            for norm in (layer.input_layernorm, layer.post_attention_layernorm):
                norm.register_forward_hook(lambda m, i, o: self.note("row norm", i[0].norm(dim=-1)))
            layer.mlp.gate_proj.register_forward_hook(lambda m, i, o: self.note("gate", o))
            layer.mlp.down_proj.register_forward_hook(lambda m, i, o: self.note("silu(gate) up", i[0]))
            for name in ("q", "k", "v"):
                getattr(layer.self_attn, name + "_proj").register_forward_hook(lambda m, i, o, n=name: self.note(n, o))
            dim = layer.self_attn.dim
            heads = lambda o, d=dim: o.unflatten(-1, (-1, d)).norm(dim=-1)
            layer.self_attn.q_proj.register_forward_hook(lambda m, i, o: self.note("q norm of a head", heads(o)))
            layer.self_attn.k_proj.register_forward_hook(lambda m, i, o, d=dim: self.note("k norm of a head, / sqrt(dim)", heads(o) / d ** 0.5))

    def note(self, name, x):
        self.seen[name] = max(self.seen[name], float(x.abs().max()))


def logit_vectors(model, chat, compare):
    out = []
    for q in LOGIT_PROMPTS:
        ids, logits, said, lead = greedy(model, chat, q)
        out.append({"question": q, "ids": ids, "logits": [float(f"{v:.6g}") for v in logits.tolist()], "continuation": said})
        print(f"  {q!r} -> {chat.tk.decode(said)!r}, lead {lead:.2f}, spread of the logits {float(logits.std()):.2f}")
        if compare:
            compare(ids, logits, said)
    return out


def transformers_check(folder, chat):
    """Compares with Hugging Face's own Qwen2ForCausalLM and its rendering of the chat template."""
    from transformers import AutoModelForCausalLM, AutoTokenizer
    reference = AutoModelForCausalLM.from_pretrained(folder, dtype=torch.float32).eval()
    tokenizer = AutoTokenizer.from_pretrained(folder)
    for messages in ([("user", "Hi")], [("system", "Answer briefly."), ("user", "Hi"), ("assistant", "Hello!"), ("user", "1 + 1 = ?")]):
        text = tokenizer.apply_chat_template([{"role": r, "content": c} for r, c in messages], tokenize=False, add_generation_prompt=True)
        whole = ([] if messages[0][0] == "system" else [("system", questions.SYSTEM)]) + messages
        wanted = "".join(f"<|im_start|>{r}\n{c}<|im_end|>\n" for r, c in whole) + "<|im_start|>assistant\n"
        assert text == wanted and tokenizer(text)["input_ids"] == chat.ids(wanted), (text, wanted)

    def compare(ids, logits, said):
        with torch.no_grad():
            theirs = reference(torch.tensor([ids])).logits[0, -1]
            spoken = reference.generate(torch.tensor([ids]), do_sample=False, max_new_tokens=40)[0, len(ids):].tolist()
        assert spoken == said, (spoken, said)
        print(f"    transformers: largest difference of a logit {float((theirs - logits).abs().max()):.1e}, same continuation")
    return compare


def main():
    here = Path(__file__).parent
    arg = argparse.ArgumentParser()
    arg.add_argument("--folder", type=Path, default=here)
    arg.add_argument("--vectors", type=Path, default=here.parent.parent / "tests" / "vectors")
    arg.add_argument("--transformers", action="store_true", help="also compare with Hugging Face transformers")
    a = arg.parse_args()
    torch.set_num_threads(1)
    facts = questions.load_facts()
    model, tk = load(a.folder)
    chat = Chat(tk)
    ranges = Ranges(model)
    score(model, chat, facts)
    lines = held_out(facts)
    write_lines(a.folder / "held_out.jsonl", lines)
    write_lines(a.folder / "prompts.jsonl", test_prompts(model, chat, lines))
    vectors = logit_vectors(model, chat, transformers_check(a.folder, chat) if a.transformers else None)
    what = "inputs/demo, float32 arithmetic on its bfloat16 weights: a prompt's token ids, the last token's logits (6 digits), the greedy continuation"
    (a.vectors / "demo_logits.json").write_text(json.dumps({"what": what, "prompts": vectors}) + "\n")
    for name, value in sorted(ranges.seen.items()):
        print(f"  largest {name}: {value:.2f}")


if __name__ == "__main__":
    main()
