"""Made-up results folders in the form of docs/results.md, for tests of perf/report, perf/compare and perf/chrome-trace. Nothing in them was measured.

As a program: made_up_results.py DIR writes one."""
import json
import math
import os
import random
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../../perf"))
from shardlm_perf.stats import summary  # noqa: E402

PROTOCOLS = {"v2": 1.15, "v3": 1.0, "v3-ot": 1.05, "v3-mpc": 1.6, "v3-cc": 1.12, "plain": 0.04}  # times of V3
KINDS = {"linear": 0.3, "look-up": 0.27, "comparison": 0.06, "opening": 0.18, "waiting for the dealer": 0.07}
PARTS = {"attention norm": (0.15, ["opening", "linear", "comparison", "look-up"]), "attention": (0.45, ["linear", "opening", "comparison", "look-up", "opening", "linear"]),
         "mlp norm": (0.15, ["opening", "linear", "comparison", "look-up"]), "mlp": (0.25, ["linear", "waiting for the dealer", "look-up", "opening", "linear"])}
LAYERS, RANKS = 4, ("client", "server 0", "server 1", "dealer")
REGIONS = ["request", "step", "layer", *PARTS, "final norm", "head", *KINDS, "waiting for room", "embedding", "logits", "sampling"]
TYPES = {"region": "u2", "layer": "i2", "step": "u4", "run": "u4", "depth": "u2", "bytes": "u8", "rounds": "u4"}


class Made:
    """One benchmark: its runs, from which JSON and trace follow."""

    def __init__(self, protocol, case, seed=1, runs=6, new_tokens=5, slower=1.0, noise=0.04, layers=LAYERS):
        self.protocol, self.case, self.layers, self.new_tokens, self.seed = protocol, case, layers, new_tokens, seed
        self.random = random.Random(f"{seed} {protocol} {case}")
        self.prompt_tokens = 19 if case == "tokens" else 6
        self.private = protocol != "plain"
        scale = PROTOCOLS[protocol] * slower * layers / LAYERS
        vary = lambda ms: ms * math.exp(self.random.gauss(0, noise))
        self.runs = []
        for _ in range(runs):
            run = {"embedding": vary(0.8), "prefill": vary(2.3 * self.prompt_tokens * scale)} if self.private else {"prefill": vary(2.3 * self.prompt_tokens * scale)}
            tokens = [vary(6.5 * scale) for _ in range(new_tokens - 1)]
            run["decode"] = math.fsum(tokens) + 0.02
            if self.private:
                run["dealer"], run["dealer_waited_for"] = vary(0.6 * run["prefill"] + 0.5 * run["decode"]), vary(0.07 * run["prefill"])
            run["total"] = run.get("embedding", 0) + run["prefill"] + run["decode"] + 0.05
            run["time_to_first_token"] = run.get("embedding", 0) + run["prefill"]
            if self.private:
                run["online"] = run["total"] - run["dealer_waited_for"]
            self.runs.append({**run, "tokens": tokens})

    def json(self, raw=True):
        of = lambda name: [run[name] for run in self.runs]
        results = {"prefill": summary(of("prefill")), "token": summary([t for run in self.runs for t in run["tokens"]]), "decode": summary(of("decode")), "total": summary(of("total"))}
        results["time_to_first_token"] = summary(of("time_to_first_token"))
        if self.private:
            results.update({name: summary(of(name)) for name in ("embedding", "dealer", "dealer_waited_for", "online")})
        results["prefill"]["tokens_per_second"] = 1000 * self.prompt_tokens / results["time_to_first_token"]["mean"]
        results["decode"]["tokens_per_second"] = 1000 * (self.new_tokens - 1) / results["decode"]["mean"]
        results["total"]["tokens_per_second"] = 1000 * self.new_tokens / results["total"]["mean"]
        roles = RANKS if self.private else ("plain",)
        made = {
            "format": "shardlm benchmark", "format_version": 1,
            "model": {"file": "made-up", "digest": "00" * 32, "layers": self.layers, "hidden": 192, "intermediate": 512, "heads": 6, "kv_heads": 2, "vocabulary": 2560, "parameters": 517000 * self.layers},
            "device": "OpenMP on a made-up CPU", "version": "0.1.0", "protocol": self.protocol, "timestamp": "2026-11-29T01:20:33Z",
            "config": {"prompt": "Hello, <how> are & \"you\"?", "text_tokens": 6, "prompt_tokens": self.prompt_tokens, "tokens": 19 if self.case == "tokens" else None, "chat": False,
                       "max_new_tokens": self.new_tokens, "temperature": 0.7, "seed": None, "runs": len(self.runs), "warmup": 2, "threads": 1},
            "results": results,
            "start_up": 412.5,
            "provenance": {"commit": "made0up0", "compiler": "g++ 12.2.0", "build_type": "Release", "kokkos": "3.4.1", "backend": "OpenMP", "mpi": "Open MPI 4.1.4", "chacha_rounds": 12, "isa": "avx512",
                           "ranks": [{"rank": i, "role": role, "host": "made-up", "os": "Debian 12", "cpu": "a made-up CPU", "cores": 2, "memory": 25 << 30, "threads": 1, "load": 0.25,
                                      "gpu": None, "driver": None, "gpu_memory": None} for i, role in enumerate(roles)]}}
        if raw:
            made["raw_timings"] = self.runs
        if self.private:
            made["config"].update({"embedding": "ot" if self.protocol == "v3-ot" else "table", "pad_to": 0, "channels": "secure" if self.protocol == "v3-cc" else "plain", "dealer_ahead": 256 << 20})
            costs = {"rounds": 114 * self.new_tokens, "opened_bytes": 2268187, "dealt_bytes": 3955384, "key_bytes": 9804544, "prg_blocks": 1468809}
            made["traffic"] = {**costs, "oblivious_sent": 32 * self.prompt_tokens if self.protocol == "v3-ot" else 0, "oblivious_received": 32 * self.prompt_tokens if self.protocol == "v3-ot" else 0}
            made["predicted"] = dict(costs)
            made["peak_bytes"] = {role: 43000000 + 1000 * i for i, role in enumerate(roles)}
            total = results["total"]["mean"]
            made["parts"] = {server: {**{k: v * total for k, v in KINDS.items()}, "other": 0.12 * total} for server in ("server 0", "server 1")}
        if self.protocol == "v3-cc":
            made["handshakes"] = 3.25
            made["attestation"] = dict.fromkeys(("server 0", "server 1", "dealer"), "none (software encryption only)")
        return made

    def events(self, role):
        """(region, start, end, layer, step, run, depth) in the order of their ends, as a program notes them."""
        found, clock = [], 0.0

        def note(name, start, end, layer, step, run, depth):
            found.append((REGIONS.index(name), start, end, layer, step, run, depth, 100 if name == "opening" else 0, int(name == "opening")))

        for r, run in enumerate(self.runs):
            start = clock
            now = start + run["embedding"] / 1000
            for step, ms in enumerate([run["prefill"], *run["tokens"]]):
                end = now + ms / 1000
                if role == "client":
                    note("embedding", now - (run["embedding"] / 1000 if step == 0 else 0), now + ms / 1e5, -1, step, r, 1)
                    note("logits", now + ms / 1e5, end - ms / 1e5, -1, step, r, 1)
                    note("sampling", end - ms / 1e5, end, -1, step, r, 1)
                else:
                    self._step(note, role, now, end, step, r)
                now = end
            note("request", start, start + run["total"] / 1000, -1, 0, r, 0)
            clock = start + run["total"] / 1000 + 0.001
        return found

    def _step(self, note, role, start, end, step, r):
        if role == "dealer":
            end = start + 0.7 * (end - start)
        length, now = (end - start) * 0.92 / self.layers, start
        for layer in range(self.layers):
            at = now
            for part, (share, leaves) in PARTS.items():
                stop = at + share * length
                if role != "dealer":
                    weights = [KINDS[leaf] * self.random.uniform(0.7, 1.3) for leaf in leaves]
                    inner = at
                    for leaf, weight in zip(leaves, weights):
                        until = inner + 0.9 * (stop - at) * weight / sum(weights)
                        note(leaf, inner, until, layer, step, r, 4)
                        inner = until + 0.1 * (stop - at) / (len(leaves) + 1)
                note(part, at, stop, layer, step, r, 3)
                at = stop
            note("layer", now, now + length, layer, step, r, 2)
            now += length
        note("final norm", now, now + (end - now) / 3, -1, step, r, 2)
        note("head", now + (end - now) / 3, end, -1, step, r, 2)
        note("step", start, end, -1, step, r, 1)

    def write_trace(self, path):
        import h5py
        import numpy as np
        with h5py.File(path, "w") as file:
            file.attrs.update({"format": "shardlm trace", "format_version": 1, "version": "0.1.0", "protocol": self.protocol, "model": "made-up.h5", "commit": "made0up0",
                               "created": "2026-11-29T01:20:33Z", "attestation": ""})
            dataset(file, "regions", np.array([name.encode() for name in REGIONS]), "none", "names of regions")
            clock, spans = 0.0, []
            for run in self.runs:
                spans.append((clock, clock + run["total"] / 1000))
                clock = spans[-1][1] + 0.001
            n = len(spans)
            for name, values in (("run", range(n)), ("start", [s for s, _ in spans]), ("end", [e for _, e in spans]), ("prompt_tokens", [self.prompt_tokens] * n), ("new_tokens", [self.new_tokens] * n)):
                dataset(file, f"runs/{name}", np.array(list(values), dtype="f8" if name in ("start", "end") else "u8"), "s" if name in ("start", "end") else "none", name)
            for i, role in enumerate(RANKS):
                group = file.create_group(role.replace(" ", "_"))
                group.attrs.update({"rank": i, "role": role, "host": "made-up", "clock_offset": 0.0, "clock_uncertainty": 1e-6, "dropped": 0})
                columns = list(zip(*self.events(role)))
                for name, values in zip(("region", "start", "end", "layer", "step", "run", "depth", "bytes", "rounds"), columns):
                    dataset(group, name, np.array(values, dtype=TYPES.get(name, "f8")), "s" if name in ("start", "end") else "none", name)


def dataset(group, name, values, unit, description):
    made = group.create_dataset(name, data=values)
    made.attrs["unit"], made.attrs["description"] = unit, description


def write_folder(folder, protocols=tuple(PROTOCOLS), failed=(("v3-cc", "text"),), traces=True, extras=True, raw=True, **options):
    """A results folder of these protocols, in which some fail. Options are those of Made."""
    os.makedirs(folder)
    for protocol in protocols:
        for case in ("text", "tokens"):
            path = os.path.join(folder, f"{protocol}-{case}")
            write(path + ".log", "Made up.\n")
            if (protocol, case) in failed:
                write(path + ".failed", "exit status 3\nshardlm: server 1: made-up trouble with a <file>\n--------\n")
                continue
            made = Made(protocol, case, **options)
            write(path + ".json", json.dumps(made.json(raw), indent=1))
            if traces and protocol != "plain":
                made.write_trace(path + ".trace.h5")
    if extras:
        write_extras(folder)
    return folder


def write_extras(folder):
    compared = {"positions": 72, "same_top": 72, "rms": 0.0035, "largest": 0.075, "mean_kl": 2.8e-6, "largest_kl": 1.1e-5, "widest_lost_lead": 0.0}
    write(os.path.join(folder, "compare-v3.json"), json.dumps({"model": "made-up.h5", "all": {"private": compared, "bfloat16": {**compared, "rms": 0.058}}, "prompts": []}))
    write(os.path.join(folder, "compare-v2.failed"), "exit status 1\nshardlm: made-up trouble\n")
    entries = [{"name": "a made-up project", "version": "1.0", "weights": "public", "seconds": {"mean": 0.9, "std": 0.01, "n": 3, "raw": [0.89, 0.9, 0.91]}, "cpu_seconds": 1.5, "rounds": 160,
                "sent_bytes_a_party": 43000000, "dealer_sent_bytes": None, "relative_error": 0.0019, "failed": None},
               {"name": "shardlm-v3, made up", "version": None, "weights": "public", "seconds": {"mean": 0.08, "std": 0, "n": 1, "raw": [0.08]}, "cpu_seconds": 0.15, "rounds": 27,
                "sent_bytes_a_party": None, "dealer_sent_bytes": 33000000, "relative_error": None, "failed": None},
               {"name": "one that failed, made up", "version": None, "weights": "secret", "seconds": None, "cpu_seconds": None, "rounds": None, "sent_bytes_a_party": None,
                "dealer_sent_bytes": None, "relative_error": None, "failed": "3 of 3 runs failed: it took longer than 300 s"}]
    write(os.path.join(folder, "peers.json"), json.dumps({"format": "shardlm peers", "format_version": 1, "layer": {"shape": "0.5b"}, "tokens": 19, "threads": 1, "entries": entries}))
    write(os.path.join(folder, "system_info.txt"), "# Made up\nModel name: a made-up CPU\n")


def write(path, text):
    with open(path, "w", encoding="utf-8") as file:
        file.write(text)


if __name__ == "__main__":
    write_folder(sys.argv[1])
