"""bench: its JSON says what it measured, its statistics are those of its single times, and nothing is left behind where it cannot work."""
import json
import math
import os
import unittest
import unittest.mock

from program import MPIRUN, RANK, Case, Run, alone

PHASES = ["embedding", "prefill", "time_to_first_token", "decode", "dealer", "dealer_waited_for", "online", "total"]


def bench(*arguments, ranks=4):
    return Run([*MPIRUN, "-n", str(ranks), *RANK, "bench", *arguments])


def rounded(x):
    return math.floor(x + 0.5)  # halves away from zero


class Bench(Case):
    def of(self, *arguments, tokens=4):
        out = self.path("results.json")
        run = bench("--model", self.model, "-r", "3", "-w", "1", "-m", str(tokens), "-o", out, "--raw", *arguments)
        self.assertEqual(run.code, 0, run)
        with open(out) as file:
            return json.load(file), run

    def check_statistics(self, result):
        raw = result["raw_timings"]
        self.assertEqual(len(raw), result["config"]["runs"])
        samples = {name: [run[name] for run in raw] for name in PHASES if name in result["results"]}
        samples["token"] = [token for run in raw for token in run["tokens"]]
        for name, sample in samples.items():
            said, n = result["results"][name], len(sample)
            mean, ordered = sum(sample) / n, sorted(sample)
            self.assertEqual((said["n"], said["unit"], said["min"], said["max"]), (n, "ms", ordered[0], ordered[-1]), name)
            self.assertAlmostEqual(said["mean"], mean, 6)
            self.assertAlmostEqual(said["std"], math.sqrt(sum((x - mean) ** 2 for x in sample) / n), 6)
            self.assertAlmostEqual(said["cv"], said["std"] / mean if mean else 0, 6)
            for p in (50, 95, 99):
                self.assertEqual(said[f"p{p}"], ordered[rounded(p / 100 * (n - 1))], (name, p))

    def test_every_time_and_count_is_in_the_json(self):
        result, run = self.of("-e", "v3", "--tokens", "19")
        self.assertEqual((result["format"], result["format_version"], result["protocol"]), ("shardlm benchmark", 1, "v3"))
        config = result["config"]
        self.assertEqual((config["prompt"], config["text_tokens"], config["prompt_tokens"], config["tokens"]), ("Hello, how are you?", 6, 19, 19))
        self.assertEqual((config["runs"], config["warmup"], config["max_new_tokens"], config["embedding"]), (3, 1, 4, "table"))
        self.check_statistics(result)
        for phase in PHASES + ["token"]:
            self.assertIn(phase, result["results"])
            self.assertGreaterEqual(result["results"][phase]["min"], 0)
        for raw in result["raw_timings"]:
            self.assertEqual(len(raw["tokens"]), 3)
            self.assertAlmostEqual(raw["decode"], sum(raw["tokens"]), 6)
            self.assertAlmostEqual(raw["time_to_first_token"], raw["embedding"] + raw["prefill"], 6)
            self.assertLessEqual(raw["time_to_first_token"] + raw["decode"], raw["total"])
        for count, predicted in result["predicted"].items():
            self.assertEqual(result["traffic"][count], predicted, count)
        self.assertEqual(result["model"]["layers"], 4)
        self.assertEqual(result["model"]["parameters"], 2067392)  # the numbers in inputs/demo/model.safetensors
        ranks = result["provenance"]["ranks"]
        self.assertEqual([rank["role"] for rank in ranks], ["client", "server 0", "server 1", "dealer"])
        for rank in ranks:
            self.assertTrue(rank["host"] and rank["cpu"] and rank["cores"] > 0 and rank["memory"] > 0 and rank["threads"] > 0, rank)
        for key in ("commit", "compiler", "kokkos", "backend", "mpi", "isa"):
            self.assertTrue(result["provenance"][key], key)
        self.assertEqual(len(run.output.splitlines()), 2 + len(PHASES) + 1 + 1)

    def test_a_prompt_is_measured_as_it_reads_unless_tokens_says_otherwise(self):
        result, _ = self.of("-e", "v2", "-p", "one two three")
        self.assertEqual(result["config"]["prompt_tokens"], result["config"]["text_tokens"])
        longer, _ = self.of("-e", "v3", "-p", "one two three", "--chat")
        self.assertGreater(longer["config"]["prompt_tokens"], result["config"]["prompt_tokens"])
        self.check_statistics(result)

    def test_the_plain_engine_has_fewer_phases(self):
        out = self.path("plain.json")
        self.assertEqual(alone("bench", "-e", "plain", "--model", self.checkpoint, "-r", "3", "-w", "0", "-m", "2", "-o", out, "--raw").code, 0)
        with open(out) as file:
            result = json.load(file)
        self.assertEqual(list(result["results"]), ["prefill", "time_to_first_token", "decode", "token", "total"])
        for private in ("traffic", "predicted", "parts", "attestation"):
            self.assertNotIn(private, result)
        self.assertEqual(len(result["provenance"]["ranks"]), 1)
        self.check_statistics(result)

    def test_one_token_has_no_decode(self):
        result, _ = self.of("-e", "v3", tokens=1)
        self.assertNotIn("decode", result["results"])
        self.assertNotIn("token", result["results"])

    def test_a_trace_appears_beside_the_results(self):
        trace = self.path("trace.h5")
        self.of("-e", "v3", "--trace", trace)
        with open(trace, "rb") as file:
            self.assertEqual(file.read(8), b"\x89HDF\r\n\x1a\n")
        self.assertGreater(os.path.getsize(trace), 10000)  # what is in it: tests/unit/io_trace_file.cpp and tests/mpi/test_trace.cpp

    def test_a_text_from_a_file_stands_in_no_result(self):
        result, run = self.of("-e", "v3", "--prompt-file", self.file("secret.txt", "A very particular secret."))
        self.assertIsNone(result["config"]["prompt"])
        self.assertNotIn("particular", json.dumps(result) + run.output + run.errors)

    def test_tools_of_kokkos_see_the_same_regions(self):
        tool = os.environ["REGIONS_TOOL"]
        names = {"KOKKOS_PROFILE_LIBRARY": tool, "KOKKOS_TOOLS_LIBS": tool, "REGIONS": self.path("regions")}  # of Kokkos 3 and of later ones
        with unittest.mock.patch.dict(os.environ, names):
            self.of("-e", "v3", tokens=2)
        seen = []
        for name in os.listdir(self.folder):
            if name.startswith("regions."):
                with open(self.path(name)) as file:
                    seen.append([line.split(" ", 1) for line in file.read().splitlines()])
        self.assertEqual(len(seen), 4)  # ranks
        servers = [regions for regions in seen if ["0", "request"] in regions and any(name == "opening" for _, name in regions)]
        self.assertEqual(len(servers), 2)
        for regions in servers:
            self.assertEqual(regions[:4], [["0", "request"], ["1", "step"], ["2", "layer"], ["3", "attention norm"]])
            self.assertEqual(regions.count(["2", "layer"]), 4 * 2 * (1 + 3))  # layers, steps, runs

    def test_what_cannot_be_measured_leaves_nothing_behind(self):
        before = set(os.listdir(self.folder))
        self.refused(bench("--model", self.model, "-o", self.path("none/results.json")), "none/results.json")
        self.refused(bench("--model", self.model, "--trace", self.path("none/t.h5")), "none/t.h5")
        self.refused(bench("--model", self.model, "--tokens", "100000"), "--tokens 100000", "positions")
        self.refused(bench("--model", self.model, "-e", "v4"), "there is no protocol 'v4'")
        self.refused(bench("--model", self.model, "-p", ""), "the prompt is empty")
        self.refused(bench("--model", self.model, ranks=3), "four ranks are needed")
        self.assertEqual(set(os.listdir(self.folder)), before)
        ranks = [["bench", "--model", self.model, "-w", str(warmup)] for warmup in (1, 1, 2, 1)]
        several = Run([*MPIRUN, *sum(([":"] * (rank > 0) + ["-n", "1", *RANK, *arguments] for rank, arguments in enumerate(ranks)), [])])
        self.refused(several, "server 1 for something else", "-w and --trace")
        run = alone("bench", "-e", "plain", "--model", self.model, "--trace", self.path("t.h5"))
        self.assertNotEqual(run.code, 0)
        self.assertIn("--trace", run.sentences[0])


if __name__ == "__main__":
    unittest.main()
