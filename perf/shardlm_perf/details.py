"""The sections with every figure: phases, variance, all runs."""
import math

from .charts import SERIES_CLASS, spread
from .document import Code, Column, Details, Figure, Row, Section, Table, Text, count, figures, ms, percent
from .results import NAMES, PER_RUN, PHASES
from .stats import summary
from .summary import case_title

MEANINGS = {"embedding": "the client gets the prompt's rows and makes shares of them", "prefill": "from there to the first token's logits", "time_to_first_token": "embedding and prompt",
            "token": "one by one, over all runs", "decode": "those of a run together", "dealer": "the dealer's own work, beside the others'",
            "dealer_waited_for": "how long the slower server stood waiting for it", "online": "request without that wait", "total": "from the announcement to the last token"}


def phases(results, prefix):
    columns = [Column("Phase", numeric=False), Column("n"), *(Column(name, "ms") for name in ("mean", "std", "min", "max", "P50", "P95", "P99")), Column("CV")]
    used = [phase for phase in PHASES if any(phase in b.results for b in results.benchmarks.values())]
    blocks = [Text([PHASES[phase], ": ", MEANINGS[phase]], "item") for phase in used]
    for case in results.cases:
        for b in results.of_case(case):
            rows = [phase_row(b, phase, prefix) for phase in b.phases]
            warm = f"{b.config['runs']} runs after {b.config['warmup']} to warm up"
            blocks.append(Table(columns, rows, f"{NAMES[b.protocol]}, {case_title(results, case)}, {warm}"))
    blocks += [Text([NAMES[p], f", case {case}: ", f.status, ". ", f.last_line], "failed") for (p, case), f in results.failures.items()]
    return Section("Phases in detail", "phases", blocks)


def phase_row(b, phase, prefix):
    s, key = b.results[phase], f"{prefix}{b.key}.{phase}"
    return Row([PHASES[phase], count(s["n"], f"{key}.n"), *(ms(s[name], f"{key}.{name}") for name in ("mean", "std", "min", "max", "p50", "p95", "p99")), percent(s["cv"], f"{key}.cv")])


def variance(results, prefix):
    blocks = []
    columns = [Column("Protocol", numeric=False), *(Column(PHASES[phase]) for phase in PHASES)]
    for case in results.cases:
        of_case = results.of_case(case)
        rows = [Row([NAMES[b.protocol], *(percent(b.results[p]["cv"], f"{prefix}{b.key}.{p}.cv") if p in b.results else "-" for p in PHASES)]) for b in of_case]
        if rows:
            blocks.append(Table(columns, rows, f"Coefficient of variation (std / mean), {case_title(results, case)}"))
        drawn = []
        for b in of_case:
            sample = b.sample("total")
            if sample and b.mean("total") > 0:
                drawn.append((NAMES[b.protocol], f"CV {100 * b.results['total']['cv']:.1f} %", SERIES_CLASS[b.protocol], [v / b.mean("total") for v in sample]))
        if drawn:
            description = "Variation of whole requests: " + ", ".join(f"{label} {value}" for label, value, *_ in drawn)
            blocks.append(Figure(spread(drawn), f"Whole requests in the order of the runs, {case_title(results, case)}", description))
    return Section("Variance", "variance", blocks or [Text(["Nothing was measured."], "note")])


def raw_runs(results, prefix):
    blocks, wrong, checked = [], [], 0
    for case in results.cases:
        for b in results.of_case(case):
            if not b.raw:
                blocks.append(Text([f"{NAMES[b.protocol]}, case {case}, was measured without ", Code("--raw"), ": its runs are not recorded."], "note"))
                continue
            checked += 1
            wrong += [f"{NAMES[b.protocol]}, case {case}, {PHASES[phase]}" for phase in disagreeing(b)]
            blocks.append(Details(f"{NAMES[b.protocol]}, {case_title(results, case)}: {len(b.raw)} runs", [raw_table(b, prefix)]))
    if wrong:
        blocks.insert(0, Text(["Summaries that do not follow from the runs: ", "; ".join(wrong), "."], "failed"))
    elif checked:
        blocks.insert(0, Text([f"All summaries of {checked} benchmarks were computed again from these runs and are the same."]))
    return Section("All runs", "runs", blocks or [Text(["Nothing was measured."], "note")])


def disagreeing(b):
    """Phases whose summary is not that of the raw timings."""
    wrong = []
    for phase in b.phases:
        sample = [t for run in b.raw for t in run.get("tokens", [])] if phase == "token" else b.sample(phase)
        if sample:
            again = summary(sample)
            if any(not math.isclose(again[k], b.results[phase][k], rel_tol=1e-6, abs_tol=1e-6) for k in ("n", "mean", "std", "min", "max", "p50", "p95", "p99")):
                wrong.append(phase)
    return wrong


def raw_table(b, prefix):
    used = [phase for phase in PER_RUN if any(phase in run for run in b.raw)]
    tokens, rounds = any(run.get("tokens") for run in b.raw), any("round" in run for run in b.raw)
    columns = [Column("Run", numeric=False), *([Column("round")] if rounds else []), *(Column(PHASES[p], "ms") for p in used), *([Column("further tokens, one by one", "ms", False)] if tokens else [])]
    rows = []
    for i, run in enumerate(b.raw):
        key = f"{prefix}{b.key}.raw.{i}"
        cells = [str(i), *([str(run.get("round", "-"))] if rounds else []), *(ms(run[p], f"{key}.{p}") if p in run else "-" for p in used)]
        rows.append(Row(cells + ([" ".join(figures(t) for t in run.get("tokens", []))] if tokens else []), "raw"))
    return Table(columns, rows)
