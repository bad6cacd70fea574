"""Runs one command of a benchmark, keeps what it says in a log, and records how it failed."""
import os
import shlex
import signal
import subprocess
import time

from .refusal import write_whole

LAST_LINES = 20


class Failed(Exception):
    """A command that did not do what it was for: `status` in words, and the end of what it said."""

    def __init__(self, command, status, lines):
        super().__init__(status)
        self.command, self.status, self.lines = command, status, lines

    def record(self, path):
        """A .failed file: exit status, command, last lines."""
        write_whole(path, "\n".join([self.status, "$ " + shlex.join(self.command), *self.lines]) + "\n")


class Runner:
    """Runs commands one after the other; each ends with this process."""

    def __init__(self, environment, limit=None):
        self.environment, self.limit = environment, limit

    def run(self, command, log, output=None):
        """The command's seconds. What it says goes to the end of `log`, or its standard output alone, if it succeeded, into `output`."""
        started, part = time.monotonic(), f"{output or log}.part"
        with open(log, "ab") as said, open(part if output else os.devnull, "wb") as answered:
            said.write(f"$ {shlex.join(command)}\n".encode())
            said.flush()
            begin = said.tell()
            try:
                status = self._wait(command, answered if output else said, said)
            except OSError as error:
                status = f"{command[0]} could not be started: {error.strerror}"
        if output and status is None:
            os.replace(part, output)
        elif output:
            os.remove(part)
        if status is not None:
            raise Failed(command, status, last_lines(log, begin))
        return time.monotonic() - started

    def _wait(self, command, output, errors):
        """None, or what was wrong. The command has a process group of its own, so that all of a job can be ended with it."""
        process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=output, stderr=errors, env=self.environment, start_new_session=True)
        try:
            code = process.wait(self.limit)
        except subprocess.TimeoutExpired:
            end(process)
            return f"ended after {self.limit:g} s, which is --limit"
        except BaseException:
            end(process)
            raise
        return None if code == 0 else f"exit status {code}" if code > 0 else f"ended by {signal.Signals(-code).name}"


def end(process):
    """mpirun ends its ranks when it is asked to; who does not listen is killed."""
    for number in (signal.SIGTERM, signal.SIGKILL):
        try:
            os.killpg(process.pid, number)
            process.wait(10)
            return
        except subprocess.TimeoutExpired:
            continue
        except ProcessLookupError:
            process.wait()
            return


def last_lines(log, begin):
    """The end of what a run said, and before it the program's own sentences, which a launcher's words may have pushed further up."""
    with open(log, "rb") as file:
        file.seek(begin)
        lines = file.read().decode("utf-8", "replace").splitlines()
    return [line for line in lines[:-LAST_LINES] if line.startswith("shardlm: ")][-5:] + lines[-LAST_LINES:]
