"""A trace in Chrome's trace event format, which chrome://tracing and Perfetto read: a process a rank, in its one thread regions that nest."""
import json
import os

from .results import RANKS
from .traces import KINDS, PARTS, Trace

FIELDS = ("layer", "step", "run", "bytes", "rounds")


def nanoseconds(column):
    import numpy as np
    return np.rint(column * 1e9).astype(np.int64)


def rank_events(trace, pid, rank, runs, shift):
    """JSON texts, an event each. Times are rounded before they are subtracted, so that what nests still does."""
    yield json.dumps({"ph": "M", "pid": pid, "tid": 0, "name": "process_name", "args": {"name": f"rank {pid}: {rank.role} on {rank.attributes.get('host', '?')}"}})
    yield json.dumps({"ph": "M", "pid": pid, "tid": 0, "name": "process_sort_index", "args": {"sort_index": pid}})
    start, end = nanoseconds(rank.start) - shift, nanoseconds(rank.end) - shift
    columns = [getattr(rank, name).tolist() for name in FIELDS]
    for i, name in enumerate(rank.names):
        fields = {field: column[i] for field, column in zip(FIELDS, columns)}
        if runs is None or fields["run"] in runs:
            category = "kind" if name in KINDS else "part" if name in PARTS else "frame"
            args = {k: v for k, v in fields.items() if k == "run" or (v > 0 if k in ("bytes", "rounds") else v >= 0)}
            yield json.dumps({"ph": "X", "pid": pid, "tid": 0, "name": name, "cat": category, "ts": int(start[i]) / 1000, "dur": int(end[i] - start[i]) / 1000, "args": args})


def events(trace, runs=None):
    """All ranks' events; `runs`: the numbers of those to keep, or None. Times begin at zero: the dealer may start before the first run."""
    first = [float(rank.start[0]) for rank in trace.ranks.values() if len(rank.start)]
    shift = int(nanoseconds(min([0.0, *first])))
    for role in RANKS:
        if role in trace.ranks:
            yield from rank_events(trace, RANKS.index(role), trace.ranks[role], runs, shift)


def write(trace_path, out, runs=None):
    """Events are written one by one: a long trace has millions."""
    trace = Trace(trace_path)
    about = {name: str(trace.attributes.get(name, "")) for name in ("protocol", "model", "version", "commit", "created")}
    about["dropped events"] = str(trace.dropped)
    part = out + ".part"
    try:
        with open(part, "w", encoding="ascii") as file:
            file.write(f'{{"displayTimeUnit": "ms", "otherData": {json.dumps(about)}, "traceEvents": [')
            for i, event in enumerate(events(trace, runs)):
                file.write((",\n" if i else "\n") + event)
            file.write("\n]}\n")
        os.replace(part, out)
    except BaseException:
        if os.path.exists(part):
            os.remove(part)
        raise
    return trace
