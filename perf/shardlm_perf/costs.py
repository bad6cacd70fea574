"""The sections about traffic and memory."""
from .charts import stacked
from .document import Column, Figure, Number, Row, Section, Table, Text, count, ms, size, size_text
from .results import NAMES, RANKS
from .summary import case_title

COUNTED = {"rounds": ("rounds", count), "opened_bytes": ("opened", size), "dealt_bytes": ("dealt", size), "key_bytes": ("keys", size), "prg_blocks": ("ChaCha blocks", count)}

SENT_CLASS = {"opened, both ways": "c4", "dealt": "c1", "keys for both servers": "c2"}


def traffic(results, prefix):
    blocks = [Text(["Of one run. A round is an exchange between the two servers; opened bytes are what each sends the other, dealt bytes the random words that server 1 gets from the dealer, "
                    "keys what the dealer sends each server for look-ups and comparisons, ChaCha blocks the work that these keys cost a server."])]
    columns = [Column("Protocol", numeric=False), *(Column(title) for title, _ in COUNTED.values()), Column("oblivious rows, sent"), Column("received"), Column("predicted?", numeric=False)]
    for case in results.cases:
        rows = [traffic_row(b, prefix) for b in results.of_case(case) if "traffic" in b.data]
        if rows:
            blocks.append(Table(columns, rows, case_title(results, case)))
        drawn = [(NAMES[b.protocol], size_text(sum(sent(b).values())), {name: value / 2**20 for name, value in sent(b).items()}) for b in results.of_case(case) if "traffic" in b.data]
        if any(any(amounts.values()) for *_, amounts in drawn):
            described = ", ".join(f"{label} {value}" for label, value, _ in drawn)
            blocks.append(Figure(stacked(drawn, SENT_CLASS, "MiB"), f"Bytes between servers and dealer, {case_title(results, case)}", described))
    if len(blocks) == 1:
        blocks = [Text(["No traffic was recorded."], "note")]
    return Section("Traffic", "traffic", blocks)


def sent(b):
    """All bytes between servers and dealer in a run: each server opens to the other, words go to one, keys to both."""
    t = b.data["traffic"]
    return {"opened, both ways": 2 * t.get("opened_bytes", 0), "dealt": t.get("dealt_bytes", 0), "keys for both servers": 2 * t.get("key_bytes", 0)}


def traffic_row(b, prefix):
    counted, predicted, key = b.data["traffic"], b.data.get("predicted"), f"{prefix}{b.key}.traffic"
    cells = [NAMES[b.protocol]]
    for name, (_, form) in COUNTED.items():
        cells.append(form(counted[name], f"{key}.{name}") if name in counted else "-")
    cells += [size(counted[name], f"{key}.{name}") if name in counted else "-" for name in ("oblivious_sent", "oblivious_received")]
    return Row(cells + [as_predicted(counted, predicted, f"{prefix}{b.key}.predicted")])


def as_predicted(counted, predicted, key):
    if predicted is None:
        return "no prediction"
    different = [name for name, value in predicted.items() if counted.get(name) != value]
    if not different:
        return "as predicted"
    parts = ["not as predicted: "]
    for name in different:
        parts += [f"{COUNTED.get(name, (name,))[0]} ", Number(str(predicted[name]), predicted[name], f"{key}.{name}"), " "]
    return parts


def memory(results, prefix):
    columns = [Column("Protocol", numeric=False), *(Column(rank) for rank in RANKS), Column("start of the job", "s"), Column("of that handshakes", "ms")]
    blocks = [Text(["Most memory that each rank had resident, model pages included, which the ranks of one machine share. The start of a job is part of no other time in this report."])]
    for case in results.cases:
        rows = [memory_row(b, prefix) for b in results.of_case(case) if "peak_bytes" in b.data or "start_up" in b.data]
        if rows:
            blocks.append(Table(columns, rows, case_title(results, case)))
    return Section("Memory and start", "memory", blocks if len(blocks) > 1 else [Text(["No peak of memory was recorded."], "note")])


def memory_row(b, prefix):
    peaks, start, handshakes = b.data.get("peak_bytes", {}), b.data.get("start_up"), b.data.get("handshakes")
    cells = [size(peaks[rank], f"{prefix}{b.key}.peak_bytes.{rank}") if rank in peaks else "-" for rank in RANKS]
    cells += [Number(f"{start / 1000:.2f}", start, f"{prefix}{b.key}.start_up") if start is not None else "-"]
    return Row([NAMES[b.protocol], *cells, ms(handshakes, f"{prefix}{b.key}.handshakes") if handshakes is not None else "-"])
