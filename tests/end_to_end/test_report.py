"""perf/report on made-up results: every number of the page is that of the data, failures are shown, and what is missing is said to be."""
import decimal
import json
import os
import re
import shutil
import unittest

from perf_scripts import Case, Page, script
from made_up_results import KINDS, PARTS, REGIONS, Made, write, write_folder

from shardlm_perf.stats import Difference  # the path is perf_scripts'
from shardlm_perf.timeline import segments
from shardlm_perf.traces import Trace


def read(path):
    with open(path, encoding="ascii") as file:  # the pages are ASCII
        return file.read()


class Expected:
    """What the number of a key should be, from the JSON files of a folder alone."""

    def __init__(self, folder):
        self.folder, self.cache = folder, {}

    def json(self, name):
        if name not in self.cache:
            with open(os.path.join(self.folder, name + ".json"), encoding="utf-8") as file:
                self.cache[name] = json.load(file)
        return self.cache[name]

    def value(self, key):
        first, *rest = key.split(".")
        if first == "peers":
            value = self.json("peers")["entries"][int(rest[0])]
            for name in rest[1:]:
                value = value[name]
            return value
        if first == "published":
            with open(os.path.join(os.path.dirname(__file__), "../../perf/published/benchmark_7b.json")) as file:
                return self.walk(json.load(file)["protocols"], rest)
        if rest[0] == "accuracy":
            return self.walk(self.json(f"compare-{first}")["all"], rest[1:])
        data, rest = self.json(f"{first}-{rest[0]}"), rest[1:]
        if rest[0] == "raw":
            return data["raw_timings"][int(rest[1])][rest[2]]
        if rest[0] == "provenance":
            return data["provenance"]["ranks"][int(rest[1])][rest[2]]
        if rest[0] in ("relative", "ranking"):
            return self.derived(data, key.split(".")[1], *rest)
        return self.walk(data["results"] if rest[0] in data["results"] else data, rest)

    @staticmethod
    def walk(data, names):
        for name in names:
            data = data[name]
        return data

    def derived(self, data, case, kind, what):
        mean = lambda d, phase: d["results"][phase]["mean"]
        if kind == "relative":
            if what == "plain":
                return mean(data, "total") / mean(self.json(f"plain-{case}"), "total")
            return mean(data, what) / mean(self.json(f"v3-{case}"), what)
        ordered = sorted((self.json(f"{p}-{case}") for p in ("v2", "v3", "v3-ot", "v3-mpc", "v3-cc", "plain") if os.path.exists(os.path.join(self.folder, f"{p}-{case}.json"))),
                         key=lambda d: mean(d, "total"))
        before = ordered[[d["protocol"] for d in ordered].index(data["protocol"]) - 1]
        if what == "p":
            return Difference(before["results"]["total"], data["results"]["total"]).p
        return mean(data, "total") / mean(before, "total") - 1


UNITS = {"": (1, 1000, 1e-3, 1e-6, 2.0 ** -20), "s": (1e-3,), "GiB": (2.0 ** -30,), "MiB": (2.0 ** -20,), "KiB": (2.0 ** -10,), "B": (1,), "%": (100,), "million": (1e-6,), "billion": (1e-9,)}


def shown(text, value):
    """Is `text` this value, rounded to half of its last figure? A unit may be its own or its column's."""
    digits, exponent, unit = re.fullmatch(r"([+-]?[\d .]+?)(?:e(-?\d+))? ?([A-Za-z%]*)", text).groups()
    exact = decimal.Decimal(digits.replace(" ", "") + (f"e{exponent}" if exponent else ""))
    last = exact.as_tuple().exponent if "." in digits else exact.normalize().as_tuple().exponent
    return any(abs(float(exact) - value * factor) <= 0.5001 * 10.0 ** last for factor in UNITS[unit])


class Report(Case):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.results = write_folder(cls.path("results"))
        cls.run_ = script("report", cls.results)
        cls.html, cls.markdown = (read(os.path.join(cls.results, name)) for name in ("report.html", "report.md"))
        cls.page, cls.expected = Page(cls.html), Expected(cls.results)

    def test_it_says_what_it_wrote(self):
        self.assertEqual(self.works(self.run_).split(), [os.path.join(self.results, name) for name in ("report.html", "report.md")])
        self.assertFalse([name for name in os.listdir(self.results) if name.endswith(".part")])

    def test_every_number_is_that_of_the_data(self):
        self.assertGreater(len(self.page.numbers), 1500)
        for key, shown_as in self.page.numbers.items():
            for value, text in shown_as:
                if ".trace." not in key:
                    self.assertEqual(json.loads(value), self.expected.value(key), key)
                self.assertTrue(shown(text, json.loads(value)), f"{key}: {text} is not {value}")

    def test_every_statistic_is_on_the_page(self):
        for name in os.listdir(self.results):
            found = re.fullmatch(r"(v\d[a-z-]*|plain)-(text|tokens)\.json", name)
            if not found:
                continue
            data, key = self.expected.json(name[:-5]), f"{found[1]}.{found[2]}"
            for phase, statistics in data["results"].items():
                for statistic in ("n", "mean", "std", "min", "max", "p50", "p95", "p99", "cv"):
                    self.assertIn(f"{key}.{phase}.{statistic}", self.page.numbers)
            for i, run in enumerate(data["raw_timings"]):
                for phase in set(run) - {"tokens"}:
                    self.assertIn(f"{key}.raw.{i}.{phase}", self.page.numbers)
            self.assertIn(f"{key}.start_up", self.page.numbers)
            self.assertEqual(f"{key}.handshakes" in self.page.numbers, "handshakes" in data)
            for group in ("traffic", "peak_bytes"):
                for what in data.get(group, {}):
                    self.assertIn(f"{key}.{group}.{what}", self.page.numbers)

    def test_markdown_has_the_same_numbers(self):
        for key in ("v3.tokens.time_to_first_token.mean", "v2.text.total.p99", "v3.tokens.decode.tokens_per_second"):
            self.assertIn(self.page.numbers[key][0][1], self.markdown)

    def test_time_by_part_and_kind_is_what_the_events_add_up_to(self):
        made = Made("v3", "tokens")
        for step, name, count in ((lambda s: s == 0, "prompt", len(made.runs)), (lambda s: s > 0, "token", len(made.runs) * (made.new_tokens - 1))):
            # Made draws anew for each call of events(): in the order in which write_trace wrote the ranks.
            made = Made("v3", "tokens")
            sums = {}
            for role in ("client", "server 0", "server 1", "dealer"):
                events = made.events(role)
                if not role.startswith("server"):
                    continue
                for region, start, end, layer, at, run, depth, *_ in events:
                    if step(at) and depth == 4:
                        part = next(REGIONS[r] for r, s, e, _, a, n, d, *_ in self.parts_of(events, at, run) if s <= start and end <= e)
                        piece = "norm" if part.endswith("norm") else part
                        sums[piece, REGIONS[region]] = sums.get((piece, REGIONS[region]), 0) + 1000 * (end - start) / (2 * count)
            self.assertEqual({piece for piece, _ in sums}, {"norm", "attention", "mlp"})
            for (piece, kind), expected in sums.items():
                value = json.loads(self.page.numbers[f"v3.tokens.trace.{name}.{piece}.{kind}"][0][0])
                self.assertAlmostEqual(value, expected, delta=1e-6)

    def parts_of(self, events, step, run):
        self.by_step = getattr(self, "by_step", {})
        key = id(events), step, run
        if key not in self.by_step:
            self.by_step[key] = [e for e in events if REGIONS[e[0]] in PARTS and e[4] == step and e[5] == run]
        return self.by_step[key]

    def test_parts_add_up_to_the_steps(self):
        for protocol in ("v2", "v3-mpc"):
            whole = sum(json.loads(self.page.numbers[f"{protocol}.tokens.trace.prompt.{piece}.together"][0][0]) for piece in ("norm", "attention", "mlp", "head", "other"))
            self.assertAlmostEqual(whole, self.expected.json(f"{protocol}-tokens")["results"]["prefill"]["mean"], delta=1e-6)

    def test_a_timeline_shows_each_event_where_it_was(self):
        made, trace = Made("v3", "tokens"), Trace(os.path.join(self.results, "v3-tokens.trace.h5"))
        lengths = sorted((run["total"], i) for i, run in enumerate(made.runs))
        run = trace.typical_run()
        self.assertEqual(run, lengths[(len(lengths) - 1) // 2][1])
        for rank in trace.ranks.values():
            found = segments(rank, run)
            self.assertTrue(all(a < b for a, b, _ in found) and all(one[1] <= other[0] for one, other in zip(found, found[1:])))
            leaves = [(s, e, n) for s, e, n, r in zip(rank.start, rank.end, rank.names, rank.run) if r == run and n in (*KINDS, "embedding", "logits", "sampling")]
            shown = {(a, b, name) for a, b, name in found if name not in ("other", "dealing")}
            self.assertEqual(shown, set(leaves))
        dealt = sum(b - a for a, b, _ in segments(trace.ranks["dealer"], run))
        self.assertAlmostEqual(dealt, 0.7 * (made.runs[run]["prefill"] + sum(made.runs[run]["tokens"])) / 1000)

    def test_failed_runs_are_shown_as_failed(self):
        for text in (self.page.text, self.markdown.replace("\\", "")):
            self.assertIn("V3-CC failed in case", text)
            self.assertIn("exit status 3", text)
            self.assertIn("made-up trouble with a", text)
            self.assertIn("failed: exit status 1. shardlm: made-up trouble", text)  # accuracy of V2
        self.assertIn("11 benchmarks, 1 failed", self.page.text)
        self.assertFalse([key for key in self.page.numbers if key.startswith("v3-cc.text.")])

    def test_the_page_needs_nothing_and_lets_nothing_in(self):
        self.assertEqual(self.page.outside, [])
        self.assertNotIn("script", self.page.tags)
        self.assertNotIn("@import", self.html)
        self.assertNotIn("url(", self.html)
        self.assertIn("prefers-color-scheme: dark", self.html)
        self.assertIn('Hello, <how> are & "you"?', self.page.text)
        self.assertNotIn("<how>", self.html)

    def test_it_says_what_the_earlier_system_was(self):
        for words in ("Its server sees everything", "are the 19 characters of the prompt", "characters of the prompt over the prompt's time", "a ratio would mean nothing"):
            self.assertIn(words, self.page.text)

    def test_security_has_the_protocols_that_were_run(self):
        for words in ("Any two of them together see everything", "has the table's key", "the other server the weights minus the seed's stream", "none (software encryption only)"):
            self.assertIn(words, self.page.text)

    def test_charts_are_drawn(self):
        for words in ("Time to the first token", "Further tokens a second", "Time of the prompt by part of the model", "Time of a further token by kind of work", "V3-MPC, layer 2 of the prompt", "Whole requests in the order of the runs"):
            self.assertIn(words, self.page.text)
        self.assertGreater(self.html.count("<svg"), 100)


class Folders(Case):
    """Results that lack something, are several, or are no results."""

    def page(self, *folders):
        self.works(script("report", *folders))
        return Page(read(os.path.join(folders[0], "report.html")))

    def test_what_is_missing_is_said_to_be(self):
        page = self.page(write_folder(self.path("bare"), protocols=("v3",), failed=(), traces=False, extras=False, raw=False))
        for words in ("Plaintext was not measured", "No traces are here", "Accuracy was not measured", "Other projects were not measured", "was measured without --raw", "There is no system_info.txt here"):
            self.assertIn(words, page.text)

    def test_a_folder_in_which_all_failed(self):
        page = self.page(write_folder(self.path("failed"), protocols=("v3",), failed=(("v3", "text"), ("v3", "tokens")), extras=False))
        self.assertIn("0 benchmarks, 2 failed", page.text)
        self.assertIn("none: every run failed", page.text)

    def test_summaries_that_do_not_follow_from_the_runs_are_named(self):
        folder = write_folder(self.path("wrong"), protocols=("v3",), failed=(), traces=False)
        self.assertIn("All summaries of 2 benchmarks were computed again", self.page(folder).text)
        path = os.path.join(folder, "v3-text.json")
        data = json.loads(read(path))
        data["results"]["prefill"]["p95"] *= 1.01
        write(path, json.dumps(data))
        self.assertIn("do not follow from the runs: V3, case text, prompt", self.page(folder).text)

    def test_traffic_that_was_not_predicted_is_shown(self):
        folder = write_folder(self.path("traffic"), protocols=("v3",), failed=(), traces=False)
        path = os.path.join(folder, "v3-text.json")
        data = json.loads(read(path))
        data["predicted"]["rounds"] -= 1
        write(path, json.dumps(data))
        page = self.page(folder)
        self.assertIn("predicted in 1 of 2 benchmarks", page.text)
        self.assertEqual(page.numbers["v3.text.predicted.rounds"][0][0], str(data["predicted"]["rounds"]))

    def test_several_models(self):
        sizes = [write_folder(self.path("sizes", name), protocols=("v2", "v3"), failed=(), layers=layers) for name, layers in (("a", 4), ("b", 12))]
        page = self.page(*sizes)
        self.assertIn("First token over the model's size", page.text)
        for i, folder in enumerate(sizes, 1):
            expected = Expected(folder).value("v3.tokens.token.mean")
            self.assertEqual({value for value, _ in page.numbers[f"{i}/v3.tokens.token.mean"]}, {json.dumps(expected)})
        self.works(script("report", self.path("sizes")))  # a folder of folders is the same
        self.assertEqual(Page(read(self.path("sizes", "report.html"))).numbers, page.numbers)

    def test_what_is_no_results_folder(self):
        self.refused(script("report", self.path("nowhere")), "there is no folder", "nowhere")
        os.mkdir(self.path("empty"))
        self.refused(script("report", self.path("empty")), "empty holds no results")
        write(self.path("file"), "")
        self.refused(script("report", self.path("file")), "file is not a folder")

    def damage(self, name, change, *words):
        """A folder with one file changed is refused, with these words, and gets no report."""
        folder = write_folder(self.path("damaged"), protocols=("v3",), failed=(), extras=False)
        change(os.path.join(folder, name))
        self.refused(script("report", folder), name, *words)
        self.assertFalse([n for n in os.listdir(folder) if n.startswith("report")])
        shutil.rmtree(folder)

    def change_json(self, change):
        def do(path):
            data = json.loads(read(path))
            change(data)
            write(path, json.dumps(data))
        return do

    def test_damaged_results(self):
        change = self.change_json
        self.damage("v3-text.json", lambda path: write(path, read(path)[:1000]), "is not JSON")
        self.damage("v3-text.json", lambda path: write(path, "[" * 100000), "is not JSON")
        self.damage("v3-text.json", lambda path: write(path, "[]"), "is no result of shardlm bench")
        self.damage("v3-text.json", change(lambda d: d.update(format_version=2)), "format version 2")
        self.damage("v3-text.json", change(lambda d: d.update(protocol="v9")), "'v9'")
        self.damage("v3-text.json", change(lambda d: d.update(protocol="v2")), "which its name does not say")
        self.damage("v3-text.json", change(lambda d: d["results"].pop("total")), "has no results.total")
        self.damage("v3-text.json", change(lambda d: d["results"]["total"].pop("p95")), "has no results.total.p95")
        self.damage("v3-text.json", change(lambda d: d["results"]["total"].update(mean=float("nan"))), "NaN")
        self.damage("v3-text.json", change(lambda d: d["results"]["total"].update(mean="fast")), "results.total.mean")
        self.damage("v3-text.json", change(lambda d: d["raw_timings"][1].update(prefill=None)), "raw_timings[1].prefill")
        self.damage("v3-text.json", change(lambda d: d["model"].update(layers=5)), "two models")
        self.damage("v3-text.trace.h5", lambda path: write(path, "no trace"), "not an HDF5 file")

    def change_trace(self, change):
        def do(path):
            import h5py
            with h5py.File(path, "r+") as file:
                change(file)
        return do

    def test_damaged_traces(self):
        change, name = self.change_trace, "v3-text.trace.h5"
        self.damage(name, change(lambda f: f.attrs.update(format="other")), "is no trace")
        self.damage(name, change(lambda f: f.attrs.update(format_version=2)), "format version 2")
        self.damage(name, change(lambda f: f.pop("regions")), "is not a whole trace")
        self.damage(name, change(lambda f: f["server_0"].pop("depth")), "no depth")
        self.damage(name, change(lambda f: f["server_0/region"].__setitem__(0, 99)), "no name")
        self.damage(name, change(lambda f: f["server_0/end"].__setitem__(0, -1.0)), "end before they start")

    def test_dropped_events_are_mentioned(self):
        folder = write_folder(self.path("dropped"), protocols=("v3",), failed=())
        self.change_trace(lambda f: f["server_0"].attrs.update(dropped=17))(os.path.join(folder, "v3-text.trace.h5"))
        self.assertIn("lacks 17 events", self.page(folder).text)


if __name__ == "__main__":
    unittest.main()
