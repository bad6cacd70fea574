"""Several benchmarks of the same work, made in turn with others, as one: their runs together, and of each the round it is from."""
import json
import os

from .refusal import Refused, write_whole
from .results import PHASES, Benchmark
from .stats import summary


def merge(paths, out):
    """Writes into `out` the one benchmark that those at `paths` are rounds of. All need raw timings."""
    rounds = [Benchmark(path) for path in paths]
    data = dict(rounds[0].data)
    for other in rounds[1:]:
        if other.data.get("traffic") != data.get("traffic"):
            raise Refused(f"{other.path} counted other rounds or bytes than {rounds[0].path}, although both did the same work")
    if any(not b.raw for b in rounds):
        raise Refused(f"{rounds[0].path} or another round has no raw timings")
    data["raw_timings"] = [{**run, "round": i} for i, b in enumerate(rounds) for run in b.raw]
    data["config"] = {**data["config"], "runs": len(data["raw_timings"]), "rounds": len(rounds)}
    data["rounds"] = [{"timestamp": b.data["timestamp"], "runs": len(b.raw), "start_up": b.data.get("start_up")} for b in rounds]
    data["results"] = merged_results(rounds, data["raw_timings"])
    if "parts" in data:
        data["parts"] = {server: {kind: weighted(rounds, lambda b: b.data["parts"][server][kind]) for kind in kinds} for server, kinds in data["parts"].items()}
    if "peak_bytes" in data:
        data["peak_bytes"] = {rank: max(b.data["peak_bytes"][rank] for b in rounds) for rank in data["peak_bytes"]}
    write_whole(out, json.dumps(data, indent=1) + "\n")


def weighted(rounds, value):
    """The mean of a run, of a mean of each round."""
    return sum(value(b) * len(b.raw) for b in rounds) / sum(len(b.raw) for b in rounds)


def merged_results(rounds, raw):
    """The summaries of all runs, from their raw timings; rates from the mean that they had been computed from."""
    results = {}
    for phase in PHASES:
        if phase not in rounds[0].results:
            continue
        sample = [t for run in raw for t in run["tokens"]] if phase == "token" else [v for b in rounds for v in b.sample(phase)]
        results[phase] = summary(sample)
    for phase, old in rounds[0].results.items():
        if phase in results and "tokens_per_second" in old:
            timed = "time_to_first_token" if phase == "prefill" else phase
            tokens = old["tokens_per_second"] * rounds[0].mean(timed)
            results[phase]["tokens_per_second"] = tokens / results[timed]["mean"]
    return results


def runs_of_round(runs, rounds, i):
    """How many of all runs round i makes."""
    return runs // rounds + (i < runs % rounds)


def keep_of_first(folders, name, out):
    """A file of the first round that has it, such as its trace: the others' show the same work."""
    for folder in folders:
        path = os.path.join(folder, name)
        if os.path.exists(path):
            os.replace(path, os.path.join(out, name))
            return
