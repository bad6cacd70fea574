"""A results folder in memory, checked against the form in docs/results.md: what is not in that form is refused in one sentence."""
import json
import math
import os
import re

from .refusal import Refused

PROTOCOLS = ("v2", "v3", "v3-ot", "v3-mpc", "v3-cc", "plain")
NAMES = {"v2": "V2", "v3": "V3", "v3-ot": "V3-OT", "v3-mpc": "V3-MPC", "v3-cc": "V3-CC", "plain": "plaintext"}
CASES = ("text", "tokens")
PHASES = {"embedding": "embedding", "prefill": "prompt", "time_to_first_token": "first token", "token": "further token", "decode": "all further tokens",
          "dealer": "dealer at work", "dealer_waited_for": "dealer waited for", "online": "online", "total": "request"}
PER_RUN = tuple(phase for phase in PHASES if phase != "token")
RANKS = ("client", "server 0", "server 1", "dealer")
KINDS = ("linear", "look-up", "comparison", "opening", "waiting for the dealer", "other")
STATISTICS = ("n", "mean", "std", "min", "max", "p50", "p95", "p99", "cv")
RESULT_FILE = re.compile(rf"({'|'.join(sorted(PROTOCOLS, key=len, reverse=True))})(?:-([a-z0-9]+))?\.(json|failed|trace\.h5)")
COMPARED_FILE = re.compile(rf"compare-({'|'.join(sorted(PROTOCOLS, key=len, reverse=True))})\.(json|failed)")


def read_json(path):
    def constant(name):
        raise ValueError(f"{name} is no number")

    try:
        with open(path, encoding="utf-8") as file:
            return json.load(file, parse_constant=constant)
    except (ValueError, RecursionError) as error:  # UnicodeDecodeError and JSONDecodeError are ValueErrors
        raise Refused(f"{path} is not JSON: {error}")


class Checked:
    """Reads values of a JSON file by name, and refuses the file where one is missing or of another kind."""

    def __init__(self, path, data):
        self.path, self.data = path, data

    def get(self, name, kind, optional=False):
        value = self.data
        for key in name.split("."):
            if not isinstance(value, dict) or key not in value:
                if optional:
                    return None
                raise Refused(f"{self.path} is not a whole benchmark: it has no {name}")
            value = value[key]
        self.check(name, value, kind)
        return value

    def check(self, name, value, kind):
        fits = isinstance(value, (int, float) if kind is float else kind) and not (isinstance(value, bool) and kind is not bool)
        if not fits or (kind is float and not math.isfinite(value)):
            raise Refused(f"{self.path} is damaged: {name} is {json.dumps(value)[:40]}")

    def summary(self, name):
        for statistic in STATISTICS:
            self.get(f"{name}.{statistic}", float)
        if self.get(f"{name}.n", float) < 1 or self.get(f"{name}.unit", str) != "ms":
            raise Refused(f"{self.path} is damaged: {name} is no sample in ms")


class Benchmark:
    """One JSON of `shardlm bench`."""

    def __init__(self, path):
        self.path, self.data = path, read_json(path)
        checked = Checked(path, self.data)
        if not isinstance(self.data, dict) or self.data.get("format") != "shardlm benchmark":
            raise Refused(f"{path} is no result of shardlm bench")
        if self.data.get("format_version") != 1:
            raise Refused(f"{path} has format version {self.data.get('format_version')}, and this reads 1 alone: use the perf/ of the program that wrote it")
        self.protocol = checked.get("protocol", str)
        if self.protocol not in PROTOCOLS:
            raise Refused(f"{path} is of a protocol that is not known here: '{self.protocol}'")
        for name in ("model.file", "device", "version", "timestamp", "provenance.commit"):
            checked.get(name, str)
        for name in ("model.layers", "model.hidden", "model.parameters", "config.prompt_tokens", "config.max_new_tokens", "config.runs", "config.warmup"):
            checked.get(name, float)
        self.results = checked.get("results", dict)
        for phase in ("prefill", "time_to_first_token", "total"):
            checked.summary(f"results.{phase}")
        for phase in self.phases:
            checked.summary(f"results.{phase}")
        self._check_raw(checked)
        for name in ("traffic", "predicted", "peak_bytes", "parts.server 0", "parts.server 1"):
            for key, value in (checked.get(name, dict, optional=True) or {}).items():
                checked.check(f"{name}.{key}", value, float)
        for name in ("start_up", "handshakes"):
            checked.get(name, float, optional=True)
        self.ranks = checked.get("provenance.ranks", list)
        for rank in self.ranks:
            checked.check("provenance.ranks", rank, dict)

    def _check_raw(self, checked):
        self.raw = checked.get("raw_timings", list, optional=True) or []
        for i, run in enumerate(self.raw):
            checked.check("raw_timings", run, dict)
            for name, value in run.items():
                for number in value if name == "tokens" and isinstance(value, list) else [value]:
                    checked.check(f"raw_timings[{i}].{name}", number, float)
            if "total" not in run:
                raise Refused(f"{checked.path} is damaged: raw_timings[{i}] has no total")

    @property
    def phases(self):
        return [phase for phase in PHASES if phase in self.results]

    @property
    def model(self):
        return self.data["model"]

    @property
    def config(self):
        return self.data["config"]

    @property
    def model_name(self):
        name = os.path.basename(self.model["file"].rstrip("/"))
        return name[:-3] if name.endswith(".h5") else name

    def mean(self, phase):
        return self.results[phase]["mean"]

    def rate(self, phase):
        return self.results.get(phase, {}).get("tokens_per_second")

    def sample(self, phase):
        """Of every run, in their order: the phase's time, or None where raw timings do not tell."""
        values = [run_value(run, phase) for run in self.raw]
        return None if not values or None in values else values


def run_value(run, phase):
    """A phase's time in one of raw_timings, recorded or from others. Of `token` the mean over the run, because tokens of a run are not independent of each other."""
    if phase in run:
        return run[phase]
    if phase == "time_to_first_token":
        return run["embedding"] + run["prefill"] if "embedding" in run and "prefill" in run else None
    if phase == "online":
        return run["total"] - run["dealer_waited_for"] if "dealer_waited_for" in run else None
    if phase == "token":
        return math.fsum(run["tokens"]) / len(run["tokens"]) if run.get("tokens") else None
    return None


class Failure:
    """A .failed beside a log: the first line has the exit status, the rest is the end of what the run said."""

    def __init__(self, path):
        self.path = path
        with open(path, encoding="utf-8", errors="replace") as file:
            lines = file.read().splitlines()
        self.status = lines[0] if lines else "no reason was recorded"
        self.lines = lines[1:]

    @property
    def last_line(self):
        """The line that says why: the program's own last sentence, or else the last line of all."""
        own = [line for line in self.lines if line.startswith("shardlm: ")]
        return (own or [line for line in self.lines if line.strip()] or [""])[-1]


class Results:
    """A results folder."""

    def __init__(self, path):
        self.path = path
        self.name = os.path.basename(os.path.abspath(path))
        self.benchmarks, self.failures, self.traces = {}, {}, {}
        self.accuracy, self.accuracy_failures = {}, {}
        for name in sorted(os.listdir(path)):
            if found := RESULT_FILE.fullmatch(name):
                self._add(os.path.join(path, name), found[1], found[2] or "single", found[3])
            elif found := COMPARED_FILE.fullmatch(name):
                into = (self.accuracy, read_json) if found[2] == "json" else (self.accuracy_failures, Failure)
                into[0][found[1]] = into[1](os.path.join(path, name))
        self.peers = self._if_there("peers.json", read_json)
        self.peers_failure = self._if_there("peers.failed", Failure)
        self.system_info = self._if_there("system_info.txt", read_text)
        for key in self.failures:  # a run that failed has no result, whatever lies there
            self.benchmarks.pop(key, None)
        if not self.benchmarks and not self.failures:
            raise Refused(f"{path} holds no results of shardlm bench: give a folder that perf/run-benchmarks made")
        self._check_one_model()

    def _if_there(self, name, read):
        path = os.path.join(self.path, name)
        return read(path) if os.path.exists(path) else None

    def _add(self, path, protocol, case, kind):
        if kind == "json":
            benchmark = Benchmark(path)
            if benchmark.protocol != protocol:
                raise Refused(f"{path} is of {benchmark.protocol}, which its name does not say")
            benchmark.case, benchmark.key = case, f"{protocol}.{case}"
            self.benchmarks[protocol, case] = benchmark
        elif kind == "failed":
            self.failures[protocol, case] = Failure(path)
        else:
            self.traces[protocol, case] = path

    def _check_one_model(self):
        shapes = {(b.model["layers"], b.model["hidden"]): b.path for b in self.benchmarks.values()}
        if len(shapes) > 1:
            raise Refused(f"{' and '.join(sorted(shapes.values())[:2])} are of two models: put each model's results into a folder of its own")

    @property
    def cases(self):
        found = {case for _, case in [*self.benchmarks, *self.failures]}
        return [case for case in CASES if case in found] + sorted(found.difference(CASES))

    @property
    def protocols(self):
        return [p for p in PROTOCOLS if any((p, case) in self.benchmarks or (p, case) in self.failures for case in self.cases)]

    def of_case(self, case):
        return [self.benchmarks[p, case] for p in PROTOCOLS if (p, case) in self.benchmarks]

    @property
    def any(self):
        """A benchmark that speaks for the folder, or None where all failed."""
        return next((self.benchmarks[p, c] for p in ("v3", *PROTOCOLS) for c in self.cases if (p, c) in self.benchmarks), None)

    @property
    def main_case(self):
        """The case with the most results, `tokens` before others: its prompt has a known length."""
        return max(self.cases, key=lambda case: (len(self.of_case(case)), case == "tokens"))


def read_text(path):
    with open(path, encoding="utf-8", errors="replace") as file:
        return file.read()


def read_results(path):
    if not os.path.isdir(path):
        raise Refused(f"{path} is not a folder" if os.path.exists(path) else f"there is no folder {path}")
    return Results(path)


def read_folders(paths):
    """Of each folder its results; of one without any, but with folders that have some, theirs."""
    found = []
    for path in paths:
        within = [] if not os.path.isdir(path) or has_results(path) else sorted(e.path for e in os.scandir(path) if e.is_dir() and has_results(e.path))
        found += [read_results(folder) for folder in within or [path]]
    return found


def has_results(path):
    return any(RESULT_FILE.fullmatch(name) for name in os.listdir(path))
