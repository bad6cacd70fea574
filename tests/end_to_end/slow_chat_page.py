"""The gateway's chat page in headless Chromium, with four ranks behind it: what a reader sees, types and is told. With SHARDLM_SCREENSHOTS, a folder,
pictures to look at. Skipped where there is no Chromium with its driver (Debian: chromium, chromium-driver)."""
import contextlib
import json
import os
import re
import subprocess
import sys
import threading
import time
import unittest
import urllib.request

import browser
from browser import ENTER, ESCAPE, SHIFT, TAB
from program import MPIRUN, PATIENCE, SHARDLM, Case, alone

FRANCE, HOT = "What is the capital of France?", "What is the opposite of hot?"
ENDLESS = "M" * 49  # the demo model's answer goes on for more than a thousand letters
ROWS = """return [...document.querySelectorAll('#tokens tbody tr')].reverse().map(row => [...row.cells].map(cell => cell.textContent))"""
ANSWERED = "return document.querySelector('.turn') && !document.querySelector('.running')"
PIECES = "return document.querySelectorAll('#tokens tbody tr').length >= arguments[0]"
FIGURES = """return Object.fromEntries([...document.querySelectorAll('#figures tbody tr')].map(row => [...row.cells].map(cell => cell.textContent)).map(([name, ...two]) => [name, two]))"""
OUTSIDE = """return [document.documentElement.scrollWidth, innerWidth, [...document.querySelectorAll('body *')].filter(
  node => node.checkVisibility() && !node.closest('.unseen, #choice span, #tokens, .hex') && node.getBoundingClientRect().right > innerWidth + 1).map(node => node.outerHTML.slice(0, 80))]"""


class Gateway:
    """shardlm serve on four ranks, ready to answer."""

    def __init__(self, *arguments):
        self.job = subprocess.Popen([*MPIRUN, "-n", "4", SHARDLM, "serve", "--port", "0", *arguments], stderr=subprocess.PIPE, text=True)
        self.errors, self.url = "", None
        threading.Thread(target=self._listen, daemon=True).start()
        deadline = time.monotonic() + PATIENCE
        while not self._ready():
            if self.job.poll() is not None or time.monotonic() > deadline:
                raise AssertionError(f"shardlm serve is not ready: {self.errors}")
            time.sleep(0.1)

    def _listen(self):
        for line in self.job.stderr:
            self.errors += line
            found = re.search(r"listening on (http://\S+)", line)
            self.url = found[1] if found else self.url

    def _ready(self):
        with contextlib.suppress(OSError):
            return self.url and urllib.request.urlopen(self.url + "/ready", timeout=10).status == 200

    def close(self):
        self.job.terminate()
        self.job.wait(PATIENCE)
        self.job.stderr.close()

    def get(self, path):
        return json.load(urllib.request.urlopen(self.url + path, timeout=PATIENCE))

    def ask(self, question, **more):
        """An open answer of /v1/chat/completions."""
        body = {"model": "any", "messages": [{"role": "user", "content": question}], "temperature": 0, **more}
        body["model"] = self.get("/v1/models")["data"][0]["id"]
        return urllib.request.urlopen(urllib.request.Request(self.url + "/v1/chat/completions", json.dumps(body).encode(), {"Content-Type": "application/json"}), timeout=PATIENCE)


class Page(Case):
    arguments = ()

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.gateway = Gateway("--model", cls.model, *cls.options())
        cls.addClassCleanup(cls.gateway.close)
        cls.browser = browser.Browser()
        cls.addClassCleanup(cls.browser.close)

    def setUp(self):
        self.expected = []  # words of the console's complaints
        self.browser.look(1300, 860)
        self.browser.open(self.gateway.url + "/")
        self.browser.complaints(), self.browser.requests()

    def tearDown(self):
        for complaint in self.browser.complaints():
            self.assertTrue(any(words in complaint for words in self.expected), complaint)
        for request in self.browser.requests():
            self.assertTrue(request["url"].startswith(self.gateway.url + "/"), request["url"])

    def text(self, selector):
        return self.browser.script("return document.querySelector(arguments[0]).textContent", selector)

    def answers(self):
        return self.browser.script("return [...document.querySelectorAll('.answer')].map(answer => answer.textContent)")

    def question(self):
        return self.browser.script("return document.querySelector('#question').value")

    def connected(self):
        self.browser.until("return document.querySelector('#served').textContent.includes('layers')")

    def ask(self, question):
        """With keys alone, until it is answered; the last answer."""
        self.connected()
        self.browser.keys(question + ENTER)
        self.browser.until(ANSWERED, seconds=PATIENCE)
        return self.answers()[-1] if self.answers() else None

    def picture(self, name):
        folder = os.environ.get("SHARDLM_SCREENSHOTS")
        if folder:
            self.browser.screenshot(os.path.join(folder, name + ".png"))


class Chat(Page):
    @classmethod
    def options(cls):
        return ["--queue", "1"]

    def test_an_answer_comes_piece_by_piece_and_is_the_models(self):
        self.picture("wide-start")
        self.browser.script("""window.lengths = new Set(); const log = document.querySelector('#log');
          new MutationObserver(() => lengths.add(document.querySelector('.answer')?.textContent.length)).observe(log, {subtree: true, childList: true, characterData: true})""")
        model = alone("generate", "--protocol", "plain", "--model", self.model, "-p", FRANCE).output.rstrip("\n")
        self.assertEqual(self.ask(FRANCE), model)
        self.assertIn("Paris", model)
        self.assertGreater(len(self.browser.script("return [...lengths]")), 4)
        self.picture("wide-answered")

    def test_the_conversation_is_kept_until_a_new_one_begins(self):
        first = self.ask(FRANCE)
        self.assertIn("cold", self.ask(HOT))
        self.browser.click("#new")
        self.assertEqual(self.answers(), [])
        self.assertEqual(self.ask(FRANCE), first)
        asked = [json.loads(request["postData"])["messages"] for request in self.browser.requests() if request.get("postData")]
        user, assistant = {"role": "user", "content": FRANCE}, {"role": "assistant", "content": first}
        self.assertEqual(asked, [[user], [user, assistant, {"role": "user", "content": HOT}], [user]])

    def test_stop_ends_an_answer_and_keeps_what_has_come(self):
        self.connected()
        for stop in (lambda: self.browser.click("#stop"), lambda: self.browser.keys(ESCAPE)):
            self.browser.keys(ENDLESS + ENTER)
            self.browser.until("return document.querySelector('.running .answer')?.textContent.length > 8", seconds=PATIENCE)
            self.picture("wide-streaming")
            stop()
            self.browser.until(ANSWERED, seconds=5)
            said = self.answers()[-1]
            deadline = time.monotonic() + 20
            while self.gateway.get("/v2/info")["queue"]["running"]:
                self.assertLess(time.monotonic(), deadline, "the ranks still work for a reader who left")
                time.sleep(0.1)
            self.assertEqual(self.answers()[-1], said)
            self.assertIn("stopped", self.browser.script("return [...document.querySelectorAll('.told')].at(-1).textContent"))
            self.assertEqual(self.browser.script("return document.activeElement.id"), "question")
            self.picture("wide-stopped")
        self.ask(HOT)
        last = [json.loads(request["postData"])["messages"] for request in self.browser.requests() if request.get("postData")][-1]
        self.assertEqual([message["role"] for message in last], ["user", "assistant", "user", "assistant", "user"])
        self.assertEqual(last[3]["content"], said)

    def test_the_panel_shows_what_the_servers_got_beside_the_text(self):
        answer = self.ask(FRANCE)
        rows = self.browser.script(ROWS)
        self.assertEqual("".join(text for text, *_ in rows if text != "(no text)"), answer)
        got = [bytes.fromhex(code) for _, *codes in rows for code in codes]
        self.assertEqual(len(got), 2 * len(rows))
        self.assertEqual(len(set(got)), len(got), "no two tokens and no two servers with the same bytes")
        for some in got:
            self.assertGreaterEqual(len(some), 8)
            self.assertGreater(len(set(some)), 4, some)
        for server, other in ((0, 1), (1, 0)):
            card = self.text(f"#server-{server}")
            for sender in ("client", f"server {other}", "dealer"):
                self.assertIn(f"from {sender}", card)
        self.assertIn(answer[-4:].strip(), self.text("#client"))
        self.assertRegex(self.text("#dealer"), r"a prompt of \d+ tokens, at most \d+ tokens of answer")
        self.assertEqual(self.browser.script("return document.querySelectorAll('#dealer code').length"), 0)

    def test_costs_are_those_that_the_api_tells(self):
        told = json.load(self.gateway.ask(FRANCE))
        first = self.ask(FRANCE)
        self.assertEqual(first, told["choices"][0]["message"]["content"])
        figures = self.browser.script(FIGURES)
        self.assertEqual(figures["rounds between the servers"][0], f"{told['shardlm']['rounds']:,}")
        self.assertEqual(figures["tokens"][0], str(told["usage"]["completion_tokens"]))
        self.assertRegex(figures["each server sent the other"][0], r"^[\d.]+ [KM]iB$")
        self.assertGreater(float(figures["tokens a second"][0]), 0)
        self.assertRegex(self.text(".told"), rf"{told['shardlm']['rounds']:,} rounds . [\d.]+ [KM]iB each way")
        self.ask(HOT)
        this, both = (int(text.replace(",", "")) for text in self.browser.script(FIGURES)["rounds between the servers"])
        self.assertEqual(both, this + told["shardlm"]["rounds"])

    def test_everything_can_be_done_with_keys(self):
        self.connected()
        stops = []
        for _ in range(12):
            self.browser.keys(TAB)
            stops.append(self.browser.script("const node = document.activeElement; return [node.id || node.tagName, getComputedStyle(node).outlineStyle]"))
        self.assertEqual(len({name for name, outline in stops if outline != "none"} & {"send", "open-settings", "new", "log", "passed", "SUMMARY"}), 6, stops)
        self.browser.open(self.gateway.url + "/")
        self.connected()
        self.browser.keys("one")
        self.browser.keys(ENTER, held=SHIFT)
        self.browser.keys("two")
        self.assertEqual(self.question(), "one\ntwo")
        self.browser.script("document.activeElement.dispatchEvent(new KeyboardEvent('keydown', {key: 'Enter', isComposing: true, bubbles: true}))")
        self.assertEqual(self.question(), "one\ntwo", "an input method's Enter sends nothing")
        self.browser.keys(ENTER)
        self.browser.until(ANSWERED, seconds=PATIENCE)
        self.assertEqual(self.text(".asked"), "one\ntwo")

    def test_what_was_typed_is_shown_as_text(self):
        self.ask("<b onclick=x>bold</b> &amp; <img src=x>")
        self.assertEqual(self.text(".asked"), "<b onclick=x>bold</b> &amp; <img src=x>")

    def test_narrow_windows_need_no_sideways_scrolling(self):
        self.ask(FRANCE)
        for scheme in ("light", "dark"):
            self.browser.look(360, 740, scheme)
            for part in (None, "#panel summary", "#open-settings"):
                if part:
                    self.browser.click(part)
                width, window, outside = self.browser.script(OUTSIDE)
                self.assertEqual((width, window, outside), (360, 360, []), (scheme, part))
                self.picture(f"narrow-{scheme}-{part.strip('#').split()[0] if part else 'answered'}")
            self.browser.click("#open-settings")
            self.browser.click("#panel summary")
            self.browser.look(1300, 860, scheme)
            self.picture(f"wide-{scheme}")

    def test_a_reader_who_scrolled_up_is_left_there(self):
        self.browser.look(500, 420)
        self.connected()
        for scrolls, place in (("", "bottom"), ("log.scrollTop = 0", "top")):
            self.browser.keys(ENDLESS + ENTER)
            self.browser.until("const log = document.querySelector('#log'); return log.scrollHeight > log.clientHeight + 60", seconds=PATIENCE)
            before = self.browser.script(f"const log = document.querySelector('#log'); {scrolls}; return log.scrollHeight")
            self.browser.until("return document.querySelector('#log').scrollHeight > arguments[0] + 40", before, seconds=PATIENCE)
            top, left = self.browser.script("const log = document.querySelector('#log'); return [log.scrollTop, log.scrollHeight - log.clientHeight - log.scrollTop]")
            self.assertLess(left if place == "bottom" else top, 30, place)
            self.browser.keys(ESCAPE)
            self.browser.until(ANSWERED, seconds=5)

    def test_a_full_queue_says_when_to_come_again_and_loses_no_question(self):
        self.expected = ["429"]
        self.connected()
        with contextlib.ExitStack() as others:
            for _ in range(2):
                others.callback(self.gateway.ask(ENDLESS, stream=True, max_tokens=1000).close)
            self.assertIsNone(self.ask(FRANCE))
            self.assertRegex(self.text("#notice"), r"Try again in \d+ seconds?, at .*Your question is kept")
            self.assertEqual(self.question(), FRANCE)
            self.picture("wide-refused")
        self.assertIn("Paris", self.answer_of_the_kept_question())

    def test_a_gateway_that_is_gone_is_told_and_loses_no_question(self):
        self.expected = ["ERR_INTERNET_DISCONNECTED"]
        self.connected()
        self.browser.offline(True)
        try:
            self.assertIsNone(self.ask(FRANCE))
            self.assertIn("does not answer", self.text("#notice"))
            self.assertEqual(self.question(), FRANCE)
        finally:
            self.browser.offline(False)
        self.assertIn("Paris", self.answer_of_the_kept_question())

    def answer_of_the_kept_question(self):
        """As soon as there is room again."""
        deadline = time.monotonic() + PATIENCE
        while not self.answers() and time.monotonic() < deadline:
            self.browser.keys(ENTER)
            self.browser.until("return !document.querySelector('.running')", seconds=PATIENCE)
        return self.answers()[-1]


class Locked(Page):
    @classmethod
    def options(cls):
        return ["--api-key-file", cls.file("key", "open sesame, please, this is long enough\n")]

    def test_the_key_is_asked_for_and_goes_into_no_address(self):
        self.expected = ["401"]
        for typed in ("wrong", "open sesame, please, this is long enough"):
            self.browser.until("return document.activeElement.id == 'key' && document.activeElement.value == ''")
            self.picture("wide-locked")
            self.browser.keys(typed + ENTER)
            self.browser.until("return /layers/.test(document.querySelector('#served').textContent) || /does not take/.test(document.querySelector('#notice').textContent)")
        self.assertIn("Paris", self.ask(FRANCE))
        self.assertNotIn("sesame", json.dumps([request["url"] for request in self.browser.requests()]))
        self.assertEqual(self.browser.script("return [localStorage.length, document.cookie, location.search]"), [0, "", ""])


if __name__ == "__main__":
    if browser.MISSING:
        print(browser.MISSING)
        sys.exit(77)
    unittest.main()
