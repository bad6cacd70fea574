"""A gateway, shardlm serve on four ranks, that runs while a test asks it; and what its ranks are and need."""
import http.client
import json
import os
import pathlib
import re
import signal
import subprocess
import tempfile
import threading
import time

from program import MPIRUN, PATIENCE, RANK, Case, alive, environment_of

RANKS = {0: "client", 1: "server 0", 2: "server 1", 3: "dealer"}


def command_name(pid):
    try:
        with open(f"/proc/{pid}/comm") as file:
            return file.read().strip()
    except OSError:
        return ""


class Answer:
    """One HTTP answer, whole: status, headers (their names in lower case), text."""

    def __init__(self, response):
        self.status, self.text = response.status, response.read().decode()
        self.headers = {name.lower(): value for name, value in response.getheaders()}

    @property
    def json(self):
        return json.loads(self.text)

    def __str__(self):
        return f"{self.status} {self.headers} {self.text}"


class Served:
    """mpirun -n 4 shardlm serve ARGUMENTS on a port of its own, ready for requests. Ends in any case at the end of a with statement."""

    def __init__(self, *arguments, wait=True, port=0):
        self.mark = f"{os.getpid()}-{time.monotonic_ns()}"
        self.codes_folder = tempfile.TemporaryDirectory()
        environment = {**os.environ, "SHARDLM_TEST_MARK": self.mark, "CODES": self.codes_folder.name}
        self.process = subprocess.Popen([*MPIRUN, "-n", "4", *RANK, "serve", "--port", str(port), *arguments], stdin=subprocess.DEVNULL,
                                        stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True, env=environment, start_new_session=True)
        self.lines = []
        self.reader = threading.Thread(target=lambda: self.lines.extend(self.process.stderr), daemon=True)
        self.reader.start()
        self.url = self.host = self.port = None
        if wait:
            try:
                self.wait_until_ready()
            except BaseException:
                self.kill()
                raise

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.kill()

    @property
    def errors(self):
        """What was written to standard error so far."""
        return "".join(self.lines)

    @property
    def sentences(self):
        return re.findall(r"^shardlm: (.*)$", self.errors, re.MULTILINE)

    def wait_until(self, condition, seconds=PATIENCE):
        deadline = time.monotonic() + seconds
        while not condition():
            if self.process.poll() is not None or time.monotonic() > deadline:
                raise AssertionError(f"the gateway {'ended' if self.process.poll() is not None else 'keeps one waiting'}: {self.errors}")
            time.sleep(0.02)

    def listening(self):
        found = re.search(r"^shardlm: listening on (http://(\S+):(\d+))$", self.errors, re.MULTILINE)
        if found:
            self.url, self.host, self.port = found[1], found[2].strip("[]"), int(found[3])
        return bool(found)

    def wait_until_ready(self):
        self.wait_until(self.listening)
        self.wait_until(lambda: self.get("/ready").status == 200)

    def ranks(self):
        """The process of every rank that runs, by rank."""
        found = {}
        for pid in filter(str.isdigit, os.listdir("/proc")):
            environment = environment_of(pid)
            rank = environment.get(b"OMPI_COMM_WORLD_RANK")
            if environment.get(b"SHARDLM_TEST_MARK") == self.mark.encode() and rank and command_name(pid) != "bash" and alive(pid):
                found[int(rank)] = int(pid)
        return found

    def resident(self):
        """Bytes of memory that every rank has, all pages counted (VmRSS)."""
        return {rank: self._status(pid, "VmRSS") for rank, pid in sorted(self.ranks().items())}

    @staticmethod
    def _status(pid, name):
        with open(f"/proc/{pid}/status") as file:
            return int(re.search(rf"^{name}:\s+(\d+) kB", file.read(), re.MULTILINE)[1]) * 1024

    def connect(self, timeout=PATIENCE):
        return http.client.HTTPConnection(self.host, self.port, timeout=timeout)

    def request(self, method, path, body=None, headers={}, timeout=PATIENCE):
        """body: an object, sent as JSON, or bytes as they are."""
        connection = self.connect(timeout)
        try:
            data = body if body is None or isinstance(body, bytes) else json.dumps(body).encode()
            connection.request(method, path, data, {**({"Content-Type": "application/json"} if data is not None else {}), **headers})
            return Answer(connection.getresponse())
        finally:
            connection.close()

    def get(self, path, **more):
        return self.request("GET", path, **more)

    def post(self, path, body, **more):
        return self.request("POST", path, body, **more)

    def chat(self, question, **parameters):
        """The answer to one question of a conversation of its own; of all the likeliest one, unless parameters say otherwise."""
        body = {"model": "any", "messages": [{"role": "user", "content": question}], "temperature": 0, **parameters}
        if body["model"] == "any":
            body["model"] = self.model()
        return self.post("/v1/chat/completions", body)

    def model(self):
        return self.get("/v1/models").json["data"][0]["id"]

    def signal(self, rank, number):
        os.kill(self.ranks()[rank], number)

    def wait(self, seconds=PATIENCE):
        """The exit code of the job, when it ends by itself; codes are those of the ranks that could still tell."""
        code = self.process.wait(seconds)
        self.reader.join(5)
        self.codes = {int(file.name): file.read_text().strip() for file in pathlib.Path(self.codes_folder.name).iterdir()}
        return code

    def stop(self, seconds=PATIENCE):
        """SIGTERM to rank 0, as an administrator ends it: the exit code of the job."""
        self.signal(0, signal.SIGTERM)
        return self.wait(seconds)

    def kill(self):
        ranks = list(self.ranks().values())
        for pid in [self.process.pid, *ranks] if self.process.poll() is None else ranks:
            try:
                os.kill(pid, signal.SIGKILL)
            except ProcessLookupError:
                pass
        self.process.wait()
        self.reader.join(5)
        self.process.stderr.close()
        self.codes_folder.cleanup()


class ServedCase(Case):
    """One gateway on the demo model for all tests of a class; at the end SIGTERM ends all ranks with 0."""

    arguments = ()

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.gateway = Served("--model", cls.model, *cls.arguments)
        cls.addClassCleanup(cls.gateway.kill)

    @classmethod
    def tearDownClass(cls):
        code = cls.gateway.stop()
        assert code == 0 and set(cls.gateway.codes.values()) == {"0"}, (code, cls.gateway.codes, cls.gateway.errors)
        super().tearDownClass()
