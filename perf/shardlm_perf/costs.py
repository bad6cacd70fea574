"""The sections about traffic and memory."""
from .charts import bars
from .document import Column, Figure, Number, Row, Section, Table, Text, count, size, size_text
from .results import NAMES, RANKS
from .summary import case_title

COUNTED = {"rounds": ("rounds", count), "opened_bytes": ("opened", size), "dealt_bytes": ("dealt", size), "key_bytes": ("keys", size), "prg_blocks": ("ChaCha blocks", count)}


def traffic(results, prefix):
    blocks = [Text(["Of one run. A round is an exchange between the two servers; opened bytes are what each sends the other, dealt bytes the random words that server 1 gets from the dealer, "
                    "keys what the dealer sends each server for look-ups and comparisons, ChaCha blocks the work that these keys cost a server."])]
    columns = [Column("Protocol", numeric=False), *(Column(title) for title, _ in COUNTED.values()), Column("oblivious rows, sent"), Column("received"), Column("predicted?", numeric=False)]
    for case in results.cases:
        rows = [traffic_row(b, prefix) for b in results.of_case(case) if "traffic" in b.data]
        if rows:
            blocks.append(Table(columns, rows, case_title(results, case)))
        drawn = [(NAMES[b.protocol], size_text(sent(b)), sent(b) / 2**20, None, None, None) for b in results.of_case(case) if "traffic" in b.data]
        if drawn and any(row[2] for row in drawn):
            blocks.append(Figure(bars(drawn, "MiB"), f"Opened, dealt and keys of both servers together, {case_title(results, case)}", ", ".join(f"{label} {value}" for label, value, *_ in drawn)))
    if len(blocks) == 1:
        blocks = [Text(["No traffic was recorded."], "note")]
    return Section("Traffic", "traffic", blocks)


def sent(b):
    """All bytes between servers and dealer in a run: each opens to the other, words go to one server, keys to both."""
    t = b.data["traffic"]
    return 2 * t.get("opened_bytes", 0) + t.get("dealt_bytes", 0) + 2 * t.get("key_bytes", 0)


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
    columns = [Column("Protocol", numeric=False), *(Column(rank) for rank in RANKS)]
    blocks = []
    for case in results.cases:
        rows = []
        for b in results.of_case(case):
            peaks = b.data.get("peak_bytes") or {}
            if peaks:
                named = [size(peaks[rank], f"{prefix}{b.key}.peak_bytes.{rank}") if rank in peaks else "-" for rank in RANKS]
                other = [[size(v, f"{prefix}{b.key}.peak_bytes.{r}"), f" ({r})"] for r, v in peaks.items() if r not in RANKS]  # plaintext's one process
                rows.append(Row([NAMES[b.protocol], *(other + named[len(other):])]))
        if rows:
            blocks.append(Table(columns, rows, case_title(results, case)))
    if not blocks:
        return Section("Memory", "memory", [Text(["No peak of memory was recorded."], "note")])
    start_up = [(b, b.data["start_up"]) for b in results.benchmarks.values() if isinstance(b.data.get("start_up"), (int, float))]
    blocks.insert(0, Text(["Most memory that each rank had resident, model pages included, which ranks of one machine share. A whole job's start is not part of any time elsewhere in this report",
                           *([": "] if start_up else ["."]), *start_ups(start_up, prefix)]))
    return Section("Memory and start", "memory", blocks)


def start_ups(found, prefix):
    parts = []
    for b, value in found:
        parts += [", " if parts else "", f"{NAMES[b.protocol]} ({b.case}) ", Number(f"{value / 1000:.2f} s", value, f"{prefix}{b.key}.start_up")]
    return parts + (["."] if parts else [])
