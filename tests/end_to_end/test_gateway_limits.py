"""What a gateway is sent that it must not answer as if it were right, or wait for without end: one sentence in one form, or a closed connection."""
import concurrent.futures
import json
import os
import socket
import threading
import time
import unittest

from served import Served, ServedCase

ARRIVAL = 10  # seconds in which a request must have arrived
CHAT, COMPLETIONS, PREFILL = "/v1/chat/completions", "/v1/completions", "/v2/secure/gpu/prefill_v3"
KEY = "0123456789abcdef0123456789abcdef"

MALFORMED = [b"", b"{", b"{}x", b"[]", b"7", b"null", b"{'a': 1}", b'{"a": NaN}', b'{"a": 01}', b'{"model": "demo", "model": "demo"}', b'{"a": 1e999}',
             b'{"a": "\xff"}', b'{"a": "\xc3"}', b'{"a": "\xed\xa0\x80"}', b'{"a": "\\ud800"}', b"\x00", b'{"a":' + b"[" * 50000, b'{"a":' * 30000,
             b'{"a":' + b"[" * 65 + b"]" * 65 + b"}"]

# Each field of a wrong kind, beyond its range, or asking for what the gateway does not do.
WRONG = {
    "model": [7, ["demo"], {}, True],
    "messages": ["Hi", [], {}, ["Hi"], [{}], [{"role": "user"}], [{"role": "tool", "content": "Hi"}], [{"role": "user", "content": 7}],
                 [{"role": "user", "content": [{"type": "image_url", "image_url": {"url": "http://127.0.0.1/"}}]}]],
    "temperature": ["hot", True, [], {}, -1, 2.5, 1e300, -1e300, 10**400],
    "top_p": ["1", -0.1, 1.1, 1e300, []],
    "top_k": ["1", 1.5, -2, 1e300, 2**63],
    "repetition_penalty": [0, -1, 1e300, "1"],
    "seed": ["1", 1.5, 1e300, 2**63, -(2**63) - 1, 2**64, []],
    "stop": [1, "", ["a", ""], ["a", 1], ["a"] * 5, {}],
    "max_tokens": [0, -1, 1.5, "5", 65, 2**31, 2**63, 2**64, 1e300, -1e300, []],
    "max_completion_tokens": [0, "5", 65],
    "n": [0, 2, "1", -1],
    "stream": ["true", 1, []],
    "stream_options": [1, [], {"include_usage": 1}],
    "presence_penalty": [0.5], "frequency_penalty": ["0"], "logit_bias": [{"1": 5}], "logprobs": [True], "top_logprobs": [2],
    "tools": [[{"type": "function"}]], "functions": [[{}]], "tool_choice": ["required"], "response_format": [{"type": "json_object"}, 1],
    "audio": [{}], "modalities": [["audio"]], "shardlm": ["v3", {"protocol": 3}, {"show": 1}],
}


class Limits(ServedCase):
    arguments = ("--protocol", "v3,v2", "--name", "demo", "--max-tokens", "64", "--max-body", "200000")

    def tearDown(self):
        """Whatever came before, the next question is answered."""
        answer = self.gateway.chat("What is the capital of France?", max_tokens=4)
        self.assertEqual(answer.status, 200, answer)

    def refused(self, answer, status, **error):
        """One sentence in the API's form, with this status."""
        self.assertEqual(answer.status, status, answer)
        said = answer.json["error"]
        self.assertEqual(set(said), {"message", "type", "param", "code"})
        self.assertTrue(said["message"] and len(said["message"]) < 400, said)
        for name, value in error.items():
            self.assertEqual(said[name], value, said)

    def raw(self, data, patience=3 * ARRIVAL):
        """All that comes back until the gateway closes."""
        with socket.create_connection((self.gateway.host, self.gateway.port), patience) as wire:
            try:
                wire.sendall(data)
                got = b""
                while piece := wire.recv(65536):
                    got += piece
                return got
            except ConnectionError:
                return b""

    def test_what_is_no_json_is_refused(self):
        for path in (CHAT, COMPLETIONS, PREFILL):
            for body in MALFORMED:
                with self.subTest(path=path, body=body[:40]):
                    self.refused(self.gateway.post(path, body), 400)

    def test_a_malformed_body_is_not_told_again(self):
        self.assertNotIn("secret", self.gateway.post(CHAT, b'{"messages": "my secret').text)

    def test_every_field_that_is_wrong_is_named(self):
        for name, values in WRONG.items():
            for value in values:
                with self.subTest(name=name, value=str(value)[:40]):
                    body = {"model": "demo", "messages": [{"role": "user", "content": "Hi"}], "max_tokens": 1, name: value}
                    if name == "max_completion_tokens":
                        del body["max_tokens"]
                    answer = self.gateway.post(CHAT, body)
                    self.refused(answer, 400)
                    if value != 10**400:  # no reader of JSON gets as far as the field
                        self.assertTrue(answer.json["error"]["param"].startswith(name), answer)

    def test_every_prompt_that_is_wrong_is_refused(self):
        for prompt in (None, 7, [], ["a", "b"], [-1], [2**31], [2**64], [1.5], [1, "a"], "", [[]], {}):
            with self.subTest(prompt=prompt):
                self.refused(self.gateway.post(COMPLETIONS, {"model": "demo", "prompt": prompt}), 400)
        for body in ({}, {"text": 7}, {"text": ""}, {"text": "a", "token_ids": [1]}, {"token_ids": []}, {"token_ids": [-1]}, {"token_ids": [1e300]},
                     {"token_ids": [1], "chat": True}, {"text": "a", "top": 101}, {"text": "a", "max_tokens": 0}):
            with self.subTest(body=body):
                self.refused(self.gateway.post(PREFILL, body), 400)

    def test_more_than_the_context_holds_is_refused(self):
        answer = self.gateway.chat("word " * 20000)
        self.refused(answer, 400, code="context_length_exceeded", type="invalid_request_error")

    def test_what_there_is_not(self):
        self.refused(self.gateway.get("/v1/nothing"), 404, type="not_found_error")
        self.refused(self.gateway.get("/v1/models/nothing"), 404, code="model_not_found", param="model")
        self.refused(self.gateway.chat("Hi", model="nothing"), 404, code="model_not_found")
        answer = self.gateway.post("/v3/ot/prefill", {"text": "Hi"})
        self.refused(answer, 404, code="protocol_not_loaded")
        self.assertIn("v3, v2", answer.json["error"]["message"])

    def test_other_methods_are_told_which_one_there_is(self):
        for method, path, allow in (("GET", CHAT, "POST"), ("DELETE", CHAT, "POST"), ("POST", "/health", "GET, HEAD"), ("OPTIONS", CHAT, "POST"), ("PUT", "/", "GET, HEAD")):
            answer = self.gateway.request(method, path)
            self.refused(answer, 405)
            self.assertEqual(answer.headers["allow"], allow)

    def test_bodies_are_json_and_not_too_large(self):
        self.refused(self.gateway.post(CHAT, b"{}", headers={"Content-Type": "text/plain"}), 415)
        self.refused(self.gateway.post(CHAT, b"{}", headers={"Content-Encoding": "gzip"}), 415)
        self.refused(self.gateway.post(CHAT, b" " * 200001), 413)
        self.assertIn(b" 413 ", self.raw(b"POST " + CHAT.encode() + b" HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
                                         b"Transfer-Encoding: chunked\r\n\r\n40000\r\n" + b" " * 0x40000 + b"\r\n0\r\n\r\n")[:20])

    def test_pages_of_other_sites_get_nothing(self):
        for headers in ({"Host": "evil.example"}, {"Host": f"evil.example:{self.gateway.port}"}, {"Origin": "http://evil.example"}, {"Origin": "null"}):
            for path in ("/", "/health", "/v1/models"):
                answer = self.gateway.get(path, headers=headers)
                self.refused(answer, 403)
                self.assertFalse([name for name in answer.headers if name.startswith("access-control")], answer)
        own = self.gateway.get("/v1/models", headers={"Origin": f"http://{self.gateway.host}:{self.gateway.port}"})
        self.assertEqual(own.status, 200)

    def test_what_is_no_http_gets_an_error_or_a_closed_connection(self):
        for data in (b"\x16\x03\x01\x02\x00\x01", b"nonsense\r\n\r\n", b"GET\r\n\r\n", b"GET / HTTP/9.9\r\n\r\n", b"GET / HTTP/1.1\r\n\r\n" + b"\x00" * 100 + b"\n",
                     b"GET / HTTP/1.1\r\nHost: localhost\r\n" + b"A: b\r\n" * 20000 + b"\r\n", b"GET /" + b"a" * 20000 + b" HTTP/1.1\r\n\r\n",
                     b"POST " + CHAT.encode() + b" HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: -1\r\n\r\n{}"):
            with self.subTest(data=data[:30]):
                got = self.raw(data)
                self.assertTrue(got == b"" or got.startswith(b"HTTP/1.1 4"), got[:100])

    def test_slow_senders_and_half_open_connections_are_dropped_in_time(self):
        body = json.dumps({"model": "demo", "messages": [{"role": "user", "content": "Hi"}]}).encode()
        head = f"POST {CHAT} HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n".encode()

        def slow(at_once, trickled):
            """Sends a byte a second of what it trickles; how long until the gateway closed, and what it said."""
            started, got, over = time.monotonic(), b"", threading.Event()
            with socket.create_connection((self.gateway.host, self.gateway.port), 3 * ARRIVAL) as wire:
                def trickle():
                    for byte in trickled:
                        if over.wait(1):
                            return
                        try:
                            wire.sendall(bytes([byte]))
                        except OSError:
                            return
                sender = threading.Thread(target=trickle)
                wire.sendall(at_once)
                sender.start()
                try:
                    while piece := wire.recv(65536):
                        got += piece
                except ConnectionError:
                    pass
                over.set()
                sender.join()
            return time.monotonic() - started, got

        cases = [(b"", b""), (b"POST", b""), (b"", head), (head[:40], head[40:]), (head, b""), (head, body)]
        with concurrent.futures.ThreadPoolExecutor(len(cases)) as pool:
            running = [pool.submit(slow, *case) for case in cases]
            time.sleep(1)
            self.assertEqual(self.gateway.get("/health").status, 200)  # meanwhile others are answered
            for case, done in zip(cases, running):
                seconds, got = done.result()
                with self.subTest(case=case):
                    self.assertTrue(ARRIVAL - 1 < seconds < ARRIVAL + 5, seconds)
                    self.assertTrue(got == b"" or b" 408 " in got[:20], got)
            self.assertIn(b" 408 ", running[-1].result()[1][:20])

    def test_many_silent_connections_leave_no_trace(self):
        wires = [socket.create_connection((self.gateway.host, self.gateway.port)) for _ in range(100)]
        for wire in wires:
            wire.close()
        self.gateway.wait_until(lambda: self.gateway.get("/health").status == 200, 2 * ARRIVAL)

    def test_nothing_that_was_sent_is_logged(self):
        self.gateway.chat("My secret is quite unheard of.", max_tokens=1)
        self.gateway.get("/my/secret/path?secret")
        self.assertNotIn("secret", self.gateway.errors)


class Key(ServedCase):
    @classmethod
    def setUpClass(cls):
        key = os.path.join(os.environ.get("TMPDIR", "/tmp"), f"shardlm-test-key-{os.getpid()}")
        with open(os.open(key, os.O_WRONLY | os.O_CREAT, 0o600), "w") as file:
            file.write(KEY + "\n")
        cls.addClassCleanup(os.remove, key)
        cls.arguments = ("--api-key-file", key)
        super().setUpClass()

    def test_is_asked_of_all_but_probes_and_the_page(self):
        for path in ("/health", "/ready", "/"):
            self.assertEqual(self.gateway.get(path).status, 200, path)
        for path in ("/v1/models", "/v2/info", "/metrics", "/nothing"):
            answer = self.gateway.get(path)
            self.assertEqual((answer.status, answer.headers["www-authenticate"]), (401, "Bearer"), path)
            self.assertEqual(answer.json["error"]["type"], "authentication_error")
        self.assertEqual(self.gateway.post(CHAT, {}).status, 401)

    def test_must_be_the_right_one(self):
        for sent in ("", "Bearer", "Bearer " + KEY[:-1], "Bearer " + KEY + "0", "Basic " + KEY, KEY):
            self.assertEqual(self.gateway.get("/v1/models", headers={"Authorization": sent}).status, 401, sent)
        self.assertEqual(self.gateway.get("/v1/models", headers={"Authorization": "Bearer " + KEY}).status, 200)


class Start(ServedCase):
    def test_a_port_that_is_taken_is_named(self):
        with Served("--model", self.model, wait=False, port=self.gateway.port) as second:
            self.assertNotEqual(second.wait(), 0)
            self.assertIn(f"127.0.0.1:{self.gateway.port}: another program does", second.errors)

    def test_a_key_that_others_can_read_is_refused(self):
        path = self.file("key", KEY)
        os.chmod(path, 0o644)
        with Served("--model", self.model, "--api-key-file", path, wait=False) as second:
            self.assertNotEqual(second.wait(), 0)
            self.assertIn("can be read by others than its owner", second.errors)


if __name__ == "__main__":
    unittest.main()
