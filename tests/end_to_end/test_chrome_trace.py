"""perf/chrome-trace on a made-up trace: what it writes parses, nests, and has every event."""
import json
import os
import unittest

from perf_scripts import Case, script
from made_up_results import RANKS, REGIONS, Made, write


class ChromeTrace(Case):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.made, cls.trace, cls.out = Made("v3", "tokens"), cls.path("made_up.trace.h5"), cls.path("out.json")
        cls.made.write_trace(cls.trace)
        cls.run_ = script("chrome-trace", cls.trace, cls.out)
        with open(cls.out, encoding="ascii") as file:
            cls.data = json.load(file)
        cls.events = [e for e in cls.data["traceEvents"] if e["ph"] == "X"]

    def test_ranks_are_processes(self):
        self.works(self.run_)
        names = {e["pid"]: e["args"]["name"] for e in self.data["traceEvents"] if e["name"] == "process_name"}
        self.assertEqual(names, {i: f"rank {i}: {role} on made-up" for i, role in enumerate(RANKS)})
        self.assertEqual(self.data["otherData"]["protocol"], "v3")

    def test_every_event_is_there(self):
        again = Made("v3", "tokens")
        for pid, role in enumerate(RANKS):
            expected = sorted((start * 1e6, REGIONS[region], run) for region, start, _, _, _, run, *_ in again.events(role))
            found = sorted((e["ts"], e["name"], e["args"]["run"]) for e in self.events if e["pid"] == pid)
            self.assertEqual(len(found), len(expected))
            self.assertEqual(sorted(n for _, n, _ in found), sorted(n for _, n, _ in expected))
            self.assertLess(max(abs(f[0] - e[0]) for f, e in zip(found, expected)), 0.001)

    def test_events_nest(self):
        for pid in range(4):
            stack = []
            for e in (e for e in self.events if e["pid"] == pid):  # written in this order
                start, end = round(e["ts"] * 1000), round((e["ts"] + e["dur"]) * 1000)
                while stack and stack[-1][1] <= start:
                    stack.pop()
                if stack:
                    self.assertLessEqual(end, stack[-1][1], e)
                    self.assertGreaterEqual(start, stack[-1][0], e)
                stack.append((start, end))

    def test_one_run_alone(self):
        self.works(script("chrome-trace", self.trace, self.path("one.json"), "--run", "2"))
        with open(self.path("one.json"), encoding="ascii") as file:
            events = [e for e in json.load(file)["traceEvents"] if e["ph"] == "X"]
        self.assertEqual({e["args"]["run"] for e in events}, {2})
        self.assertEqual(len(events), len([e for e in self.events if e["args"]["run"] == 2]))

    def test_what_is_no_trace(self):
        self.refused(script("chrome-trace", self.path("nowhere"), self.path("none.json")), "there is no file", "nowhere")
        write(self.path("text.h5"), "text")
        self.refused(script("chrome-trace", self.path("text.h5"), self.path("none.json")), "text.h5 is not an HDF5 file")
        self.refused(script("chrome-trace", self.trace, self.path("nowhere/out.json")), "nowhere/out.json")
        self.assertFalse([name for name in os.listdir(self.folder) if name.startswith("none") or name.endswith(".part")])


if __name__ == "__main__":
    unittest.main()
