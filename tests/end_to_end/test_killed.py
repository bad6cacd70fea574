"""A rank is killed, or hangs, before a request or in its middle: the others end within seconds, not with 0, and no file appears."""
import os
import re
import signal
import subprocess
import time
import unittest

from program import LIMIT, MPIRUN, PATIENCE, SHARDLM, Case, alive, environment_of

ROLES = ["client", "server 0", "server 1", "dealer"]


def maps(pid, path):
    try:
        with open(f"/proc/{pid}/maps") as file:
            return path in file.read()
    except OSError:
        return False


class Job:
    """shardlm generate that is still running. Its ranks are found by a mark in their environment."""

    def __init__(self, *arguments):
        self.mark = f"{os.getpid()}-{time.monotonic_ns()}"
        self.process = subprocess.Popen([*MPIRUN, "-n", "4", SHARDLM, "generate", *arguments], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                        stderr=subprocess.PIPE, env={**os.environ, "SHARDLM_TEST_MARK": self.mark})

    def ranks(self):
        """The process of every rank that runs, by rank."""
        found = {}
        for pid in filter(str.isdigit, os.listdir("/proc")):
            environment = environment_of(pid)
            if environment.get(b"SHARDLM_TEST_MARK") == self.mark.encode() and b"OMPI_COMM_WORLD_RANK" in environment:
                found[int(environment[b"OMPI_COMM_WORLD_RANK"])] = int(pid)
        return found

    def wait_until(self, condition):
        deadline = time.monotonic() + PATIENCE
        while not condition():
            if self.process.poll() is not None or time.monotonic() > deadline:
                raise AssertionError(f"the job ended, exit {self.process.poll()}: {self.process.communicate()}")
            time.sleep(0.02)

    def strike(self, rank, number):
        """Sends a signal to a rank and waits for the end of the job."""
        ranks = self.ranks()
        started = time.monotonic()
        os.kill(ranks[rank], number)
        try:
            self.process.wait(PATIENCE)
        finally:
            self.seconds = time.monotonic() - started
            self.process.kill()
        self.code = self.process.returncode
        errors = self.process.stderr.read().decode()
        self.sentences = re.findall(r"^shardlm: (.*)$", errors, re.MULTILINE)
        deadline = time.monotonic() + 2
        while any(map(alive, ranks.values())) and time.monotonic() < deadline:
            time.sleep(0.05)
        self.left = [pid for pid in ranks.values() if alive(pid)]
        self.process.stdin.close()
        self.process.stdout.close()
        self.process.stderr.close()
        return self


class Killed(Case):
    def setUp(self):
        self.out = self.path("answers/answer.txt")
        os.makedirs(os.path.dirname(self.out), exist_ok=True)

    # Before: all ranks hold the model, and the client waits for somebody to write the prompt.
    def before(self, *arguments):
        job = Job("--model", self.model, "--prompt-file", "-", "--out", self.out, *arguments)
        job.wait_until(lambda: len(job.ranks()) == 4 and all(maps(pid, self.model) for pid in job.ranks().values()))
        time.sleep(0.5)
        return job

    # In the middle of an answer that goes on for long: its first text is there. (This model has random weights, and talks.)
    def amid(self, *arguments):
        job = Job("--model", self.other_model, "--raw", "-p", "abc", "-m", "1500", "--out", self.out, *arguments)
        self.assertNotEqual(os.read(job.process.stdout.fileno(), 1), b"", "the job ended before it was struck")
        return job

    def check(self, job):
        self.assertLess(job.seconds, LIMIT)
        self.assertNotEqual(job.code, 0)
        self.assertEqual(job.left, [], "these processes are left")
        self.assertEqual(os.listdir(os.path.dirname(self.out)), [])
        self.assertNotEqual(job.sentences, [])

    def check_killed(self, start):
        for rank, role in enumerate(ROLES):
            with self.subTest(killed=role):
                job = start().strike(rank, signal.SIGKILL)
                self.check(job)
                self.assertEqual(len(job.sentences), 1, job.sentences)
                self.assertRegex(job.sentences[0], "ended because another rank of this job was killed or failed")
                self.assertFalse(job.sentences[0].startswith(role))

    def test_before_the_request(self):
        self.check_killed(self.before)

    def test_amid_the_request(self):
        self.check_killed(self.amid)

    def test_a_rank_that_hangs_is_given_up(self):
        for rank, role in enumerate(ROLES):
            with self.subTest(hangs=role):
                job = self.amid("--timeout", "3").strike(rank, signal.SIGSTOP)
                self.check(job)
                self.assertEqual(len([s for s in job.sentences if f"{role} sent nothing for 3 s, and is given up" in s]), 1, job.sentences)

    def test_interrupted_by_the_user(self):
        job = self.amid()
        ranks = job.ranks()
        job.process.send_signal(signal.SIGINT)
        job.strike(0, signal.SIGINT) if alive(ranks[0]) else job.process.wait(PATIENCE)
        self.assertNotEqual(job.process.returncode, 0)
        self.assertEqual(os.listdir(os.path.dirname(self.out)), [])


if __name__ == "__main__":
    unittest.main()
