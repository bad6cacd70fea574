"""The section about how results were made, and the facts at a chapter's head."""
from .document import Code, Column, Details, Preformatted, Row, Section, Table, Text, parameters_text, size
from .results import NAMES


def facts(results):
    b = results.any
    if b is None:
        return [("Results", ["none: every run failed"])]
    when = sorted(x.data["timestamp"] for x in results.benchmarks.values())
    made = [("Model", [f"{b.model_name}, {b.model['layers']} layers of {b.model['hidden']}, {parameters_text(b.model['parameters'])} parameters"]),
            ("Device", [b.data["device"]]), ("Prompt", [Code(b.config["prompt"])] if b.config.get("prompt") is not None else ["from a file, and not written down"]),
            ("Runs", [f"{b.config['runs']} after {b.config['warmup']} to warm up"]),
            ("Measured", [when[0] if when[0] == when[-1] else f"{when[0]} to {when[-1]}"]),
            ("Version", [f"{b.data['version']}, ", Code(b.data["provenance"]["commit"][:12])])]
    return made


def unlike(results):
    """Sentences about settings in which benchmarks of a case differ, so that nobody compares different work unawares."""
    said = []
    for case in results.cases:
        of_case = results.of_case(case)
        for name, value in (("prompt tokens", lambda b: b.config["prompt_tokens"]), ("new tokens", lambda b: b.config["max_new_tokens"]), ("commits", lambda b: b.data["provenance"]["commit"]),
                            ("devices", lambda b: b.data["device"]), ("padding", lambda b: b.config.get("pad_to", 0))):
            found = {}
            for b in of_case:
                if b.protocol != "plain" or name in ("prompt tokens", "new tokens"):
                    found.setdefault(value(b), []).append(NAMES[b.protocol])
            if len(found) > 1:
                said.append(Text([f"Case {case} has different {name}: " + "; ".join(f"{v} ({', '.join(names)})" for v, names in found.items()) + "."], "note"))
    return said


BUILD = {"commit": "commit", "compiler": "compiler", "build_type": "build type", "kokkos": "Kokkos", "backend": "backend", "mpi": "MPI", "chacha_rounds": "ChaCha rounds", "isa": "instruction set"}
MACHINE = [Column("Rank", numeric=False), Column("host", numeric=False), Column("system", numeric=False), Column("processor", numeric=False), Column("cores"), Column("memory"), Column("threads"), Column("load"),
           Column("GPU", numeric=False)]


def provenance(results, prefix):
    """Benchmarks of one build on the same machines share a table, with the load that the first of them found."""
    groups = {}
    for case in results.cases:
        for b in results.of_case(case):
            built = ", ".join(f"{label} {b.data['provenance'][k]}" for k, label in BUILD.items() if k in b.data["provenance"])
            groups.setdefault((built, tuple((r.get("role"), r.get("host"), r.get("threads")) for r in b.ranks)), []).append(b)
    blocks = unlike(results)
    for (built, _), members in groups.items():
        names = ", ".join(dict.fromkeys(NAMES[b.protocol] for b in members))
        rows = [rank_row(r, f"{prefix}{members[0].key}.provenance.{i}") for i, r in enumerate(members[0].ranks)]
        blocks += [Text([f"{names}: {built}."]), Table(MACHINE, rows)]
    if results.system_info:
        blocks.append(Details("system_info.txt", [Preformatted(results.system_info)]))
    else:
        blocks.append(Text(["There is no ", Code("system_info.txt"), " here."], "note"))
    return Section("How it was measured", "provenance", blocks)


def rank_row(rank, key):
    load = rank.get("load")
    load = ", ".join(f"{x:.2f}" for x in load) if isinstance(load, list) else f"{load:.2f}" if isinstance(load, (int, float)) else "-"
    gpu = rank.get("gpu")
    gpu = f"{gpu}, driver {rank.get('driver')}" if gpu else "none"
    memory = size(rank["memory"], f"{key}.memory") if isinstance(rank.get("memory"), (int, float)) else str(rank.get("memory", "-"))
    return Row([str(rank.get("role", rank.get("rank", "-"))), *(str(rank.get(k, "-")) for k in ("host", "os", "cpu", "cores")), memory, str(rank.get("threads", "-")), load, gpu])
