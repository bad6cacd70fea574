"""A headless Chromium, as its chromedriver drives it over HTTP (W3C WebDriver). Debian's packages chromium and chromium-driver; nothing of Python's."""
import base64
import json
import re
import shutil
import subprocess
import tempfile
import time
import urllib.error
import urllib.request

CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
DRIVER = shutil.which("chromedriver")
MISSING = None if CHROMIUM and DRIVER else "no headless Chromium here (Debian: chromium, chromium-driver): skipped"
ENTER, ESCAPE, TAB, SHIFT = "\ue007", "\ue00c", "\ue004", "\ue008"  # as WebDriver writes keys


class Browser:
    """One window of a browser of its own, with a profile of its own that goes with it."""

    def __init__(self):
        self.profile = tempfile.mkdtemp()
        self.driver = subprocess.Popen([DRIVER, "--port=0"], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        self.session = None
        try:
            port = next(filter(None, (re.search(r"successfully on port (\d+)", line) for line in self.driver.stdout)))[1]
            self.base = f"http://127.0.0.1:{port}/session"
            arguments = ["--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--no-first-run", f"--user-data-dir={self.profile}"]
            options = {"browserName": "chrome", "goog:chromeOptions": {"binary": CHROMIUM, "args": arguments},
                       "goog:loggingPrefs": {"browser": "ALL", "performance": "ALL"}}
            self.session = self._ask("POST", "", {"capabilities": {"alwaysMatch": options}})["sessionId"]
        except BaseException:
            self.close()
            raise

    def _ask(self, method, path, body=None):
        url = self.base + (f"/{self.session}" if self.session else "") + path
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(url, data, {"Content-Type": "application/json"}, method=method)
        try:
            with urllib.request.urlopen(request, timeout=120) as answer:
                return json.load(answer)["value"]
        except urllib.error.HTTPError as error:
            raise AssertionError(json.load(error)["value"]["message"]) from None

    def close(self):
        try:
            if self.session:
                self._ask("DELETE", "")
        finally:
            self.driver.terminate()
            self.driver.wait(30)
            self.driver.stdout.close()
            shutil.rmtree(self.profile, ignore_errors=True)

    def open(self, url):
        self._ask("POST", "/url", {"url": url})

    def script(self, body, *arguments):
        """What the body of a function returns in the page."""
        return self._ask("POST", "/execute/sync", {"script": body, "args": arguments})

    def until(self, body, *arguments, seconds=60):
        """Waits for a true value of the function, and returns it."""
        deadline = time.monotonic() + seconds
        while True:
            value = self.script(body, *arguments)
            if value:
                return value
            if time.monotonic() > deadline:
                raise AssertionError(f"not within {seconds} s: {body}")
            time.sleep(0.02)

    def keys(self, text, held=""):
        """Pressed one after the other, on whatever has the focus."""
        def press(kind, keys):
            return [{"type": kind, "value": key} for key in keys]

        actions = press("keyDown", held) + [action for key in text for kind in ("keyDown", "keyUp") for action in press(kind, key)] + press("keyUp", held)
        self._ask("POST", "/actions", {"actions": [{"type": "key", "id": "keyboard", "actions": actions}]})

    def click(self, selector):
        element = self._ask("POST", "/element", {"using": "css selector", "value": selector})
        self._ask("POST", f"/element/{next(iter(element.values()))}/click", {})

    def devtools(self, command, **parameters):
        return self._ask("POST", "/goog/cdp/execute", {"cmd": command, "params": parameters})

    def look(self, width, height=800, scheme="light", motion="no-preference"):
        """From now on the window is so large, and its reader likes it so."""
        self.devtools("Emulation.setDeviceMetricsOverride", width=width, height=height, deviceScaleFactor=1, mobile=False)
        self.devtools("Emulation.setEmulatedMedia", features=[{"name": "prefers-color-scheme", "value": scheme}, {"name": "prefers-reduced-motion", "value": motion}])

    def offline(self, on):
        self.devtools("Network.emulateNetworkConditions", offline=on, latency=0, downloadThroughput=-1, uploadThroughput=-1)

    def screenshot(self, path):
        with open(path, "wb") as file:
            file.write(base64.b64decode(self._ask("GET", "/screenshot")))

    def complaints(self):
        """What the console got since it was asked last."""
        return [f"{entry['level']}: {entry['message']}" for entry in self._ask("POST", "/se/log", {"type": "browser"})]

    def requests(self):
        """Of pages (not the browser's own) since it was asked last, whatever became of them: each as DevTools tell it, with its url and what was posted."""
        events = [json.loads(entry["message"])["message"] for entry in self._ask("POST", "/se/log", {"type": "performance"})]
        sent = [event["params"]["request"] for event in events if event["method"] == "Network.requestWillBeSent"]
        return [request for request in sent if not request["url"].startswith(("chrome:", "data:"))]
