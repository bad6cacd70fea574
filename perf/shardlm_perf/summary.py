"""The sections that most readers want: the most important figures, latency, ranking."""
from .charts import bars
from .document import Code, Column, Figure, Number, Row, Section, Table, Text, figures, mean_and_std, ms, percent, rate, times
from .results import NAMES, Failure
from .stats import Difference

FALSE_ALARMS = 0.01  # of one comparison of two protocols


def case_title(results, case):
    """What a case is, from its benchmarks."""
    of_case = results.of_case(case)
    if not of_case:
        return case
    tokens = sorted({b.config["prompt_tokens"] for b in of_case})
    lengths = " or ".join(f"{n} tokens" for n in tokens)
    made = "the prompt as the tokenizer reads it" if of_case[0].config.get("tokens") is None else "a prompt of exactly so many tokens"
    further = sorted({b.config["max_new_tokens"] for b in of_case})
    return f"{case}: {lengths} ({made}), {' or '.join(map(str, further))} new tokens"


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
    blocks.append(Text(["Plaintext is no protocol: one process that sees everything, to compare with. "])
                  if any(p == "plain" for p, _ in results.benchmarks) else Text(["Plaintext was not measured: ", Code("perf/run-benchmarks --plain"), " does that."], "note"))
    return Section("Summary", "summary", findings(results, prefix) + blocks)


def findings(results, prefix):
    """Sentences that follow from the data."""
    said = [Text([NAMES[p], " failed in case ", Code(case), ": ", failure.status, "."], "failed") for (p, case), failure in results.failures.items()]
    case = results.main_case
    private = [b for b in results.of_case(case) if b.protocol != "plain"]
    if private:
        fastest = min(private, key=lambda b: b.mean("time_to_first_token"))
        number = ms(fastest.mean("time_to_first_token"), f"{prefix}{fastest.key}.time_to_first_token.mean")
        parts = ["Of the private protocols ", NAMES[fastest.protocol], " has the first token soonest, after ", number, f" ms on average (case {case})"]
        if fastest.rate("decode") is not None:
            parts += ["; it makes ", rate(fastest.rate("decode"), f"{prefix}{fastest.key}.decode.tokens_per_second"), " further tokens a second"]
        said.append(Text(parts + ["."], "item"))
    v3, plain = reference(results, case), results.benchmarks.get(("plain", case))
    if v3 and plain:
        factor = v3.mean("total") / plain.mean("total")
        said.append(Text(["Privacy with V3 costs ", Number(figures(factor, 3), factor, f"{prefix}{v3.key}.relative.plain"), " times the plaintext engine's time for the whole request."], "item"))
    costs = [b for b in results.benchmarks.values() if "predicted" in b.data and "traffic" in b.data]
    if costs:
        same = sum(all(b.data["traffic"].get(k) == v for k, v in b.data["predicted"].items()) for b in costs)
        said.append(Text([f"Rounds and bytes were as predicted in {same} of {len(costs)} benchmarks."], "item"))
    return said


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
        if rates:
            blocks.append(Figure(bars(rates, "tokens/s"), f"Further tokens a second, {case_title(results, case)}", ", ".join(f"{label} {value}" for label, value, *_ in rates)))
        if failed:
            blocks.append(Text([f"Case {case} has no bar of {', '.join(failed)}, which failed."], "failed"))
    return Section("Latency", "latency", blocks)


def ranking(results, prefix):
    columns = [Column("Place"), Column("Protocol", numeric=False), Column("Whole request", "ms"), Column("slower than the one before"), Column("p"), Column("is that more than noise?", numeric=False)]
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
