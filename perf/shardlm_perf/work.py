"""The sections about where the time goes: layer parts and kinds of work from traces, timelines."""
from .charts import KIND_CLASS, PART_CLASS, stacked
from .document import Code, Column, Details, Figure, Row, Section, Table, Text, figures, ms, percent
from .results import KINDS, NAMES
from .summary import case_title
from .timeline import legend_of, timelines
from .traces import Trace

# The norms are one piece of a bar, and so are the last norm and the head.
PIECES = {"attention norm": "norm", "mlp norm": "norm", "attention": "attention", "mlp": "mlp", "final norm": "head", "head": "head", "other": "other"}
STEPS = {"prompt": "the prompt", "token": "a further token"}
NO_TRACES = [Text(["No traces are here: ", Code("perf/run-benchmarks"), " writes them."], "note")]


class Breakdowns:
    """The traces of a folder, each read once and no more than one at a time in memory: what they add up to, and their timelines."""

    def __init__(self, results):
        self.found, self.timelines, self.notes = {}, {}, []
        for key, path in results.traces.items():
            if key not in results.benchmarks or key[0] == "plain":
                continue
            trace = Trace(path)
            if trace.dropped:
                self.notes.append(f"The trace of {NAMES[key[0]]}, case {key[1]}, lacks {trace.dropped} events, for which there was no memory: what it adds up to is too little.")
            if breakdown := trace.breakdown():
                self.found[key] = breakdown
            self.timelines[key] = timelines(trace), max((float(r.attributes.get("clock_uncertainty", 0)) for r in trace.ranks.values()), default=0.0)


def merged(parts):
    """{kind: ms} of each piece of a bar."""
    pieces = {}
    for part, kinds in parts.items():
        into = pieces.setdefault(PIECES[part], dict.fromkeys(KINDS, 0.0))
        for kind, amount in kinds.items():
            into[kind] += amount
    return pieces


def where(results, breakdowns, prefix):
    blocks = list(NO_TRACES) if not breakdowns.found else [Text(["From the traces: mean of both servers and of all runs. Head includes the last norm."])]
    blocks += [Text([note], "failed") for note in breakdowns.notes]
    for case in results.cases:
        for step, of_step in STEPS.items():
            rows = {b.protocol: merged(breakdowns.found[b.protocol, case][step]) for b in results.of_case(case) if step in breakdowns.found.get((b.protocol, case), {})}
            if rows:
                blocks += step_blocks(results, case, step, of_step, rows, prefix)
    blocks += json_parts(results, prefix)
    return Section("Where the time goes", "where", blocks)


def step_blocks(results, case, step, of_step, rows, prefix):
    by_part = [(NAMES[p], {piece: sum(kinds.values()) for piece, kinds in pieces.items()}) for p, pieces in rows.items()]
    by_kind = [(NAMES[p], {kind: sum(kinds[kind] for kinds in pieces.values()) for kind in KINDS}) for p, pieces in rows.items()]
    made = []
    for name, bars, classes in (("part of the model", by_part, PART_CLASS), ("kind of work", by_kind, KIND_CLASS)):
        drawn = [(label, f"{figures(sum(amounts.values()), 3)} ms", amounts) for label, amounts in bars]
        described = "; ".join(f"{label}: " + ", ".join(f"{k} {v:.3g} ms" for k, v in amounts.items()) for label, amounts in bars)
        made.append(Figure(stacked(drawn, classes, "ms"), f"Time of {of_step} by {name}, {case_title(results, case)}", described))
    columns = [Column("Protocol and part", numeric=False), *(Column(kind, "ms") for kind in KINDS), Column("together", "ms"), Column("share")]
    lines = []
    for protocol, pieces in rows.items():
        whole = sum(sum(kinds.values()) for kinds in pieces.values())
        for piece in PART_CLASS:
            kinds, key = pieces[piece], f"{prefix}{protocol}.{case}.trace.{step}.{piece}"
            together = sum(kinds.values())
            lines.append(Row([f"{NAMES[protocol]}, {piece}", *(ms(kinds[k], f"{key}.{k}") for k in KINDS), ms(together, f"{key}.together"), percent(together / whole if whole else 0, f"{key}.share")]))
    return made + [Details(f"As a table: time of {of_step}, {case_title(results, case)}", [Table(columns, lines)])]


def json_parts(results, prefix):
    """What the servers' own clocks say of a whole run; that needs no trace."""
    columns = [Column("Protocol and server", numeric=False), *(Column(kind, "ms") for kind in KINDS)]
    blocks = []
    for case in results.cases:
        rows = []
        for b in results.of_case(case):
            for server, kinds in b.data.get("parts", {}).items():
                rows.append(Row([f"{NAMES[b.protocol]}, {server}", *(ms(kinds[k], f"{prefix}{b.key}.parts.{server}.{k}") if k in kinds else "-" for k in KINDS)]))
        if rows:
            blocks.append(Table(columns, rows, f"Each server's time in a whole run, mean, {case_title(results, case)}"))
    return blocks


def timeline(results, breakdowns, prefix):
    drawn = [key for key, (parts, _) in breakdowns.timelines.items() if parts[0]]
    if not drawn:
        return Section("Timeline", "timeline", list(NO_TRACES))
    case = next(case for case in (results.main_case, *results.cases) if any(key[1] == case for key in drawn))
    of_case = [(b.protocol, *breakdowns.timelines[b.protocol, case]) for b in results.of_case(case) if (b.protocol, case) in breakdowns.timelines]
    legend = legend_of(set().union(*(names for _, (_, _, names), _ in of_case)))
    blocks = [Text(["Of each protocol the run whose length is the median. Lanes are ranks; in a whole run a column shows what filled the time from the bottom up, in one layer blocks stand where the work was. "
                    "The dealer may be ahead of the others."])]
    for protocol, (whole, layer, _), uncertainty in of_case:
        clocks = f"; clocks of the ranks agree to {1e6 * uncertainty:.3g} us" if uncertainty else ""
        if whole:
            blocks.append(Figure(legend + whole[0], f"{NAMES[protocol]}, run {whole[1]}, {case_title(results, case)}{clocks}", f"Timeline of the four ranks under {NAMES[protocol]}"))
        if layer:
            blocks.append(Figure(layer[0], f"{NAMES[protocol]}, layer {layer[1]} of the prompt", f"Timeline of layer {layer[1]} under {NAMES[protocol]}"))
        legend = ""  # once is enough
    return Section("Timeline", "timeline", blocks)
