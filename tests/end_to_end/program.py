"""Runs the program the way a user does. From the environment: SHARDLM (the program), MPIEXEC, SHARDLM_SOURCE_DIR (the project)."""
import os
import pathlib
import re
import shutil
import subprocess
import tempfile
import time
import unittest

SHARDLM, SOURCE = os.environ["SHARDLM"], os.environ["SHARDLM_SOURCE_DIR"]
MPIRUN = [os.environ["MPIEXEC"], "-q", "--oversubscribe", "--bind-to", "none"]
LIMIT = 10  # seconds in which a job that fails must be gone
PATIENCE = 300  # seconds for a job that works, on a machine with other things to do

# A rank with its exit code written to $CODES/<rank>, although mpirun ends the other ranks of a job as soon as one fails.
RANK = ["bash", "-c", 'trap "" TERM; "$@"; code=$?; echo $code >"$CODES/$OMPI_COMM_WORLD_RANK"; exit $code', "rank", SHARDLM]


class Run:
    """One run of a command until its end: code, output, errors, sentences ("shardlm: ..."), seconds, codes (of the ranks)."""

    def __init__(self, command, input=None, limit=PATIENCE):
        codes = tempfile.mkdtemp()
        started = time.monotonic()
        done = subprocess.run(command, capture_output=True, text=True, timeout=limit, env={**os.environ, "CODES": codes},
                              **({"stdin": subprocess.DEVNULL} if input is None else {"input": input}))
        self.seconds = time.monotonic() - started
        self.code, self.output, self.errors = done.returncode, done.stdout, done.stderr
        self.sentences = re.findall(r"^shardlm: (.*)$", self.errors, re.MULTILINE)
        self.codes = {rank: pathlib.Path(codes, rank).read_text().strip() for rank in os.listdir(codes)}
        shutil.rmtree(codes)

    def __str__(self):
        return f"exit {self.code} after {self.seconds:.1f} s, ranks {self.codes}\noutput:\n{self.output}\nerrors:\n{self.errors}"


def alone(*arguments, input=None):
    return Run([SHARDLM, *arguments], input)


def job(*arguments, ranks=4, input=None):
    """shardlm generate on so many ranks."""
    return Run([*MPIRUN, "-n", str(ranks), *RANK, "generate", *arguments], input)


def job_of(*ranks, input=None):
    """shardlm generate with arguments of its own for each rank."""
    command = MPIRUN[:]
    for i, arguments in enumerate(ranks):
        command += ([":"] if i else []) + ["-n", "1", *RANK, "generate", *arguments]
    return Run(command, input)


# Of a process that may be gone at any time.
def environment_of(pid):
    try:
        with open(f"/proc/{pid}/environ", "rb") as file:
            return dict(item.split(b"=", 1) for item in file.read().split(b"\0") if b"=" in item)
    except OSError:
        return {}


def alive(pid):
    try:
        with open(f"/proc/{pid}/stat") as file:
            return file.read().rsplit(")", 1)[1].split()[0] not in "ZX"
    except OSError:
        return False


class Case(unittest.TestCase):
    """A folder of its own, with model files of two checkpoints."""

    @classmethod
    def setUpClass(cls):
        cls.folder = tempfile.mkdtemp()
        cls.addClassCleanup(shutil.rmtree, cls.folder)
        os.environ["XDG_CACHE_HOME"] = cls.path("cache")
        os.mkdir(cls.path("cache"))
        cls.checkpoint = os.path.join(SOURCE, "inputs/demo")
        cls.model, cls.other_model = cls.path("demo.h5"), cls.path("other.h5")
        for folder, model in ((cls.checkpoint, cls.model), (os.path.join(SOURCE, "tests/vectors/plain_small"), cls.other_model)):
            run = alone("convert", folder, model)
            assert run.code == 0, run

    @classmethod
    def path(cls, name):
        return os.path.join(cls.folder, name)

    @classmethod
    def file(cls, name, text):
        with open(cls.path(name), "w") as file:
            file.write(text)
        return cls.path(name)

    def works(self, run):
        self.assertEqual(run.code, 0, run)
        self.assertEqual(run.sentences, [], run)
        return run

    def refused(self, run, *words):
        """It ended in time, on no rank with 0, without output, and said one sentence that has these words."""
        self.assertLess(run.seconds, LIMIT, run)
        self.assertNotEqual(run.code, 0, run)
        self.assertNotIn("0", run.codes.values(), run)
        self.assertEqual(run.output, "", run)
        self.assertEqual(len(run.sentences), 1, run)
        for word in words:
            self.assertIn(word, run.sentences[0], run)
