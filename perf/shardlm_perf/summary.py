"""The sections that most readers want: the most important figures, latency, ranking."""
from .charts import bars
from .document import Code, Column, Figure, Number, Row, Section, Table, Text, figures, mean_and_std, ms, percent, rate, times
from .results import NAMES, Failure
from .stats import Difference

FALSE_ALARMS = 0.01  # of one comparison of two protocols
QUIET = 0.05  # coefficient of variation of whole requests up to which nothing is said


def case_title(results, case):
    """A case and its lengths, for captions."""
    of_case = results.of_case(case)
    lengths, further = (" or ".join(map(str, sorted({b.config[name] for b in of_case}))) for name in ("prompt_tokens", "max_new_tokens"))
    return f"{case}: {lengths} + {further} tokens" if of_case else case


def case_meanings(results):
    """What the cases are."""
    made = []
    for case in results.cases:
        of_case = results.of_case(case)
        if of_case:
            kind = "the prompt as the tokenizer reads it" if of_case[0].config.get("tokens") is None else "a prompt of exactly so many tokens"
            made += ["; case " if made else "Case ", Code(case), f" is {kind}"]
    return [Text(made + [". Captions give the lengths of prompt and answer."])] if made else []


def failed_row(protocol, failure: Failure):
    return Row([NAMES[protocol], [f"failed: {failure.status}", *([". ", failure.last_line] if failure.last_line else [])]], "failed")


def reference(results, case):
    """What others are compared with: V3 where it is there."""
    return results.benchmarks.get(("v3", case))


def case_rows(results, case, row):
    """row(benchmark) for each protocol, and a failed one's own."""
    rows = []
    for protocol in results.protocols:
        if (protocol, case) in results.benchmarks:
            rows.append(row(results.benchmarks[protocol, case]))
        elif (protocol, case) in results.failures:
            rows.append(failed_row(protocol, results.failures[protocol, case]))
    return rows


def relative(benchmark, phase, to, prefix):
    if to is None or phase not in benchmark.results:
        return "-"
    base = to.mean(phase)
    return times(benchmark.mean(phase) / base, f"{prefix}{benchmark.key}.relative.{phase}") if base else "-"


def summary_row(b, v3, prefix):
    first, key = b.results["time_to_first_token"], f"{prefix}{b.key}"
    optional = lambda value, name: rate(value, f"{key}.{name}.tokens_per_second") if value is not None else "-"
    return Row([NAMES[b.protocol],
                mean_and_std(first, f"{key}.time_to_first_token"), ms(first["p95"], f"{key}.time_to_first_token.p95"), relative(b, "time_to_first_token", v3, prefix),
                optional(b.rate("prefill"), "prefill"), optional(b.rate("decode"), "decode"),
                ms(b.mean("total"), f"{key}.total.mean"), relative(b, "total", v3, prefix)])


def summary(results, prefix):
    columns = [Column("Protocol", numeric=False), Column("First token", "ms, mean \u00b1 std"), Column("P95", "ms"), Column("beside V3", "times"),
               Column("Prompt", "tokens/s"), Column("Further", "tokens/s"), Column("Whole request", "ms"), Column("beside V3", "times")]
    blocks = []
    for case in results.cases:
        v3 = reference(results, case)
        blocks.append(Table(columns, case_rows(results, case, lambda b: summary_row(b, v3, prefix)), case_title(results, case)))
    blocks.append(Text(["Plaintext is no protocol: one process that sees everything, to compare with."])
                  if any(p == "plain" for p, _ in results.benchmarks) else Text(["Plaintext was not measured: ", Code("perf/run-benchmarks --plain"), " does that."], "note"))
    return Section("Summary", "summary", findings(results, prefix) + case_meanings(results) + blocks)


def findings(results, prefix):
    """Sentences that follow from the data."""
    said = [Text([NAMES[p], " failed in case ", Code(case), ": ", failure.status, "."], "failed") for (p, case), failure in results.failures.items()]
    case = results.main_case
    said += quiet(results, prefix) + soonest(results, case, prefix)
    v3, plain = reference(results, case), results.benchmarks.get(("plain", case))
    if v3 and plain:
        factor = v3.mean("total") / plain.mean("total")
        said.append(Text(["With V3 the whole request takes ", Number(figures(factor, 3), factor, f"{prefix}{v3.key}.relative.plain"), f" times as long as in plaintext in one process (case {case})."], "item"))
    costs = [b for b in results.benchmarks.values() if "predicted" in b.data and "traffic" in b.data]
    if costs:
        same = sum(all(b.data["traffic"].get(k) == v for k, v in b.data["predicted"].items()) for b in costs)
        said.append(Text([f"Rounds and bytes were as predicted in {same} of {len(costs)} benchmarks."], "item"))
    return said


def quiet(results, prefix):
    """A warning where runs differ much."""
    worst = max(results.benchmarks.values(), key=lambda b: b.results["total"]["cv"], default=None)
    if worst is None or worst.results["total"]["cv"] <= QUIET:
        return []
    cv = percent(worst.results["total"]["cv"], f"{prefix}{worst.key}.total.cv")
    return [Text(["The machine was not quiet, or runs differ by themselves: the coefficient of variation of whole requests is up to ", cv,
                  f" ({NAMES[worst.protocol]}, case {worst.case}). Take differences of that size for noise."], "note")]


def soonest(results, case, prefix):
    """Which private protocol has the first token first, and whether that is more than noise."""
    private = sorted((b for b in results.of_case(case) if b.protocol != "plain"), key=lambda b: b.mean("time_to_first_token"))
    if not private:
        return []
    first, key = private[0], f"{prefix}{private[0].key}"
    parts = [f"Of the private protocols {NAMES[first.protocol]} has the first token soonest (case {case}), after ",
             ms(first.mean("time_to_first_token"), f"{key}.time_to_first_token.mean"), " ms on average"]
    if len(private) > 1:
        p = Difference(first.results["time_to_first_token"], private[1].results["time_to_first_token"]).p
        parts += [f"; how far {NAMES[private[1].protocol]} is behind is ", "not known from so few runs" if p is None else "more than noise" if p <= FALSE_ALARMS else "within the noise"]
    if first.rate("decode") is not None:
        parts += [". It makes ", rate(first.rate("decode"), f"{key}.decode.tokens_per_second"), " further tokens a second"]
    return [Text(parts + ["."], "item")]


def latency(results, prefix):
    blocks = [Text(["Bars are means, whiskers standard deviations, the tall mark is P95, and each dot is a run."])]
    for case in results.cases:
        rows = []
        for b in results.of_case(case):
            s = b.results["time_to_first_token"]
            rows.append((NAMES[b.protocol], f"{figures(s['mean'])} ms", s["mean"], s["std"], s["p95"], b.sample("time_to_first_token")))
        failed = [NAMES[p] for p in results.protocols if (p, case) in results.failures]
        if rows:
            description = "Mean time to the first token: " + ", ".join(f"{label} {value}" for label, value, *_ in rows)
            blocks.append(Figure(bars(rows, "ms"), f"Time to the first token, {case_title(results, case)}", description))
        rates = [(NAMES[b.protocol], f"{figures(b.rate('decode'), 3)} /s", b.rate("decode"), None, None, None) for b in results.of_case(case) if b.rate("decode") is not None]
        private = [row for row in rates if row[0] != NAMES["plain"]]  # beside plaintext they would all look alike
        if private:
            plain = [f"; {label} {value}" for label, value, *_ in rates if label == NAMES["plain"]]
            blocks.append(Figure(bars(private, "tokens/s"), f"Further tokens a second, {case_title(results, case)}{''.join(plain)}", ", ".join(f"{label} {value}" for label, value, *_ in rates)))
        if failed:
            blocks.append(Text([f"Case {case} has no bar of {', '.join(failed)}, which failed."], "failed"))
    return Section("Latency", "latency", blocks)


def ranking(results, prefix):
    columns = [Column("Place", numeric=False), Column("Protocol", numeric=False), Column("Whole request", "ms"), Column("slower than the one before"), Column("p"), Column("is that more than noise?", numeric=False)]
    blocks = [Text([f"By the mean time of the whole request. Two neighbours differ where Welch's t-test of their runs says so; it errs in {100 * FALSE_ALARMS:g} % of cases "
                    "without a difference, and knows only how runs differ within one start of the program."])]
    for case in results.cases:
        ordered = sorted(results.of_case(case), key=lambda b: b.mean("total"))
        rows = [Row([str(i + 1), NAMES[b.protocol], ms(b.mean("total"), f"{prefix}{b.key}.total.mean"), *beside(ordered[i - 1] if i else None, b, prefix)]) for i, b in enumerate(ordered)]
        rows += [Row(["-", f"{NAMES[p]}: failed"], "failed") for p in results.protocols if (p, case) in results.failures]
        blocks.append(Table(columns, rows, case_title(results, case)))
    return Section("Ranking", "ranking", blocks)


def beside(before, b, prefix):
    if before is None:
        return ["-", "-", "-"]
    difference, key = Difference(before.results["total"], b.results["total"]), f"{prefix}{b.key}.ranking"
    slower = percent(difference.relative, f"{key}.slower", signed=True)
    if difference.p is None:
        return [slower, "-", "unknown: too few runs"]
    return [slower, Number(f"{difference.p:.2g}", difference.p, f"{key}.p"), "yes" if difference.p <= FALSE_ALARMS else "no"]
