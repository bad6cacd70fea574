"""Ranks that are killed, hang or fail: all of the job ends within ten seconds, not with 0, and one sentence says why.

usage: net_faults.py MPIEXEC FAULT_PROGRAM
"""
import os
import pathlib
import re
import signal
import subprocess
import sys
import tempfile
import time
import unittest

MPIEXEC, PROGRAM = sys.argv[1:3]
ROLES = ["client", "server 0", "server 1", "dealer"]
LIMIT = 10  # seconds


class Job:
    """One run of the program; `after_ready(pids)` is called once every rank has said that it is ready."""

    def __init__(self, scenario, rank=0, timeout=30, ranks=4, after_ready=None, launcher=None, wrapper=()):
        if launcher is None:
            launcher = [MPIEXEC, "-q", "--oversubscribe", "--bind-to", "none", "-n", str(ranks)]
        command = [*launcher, *wrapper, PROGRAM, scenario, str(rank), str(timeout)]
        self.pids = {}
        self.output = ""
        started = time.monotonic()
        self.process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        if after_ready:
            while len(self.pids) < 4:
                line = self.process.stdout.readline()
                if not line:
                    break
                self.output += line
                if line.startswith("ready "):
                    rank_ready, pid = line.split()[1:]
                    self.pids[int(rank_ready)] = int(pid)
            started = time.monotonic()
            after_ready(self)
        try:
            rest, self.errors = self.process.communicate(timeout=60)
        except subprocess.TimeoutExpired:
            self.process.kill()
            rest, self.errors = self.process.communicate()
        self.output += rest
        self.seconds = time.monotonic() - started
        self.code = self.process.returncode
        self.sentences = re.findall(r"^shardlm: .*$", self.errors, re.MULTILINE)


def alive(pid):
    try:
        with open(f"/proc/{pid}/stat") as stat:
            return stat.read().rsplit(")", 1)[1].split()[0] not in "ZX"
    except FileNotFoundError:
        return False


def signalling(rank, number):
    return lambda job: os.kill(job.pids[rank], number)


class Ends(unittest.TestCase):
    def check(self, job, *sentences):
        """The job ended in time, not with 0, and what it said are exactly these sentences."""
        what = f"code {job.code} after {job.seconds:.1f} s\n{job.errors}"
        self.assertLess(job.seconds, LIMIT, what)
        self.assertNotEqual(job.code, 0, what)
        self.assertEqual(job.sentences, [f"shardlm: {each}" for each in sentences], what)
        self.assert_gone(job)

    def assert_gone(self, job):
        deadline = time.monotonic() + LIMIT
        while any(alive(pid) for pid in job.pids.values()) and time.monotonic() < deadline:
            time.sleep(0.05)
        self.assertEqual([pid for pid in job.pids.values() if alive(pid)], [])

    def test_a_job_without_trouble(self):
        job = Job("fine")
        self.assertEqual((job.code, job.errors), (0, ""))

    def test_one_ranks_exit_code_is_the_jobs(self):
        self.assertEqual(Job("code", rank=2).code, 3)

    def test_a_rank_fails_in_the_middle(self):
        for rank, role in enumerate(ROLES):
            with self.subTest(role):
                self.check(Job("throw", rank), f"{role}: the disk is full")

    def test_every_rank_exits_with_1(self):
        # mpirun passes on nothing of a rank that it ends, so each shell lives through its SIGTERM, and its SIGKILL comes late on a busy machine.
        with tempfile.TemporaryDirectory() as folder:
            wrapper = ["bash", "-c", f'trap "" TERM; "$@"; echo $? >{folder}/$OMPI_COMM_WORLD_RANK', "-"]
            launcher = [MPIEXEC, "-q", "--mca", "odls_base_sigkill_timeout", "30", "--oversubscribe", "--bind-to", "none", "-n", "4"]
            Job("throw", 1, launcher=launcher, wrapper=wrapper)
            self.assertEqual([pathlib.Path(folder, str(rank)).read_text() for rank in range(4)], ["1\n"] * 4)

    def test_a_rank_runs_out_of_memory(self):
        self.check(Job("memory", 2), "server 1: out of memory")

    def test_a_rank_fails_when_the_others_are_through(self):
        for rank, role in enumerate(ROLES):
            with self.subTest(role):
                self.check(Job("late", rank), f"{role}: the disk is full")

    def test_a_rank_finds_trouble_that_all_agree_on(self):
        for rank, role in enumerate(ROLES):
            with self.subTest(role):
                job = Job("disagree", rank)
                self.check(job, f"{role}: there is no model")
                self.assertEqual(job.code, 1)

    def test_a_rank_hangs(self):
        for rank, role in enumerate(ROLES):
            with self.subTest(role):
                job = Job("talk", timeout=2, after_ready=signalling(rank, signal.SIGSTOP))
                self.assertLess(job.seconds, LIMIT)
                self.assertNotEqual(job.code, 0)
                self.assert_gone(job)
                told = [s for s in job.sentences if f"{role} sent nothing for 2 s" in s or f"nothing was heard from {role} for" in s]
                self.assertEqual(len(told), 1, job.errors)

    def test_a_rank_is_killed(self):
        for scenario in ["talk", "compute"]:
            for rank, role in enumerate(ROLES):
                with self.subTest(f"{role}, {scenario}"):
                    job = Job(scenario, after_ready=signalling(rank, signal.SIGKILL))
                    ended = "ended because another rank of this job was killed or failed, or the job was stopped"
                    others = {f"shardlm: {other}: {ended}" for other in ROLES if other != role}
                    self.assertLess(job.seconds, LIMIT)
                    self.assertNotEqual(job.code, 0)
                    self.assertEqual(len(job.sentences), 1, job.errors)
                    self.assertLessEqual(set(job.sentences), others, job.errors)
                    self.assert_gone(job)

    def test_mpirun_is_killed(self):
        job = Job("talk", after_ready=lambda job: job.process.kill())
        self.assert_gone(job)

    def test_the_user_interrupts(self):
        job = Job("talk", after_ready=lambda job: job.process.send_signal(signal.SIGINT))
        self.assertLess(job.seconds, LIMIT)
        self.assertNotEqual(job.code, 0)
        self.assert_gone(job)

    def test_other_numbers_of_ranks(self):
        parties = "four ranks are needed (client, server 0, server 1, dealer)"
        for ranks in [1, 2, 3, 5]:
            with self.subTest(ranks):
                self.check(Job("fine", ranks=ranks), f"{parties}, but this job has {ranks}; start it with mpirun --oversubscribe -n 4")

    def test_no_mpirun(self):
        environment = [f"-u{name}" for name in os.environ if name.startswith(("OMPI_COMM", "PMI"))]
        job = Job("fine", launcher=["env", *environment])
        self.assertEqual(len(job.sentences), 1, job.errors)
        self.assertIn("was started without mpirun", job.sentences[0])
        self.assertNotEqual(job.code, 0)


if __name__ == "__main__":
    unittest.main(argv=sys.argv[:1], verbosity=2)
