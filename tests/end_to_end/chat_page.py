"""The gateway's chat page in a browser of its own, on four ranks: what a reader finds on it and does with it."""
import os

import browser
from browser import ENTER
from program import PATIENCE
from served import ServedCase

FRANCE, HOT = "What is the capital of France?", "What is the opposite of hot?"
KEY = "a-key-for-the-gateway-of-this-test"
ENDLESS = "M" * 49  # the demo model's answer goes on for more than a thousand letters
ROWS = """return [...document.querySelectorAll('#tokens tbody tr')].reverse().map(row => [...row.cells].map(cell => cell.textContent))"""
ANSWERED = "return !document.querySelector('.running')"
FIGURES = """return Object.fromEntries([...document.querySelectorAll('#figures tbody tr')].map(row => [...row.cells].map(cell => cell.textContent)).map(([name, ...two]) => [name, two]))"""
OUTSIDE = """return [document.documentElement.scrollWidth, innerWidth, [...document.querySelectorAll('body *')].filter(
  node => node.checkVisibility() && !node.closest('.unseen, #choice span, #tokens, .hex') && node.getBoundingClientRect().right > innerWidth + 1).map(node => node.outerHTML.slice(0, 80))]"""


class Page(ServedCase):
    """Each test begins with the page newly opened; it ends without a complaint of the console, and without a request to elsewhere."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.browser = browser.Browser()
        cls.addClassCleanup(cls.browser.close)

    def setUp(self):
        self.expected = []  # words of the console's complaints
        self.browser.look(1300, 860)
        self.browser.complaints(), self.browser.requests()  # of the test before, which has looked at them
        self.browser.open(self.gateway.url + "/")

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
