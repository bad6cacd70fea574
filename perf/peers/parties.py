"""Starts a script once more for each party of a computation, and collects the line of JSON that each ends with."""
import json
import os
import subprocess
import sys
import tempfile
import time

SIGN = "PARTY "


def start(count, environment):
    """environment(rank) is added to the party's. Returns what each said with `tell`, by rank, and all of its output."""
    with tempfile.TemporaryDirectory() as folder:
        paths = [os.path.join(folder, str(rank)) for rank in range(count)]
        running = []
        try:
            for rank, path in enumerate(paths):
                with open(path, "w") as file:
                    running.append(subprocess.Popen([sys.executable, *sys.argv, "--rank", str(rank)], stdin=subprocess.PIPE, stdout=file,
                                                    stderr=subprocess.STDOUT, env={**os.environ, **environment(rank)}))
            return wait(running, paths)
        finally:
            for party in running:
                party.kill()
                party.wait()


def wait(running, paths):
    """Until all have told, or one ended without."""
    while True:
        ended = [party.poll() is not None for party in running]  # before the outputs are read
        outputs = [read(path) for path in paths]
        told = [[line for line in output.splitlines(True) if line.startswith(SIGN) and line.endswith("\n")] for output in outputs]
        if all(told):
            return [json.loads(lines[-1][len(SIGN):]) for lines in told], outputs
        for rank, lines in enumerate(told):
            if ended[rank] and not lines:
                last = (outputs[rank].strip().splitlines() or ["none"])[-1].strip()
                sys.exit(f"party {rank} ended without a result; its last words: {last}")
        time.sleep(0.1)


def read(path):
    with open(path, errors="replace") as file:
        return file.read()


def tell(result):
    """A party's last word. It stays until all have told, because others may still wait for what it sent, and is then ended from outside:
    some libraries hang while they are taken down."""
    print(SIGN + json.dumps(result), flush=True)
    sys.stdin.read()
    os._exit(0)
