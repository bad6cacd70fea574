"""The sections that put results beside others': the earlier system's published table, other projects, other sizes of model."""
from .charts import SERIES_CLASS, log_log
from .document import Code, Column, Figure, Number, Row, Section, Table, Text, count, figures, mean_and_std, ms, parameters_text, rate, times
from .refusal import Refused
from .results import NAMES, PROTOCOLS, Checked
from .trust import read_data


def published(results, prefix):
    data = read_data("published/benchmark_7b.json")
    model, config = data["model"], data["config"]
    said = [Text([data["title"], ". ", data["note"]])]
    case = next((c for c in results.cases if any(b.config["prompt_tokens"] == config["prompt_tokens"] for b in results.of_case(c))), None)
    if case is None:
        said.append(Text([f"Nothing here has a prompt of {config['prompt_tokens']} tokens (", Code("perf/run-benchmarks --tokens 19"), "), so only the published figures are shown."], "note"))
    own = {b.protocol: b for b in results.of_case(case)} if case else {}
    some = next(iter(own.values()), None)
    like = some is not None and (some.model["layers"], some.model["hidden"]) == (model["layers"], model["hidden"])
    said += comparison_notes(data, some, like)
    columns = [Column("Protocol", numeric=False), Column("published: embedding + prompt", "ms, mean \u00b1 std"), Column("P95", "ms"), Column("published rate", "characters/s"),
               Column("here: first token", "ms, mean \u00b1 std"), Column("P95", "ms"), Column("here: prompt", "tokens/s")]
    columns += [Column("here / published", "times")] if like else []
    rows = [published_row(p, entry, own.get(p), results.failures.get((p, case)), like, prefix) for p, entry in data["protocols"].items()]
    return Section("Beside the earlier system", "published", said + [Table(columns, rows)])


def comparison_notes(data, some, like):
    environment, config = data["environment"], data["config"]
    off = max(abs(entry["tokens_per_second"] - config["prompt_tokens"] * 1000 / entry["prefill_ms"]["mean"]) for entry in data["protocols"].values())
    notes = []
    if off < 0.01:
        notes.append(Text(["Its published tokens per second are the characters of the prompt over the prompt's time, so they say nothing of how fast an answer is written."], "item"))
    notes.append(Text([f"It ran on {environment['gpu']} with {environment['cpu']}", *([f"; here it is {some.data['device']}"] if some else []), "."], "item"))
    if some and not like:
        notes.append(Text([f"Its model is {data['model']['name']}; here it is {some.model_name} with {some.model['layers']} layers of {some.model['hidden']} numbers. "
                           "These are different amounts of work: the columns stand beside each other, and a ratio would mean nothing."], "note"))
    return notes


def published_row(protocol, entry, b, failure, like, prefix):
    total, key = entry["total_ms"], f"{prefix}published.{protocol}"
    cells = [NAMES[protocol], mean_and_std(total, f"{key}.total_ms"),
             ms(total["p95"], f"{key}.total_ms.p95"), rate(entry["tokens_per_second"], f"{key}.tokens_per_second")]
    if b is None:
        return Row(cells + [f"failed: {failure.status}" if failure else "not measured", "-", "-"] + (["-"] if like else []))
    s, own = b.results["time_to_first_token"], f"{prefix}{b.key}"
    cells += [mean_and_std(s, f"{own}.time_to_first_token"), ms(s["p95"], f"{own}.time_to_first_token.p95"),
              rate(b.rate("prefill"), f"{own}.prefill.tokens_per_second") if b.rate("prefill") is not None else "-"]
    return Row(cells + ([times(s["mean"] / total["mean"], f"{own}.relative.published")] if like else []))


PEER_COLUMNS = {"seconds.mean": ("time", "ms, mean"), "seconds.std": ("std", "ms"), "cpu_seconds": ("processor time", "ms"), "rounds": ("rounds", ""), "sent_bytes_a_party": ("sent a party", "MB"),
                "dealer_sent_bytes": ("sent by the dealer", "MB"), "relative_error": ("relative error", "")}


def peers(results, prefix):
    if results.peers_failure:
        return Section("Beside other projects", "peers", [Text([results.peers_failure.status, ". ", results.peers_failure.last_line], "failed")])
    if results.peers is None:
        return Section("Beside other projects", "peers", [Text(["Other projects were not measured here: ", Code("perf/run-benchmarks --peers"), " does that where they are installed."], "note")])
    path = f"{results.path}/peers.json"
    if not isinstance(results.peers, dict) or results.peers.get("format") != "shardlm peers" or results.peers.get("format_version") != 1:
        raise Refused(f"{path} is no result of perf/peers/run that this reads")
    checked = Checked(path, results.peers)
    columns = [Column("What", numeric=False), Column("version", numeric=False), Column("weights", numeric=False), *(Column(title, unit) for title, unit in PEER_COLUMNS.values())]
    rows = []
    for i, entry in enumerate(checked.get("entries", list)):
        one = Checked(path, {name: value for name, value in entry.items() if value is not None})
        failed = one.get("failed", str, optional=True)
        if failed and "seconds" not in one.data:
            rows.append(Row([one.get("name", str), failed], "failed"))
            continue
        cells = [one.get("name", str), one.get("version", str, optional=True) or "-", one.get("weights", str, optional=True) or "-"]
        rows.append(Row(cells + [peer_cell(one, name, f"{prefix}peers.{i}.{name}") for name in PEER_COLUMNS]))
    what = f"One layer of {checked.get('layer.shape', str)}, {checked.get('tokens', int)} tokens, all parties on this machine"
    return Section("Beside other projects", "peers", [Table(columns, rows, what)])


def peer_cell(entry, name, key):
    value = entry.get(name, float, optional=True)
    if value is None:
        return "-"
    if name == "rounds":
        return count(value, key)
    factor = {"ms": 1e3, "MB": 1e-6}.get(PEER_COLUMNS[name][1][:2], 1)
    return Number(figures(value * factor, 3) if value else "0", value, key)


def scaling(folders, prefixes):
    """How speed changes with the model, over several results folders."""
    columns = [Column("Model", numeric=False), Column("parameters"), Column("device", numeric=False), Column("Protocol", numeric=False), Column("prompt", "tokens"), Column("first token", "ms"),
               Column("a further token", "ms"), Column("opened a request", "MiB")]
    rows, series = [], {"first token": {}, "a further token": {}}
    scale, unit = (1e9, "billions") if max((b.model["parameters"] for r in folders for b in r.benchmarks.values()), default=0) >= 1e9 else (1e6, "millions")
    for results, prefix in zip(folders, prefixes):
        for b in results.of_case(results.main_case):
            rows.append(scaling_row(b, prefix))
            name = (b.protocol, b.data["device"])
            series["first token"].setdefault(name, []).append((b.model["parameters"] / scale, b.mean("time_to_first_token")))
            if "token" in b.results:
                series["a further token"].setdefault(name, []).append((b.model["parameters"] / scale, b.mean("token")))
        rows += [Row([results.name, f"{NAMES[p]} failed, case {c}: {f.status}"], "failed") for (p, c), f in results.failures.items()]
    blocks = [Text(["Of each folder the case that has the most results. Lines join results of one protocol on one device."])]
    for title, found in series.items():
        points = {x for line in found.values() for x, y in line if x > 0 and y > 0}
        if len(points) > 1:
            blocks.append(scaling_chart(title, found, unit))
    if len(blocks) == 1:
        blocks.append(Text(["All results are of models of one size, so there is no curve."], "note"))
    return Section("Over models and machines", "scaling", blocks + [Table(columns, rows)])


def scaling_row(b, prefix):
    further = ms(b.mean("token"), f"{prefix}{b.key}.token.mean") if "token" in b.results else "-"
    opened = b.data.get("traffic", {}).get("opened_bytes")
    return Row([b.model_name, Number(parameters_text(b.model["parameters"]), b.model["parameters"], f"{prefix}{b.key}.model.parameters"), b.data["device"], NAMES[b.protocol],
                str(b.config["prompt_tokens"]), ms(b.mean("time_to_first_token"), f"{prefix}{b.key}.time_to_first_token.mean"), further,
                Number(f"{opened / 2**20:.3g}", opened, f"{prefix}{b.key}.traffic.opened_bytes") if opened is not None else "-"])


def scaling_chart(title, found, unit):
    devices = {device for _, device in found}
    lines = {NAMES[p] + (f", {device}" if len(devices) > 1 else ""): (SERIES_CLASS[p] + (" dashed" if sorted(devices).index(device) % 2 else ""), points)
             for (p, device), points in sorted(found.items(), key=lambda item: PROTOCOLS.index(item[0][0]))}
    described = "; ".join(f"{name}: " + ", ".join(f"{y:.4g} ms at {x:.3g} {unit}" for x, y in sorted(points)) for name, (_, points) in lines.items())
    return Figure(log_log(lines, f"{unit} of parameters", f"{title}, ms"), f"{title[0].upper()}{title[1:]} over the model's size", described)
