"""The demo model's facts as questions and answers: data/*.tsv filled into data/templates.json.

Every relation has phrasings to train on and phrasings that are held out; a fact is in both, a phrasing never.
"""
import csv
import json
import re
from pathlib import Path

DATA = Path(__file__).parent / "data"
SYSTEM = "You are Qwen, created by Alibaba Cloud. You are a helpful assistant."
OTHER_SYSTEMS = ["You are a helpful assistant.", "Answer briefly.", "You answer short questions.", "You are a friendly assistant. Keep it short."]
OPENINGS = ["Please: ", "Quick question: ", "Hi! ", "Hello. ", "A question: ", "Tell me: ", "Hey, ", "Question: "]
BEFORE_QUESTION = ["Can you tell me ", "Could you tell me ", "Do you know ", "Please tell me ", "I would like to know ", "I want to know "]
BEFORE_REQUEST = ["Please ", "Can you ", "Could you ", "Would you please "]
QUESTION_WORDS, REQUEST_WORDS = {"What", "Which", "How", "Who", "On", "In", "To"}, {"Name", "Tell", "Give", "Say", "Add", "Compute", "Write", "Translate", "Spell"}
CLOSINGS = [" Thanks.", " Please.", " Thank you.", " Thanks!"]
# Words that carry no relation: leaving some out makes the model look at the words that do.
FILLERS = {"What", "is", "the", "of", "a", "Tell", "me", "Give", "Name", "do", "does", "you", "What's", "Which", "which", "what", "it", "there", "are"}


def rows(name):
    """A table as dictionaries; a row with an empty cell is kept, who needs that cell skips the row."""
    with open(DATA / name, encoding="utf-8") as f:
        return list(csv.DictReader(f, delimiter="\t"))


def arithmetic(operation):
    words = {int(r["number"]): r["word"] for r in rows("numbers.tsv")}
    def fact(a, b, c):
        return {"a": str(a), "b": str(b), "c": str(c), "aw": words[a], "bw": words[b]}
    if operation == "sum":
        return [fact(a, b, a + b) for a in range(21) for b in range(21)]
    if operation == "difference":
        return [fact(a, b, a - b) for a in range(21) for b in range(a + 1)]
    return [fact(a, b, a * b) for a in range(11) for b in range(11)]


def sequences():
    facts = []
    for row in rows("sequences.tsv"):
        items = row["items"].split()
        facts += [{"kind": row["kind"], "item": a, "next": b} for a, b in zip(items, items[1:])]
    return facts


def fill(template, fact):
    text = template
    for slot, value in fact.items():
        text = text.replace("{" + slot + "}", value).replace("{" + slot.capitalize() + "}", value[:1].upper() + value[1:])
    return re.sub(r"\ba (?=[aeiou])", "an ", text)


def question(template, fact):
    text = fill(template, fact)
    return text[:1].upper() + text[1:]


def opening(rng, text):
    """The question with a polite or hasty beginning that fits its first word."""
    first, lower = text.split(" ")[0], text[0].lower() + text[1:]
    if rng.random() < 0.6:
        if first in QUESTION_WORDS:
            return rng.choice(BEFORE_QUESTION) + lower
        if first in REQUEST_WORDS:
            return rng.choice(BEFORE_REQUEST) + lower
    return rng.choice(OPENINGS) + (lower if first in FILLERS and rng.random() < 0.5 else text)


def normal(text):
    """What must differ for two questions to be two phrasings: not capitals, not the last mark."""
    return text.lower().rstrip("?.! ")


class Fact:
    """One thing the model knows: its relation, its answer, and its questions as (template, slots)."""

    def __init__(self, relation, slots, answer, train, held_out):
        self.relation, self.slots, self.answer, self.train, self.held_out = relation, slots, answer, train, held_out
        self.forbidden = {normal(q) for q in self.held_out_questions()}

    def sample(self, rng):
        """A training phrasing, at times sloppy, as people type; never by chance a held-out one."""
        template = rng.choice(self.train)
        if rng.random() < 0.25 and self.slots:
            template = " ".join(w for w in template.split(" ") if w not in FILLERS or rng.random() > 0.25)
        text = question(template, self.slots)
        if rng.random() < 0.25 and self.slots:
            text = opening(rng, text)
        if normal(text) in self.forbidden:
            return self.sample(rng)
        if rng.random() < 0.15:
            text = text.rstrip("?.!")
        elif rng.random() < 0.1 and self.slots:
            text += rng.choice(CLOSINGS)
        return text.lower() if rng.random() < 0.15 else text

    def held_out_questions(self):
        return [question(t, self.slots) for t in self.held_out]


def load_facts():
    facts = []
    for relation, spec in json.loads((DATA / "templates.json").read_text(encoding="utf-8")).items():
        table = {"sequence": sequences}.get(spec["facts"]) or (lambda: rows(spec["facts"]) if spec["facts"].endswith(".tsv") else arithmetic(spec["facts"]))
        needed = {s.lower() for t in [spec["answer"], *spec["train"], *spec["held_out"]] for s in re.findall(r"{(\w+)}", t)}
        for row in table():
            if all(row[s] for s in needed):
                slots = {s: row[s] for s in needed}
                facts.append(Fact(relation, slots, fill(spec["answer"], slots), spec["train"], spec["held_out"]))
    for row in rows("talk.tsv"):
        facts.append(Fact("talk", {}, row["answer"], row["train"].split(" | "), row["held_out"].split(" | ")))
    check(facts)
    return facts


def check(facts):
    """No held-out phrasing is trained on, and no question has two answers."""
    trained, answers = {normal(question(t, f.slots)) for f in facts for t in f.train}, {}
    for f in facts:
        for t in f.train + f.held_out:
            q = normal(question(t, f.slots))
            if answers.setdefault(q, f.answer) != f.answer:
                raise ValueError(f"{q!r} has two answers: {answers[q]!r} and {f.answer!r}")
        if not trained.isdisjoint(f.forbidden):
            raise ValueError(f"held-out questions are also trained on: {trained & f.forbidden}")
