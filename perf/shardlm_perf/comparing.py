"""perf/compare: the differences of two results, and which of them are more than noise."""
import os

from .document import figures
from .refusal import Refused
from .results import NAMES, PHASES, PROTOCOLS, Benchmark, has_results, read_results
from .stats import Difference, holm, summary

LEAST_ROUNDS = 3  # starts of the program from which their means are the sample


class Compared:
    """One phase of one benchmark, before and after."""

    def __init__(self, name, phase, a, b):
        self.name, self.phase = name, phase
        self.a, self.b, self.unit = samples(a, b, phase)
        self.difference = Difference(self.a, self.b)
        self.significant = False

    @property
    def verdict(self):
        if self.difference.p is None:
            return "unknown: too few runs"
        if not self.significant:
            return "within the noise"
        return "slower" if self.b["mean"] > self.a["mean"] else "faster"


def samples(a, b, phase):
    """Two summaries to test, and what their values are: means of rounds, where both have enough of them; else runs, or what is recorded of these."""
    values = [x.sample(phase) for x in (a, b)]
    if None in values:
        return a.results[phase], b.results[phase], "summaries of runs"
    rounds = [by_round(x, v) for x, v in zip((a, b), values)]
    if all(len(means) >= LEAST_ROUNDS for means in rounds):
        return *(summary(means) for means in rounds), "means of rounds"
    return *(summary(v) for v in values), "runs"


def by_round(benchmark, values):
    """The mean of each start of the program; none where it is not recorded."""
    rounds = {}
    for run, value in zip(benchmark.raw, values):
        rounds.setdefault(run.get("round"), []).append(value)
    return [] if None in rounds else [sum(v) / len(v) for v in rounds.values()]


def read_side(path):
    """{(protocol, case): Benchmark} of a folder, or of one file, and the failures."""
    if os.path.isfile(path):
        benchmark = Benchmark(path)
        benchmark.case = "single"
        return {(benchmark.protocol, "single"): benchmark}, {}
    if os.path.isdir(path) and not has_results(path):
        raise Refused(f"{path} holds no results of shardlm bench: give a folder that perf/run-benchmarks made, or a JSON file of one")
    results = read_results(path)
    return results.benchmarks, results.failures


def pairs(a, b):
    """(name, Benchmark, Benchmark) of what both have; two files are a pair whatever they are of."""
    if len(a) == len(b) == 1 and all(case == "single" for _, case in (*a, *b)):
        (one,), (other,) = a.values(), b.values()
        return [(NAMES[one.protocol] + (f" and {NAMES[other.protocol]}" if one.protocol != other.protocol else ""), one, other)]
    keys = sorted(a.keys() & b.keys(), key=lambda key: (PROTOCOLS.index(key[0]), key[1]))
    return [(f"{NAMES[protocol]}, {case}", a[protocol, case], b[protocol, case]) for protocol, case in keys]


def unlike(a, b):
    """In what two benchmarks differ beside their times. `work`: what makes their times no measure of the program."""
    settings = {"protocol": lambda x: x.protocol, "model": lambda x: (x.model["layers"], x.model["hidden"]), "prompt tokens": lambda x: x.config["prompt_tokens"],
                "new tokens": lambda x: x.config["max_new_tokens"], "device": lambda x: x.data["device"], "threads": lambda x: x.config.get("threads"),
                "embedding": lambda x: x.config.get("embedding"), "channels": lambda x: x.config.get("channels"), "padding": lambda x: x.config.get("pad_to"),
                "hosts": lambda x: [rank.get("host") for rank in x.ranks]}
    different = {name: (get(a), get(b)) for name, get in settings.items() if get(a) != get(b)}
    return [f"{name} ({x} and {y})" for name, (x, y) in different.items()], [name for name in different if name in ("model", "prompt tokens", "new tokens")]


def compare(matched, false_alarms):
    """All phases of all pairs, tested together. The tokens of a run depend on each other, and their sum is tested: its verdict is theirs."""
    found = [Compared(name, phase, a, b) for name, a, b in matched for phase in a.phases if phase in b.phases]
    tested = [c for c in found if c.phase != "token"]
    for one, significant in zip(tested, holm([c.difference.p for c in tested], false_alarms)):
        one.significant = significant
    sums = {c.name: c for c in found if c.phase == "decode"}
    for one in found:
        if one.phase == "token" and one.name in sums:
            one.difference.p, one.significant = sums[one.name].difference.p, sums[one.name].significant
    return found


def slowdowns(found, percent):
    return [c for c in found if c.verdict == "slower" and 100 * c.difference.relative > percent]


def lines(matched, found, false_alarms):
    """What is printed."""
    units = sorted({c.unit for c in found})
    made = [f"Welch's t-test of {' and '.join(units)}, two-sided; the chance of any false alarm among all {sum(c.phase != 'token' for c in found)} comparisons is at most {100 * false_alarms:g} % (Holm)."]
    if "means of rounds" not in units:
        made.append("How one start of the program differs from the next is not in it: measure with --rounds 3 or more on both sides for that.")
    for name, a, b in matched:
        made += ["", f"{name}: {a.config['prompt_tokens']} tokens, {a.config['max_new_tokens']} new"]
        different, _ = unlike(a, b)
        if different:
            made.append(f"  not like with like: {', '.join(different)}")
        made.append(f"  {'phase':<20}{'A, ms':>20}{'B, ms':>20}{'difference':>12}{'95 % interval':>20}{'p':>9}")
        made += [line(c) for c in found if c.name == name]
    return made


def line(c):
    d = c.difference
    both = [f"{figures(s['mean'])} +- {figures(s['std'], 2)}" for s in (c.a, c.b)]
    relative = "-" if d.relative is None else f"{100 * d.relative:+.1f} %"
    interval = "-" if d.low is None else f"{100 * d.low:+.1f} .. {100 * d.high:+.1f} %"
    p = "-" if d.p is None else f"{d.p:.2g}"
    return f"  {PHASES[c.phase]:<20}{both[0]:>20}{both[1]:>20}{relative:>12}{interval:>20}{p:>9}  {c.verdict}"
