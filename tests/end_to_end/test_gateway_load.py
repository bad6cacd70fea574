"""More requests than a gateway can take, clients that go away, ranks that die: everyone is told, and nothing is left behind."""
import json
import signal
import time
import unittest

from program import LIMIT, Case
from served import RANKS, Served, alive

LONG = 1500  # tokens of an answer that nobody waits for; the other model has random weights, and talks


class Streamed:
    """A streamed answer that is being read: its events, one at a time."""

    def __init__(self, gateway, **parameters):
        self.connection = gateway.connect()
        body = {"model": gateway.model(), "messages": [{"role": "user", "content": "abc"}], "temperature": 0, "max_tokens": LONG,
                "stream": True, **parameters}
        self.connection.request("POST", "/v1/chat/completions", json.dumps(body), {"Content-Type": "application/json"})
        self.response = self.connection.getresponse()
        assert self.response.status == 200, self.response.read()

    def events(self):
        for line in self.response:
            if line.startswith(b"data: "):
                yield line[6:].strip().decode()

    def until_text(self):
        """Waits for the first text of the answer."""
        for event in self.events():
            if json.loads(event)["choices"][0]["delta"].get("content"):
                return self
        raise AssertionError("the answer ended before it began")

    def leave(self):
        self.response.close()
        self.connection.close()


class Load(Case):
    def served(self, *arguments):
        gateway = Served("--model", self.other_model, "--context", "2048", "--max-tokens", str(LONG), *arguments)
        self.addCleanup(gateway.kill)
        return gateway

    def stream(self, gateway, **parameters):
        stream = Streamed(gateway, **parameters)
        self.addCleanup(stream.leave)
        return stream

    def queue(self, gateway):
        return gateway.get("/v2/info").json["queue"]

    def wait_for_queue(self, gateway, seconds, **wanted):
        started = time.monotonic()
        gateway.wait_until(lambda: {name: self.queue(gateway)[name] for name in wanted} == wanted, seconds)
        return time.monotonic() - started

    def ends_well(self, gateway):
        self.assertEqual(gateway.stop(), 0, gateway.errors)
        self.assertEqual(set(gateway.codes.values()), {"0"}, gateway.errors)

    def test_who_leaves_frees_the_place_within_a_token(self):
        gateway = self.served()
        answered, waiting = self.stream(gateway).until_text(), self.stream(gateway)
        self.wait_for_queue(gateway, LIMIT, running=1, waiting=1)
        waiting.leave()
        self.assertLess(self.wait_for_queue(gateway, LIMIT, running=1, waiting=0), 2)
        answered.leave()
        self.assertLess(self.wait_for_queue(gateway, LIMIT, running=0, waiting=0), 2)
        self.assertEqual(gateway.chat("abc", max_tokens=2).status, 200)
        self.ends_well(gateway)

    def test_a_full_queue_tells_when_to_come_again(self):
        gateway = self.served("--queue", "1")
        answered = self.stream(gateway).until_text()
        waiting = self.stream(gateway)
        self.wait_for_queue(gateway, LIMIT, running=1, waiting=1)
        answer = gateway.chat("abc")
        self.assertEqual((answer.status, answer.json["error"]["type"]), (429, "rate_limit_error"), answer)
        self.assertGreaterEqual(int(answer.headers["retry-after"]), 1)
        waiting.leave()
        answered.leave()
        self.wait_for_queue(gateway, LIMIT, running=0, waiting=0)
        self.assertEqual(gateway.chat("abc", max_tokens=2).status, 200)
        self.ends_well(gateway)

    def test_one_that_is_told_to_end_finishes_what_it_has(self):
        gateway = self.served("--grace", "20")
        stream = self.stream(gateway, max_tokens=400).until_text()
        gateway.signal(0, signal.SIGTERM)
        self.assertEqual(list(stream.events())[-1], "[DONE]")
        self.assertEqual(gateway.wait(), 0, gateway.errors)
        self.assertEqual(set(gateway.codes.values()), {"0"}, gateway.errors)

    def test_after_its_grace_it_cancels_the_rest(self):
        gateway = self.served("--grace", "1")
        stream = self.stream(gateway).until_text()
        started = time.monotonic()
        gateway.signal(0, signal.SIGTERM)
        last = list(stream.events())[-1]
        self.assertIn("error", json.loads(last), last)
        self.assertEqual(gateway.wait(), 0, gateway.errors)
        self.assertLess(time.monotonic() - started, LIMIT)

    def test_a_rank_that_is_killed_ends_all(self):
        for rank, role in RANKS.items():
            with self.subTest(killed=role):
                gateway = self.served()
                stream = self.stream(gateway).until_text()
                ranks = gateway.ranks()
                started = time.monotonic()
                gateway.signal(rank, signal.SIGKILL)
                try:
                    self.assertNotIn("[DONE]", list(stream.events()))
                except OSError:  # the connection went with its rank
                    pass
                try:
                    self.assertEqual(gateway.get("/ready", timeout=LIMIT).status, 503)
                except OSError:
                    pass
                self.assertNotEqual(gateway.wait(LIMIT), 0)
                self.assertLess(time.monotonic() - started, LIMIT)
                deadline = time.monotonic() + 2
                while any(map(alive, ranks.values())) and time.monotonic() < deadline:
                    time.sleep(0.05)
                self.assertEqual([RANKS[r] for r, pid in ranks.items() if alive(pid)], [], "these are left")
                self.assertNotIn("0", gateway.codes.values(), gateway.errors)
                self.assertNotEqual(gateway.sentences, [])


if __name__ == "__main__":
    unittest.main()
