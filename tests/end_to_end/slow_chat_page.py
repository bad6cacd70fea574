"""The gateway's chat page in headless Chromium, with four ranks behind it: what a reader sees, types and is told. With SHARDLM_SCREENSHOTS, a folder,
pictures to look at. Skipped where there is no Chromium with its driver (Debian: chromium, chromium-driver)."""
import contextlib
import json
import signal
import sys
import tempfile
import time
import unittest

import browser
from browser import ENTER, ESCAPE, SHIFT, TAB
from chat_page import ANSWERED, ENDLESS, FIGURES, FRANCE, HOT, KEY, OUTSIDE, ROWS, Page
from program import PATIENCE, alone


class Chat(Page):
    arguments = ("--queue", "1")

    def test_an_answer_comes_piece_by_piece_and_is_the_models(self):
        self.picture("wide-start")
        model = alone("generate", "--protocol", "plain", "--model", self.model, "-p", FRANCE).output.rstrip("\n")
        self.assertEqual(self.ask(FRANCE), model)
        self.assertIn("Paris", model)
        self.assertGreater(len(self.browser.script(ROWS)), 4)
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
        self.browser.script("document.querySelector('#most').value = 600")  # so that it is not over before it is stopped, and two have room
        for stop in (lambda: self.browser.click("#stop"), lambda: self.browser.keys(ESCAPE)):
            self.browser.keys(ENDLESS + ENTER)
            self.browser.until("return document.querySelector('.running .answer')?.textContent.length > 8")
            self.picture("wide-streaming")
            stop()
            self.browser.until(ANSWERED, seconds=5)
            said = self.answers()[-1]
            deadline = time.monotonic() + 20
            while self.gateway.get("/v2/info").json["queue"]["running"]:
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
        self.assertEqual("".join(text for text, *_ in rows[:-1]), answer)
        got = [bytes.fromhex(code) for _, *codes in rows for code in codes]
        self.assertEqual(rows[-1][0], "(end)")
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
        told = self.gateway.chat(FRANCE).json
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
            self.browser.click("#new")
            self.browser.keys(ENDLESS + ENTER)
            self.browser.until("const log = document.querySelector('#log'); return log.scrollHeight > log.clientHeight + 60")
            before = self.browser.script(f"const log = document.querySelector('#log'); {scrolls}; return log.scrollHeight")
            self.browser.until("return document.querySelector('#log').scrollHeight > arguments[0] + 40", before)
            top, left = self.browser.script("const log = document.querySelector('#log'); return [log.scrollTop, log.scrollHeight - log.clientHeight - log.scrollTop]")
            self.assertLess(left if place == "bottom" else top, 30, place)
            self.browser.keys(ESCAPE)
            self.browser.until(ANSWERED, seconds=5)

    def test_a_full_queue_says_when_to_come_again_and_loses_no_question(self):
        self.expected = ["429"]
        self.connected()
        with contextlib.ExitStack() as others:
            for _ in range(2):
                other = self.gateway.connect()
                others.callback(other.close)
                body = {"model": self.gateway.model(), "messages": [{"role": "user", "content": ENDLESS}], "temperature": 0, "max_tokens": 600, "stream": True}
                other.request("POST", "/v1/chat/completions", json.dumps(body), {"Content-Type": "application/json"})
                others.enter_context(other.getresponse())
            self.assertIsNone(self.ask(FRANCE))
            self.assertRegex(self.text("#notice"), r"again in \d+ second.* at \d.* Your question is kept")
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


class Offering(Page):
    arguments = ("--protocol", "v3,v2", "--pool", "64:1")

    def test_a_protocol_can_be_chosen_and_a_prompt_from_the_pool_is_told(self):
        self.connected()
        self.gateway.wait_until(lambda: self.gateway.get("/v2/info").json["pool"][0]["ready"] == 1)
        self.assertIn("Paris", self.ask(FRANCE))
        self.assertIn("prompt from the pool", self.text(".told"))
        self.assertEqual(self.browser.script(FIGURES)["prompts dealt ahead"], ["1 of 1", "1 of 1"])
        self.browser.script("document.querySelector('#protocol').focus()")
        self.browser.keys("v2")
        self.browser.script("document.querySelector('#question').focus()")
        self.ask(FRANCE)
        self.assertEqual([json.loads(request["postData"])["shardlm"]["protocol"] for request in self.browser.requests() if request.get("postData")], ["v3", "v2"])
        rounds, both = (int(text.replace(",", "")) for text in self.browser.script(FIGURES)["rounds between the servers"])
        self.assertGreater(rounds, both - rounds, "V2 takes more of them")
        self.picture("wide-two-protocols")


class Failing(Page):
    @classmethod
    def tearDownClass(cls):
        """This gateway does not end in order."""

    def test_a_rank_that_dies_is_told_and_loses_no_question(self):
        self.expected = ["503", "ERR_"]
        self.connected()
        self.browser.keys(ENDLESS + ENTER)
        self.browser.until("return document.querySelector('.running .answer')?.textContent.length > 8")
        self.gateway.signal(2, signal.SIGKILL)
        self.browser.until(ANSWERED)
        self.assertRegex(self.text("#notice"), r"[Rr]ank .*Your question is kept|broke off")
        self.assertEqual(self.question(), ENDLESS)
        self.picture("wide-broken-off")


class Locked(Page):
    @classmethod
    def setUpClass(cls):
        with tempfile.NamedTemporaryFile("w") as file:
            file.write(KEY + "\n")
            file.flush()
            cls.arguments = ("--api-key-file", file.name)
            super().setUpClass()

    def test_the_key_is_asked_for_and_goes_into_no_address(self):
        self.expected = ["401"]
        for typed in ("wrong", KEY):
            self.browser.until("return document.activeElement.id == 'key' && document.activeElement.value == ''")
            self.picture("wide-locked")
            self.browser.keys(typed + ENTER)
            self.browser.until("return /layers/.test(document.querySelector('#served').textContent) || /does not take/.test(document.querySelector('#notice').textContent)")
        self.assertIn("Paris", self.ask(FRANCE))
        self.assertNotIn(KEY, json.dumps([request["url"] for request in self.browser.requests()]))
        self.assertEqual(self.browser.script("return [localStorage.length, document.cookie, location.search]"), [0, "", ""])


if __name__ == "__main__":
    if browser.MISSING:
        print(browser.MISSING)
        sys.exit(77)
    unittest.main()
