"""shardlm client: questions and measurements over HTTP, from a shell, at a gateway that answers as shardlm generate does."""
import json
import signal
import socket
import subprocess
import time
import unittest

from program import LIMIT, SHARDLM, Case, alone
from served import Served, ServedCase
from test_chat import Terminal

FRANCE, HOT = "What is the capital of France?", "What is the opposite of hot?"


class Client(ServedCase):
    arguments = ("--protocol", "v3,v2", "--name", "demo", "--max-tokens", "64")

    def client(self, *arguments, input=None):
        return alone("client", *arguments, "-s", self.gateway.url, input=input)

    def generated(self, *arguments):
        return self.works(alone("generate", "--protocol", "plain", "--model", self.model, *arguments)).output

    def test_health_and_info(self):
        self.assertEqual(self.works(self.client("health")).output, "ready\n")
        text = self.works(self.client("info")).output
        self.assertRegex(text, r"(?m)^model +demo$")
        self.assertRegex(text, r"(?m)^protocols +v3 +/v2/secure/gpu/prefill_v3\n +v2 +/v2/secure/gpu/prefill_v2$")
        self.assertEqual(json.loads(self.works(self.client("info", "--json")).output), self.gateway.get("/v2/info").json)

    def test_generate_answers_as_generate_does(self):
        for protocol in ("v3", "v2"):
            self.assertEqual(self.works(self.client("generate", "-p", FRANCE, "-m", "32", "--protocol", protocol)).output, self.generated("-p", FRANCE, "-m", "32"))
        self.assertEqual(self.works(self.client("generate", "--prompt-file", "-", "--system", "", "-m", "3", input=f"{HOT}\n")).output,
                         self.generated("-p", HOT, "--system", "", "-m", "3"))

    def test_generate_as_json(self):
        answer = json.loads(self.works(self.client("generate", "-p", FRANCE, "-m", "32", "--json")).output)
        self.assertEqual(answer["choices"][0]["message"]["content"], self.generated("-p", FRANCE, "-m", "32").rstrip("\n"))
        self.assertGreater(answer["shardlm"]["rounds"], 0)

    def test_chat_answers_as_chat_does(self):
        lines = f"{FRANCE}\n{HOT}\n/reset\n{HOT}\n"
        whole = self.works(alone("chat", "--protocol", "plain", "--model", self.model, "-m", "32", input=lines)).output
        self.assertEqual(self.works(self.client("chat", "-m", "32", input=lines)).output, whole)

    def test_chat_goes_on_after_a_refusal_and_tells_of_it_at_the_end(self):
        run = self.client("chat", "-m", "32", input="word " * 5000 + f"\n{FRANCE}\n")
        self.assertEqual(run.code, 1, run)
        self.assertEqual(run.output, self.generated("-p", FRANCE, "-m", "32"))
        self.assertEqual(len(run.sentences), 1, run)

    def test_benchmark(self):
        out = self.path("results.json")
        run = self.works(self.client("benchmark", "-e", "v2", "-r", "4", "-m", "3", "-w", "1", "-o", out, "--raw"))
        self.assertRegex(run.output, r"(?m)^total +\d+\.\d\d")
        with open(out) as file:
            results = json.load(file)
        self.assertEqual((results["format"], results["protocol"], len(results["raw_timings"])), ("shardlm client benchmark", "v2", 4))
        for phase in ("embedding", "prefill", "total", "wall"):
            self.assertGreater(results["results"][phase]["mean"], 0, phase)
        self.assertGreaterEqual(results["results"]["wall"]["min"], results["results"]["total"]["min"])
        costs = json.loads(self.works(alone("info", self.model, "--protocol", "v2", "--json", "--tokens", str(results["config"]["prompt_tokens"]),
                                            "--max-tokens", "3")).output)
        if results["new_tokens"] == 3:
            self.assertIn(str(results["traffic"]["rounds"]), json.dumps(costs))

    def test_what_is_refused(self):
        self.refused(self.client("generate", "-p", FRANCE, "--protocol", "v3-mpc"), "did not load v3-mpc", "v3, v2")
        self.refused(self.client("generate", "-p", FRANCE, "-m", "100000"), "refused")
        self.refused(self.client("benchmark", "-m", "100000"), "refused")
        self.refused(self.client("generate"), "there is no prompt")
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            port = free.getsockname()[1]
        self.refused(alone("client", "health", "-s", f"http://127.0.0.1:{port}"), "nothing listens", "shardlm serve")
        self.refused(alone("client", "health", "-s", f"https://127.0.0.1:{self.gateway.port}"), "does not speak TLS")


class Interrupted(Case):
    """The other model has random weights, and talks until it is stopped."""

    def setUp(self):
        self.gateway = Served("--model", self.other_model, "--context", "2048", "--max-tokens", "1500")
        self.addCleanup(self.gateway.kill)

    def is_free(self):
        return self.gateway.get("/v2/info").json["queue"]["running"] == 0

    def test_generate_ends_and_frees_its_place(self):
        with subprocess.Popen([SHARDLM, "client", "generate", "-s", self.gateway.url, "-p", "abc", "-m", "1500"], stdout=subprocess.PIPE) as client:
            self.assertNotEqual(client.stdout.read(1), b"")
            self.assertFalse(self.is_free())
            client.send_signal(signal.SIGINT)
            self.assertEqual(client.wait(LIMIT), -signal.SIGINT)
        self.gateway.wait_until(self.is_free, LIMIT)

    def test_chat_stops_the_answer_and_goes_on(self):
        terminal = Terminal(command=["client", "chat", "-s", self.gateway.url, "-m", "1500"])
        terminal.until(r"(?m)^> ")
        for _ in range(2):
            terminal.type("abc\n")
            terminal.until("abc\n.{20}")  # amid the answer
            terminal.type("\x03")
            terminal.until(r"\(stopped\)\n> ")
            self.gateway.wait_until(self.is_free, LIMIT)
        terminal.type("\x03")
        terminal.until(r"/exit or Ctrl-D ends the conversation\n> ")
        terminal.type("\x04")
        self.assertEqual(terminal.end(), 0)

    def test_a_gateway_that_dies_ends_the_conversation(self):
        terminal = Terminal(command=["client", "chat", "-s", self.gateway.url, "-m", "1500"])
        terminal.until(r"(?m)^> ")
        terminal.type("abc\n")
        terminal.until("abc\n.{20}")
        started = time.monotonic()
        self.gateway.signal(0, signal.SIGKILL)
        terminal.until(r"shardlm: the gateway at \S+ closed the connection before its answer was whole")
        self.assertEqual(terminal.end(), 1)
        self.assertLess(time.monotonic() - started, LIMIT)


if __name__ == "__main__":
    unittest.main()
