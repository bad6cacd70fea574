"""The sections about what a protocol gives: accuracy against plaintext, and what each rank learns."""
import json
import os

from .document import Code, Column, Number, Row, Section, Small, Table, Text, count
from .refusal import Refused
from .results import NAMES, PROTOCOLS, RANKS, Checked

DATA = os.path.join(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))


def read_data(name):
    """A data file of perf/."""
    with open(os.path.join(DATA, name), encoding="ascii") as file:
        return json.load(file)


def accuracy(results, prefix):
    columns = [Column("Protocol", numeric=False), Column("positions"), Column("same likeliest token"), Column("rms"), Column("largest"), Column("mean KL", "nats"), Column("largest KL", "nats")]
    rows = []
    for protocol in PROTOCOLS:
        if protocol in results.accuracy_failures:
            failure = results.accuracy_failures[protocol]
            rows.append(Row([NAMES[protocol], f"failed: {failure.status}. {failure.last_line}"], "failed"))
        elif protocol in results.accuracy:
            rows.append(accuracy_row(NAMES[protocol], results, protocol, "private", prefix))
    rounded = next((p for p, data in results.accuracy.items() if "bfloat16" in data.get("all", {})), None)
    if rounded:
        rows.append(accuracy_row("plaintext in bfloat16", results, rounded, "bfloat16", prefix))
    if not rows:
        return Section("Accuracy", "accuracy", [Text(["Accuracy was not measured: ", Code("perf/run-benchmarks --accuracy"), " compares each protocol's logits with the plaintext engine's."], "note")])
    said = [Text(["Logits beside those of the plaintext engine in float, over the prompts and positions of ", Code("shardlm compare"), "."])]
    return Section("Accuracy", "accuracy", said + [Table(columns, rows)])


def accuracy_row(label, results, protocol, which, prefix):
    checked = Checked(os.path.join(results.path, f"compare-{protocol}.json"), results.accuracy[protocol])
    if not isinstance(results.accuracy[protocol], dict):
        raise Refused(f"{checked.path} is no result of shardlm compare")
    value = {name: checked.get(f"all.{which}.{name}", float) for name in ("positions", "same_top", "rms", "largest", "mean_kl", "largest_kl")}
    key = f"{prefix}{protocol}.accuracy.{which}"
    numbers = [Number(f"{value[name]:.2e}".replace("e-0", "e-"), value[name], f"{key}.{name}") for name in ("rms", "largest", "mean_kl", "largest_kl")]
    return Row([label, count(value["positions"], f"{key}.positions"), count(value["same_top"], f"{key}.same_top"), *numbers])


def security(results, prefix):
    data = read_data("security.json")
    columns = [Column("Protocol", numeric=False), *(Column(f"{rank} learns", numeric=False) for rank in RANKS), Column("who reads the network", numeric=False)]
    rows, said = [], [Text([data["assumption"]]), Text([data["nobody_hides"]])]
    for protocol in results.protocols:
        known = data["protocols"][protocol]
        settings = [b for (p, _), b in results.benchmarks.items() if p == protocol]
        channels = "none" if protocol == "plain" else settings[0].config.get("channels") if settings else "secure" if protocol == "v3-cc" else "plain"
        network = data["channels"].get(channels, f"channels: {channels}")
        rows.append(Row([[NAMES[protocol], Small(known["how"])], *(known[rank] for rank in RANKS), network], "prose"))
        embedding = settings[0].config.get("embedding") if settings else None
        if protocol in data["default_embedding"] and embedding in data["embeddings"] and embedding != data["default_embedding"][protocol]:
            said.append(Text([f"{NAMES[protocol]} was run with embedding ", Code(embedding), f": {data['embeddings'][embedding]}."], "note"))
        if protocol in data["files"]:
            said.append(Text([f"{NAMES[protocol]}, files: {data['files'][protocol]}."], "item"))
    return Section("What each rank learns", "security", said + attestation(results) + [Table(columns, rows)])


def attestation(results):
    """What the ranks' machines proved, where channels were secure: of each protocol the different answers, with the ranks that gave them."""
    said = []
    for protocol in results.protocols:
        answers = {}
        for (p, _), b in results.benchmarks.items():
            if p == protocol and isinstance(b.data.get("attestation"), dict):
                for rank, answer in b.data["attestation"].items():
                    answers.setdefault(str(answer), set()).add(rank)
        said += [Text([f"{NAMES[protocol]}, attestation of {', '.join(rank for rank in RANKS if rank in ranks)}: {answer}."], "item") for answer, ranks in answers.items()]
    return said
