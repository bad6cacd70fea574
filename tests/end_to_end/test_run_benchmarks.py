"""perf/run-benchmarks: what it starts and what it leaves, with a made-up program that fails on demand; then the whole with the real one."""
import json
import os
import signal
import subprocess
import sys
import time
import unittest

from perf_scripts import PERF, Case, Page, script

HERE = os.path.dirname(os.path.abspath(__file__))
MADE_UP = os.path.join(HERE, "made_up_program.py")
DEMO = os.path.join(HERE, "../../inputs/demo")
PROTOCOLS = ("v2", "v3", "v3-ot", "v3-mpc", "v3-cc", "plain")


class WithMadeUpProgram(Case):
    def benchmarks(self, name, *arguments, failures=None):
        """The run, and what it called."""
        self.environment = {**os.environ, "MADE_UP_CALLS": self.path(name + ".calls"), "MADE_UP_FAILURES": json.dumps(failures or {})}
        self.arguments = ["--program", MADE_UP, "--mpirun", "env FOUR=ranks", "--out", self.path(name), *arguments]
        run = script("run-benchmarks", *self.arguments, env=self.environment)
        with open(self.path(name + ".calls"), encoding="utf-8") as calls:
            return run, [json.loads(line) for line in calls]

    def files(self, name, *suffixes):
        return sorted(file for file in os.listdir(self.path(name)) if not suffixes or file.endswith(suffixes))

    def test_all_protocols_with_what_they_need(self):
        run, calls = self.benchmarks("all", "--all", "--accuracy", "-m", "3", "-r", "4", "-w", "2", "--threads", "2", "--model", DEMO)
        self.assertEqual(run.returncode, 0, run)
        self.assertEqual(self.files("all", ".json"), sorted([f"{p}-{case}.json" for p in PROTOCOLS for case in ("text", "tokens")] + [f"compare-{p}.json" for p in PROTOCOLS[:-1]]))
        for name in ("report.html", "report.md", "system_info.txt", "v3-cc-tokens.log"):
            self.assertIn(name, self.files("all"))
        self.assertEqual(self.files("all", ".failed", ".part"), [])
        self.assertFalse([name for name in os.listdir(self.folder) if name.startswith("all.work")])
        benches = {(c[2], "--tokens" in c): c for c in calls if c[0] == "bench"}
        self.assertEqual(len(benches), 12)
        self.assertEqual([c[0] for c in calls].count("convert"), 1)
        given = lambda call, name: call[call.index(name) + 1]
        for (protocol, exact), call in benches.items():
            self.assertEqual([given(call, o) for o in ("-m", "-r", "-w", "--threads", "-t")], ["3", "4", "2", "2", "0.7"])
            self.assertIn("--prompt-file", call)  # another launcher may start ranks on other hosts
            self.assertIn("--raw", call)
            self.assertEqual(given(call, "--tokens") if exact else "19", "19")
            self.assertEqual("--trace" in call, protocol != "plain")
            self.assertEqual("--one-machine" in call, protocol == "v3-mpc")
        self.assertTrue(given(benches["v3-ot", True], "--ot").endswith("/v3-ot"))
        self.assertTrue(given(benches["v3-cc", True], "--model").endswith("/sealed.h5"))
        self.assertTrue(given(benches["v3-cc", True], "--peers").endswith("/keys/peers.toml"))
        self.assertEqual({given(c, "--reference") for c in calls if c[0] == "compare"}, {DEMO})

    def test_what_fails_is_recorded_and_the_others_go_on(self):
        failures = {"bench v3 text": 3, "bench v2 tokens": "silent", "bench plain text": "damaged", "seal": 2, "compare v3-ot": 1}
        run, calls = self.benchmarks("failing", "--all", "--accuracy", "-m", "3", "-r", "2", failures=failures)
        self.assertEqual(run.returncode, 1, run)
        expected = {"v3-text": "exit status 3", "v2-tokens": "exit status 0, but it wrote no result", "plain-text": "its result cannot be used", "v3-cc-text": "exit status 2",
                    "v3-cc-tokens": "exit status 2", "compare-v3-ot": "exit status 1", "compare-v3-cc": "exit status 2"}
        self.assertEqual(self.files("failing", ".failed"), sorted(name + ".failed" for name in expected))
        for name, status in expected.items():
            with open(self.path("failing", name + ".failed"), encoding="utf-8") as file:
                lines = file.read().splitlines()
            self.assertEqual(lines[0], status)
            self.assertIn("made-up trouble of", "\n".join(lines)) if status.startswith("exit status") and "wrote" not in status else None
        self.assertEqual(self.files("failing", ".json"), ["compare-v2.json", "compare-v3-mpc.json", "compare-v3.json", "plain-tokens.json", "v2-text.json", "v3-mpc-text.json",
                                                          "v3-mpc-tokens.json", "v3-ot-text.json", "v3-ot-tokens.json", "v3-tokens.json"])
        with open(self.path("failing", "report.html"), encoding="ascii") as file:
            text = Page(file.read()).text
        for words in ("V3 failed in case text: exit status 3", "V3-CC failed in case tokens: exit status 2", "made-up trouble of seal"):
            self.assertIn(words, text)

    def test_rounds_take_turns(self):
        run, calls = self.benchmarks("rounds", "--v2", "--v3", "--plain", "-m", "3", "-r", "7", "--rounds", "3", "--cases", "text")
        self.assertEqual(run.returncode, 0, run)
        benches = [c for c in calls if c[0] == "bench"]
        self.assertEqual([c[2] for c in benches], ["v2", "v3", "plain"] * 3)
        self.assertEqual([c[c.index("-r") + 1] for c in benches], ["3"] * 3 + ["2"] * 6)
        with open(self.path("rounds", "v3-text.json"), encoding="utf-8") as file:
            data = json.load(file)
        self.assertEqual((data["config"]["runs"], data["results"]["total"]["n"], data["config"]["rounds"]), (7, 7, 3))

    def test_a_round_that_fails_fails_the_benchmark(self):
        run, calls = self.benchmarks("bad_rounds", "--v2", "--v3", "-m", "3", "-r", "3", "--rounds", "3", failures={"bench v3 text": 4})
        self.assertEqual(run.returncode, 1, run)
        self.assertEqual(self.files("bad_rounds", ".json", ".failed"), ["v2-text.json", "v2-tokens.json", "v3-text.failed", "v3-tokens.json"])
        self.assertEqual(len([c for c in calls if c[:3] == ["bench", "-e", "v3"] and "--tokens" not in c]), 1)

    def test_options_of_ones_own_and_several_models(self):
        models = [self.path("small.h5"), self.path("large.h5")]
        for model in models:
            with open(model, "w", encoding="utf-8"):
                pass
        run, calls = self.benchmarks("models", "--v3-mpc", "-m", "2", "-r", "2", "--with", "v3-mpc=--model '/srv/my shares'", "--bench-options=--pad-to 32", "--model", models[0], "--model", models[1])
        self.assertEqual(run.returncode, 0, run)
        self.assertEqual({c[0] for c in calls}, {"--version", "bench"})
        for call in calls:
            if call[0] == "bench":
                self.assertEqual(call[call.index("--model") + 1], "/srv/my shares")
                self.assertEqual(call[-2:], ["--pad-to", "32"])
        self.assertEqual(self.files("models"), ["large", "report.html", "report.md", "small"])

    def test_a_run_that_hangs_is_ended(self):
        run, _ = self.benchmarks("hanging", "--v3", "--cases", "text", "--limit", "1", failures={"bench v3 text": "hang"})
        self.assertEqual(run.returncode, 1, run)
        with open(self.path("hanging", "v3-text.failed"), encoding="utf-8") as file:
            self.assertEqual(file.readline(), "ended after 1 s, which is --limit\n")

    def test_an_interrupt_leaves_nothing_running_or_lying_about(self):
        self.benchmarks("warm", "--v3", "--cases", "text", "-m", "2", "-r", "2")
        self.arguments[self.arguments.index("--out") + 1] = self.path("interrupted")
        environment = {**self.environment, "MADE_UP_FAILURES": json.dumps({"bench v3 text": "hang"}), "MADE_UP_CALLS": self.path("interrupted.calls")}
        running = subprocess.Popen([sys.executable, os.path.join(PERF, "run-benchmarks"), *self.arguments], env=environment, stderr=subprocess.PIPE, text=True)
        while "bench" not in read(self.path("interrupted.calls")):
            time.sleep(0.05)
        running.send_signal(signal.SIGTERM)
        self.assertIn("shardlm: interrupted", running.communicate(timeout=30)[1])
        self.assertEqual(running.returncode, 130)
        self.assertFalse([name for name in os.listdir(self.folder) if name.startswith("interrupted.work")])
        self.assertFalse([pid for pid in filter(str.isdigit, os.listdir("/proc")) if self.path("interrupted") in read(f"/proc/{pid}/cmdline")])

    def test_refusals(self):
        good = ["--program", MADE_UP, "--out", self.path("refused")]
        for arguments, words in ((["--v3", "--model", self.path("none.h5")], "there is no model"), (["--v3", "--model", self.folder], "without a config.json"), ([], "name the protocols"),
                                 (["--v3", "-r", "0"], "argument -r"), (["--v3", "--rounds", "30"], "--rounds 30 cannot split 20 runs"), (["--v3", "--cases", "all"], "--cases takes"),
                                 (["--v3", "--with", "v9=x"], "is not PROTOCOL=OPTIONS"), (["--v3", "--program", self.path("none")], "there is no program"), (["--v3", "--out", HERE], "is not empty")):
            self.refused(script("run-benchmarks", *good, *arguments), words)
        self.assertFalse(os.path.exists(self.path("refused")))


@unittest.skipUnless("SHARDLM" in os.environ, "SHARDLM does not name the program")
class WithTheProgram(Case):
    def benchmarks(self, name, *arguments):
        run = script("run-benchmarks", "--program", os.environ["SHARDLM"], "--out", self.path(name), "-m", "3", "-w", "1", *arguments)
        self.assertEqual(run.returncode, 0, run)
        self.assertEqual(os.listdir(self.folder).count(name), 1)
        self.assertFalse([file for file in os.listdir(self.folder) if file.startswith(name + ".work")])
        with open(self.path(name, "report.html"), encoding="ascii") as file:
            return Page(file.read())

    def test_all_protocols(self):
        page = self.benchmarks("all", "--all", "-r", "2")
        self.assertIn("12 benchmarks, 0 failed", page.text)
        self.assertIn("Hello, how are you?", page.text)
        self.assertIn("Rounds and bytes were as predicted in 10 of 10 benchmarks", page.text)
        self.assertIn("All summaries of 12 benchmarks were computed again from these runs and are the same", page.text)
        for protocol in PROTOCOLS[:-1]:
            with open(self.path("all", f"{protocol}-tokens.json"), encoding="utf-8") as file:
                data = json.load(file)
            number = lambda key: json.loads(page.numbers[f"{protocol}.tokens.{key}"][0][0])
            self.assertEqual(data["config"]["prompt_tokens"], 19)
            self.assertEqual(number("time_to_first_token.mean"), data["results"]["time_to_first_token"]["mean"])
            # Steps of the trace are the servers' part of what the client waited for.
            traced = sum(number(f"trace.prompt.{piece}.together") for piece in ("norm", "attention", "mlp", "head", "other"))
            self.assertLess(0.5 * data["results"]["prefill"]["mean"], traced)
            self.assertLess(traced, 1.2 * data["results"]["time_to_first_token"]["mean"])

    def test_rounds_accuracy_and_a_chrome_trace(self):
        page = self.benchmarks("rounds", "--v3", "--accuracy", "--cases", "text", "-r", "3", "--rounds", "2")
        self.assertEqual(json.loads(page.numbers["v3.text.total.n"][0][0]), 3)
        self.assertEqual(page.numbers["v3.accuracy.private.same_top"][0][0], page.numbers["v3.accuracy.private.positions"][0][0])
        self.works(script("chrome-trace", self.path("rounds/v3-text.trace.h5"), self.path("trace.json")))
        with open(self.path("trace.json"), encoding="ascii") as file:
            events = [e for e in json.load(file)["traceEvents"] if e["ph"] == "X"]
        self.assertEqual({e["pid"] for e in events}, {0, 1, 2, 3})
        self.works(script("compare", self.path("rounds"), self.path("rounds"), "--fail-if-slower", "0"))


def read(path):
    """What a file holds; nothing where there is none, as of a process that has ended."""
    try:
        with open(path, encoding="utf-8", errors="replace") as file:
            return file.read()
    except OSError:
        return ""


if __name__ == "__main__":
    unittest.main()
