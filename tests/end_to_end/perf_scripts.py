"""Runs the scripts of perf/ the way a user does, on made-up results. Reads report.html back: its numbers and its words."""
import html.parser
import os
import re
import shutil
import subprocess
import sys
import tempfile
import unittest

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../../perf"))
from shardlm_perf.traces import need_h5py  # noqa: E402

need_h5py()
PERF = os.path.realpath(sys.path[0])


def script(name, *arguments, **options):
    return subprocess.run([sys.executable, os.path.join(PERF, name), *arguments], capture_output=True, text=True, timeout=600, **options)


class Page(html.parser.HTMLParser):
    """numbers: {data-key: [(data-value, text)]}; text: all words; outside: what the page would fetch."""

    def __init__(self, text):
        super().__init__()
        self.numbers, self.words, self.outside, self.tags = {}, [], [], set()
        self.reading = None
        self.feed(text)
        self.text = re.sub(r"\s+", " ", "".join(self.words))

    def handle_starttag(self, tag, attributes):
        attributes = dict(attributes)
        self.tags.add(tag)
        self.words.append(" ")
        self.outside += [v for k, v in attributes.items() if k in ("src", "href", "srcset", "data", "xlink:href") and v and not v.startswith("#")]
        if "data-key" in attributes:
            self.reading = attributes["data-key"], attributes["data-value"]

    def handle_data(self, data):
        self.words.append(data)
        if self.reading:
            key, value = self.reading
            self.numbers.setdefault(key, []).append((value, data))
            self.reading = None


class Case(unittest.TestCase):
    """A folder of its own."""

    @classmethod
    def setUpClass(cls):
        cls.folder = tempfile.mkdtemp()
        cls.addClassCleanup(shutil.rmtree, cls.folder)

    @classmethod
    def path(cls, *names):
        return os.path.join(cls.folder, *names)

    def works(self, run):
        self.assertEqual((run.returncode, run.stderr), (0, ""), run)
        return run.stdout

    def refused(self, run, *words):
        """It ended with 2, without output, and said one sentence that has these words."""
        self.assertEqual(run.returncode, 2, run)
        self.assertEqual(run.stdout, "", run)
        self.assertRegex(run.stderr, r"\Ashardlm: [^\n]+\n\Z")
        for word in words:
            self.assertIn(word, run.stderr)
