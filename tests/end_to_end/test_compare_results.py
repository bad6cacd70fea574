"""perf/compare on made-up results: it finds a difference that is there, and none that is not."""
import json
import math
import os
import random
import re
import unittest

from perf_scripts import Case, script
from made_up_results import Made, write, write_folder

from shardlm_perf.comparing import Compared, compare
from shardlm_perf.results import Benchmark
from shardlm_perf.rounds import merge
from shardlm_perf.stats import Difference, holm, summary, t_quantile, two_sided_p


def verdicts(output):
    """{(benchmark, phase): verdict}"""
    found, name = {}, None
    for line in output.splitlines():
        if heading := re.match(r"(\S.*): \d+ tokens, \d+ new$", line):
            name = heading[1]
        elif row := re.match(r"  (\S+(?: \S+)*?)  +\S.*  (slower|faster|within the noise|unknown: too few runs)$", line):
            found[name, row[1]] = row[2]
    return found


class Compares(Case):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        made = lambda name, **options: write_folder(cls.path(name), **{"protocols": ("v3", "v2", "plain"), "failed": (), "traces": False, "extras": False, "runs": 12, **options})
        cls.a, cls.again = made("a"), made("again", seed=2)
        cls.slow, cls.failing = made("slow", seed=3, slower=1.15), made("failing", seed=2, failed=(("v2", "text"),))
        cls.bare = made("bare", seed=4, slower=1.15, raw=False)

    def test_noise_is_no_difference(self):
        found = verdicts(self.works(script("compare", self.a, self.again)))
        self.assertEqual(len(found), 2 * (9 + 9 + 5))
        self.assertEqual(set(found.values()), {"within the noise"})

    def test_a_real_difference_is_found_both_ways(self):
        for sides, word in (((self.a, self.slow), "slower"), ((self.slow, self.a), "faster")):
            found = verdicts(self.works(script("compare", *sides)))
            for name in ("V2, text", "V3, text", "V3, tokens", "plaintext, text"):
                self.assertEqual(found[name, "request"], word)
                self.assertEqual(found[name, "further token"], word)
            self.assertNotEqual(found["V3, text", "embedding"], word)  # that one did not change
            self.assertIn("at most 1 % (Holm)", self.works(script("compare", *sides)))

    def test_the_exit_status_is_for_those_who_ask(self):
        self.works(script("compare", self.a, self.again, "--fail-if-slower", "0"))
        self.works(script("compare", self.a, self.slow, "--fail-if-slower", "30"))
        self.works(script("compare", self.slow, self.a, "--fail-if-slower", "0"))
        run = script("compare", self.a, self.slow, "--fail-if-slower", "5")
        self.assertEqual(run.returncode, 1)
        self.assertRegex(run.stderr, r"shardlm: V3, text, request: slower by 1\d\.\d %")
        run = script("compare", self.a, self.failing, "--fail-if-slower", "5")
        self.assertEqual((run.returncode, run.stderr), (1, f"shardlm: V2, text: failed in {self.failing}\n"))
        self.assertIn("only in A: V2, text", run.stdout)

    def test_without_raw_timings_summaries_are_compared(self):
        output = self.works(script("compare", self.a, self.bare))
        self.assertIn("t-test of summaries of runs", output)
        self.assertEqual(verdicts(output)["V3, tokens", "request"], "slower")

    def test_two_files_are_compared_whatever_they_are_of(self):
        output = self.works(script("compare", os.path.join(self.a, "v3-text.json"), os.path.join(self.a, "v2-text.json")))
        self.assertEqual(verdicts(output)["V3 and V2", "request"], "slower")
        self.assertIn("not like with like: protocol (v3 and v2)", output)

    def test_one_run_is_no_sample(self):
        one = write_folder(self.path("one"), protocols=("v3",), failed=(), traces=False, extras=False, runs=1)
        self.assertEqual(set(verdicts(self.works(script("compare", one, one))).values()), {"unknown: too few runs"})

    def test_what_cannot_be_compared(self):
        longer = write_folder(self.path("longer"), protocols=("v3",), failed=(), traces=False, extras=False, new_tokens=7)
        self.assertIn("new tokens (5 and 7)", self.works(script("compare", self.a, longer)))
        run = script("compare", self.a, longer, "--fail-if-slower", "5")
        self.assertEqual(run.returncode, 2)
        self.assertIn("would mean nothing for V3, text: new tokens differ", run.stderr)
        other = write_folder(self.path("other"), protocols=("v3-mpc",), failed=(), traces=False, extras=False)
        self.refused(script("compare", self.a, other), "have no benchmark in common")
        self.refused(script("compare", self.a, self.path("nowhere")), "there is no folder", "nowhere")
        self.refused(script("compare", self.a, self.folder), "holds no results")
        self.refused(script("compare", self.a, self.a, "--false-alarms", "2"), "not between 0 and 1")
        self.refused(script("compare", self.a), "B")


class Rounds(Case):
    """Starts of the program that differ more than their runs do."""

    def merged(self, name, seed, speeds):
        paths = []
        for i, speed in enumerate(speeds):
            paths.append(self.path(f"{name}-{i}.json"))
            write(paths[-1], json.dumps(Made("v3", "text", seed=f"{seed} {i}", slower=speed, noise=0.005).json()))
        merge(paths, self.path(f"{name}.json"))
        return self.path(f"{name}.json")

    def test_rounds_are_one_benchmark_of_all_runs(self):
        path = self.merged("all", 1, (1.0, 1.1, 1.05))
        with open(path, encoding="utf-8") as file:
            data = json.load(file)
        self.assertEqual(data["config"]["runs"], 18)
        self.assertEqual([run["round"] for run in data["raw_timings"]], [i for i in range(3) for _ in range(6)])
        self.assertEqual(data["results"]["total"], {**summary([run["total"] for run in data["raw_timings"]]), "tokens_per_second": data["results"]["total"]["tokens_per_second"]})
        self.assertEqual(data["results"]["token"]["n"], 18 * 4)
        self.assertAlmostEqual(data["results"]["prefill"]["tokens_per_second"], 6000 / data["results"]["time_to_first_token"]["mean"])
        self.assertAlmostEqual(data["results"]["decode"]["tokens_per_second"], 4000 / data["results"]["decode"]["mean"])

    def test_differences_between_rounds_are_noise(self):
        a, b = self.merged("a", 2, (1.0, 1.08, 0.97, 1.03)), self.merged("b", 3, (1.04, 1.09, 1.02, 1.1))
        output = self.works(script("compare", a, b))
        self.assertIn("t-test of means of rounds", output)
        self.assertNotIn("How one start", output)
        self.assertEqual(verdicts(output)["V3", "request"], "within the noise")
        far = self.merged("far", 4, (1.5, 1.58, 1.47, 1.53))
        self.assertEqual(verdicts(self.works(script("compare", a, far)))["V3", "request"], "slower")


class FalseAlarms(Case):
    def test_they_are_as_rare_as_is_said(self):
        """400 comparisons of 9 phases without a difference, under noise with a heavy tail: with a rate of 5 %, 20 false alarms are expected, and 36 or more have a chance of 4e-4; the seed is fixed."""
        generator, alarms = random.Random(7), 0
        path = self.path("one.json")

        def benchmark():
            made = Made("v3", "text", seed=generator.random(), runs=8)
            for run in made.runs:
                if generator.random() < 0.1:  # somebody else used the machine
                    factor = generator.uniform(1.0, 1.6)
                    run.update({name: factor * value for name, value in run.items() if name != "tokens"}, tokens=[factor * t for t in run["tokens"]])
            write(path, json.dumps(made.json()))
            return Benchmark(path)

        for _ in range(400):
            alarms += any(c.significant for c in compare([("V3", benchmark(), benchmark())], 0.05))
        self.assertLess(alarms, 36)

    def test_a_difference_of_a_tenth_is_seen_in_eight_runs(self):
        path, found = self.path("other.json"), 0
        for seed in range(50):
            sides = []
            for slower in (1.0, 1.1):
                write(path, json.dumps(Made("v3", "text", seed=f"{seed} {slower}", runs=8, slower=slower).json()))
                sides.append(Benchmark(path))
            found += any(c.significant and isinstance(c, Compared) and c.phase == "total" for c in compare([("V3", *sides)], 0.01))
        self.assertGreater(found, 45)


class Statistics(unittest.TestCase):
    def test_percentiles_are_the_elements_that_the_form_says(self):
        s = summary([float(i) for i in (3, 1, 2, 10, 4, 6, 5, 7, 9, 8, 11)])
        self.assertEqual((s["p50"], s["p95"], s["p99"], s["min"], s["max"], s["n"]), (6, 11, 11, 1, 11, 11))  # 9.5 is 10 away from zero
        self.assertAlmostEqual(s["std"], math.sqrt(10))
        self.assertEqual(summary([5.0])["p99"], 5)

    def test_students_distribution(self):
        for t, freedom, p in ((2.228139, 10, 0.05), (12.7062, 1, 0.05), (3.169273, 10, 0.01), (1.959964, 1e7, 0.05), (0, 3, 1)):
            self.assertAlmostEqual(two_sided_p(t, freedom), p, delta=2e-6)
        self.assertAlmostEqual(t_quantile(0.01, 5), 4.032143, delta=1e-5)

    def test_welch_by_a_worked_example(self):
        a, b = summary([27.5, 21.0, 19.0, 23.6, 17.0, 17.9, 16.9, 20.1, 21.9, 22.6, 23.1, 19.6, 19.0, 21.7, 21.4]), summary([27.1, 22.0, 20.8, 23.4, 23.4, 23.5, 25.8, 22.0, 24.8, 20.2, 21.9, 22.1, 22.9, 20.5, 24.4])
        self.assertAlmostEqual(Difference(a, b).p, 0.021378, delta=1e-5)

    def test_holm(self):
        self.assertEqual(holm([0.02, 0.001, None, 0.013], 0.05), [True, True, False, True])
        self.assertEqual(holm([0.03, 0.001, 0.04], 0.05), [False, True, False])


if __name__ == "__main__":
    unittest.main()
