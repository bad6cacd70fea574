"""A thousand requests from eight connections: every answer is right, none is an error of the server, and no rank's memory grows."""
import contextlib
import http.client
import json
import threading
import unittest

from served import ServedCase

QUESTIONS = ("What is the capital of France?", "What is the opposite of hot?", "What is the capital of Italy?", "How many days are in a week?",
             "What is the opposite of up?")
REQUESTS, CONNECTIONS, EVERY, WARM_UP = 1000, 8, 100, 300

# What a rank's memory may differ by after the warm-up. A leak of one token's numbers in each request would be far above it: a row of hidden states and
# logits of the demo model is some 10 KiB, 700 of them 7 MiB. Below it malloc, which does not give every page back in the order in which it got it, and
# MPI's buffers, of which a burst of messages takes some more.
AHEAD = "16M"
ALLOWANCE = {0: 2 << 20, 1: 2 << 20, 2: 2 << 20, 3: 32 << 20}  # the dealer holds what the servers have not taken yet, by chance more or less, but never more than AHEAD


class Soak(ServedCase):
    arguments = ("--protocol", "v3", "--max-tokens", "32", "--dealer-ahead", AHEAD)

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.name = cls.gateway.model()
        cls.expected = {q: cls.gateway.chat(q).json["choices"][0]["message"]["content"] for q in QUESTIONS}

    def ask(self, connection, number):
        """What is wrong with the answer to this request, or None. Every other one is streamed."""
        question, streamed = QUESTIONS[number % len(QUESTIONS)], number // len(QUESTIONS) % 2 == 1
        body = {"model": self.name, "messages": [{"role": "user", "content": question}], "temperature": 0, "stream": streamed}
        connection.request("POST", "/v1/chat/completions", json.dumps(body), {"Content-Type": "application/json"})
        response = connection.getresponse()
        text = response.read().decode()
        if response.status != 200:
            return f"{question}: {response.status} {text}"
        said = self.streamed_text(text) if streamed else json.loads(text)["choices"][0]["message"]["content"]
        return None if said == self.expected[question] else f"{question}: {said!r} instead of {self.expected[question]!r}"

    @staticmethod
    def streamed_text(text):
        events = [line[6:] for line in text.splitlines() if line.startswith("data: ")]
        if events[-1] != "[DONE]":
            return f"a stream without an end: {events[-1]}"
        return "".join(choice["delta"].get("content") or "" for event in events[:-1] for choice in json.loads(event)["choices"])

    def client(self, numbers, lock, wrong):
        """On a connection of its own asks the next number as long as there are any."""
        with contextlib.closing(self.gateway.connect()) as connection:
            while not wrong:
                with lock:
                    number = next(numbers, None)
                if number is None:
                    return
                try:
                    trouble = self.ask(connection, number)
                except (OSError, http.client.HTTPException, ValueError, KeyError) as error:
                    trouble = f"request {number}: {error!r}"
                if trouble:
                    wrong.append(trouble)

    def batch(self, numbers):
        lock, wrong, numbers = threading.Lock(), [], iter(numbers)
        threads = [threading.Thread(target=self.client, args=(numbers, lock, wrong)) for _ in range(CONNECTIONS)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        self.assertEqual(wrong, [])

    def test_a_thousand_requests(self):
        self.assertEqual(len(set(self.expected.values())), len(QUESTIONS), self.expected)
        resident = {}
        for first in range(0, REQUESTS, EVERY):
            self.batch(range(first, first + EVERY))
            resident[first + EVERY] = self.gateway.resident()
            print(f"{first + EVERY} requests, KiB:", {rank: size >> 10 for rank, size in resident[first + EVERY].items()}, flush=True)
        for rank in range(4):
            grown = resident[REQUESTS][rank] - resident[WARM_UP][rank]
            self.assertLess(grown, ALLOWANCE[rank], f"rank {rank}: {[sizes[rank] for sizes in resident.values()]}")
        self.assertEqual(self.gateway.get("/v2/info").json["queue"], {"limit": 16, "waiting": 0, "running": 0})
        # What follows, SIGTERM and the end of all ranks with 0, is of ServedCase.


if __name__ == "__main__":
    unittest.main()
