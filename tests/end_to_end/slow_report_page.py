"""report.html in headless Chromium: wide and narrow, light and dark nothing sticks out, and what a reader sees is what the JSON files say. Skipped where
there is no Chromium (Debian: chromium)."""
import json
import os
import shutil
import subprocess
import sys
import unittest

from perf_scripts import Case, Page, script
from made_up_results import write, write_folder
from test_report import Expected, read, shown

BROWSER = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
WIDTHS = {"wide": 1400, "middle": 900, "narrow": 375}
SCHEMES = {"light": 1, "dark": 0}  # Blink's numbers for preferredColorScheme

# Runs in the page, and tells the page around it: which elements stick out of the window, the colours, and which numbers can be seen.
PROBE = """<script>
addEventListener("load", () => {
  const width = document.documentElement.clientWidth, inside = e => e.closest(".scroll, pre, .plot, nav");
  const out = [...document.querySelectorAll("body *")].filter(e => !inside(e) && e.getBoundingClientRect().right > width + 1).map(e => e.tagName + "." + e.className);
  const numbers = [...document.querySelectorAll("[data-key]")].map(e => [e.dataset.key, e.dataset.value, e.textContent, e.checkVisibility()]);
  const overlapping = [...document.querySelectorAll(".axis")].filter(axis => {
    const marks = [...axis.children].map(e => e.getBoundingClientRect()).filter(r => r.width > 0).sort((a, b) => a.left - b.left);
    return marks.some((r, i) => i && r.left < marks[i - 1].right);
  }).length;
  const small = [...document.querySelectorAll("body *")].filter(e => e.children.length == 0 && e.textContent.trim() && parseFloat(getComputedStyle(e).fontSize) < 10.5).length;
  const style = getComputedStyle(document.body);
  parent.postMessage(JSON.stringify({width, body: document.body.scrollWidth, out: [...new Set(out)], numbers, overlapping, small, ink: style.color, paper: style.backgroundColor,
                                     dark: matchMedia("(prefers-color-scheme: dark)").matches}), "*");
});
</script></body>"""
FRAME = """<!DOCTYPE html><html><body style="margin:0"><iframe src="%s" style="width:%dpx;height:900px;border:0"></iframe>
<script>addEventListener("message", e => { const p = document.createElement("pre"); p.id = "probe"; p.textContent = e.data; document.body.append(p); });</script></body></html>"""


def browser(url, scheme, *options):
    """Headless, and as root as well. Frames are for narrow pages: a window has a least width."""
    command = [BROWSER, "--headless", "--no-sandbox", "--disable-gpu", "--hide-scrollbars", f"--blink-settings=preferredColorScheme={SCHEMES[scheme]}", "--window-size=1500,1000",
               "--virtual-time-budget=10000", *options, url]
    return subprocess.run(command, capture_output=True, text=True, errors="replace", timeout=300)


class ReadProbe(Page):
    """What the probe said, out of the page around it."""

    def handle_starttag(self, tag, attributes):
        super().handle_starttag(tag, attributes)
        self.in_probe = dict(attributes).get("id") == "probe"

    def handle_data(self, data):
        super().handle_data(data)
        if getattr(self, "in_probe", False):
            self.said = json.loads(data)
            self.in_probe = False


class Pages(Case):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        results = write_folder(cls.path("results"))
        sizes = [write_folder(cls.path("sizes", name), protocols=("v2", "v3", "plain"), failed=(), layers=layers, extras=False) for name, layers in (("small", 4), ("large", 30))]
        for folders in ([results], sizes):
            assert script("report", *folders).returncode == 0
        cls.pages = {"one": results, "several": sizes[0]}
        for name, folder in cls.pages.items():
            write(cls.path(name + ".html"), read(os.path.join(folder, "report.html")).replace("</body>", PROBE))

    def probe(self, page, width, scheme):
        frame = f"{page}-{width}.html"
        write(self.path(frame), FRAME % (f"{page}.html", WIDTHS[width]))
        run = browser("file://" + self.path(frame), scheme, "--dump-dom", "--allow-file-access-from-files")
        self.assertIn('id="probe"', run.stdout, run.stderr[-2000:])
        return ReadProbe(run.stdout).said

    def test_nothing_sticks_out_at_any_width_in_any_scheme(self):
        for page in self.pages:
            papers = set()
            for width in WIDTHS:
                for scheme in SCHEMES:
                    with self.subTest(page=page, width=width, scheme=scheme):
                        said = self.probe(page, width, scheme)
                        self.assertEqual(said["width"], WIDTHS[width])
                        self.assertLessEqual(said["body"], said["width"])
                        self.assertEqual(said["out"], [])
                        self.assertEqual(said["overlapping"], 0)
                        self.assertEqual(said["small"], 0)
                        self.assertEqual(said["dark"], scheme == "dark")
                        self.assertGreater(contrast(said["ink"], said["paper"]), 10)
                        papers.add(said["paper"])
            self.assertEqual(len(papers), 2)

    def test_a_reader_sees_the_numbers_of_the_json_files(self):
        said, expected = self.probe("one", "wide", "light"), Expected(self.pages["one"])
        seen = {(key, value, text) for key, value, text, visible in said["numbers"] if visible and ".trace." not in key}
        self.assertGreater(len(seen), 800)
        for key, value, text in seen:
            self.assertEqual(json.loads(value), expected.value(key), key)
            self.assertTrue(shown(text, json.loads(value)), (key, text, value))
        for protocol in ("v2", "v3", "v3-ot", "v3-mpc"):
            self.assertIn(f"{protocol}.text.time_to_first_token.mean", {key for key, *_ in seen})


def contrast(one, other):
    """Of two colours, as WCAG 2 defines it."""
    def luminance(colour):
        channels = [int(c) / 255 for c in colour[colour.index("(") + 1:-1].split(",")[:3]]
        linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels]
        return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]

    high, low = sorted((luminance(one), luminance(other)), reverse=True)
    return (high + 0.05) / (low + 0.05)


if __name__ == "__main__":
    if BROWSER is None:
        print("no Chromium here: skipped")
        sys.exit(77)
    unittest.main()
