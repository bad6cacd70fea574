"""Traces of `shardlm bench`: HDF5 files in the form of docs/results.md, their events as arrays, and what they add up to."""
import os
import sys

from .refusal import Refused
from .results import KINDS

GROUPS = {"client": "client", "server_0": "server 0", "server_1": "server 1", "dealer": "dealer"}
COLUMNS = ("start", "end", "region", "layer", "step", "run", "depth", "bytes", "rounds")
PARTS = ("attention norm", "attention", "mlp norm", "mlp", "final norm", "head")
LEAVES = KINDS[:-1]


def need_h5py():
    """h5py and numpy, from this Python, or else from the system's, which Debian's packages are for."""
    try:
        import h5py  # noqa: F401
        import numpy  # noqa: F401
    except ImportError:
        system = "/usr/bin/python3"
        if os.path.exists(system) and os.path.realpath(sys.executable) != os.path.realpath(system) and "SHARDLM_PYTHON_TRIED" not in os.environ:
            os.environ["SHARDLM_PYTHON_TRIED"] = "1"
            os.execv(system, [system, *sys.argv])
        raise Refused("traces are read with h5py, which this Python does not have: install Debian's python3-h5py")
    os.environ.pop("SHARDLM_PYTHON_TRIED", None)


class RankTrace:
    """The events of a rank, sorted so that each comes before those within it. `parent`: the event around each, or -1."""

    def __init__(self, path, group, regions):
        import numpy as np
        self.role = GROUPS[group.name.strip("/")]
        self.attributes = dict(group.attrs)
        for name in COLUMNS:
            if name not in group or group[name].ndim != 1 or group[name].shape != group["start"].shape:
                raise Refused(f"{path} is not a whole trace: {group.name} has no {name} for every event")
            column = group[name][:]
            setattr(self, name, column if column.dtype.kind == "f" else column.astype(np.int64))
        if not (np.isfinite(self.start).all() and np.isfinite(self.end).all() and (self.end >= self.start).all()):
            raise Refused(f"{path} is damaged: {group.name} has events that end before they start")
        if len(self.region) and not (0 <= self.region.min() and self.region.max() < len(regions)):
            raise Refused(f"{path} is damaged: {group.name} has events of regions that have no name")
        order = np.lexsort((self.depth, self.start))
        for name in COLUMNS:
            setattr(self, name, getattr(self, name)[order])
        self.names = np.array(regions, dtype=object)[self.region] if len(self.region) else np.array([], dtype=object)
        self.parent = self._parents(np)

    @property
    def dropped(self):
        return int(self.attributes.get("dropped", 0))

    def _parents(self, np):
        """The last event before that is less deep by one, if it lies around: where memory had no room for that one, there is none."""
        parent = np.full(len(self.start), -1)
        positions = np.arange(len(self.start))
        for depth in range(1, int(self.depth.max(initial=0)) + 1):
            inner, outer = positions[self.depth == depth], positions[self.depth == depth - 1]
            if len(inner) and len(outer):
                found = np.searchsorted(outer, inner) - 1
                candidate = outer[np.maximum(found, 0)]
                within = (found >= 0) & (self.end[inner] <= self.end[candidate] + 1e-9)
                parent[inner] = np.where(within, candidate, -1)
        return parent

    def own_seconds(self):
        """Of each event, the time that no event within it has."""
        import numpy as np
        own = self.end - self.start
        inner = self.parent >= 0
        np.subtract.at(own, self.parent[inner], (self.end - self.start)[inner])
        return np.maximum(own, 0)  # sums of children may exceed their parent by rounding

    def around(self, names):
        """Of each event, the innermost of these regions that it is or lies in, as its place in `names`, or -1."""
        import numpy as np
        place = np.full(len(self.start), -1)
        for i, name in enumerate(names):
            place[self.names == name] = i
        for depth in range(1, int(self.depth.max(initial=0)) + 1):
            at = np.flatnonzero((self.depth == depth) & (place < 0) & (self.parent >= 0))
            place[at] = place[self.parent[at]]
        return place


class Trace:
    """A trace file: regions, runs (columns of /runs), ranks by role."""

    def __init__(self, path):
        import h5py
        try:
            file = h5py.File(path, "r")
        except OSError:
            raise Refused(f"{path} is not an HDF5 file that can be read")
        with file:
            self.path, self.attributes = path, {name: text(value) for name, value in file.attrs.items()}
            if self.attributes.get("format") != "shardlm trace":
                raise Refused(f"{path} is no trace of shardlm bench")
            if int(self.attributes.get("format_version", 0)) != 1:
                raise Refused(f"{path} has format version {self.attributes.get('format_version')}, and this reads 1 alone")
            try:
                self.regions = [text(name) for name in file["regions"][:]]
                self.runs = {name: file["runs"][name][:] for name in ("run", "start", "end", "prompt_tokens", "new_tokens")}
                self.ranks = {role: RankTrace(path, file[group], self.regions) for group, role in GROUPS.items() if group in file}
            except (KeyError, OSError, ValueError, TypeError) as error:
                raise Refused(f"{path} is not a whole trace: {error}")
        if len({len(column) for column in self.runs.values()}) > 1 or not self.ranks:
            raise Refused(f"{path} is not a whole trace: its runs or its ranks are missing")

    @property
    def dropped(self):
        return sum(rank.dropped for rank in self.ranks.values())

    @property
    def servers(self):
        return [rank for role, rank in self.ranks.items() if role.startswith("server")]

    def breakdown(self):
        """Mean ms of a run, over both servers: {"prompt" | "token": {part: {kind: ms}}}, of `token` for each further token. None without runs."""
        import numpy as np
        runs, further = len(self.runs["run"]), int(np.maximum(self.runs["new_tokens"].astype(np.int64) - 1, 0).sum())
        if not runs or not self.servers:
            return None
        found = {}
        for name, first, count in (("prompt", True, runs), ("token", False, further)):
            if count:
                found[name] = self._breakdown(np, first, 1000 / (count * len(self.servers)))
        return found

    def _breakdown(self, np, first, factor):
        sums = np.zeros((len(PARTS) + 1, len(KINDS)))
        for rank in self.servers:
            chosen = (rank.step == 0) == first
            chosen &= rank.around(["step"]) >= 0  # beside the steps a request holds waiting that is no work of any
            part, kind = rank.around(PARTS)[chosen], rank.around(LEAVES)[chosen]
            np.add.at(sums, (part, kind), rank.own_seconds()[chosen] * factor)  # -1, of no part or kind, is the last
        sums[np.abs(sums) < 1e-9] = 0  # what is left of differences
        return {name: dict(zip(KINDS, row.tolist())) for name, row in zip((*PARTS, "other"), sums)}

    def typical_run(self):
        """The run whose length is the median, as its place in /runs."""
        import numpy as np
        length = self.runs["end"] - self.runs["start"]
        return int(np.argsort(length, kind="stable")[(len(length) - 1) // 2]) if len(length) else None


def text(value):
    return value.decode("utf-8", "replace") if isinstance(value, bytes) else value
