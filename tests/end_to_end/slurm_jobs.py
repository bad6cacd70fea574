"""The batch scripts of perf/slurm: what they refuse, their body without Slurm, and real jobs of a Slurm that this test starts. Where that cannot
start, the rest is done and the test counts as skipped."""
import glob
import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import unittest

from cluster import GPUS, PATH, Cluster, Unavailable, processes_of
from program import PATIENCE, SHARDLM, SOURCE, Case, Run, alone

SCRIPTS = sorted(glob.glob(os.path.join(SOURCE, "perf/slurm/*.sbatch")))
PROTOCOLS = ["v2", "v3", "v3-ot", "v3-mpc", "v3-cc"]
SHORT = ["-m", "3", "-r", "2", "-w", "1"]
SKIPPED = 77
unavailable = []  # why there were no jobs

# Stands in for the program, to see where ranks run, and to pass for one that computes on GPUs.
WITNESS = """#!/bin/bash
if [[ $1 == --version ]]; then echo "Cuda, says the test"; exit; fi
echo "$SLURMD_NODENAME $SLURM_LOCALID $CUDA_VISIBLE_DEVICES $OMP_NUM_THREADS" >"$WITNESSES/${PMIX_RANK:-$OMPI_COMM_WORLD_RANK}"
exec "$PROGRAM" "$@"
"""
READ_TRACE = """
import h5py, json, sys
with h5py.File(sys.argv[1]) as file:
    print(json.dumps({name: len(file[name]["start"]) for name in ("runs", "client", "server_0", "server_1", "dealer")}))
"""


def script(name):
    return os.path.join(SOURCE, "perf/slurm", name + ".sbatch")


def with_h5py():
    for python in (sys.executable, "/usr/bin/python3"):
        if subprocess.run([python, "-c", "import h5py"], capture_output=True).returncode == 0:
            return python
    return None


class Slurm(Case):
    """What both kinds of tests need: the files of every protocol, in the folder of a model."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        prepared = Run([os.path.join(SOURCE, "perf/slurm/prepare"), cls.model])
        assert prepared.code == 0, prepared

    def results(self):
        return tempfile.mkdtemp(dir=self.folder)

    def measured(self, folder, protocol, runs=2):
        """Its results are whole, and nothing says that it failed."""
        name = os.path.join(folder, protocol + "-tokens")
        self.assertFalse(os.path.exists(name + ".failed"), folder)
        with open(name + ".json") as file:
            found = json.load(file)
        self.assertEqual((found["protocol"], found["config"]["prompt_tokens"], found["results"]["total"]["n"]), (protocol, 19, runs))
        self.assertEqual({key: found["traffic"][key] for key in found["predicted"]}, found["predicted"])
        if python := with_h5py():
            read = subprocess.run([python, "-c", READ_TRACE, name + ".trace.h5"], capture_output=True, text=True)
            self.assertEqual(read.returncode, 0, read.stderr)
            events = json.loads(read.stdout)
            self.assertEqual(events.pop("runs"), runs)
            self.assertGreater(min(events.values()), 10)
        else:
            self.assertGreater(os.path.getsize(name + ".trace.h5"), 1000)
        return found

    def failed(self, folder, protocol, said):
        name = os.path.join(folder, protocol + "-tokens")
        with open(name + ".failed") as file:
            self.assertEqual(file.read().strip(), said)
        self.assertEqual([file for file in os.listdir(folder) if ".json" in file or ".h5" in file], [])


class Scripts(Slurm):
    def body(self, name, *arguments, **environment):
        """A script run by hand, without Slurm."""
        return Run(["env", *(f"--unset={key}" for key in os.environ if key.startswith("SLURM")), "SHARDLM_BIND=none",
                    *(f"{key}={value}" for key, value in environment.items()), "bash", script(name), *arguments])

    @unittest.skipUnless(shutil.which("shellcheck"), "shellcheck is not installed")
    def test_shellcheck_finds_nothing(self):
        files = [os.path.join(SOURCE, "perf/slurm", name) for name in ("common", "prepare")]
        run = Run(["shellcheck", "-x", "-s", "bash", *files, *SCRIPTS])
        self.assertEqual((run.code, run.output), (0, ""))

    def test_the_body_under_mpirun(self):
        results = self.results()
        run = self.body("cpu", self.model, results, *SHORT, SHARDLM_PROTOCOL="v3-mpc")
        self.assertEqual(run.code, 0, run)
        self.measured(results, "v3-mpc")
        self.assertEqual(len(os.listdir(results)), 3)
        again = self.body("cpu", self.model, results, SHARDLM_PROTOCOL="v3-mpc")
        self.refused(again, "v3-mpc-tokens.json is there already")

    def test_model_and_results_from_the_environment(self):
        results = self.results()
        run = self.body("cpu", *SHORT, SHARDLM_MODEL=self.model, SHARDLM_RESULTS=results, SLURM_ARRAY_TASK_ID=2, XDG_CACHE_HOME=self.path("cache"))
        self.assertEqual(run.code, 0, run)
        self.measured(results, "v3-ot")

    def test_what_is_missing_is_said(self):
        results, alone_here = self.results(), shutil.copy(self.model, self.path("alone.h5"))
        for words, arguments, environment in (
            (["model is missing", "SHARDLM_MODEL"], [], {}),
            (["folder for results", "SHARDLM_RESULTS"], [self.model], {}),
            (["no model file", "/nowhere.h5"], ["/nowhere.h5", results], {}),
            (["no program /nowhere"], [self.model, results], {"SHARDLM": "/nowhere"}),
            (["deck", "/nowhere.toml"], [self.model, results], {"SHARDLM_DECK": "/nowhere.toml"}),
            (["no shares", "shardlm share"], [alone_here, results], {"SHARDLM_PROTOCOL": "v3-mpc"}),
            (["no table and key", "shardlm ot make"], [alone_here, results], {"SHARDLM_PROTOCOL": "v3-ot"}),
            (["no sealed model", "shardlm seal"], [alone_here, results], {"SHARDLM_PROTOCOL": "v3-cc"}),
            (["no protocol v4", "v3-cc"], [self.model, results], {"SHARDLM_PROTOCOL": "v4"}),
            (["no protocol number 5", "0 to 4"], [self.model, results], {"SLURM_ARRAY_TASK_ID": "5"}),
            (["folder for results", "/proc/none"], [self.model, "/proc/none"], {}),
            (["SHARDLM_BIND", "'some'"], [self.model, results], {"SHARDLM_BIND": "some"}),
            (["SHARDLM_LAUNCH", "'pmix'", "mpirun"], [self.model, results], {"SHARDLM_LAUNCH": "pmix"}),
            (["--prompt-file"], [self.model, results, "-p", "a secret"], {}),
            (["--prompt-file"], [self.model, results, "--prompt=a secret"], {}),
        ):
            with self.subTest(words):
                run = self.body("cpu", *arguments, **environment)
                self.refused(run, *words)
                self.assertEqual(os.listdir(results), [])
        self.refused(self.body("four-nodes", self.model, results), "allocation", "sbatch")
        self.refused(self.body("one-gpu", self.model, results), "CPUs alone", "cuda")

    def test_a_benchmark_that_fails(self):
        results = self.results()
        run = self.body("cpu", self.model, results, "--tokens", "100000000")
        self.assertEqual(run.code, 1, run)
        self.assertIn("--tokens", run.errors)
        self.failed(results, "v3", "1")


class Jobs(Slurm):
    @classmethod
    def setUpClass(cls):
        cls.cluster = Cluster(tempfile.mkdtemp())
        cls.addClassCleanup(cls.end)
        try:
            cls.cluster.start()
        except Unavailable as why:
            unavailable.append(str(why))
            raise unittest.SkipTest(str(why))
        super().setUpClass()
        cls.witness = cls.file("witness", WITNESS)
        os.chmod(cls.witness, 0o700)

    @classmethod
    def end(cls):
        left = cls.cluster.stop()
        shutil.rmtree(cls.cluster.folder, ignore_errors=True)
        assert not left, f"processes were left: {left}"

    def submit(self, name, *arguments, options=(), **environment):
        """The number of a job, whose output is in self.said."""
        self.said = self.path(f"{name}-{time.monotonic_ns()}.out")
        # The nodes are on one machine, but messages between them are to go as between hosts.
        environment = {"OMPI_MCA_btl": "self,tcp", "OMPI_MCA_pml": "ob1", "SHARDLM_ROOT": SOURCE, **environment}
        run = self.cluster.run("sbatch", "--parsable", "--chdir", self.folder, "--output", self.said, "--open-mode=append", *options, script(name),
                               *arguments, environment=environment)
        self.assertEqual(run.returncode, 0, run.stderr)
        return int(run.stdout)

    def ended(self, job):
        """What became of its tasks, once all have ended."""
        end = time.monotonic() + PATIENCE
        while any(state in ("PENDING", "CONFIGURING", "RUNNING", "COMPLETING") for state, _ in self.cluster.states(job)):
            self.assertLess(time.monotonic(), end, "the job does not end")
            time.sleep(0.2)
        return self.cluster.states(job)

    def text(self, path):
        with open(path) as file:
            return file.read()

    def output(self):
        return self.text(self.said)

    def ends_well(self, job, tasks=1):
        self.assertEqual(self.ended(job), [("COMPLETED", 0)] * tasks, self.output())

    def ends_saying(self, job, *words):
        self.assertEqual(self.ended(job), [("FAILED", 1)])
        for word in words:
            self.assertIn(word, self.output())

    def witnessed(self):
        """SHARDLM and the rest of an environment in which every rank leaves a note."""
        folder = tempfile.mkdtemp(dir=self.folder)
        return folder, {"SHARDLM": self.witness, "PROGRAM": SHARDLM, "WITNESSES": folder}

    def notes(self, folder):
        found = []
        for rank in range(4):
            with open(os.path.join(folder, str(rank))) as file:
                found.append(file.read().split())
        return found

    def test_slurm_would_take_every_script(self):
        self.assertEqual(len(SCRIPTS), 4)
        for path in SCRIPTS:
            run = self.cluster.run("sbatch", "--test-only", path, self.model, self.path("none"))
            self.assertEqual(run.returncode, 0, run.stderr)
            self.assertRegex(run.stderr, r"Job \d+ to start at")

    def test_an_array_over_the_protocols(self):
        results = self.results()
        self.ends_well(self.submit("cpu", self.model, results, *SHORT), len(PROTOCOLS))
        for protocol in PROTOCOLS:
            with self.subTest(protocol):
                self.assertEqual(len(self.measured(results, protocol)["provenance"]["ranks"]), 4)

    def test_gpus_and_cpus_by_local_rank(self):
        for name, gpus in (("one-gpu", 1), ("four-gpus", GPUS)):
            with self.subTest(name):
                results, (folder, environment) = self.results(), self.witnessed()
                self.ends_well(self.submit(name, self.model, results, *SHORT, options=["--array=1"], **environment))
                self.measured(results, "v3")
                seen = ",".join(map(str, range(gpus)))
                self.assertEqual([note[1:3] for note in self.notes(folder)], [[str(rank), seen] for rank in range(4)])

    def test_a_job_for_gpus_with_a_program_for_cpus(self):
        self.ends_saying(self.submit("four-gpus", self.model, self.results(), options=["--array=1"]), "computes on CPUs alone")

    def test_four_nodes_in_an_order_of_their_own(self):
        for launcher in ("pmix", "mpirun"):
            with self.subTest(launcher):
                results, (folder, environment) = self.results(), self.witnessed()
                self.ends_well(self.submit("four-nodes", self.model, results, *SHORT, options=["--array=1"], SHARDLM_NODES="n0 n2 n3 n1",
                                           SHARDLM_LAUNCH=launcher, **environment))
                self.measured(results, "v3")
                self.assertEqual([note[0] for note in self.notes(folder)], ["n0", "n2", "n3", "n1"])

    def test_where_parties_must_not_run(self):
        for nodes, words in (("n1 n0 n2 n3", ["client is to run on n1", "runs on n0"]), ("n0 n1 n2 n2", ["need four nodes"]),
                             ("n0 n1 n2 n9", ["n9", "not in the allocation"])):
            with self.subTest(nodes):
                self.ends_saying(self.submit("four-nodes", self.model, self.results(), options=["--array=1"], SHARDLM_NODES=nodes), *words)

    def test_shares_that_lie_together_on_four_nodes(self):
        results = self.results()
        self.ends_saying(self.submit("four-nodes", self.model, results, options=["--array=3"]), "v3-mpc failed with exit status")
        self.failed(results, "v3-mpc", "1")

    def test_a_job_that_is_cancelled(self):
        results, before = self.results(), processes_of(self.cluster.folder)
        job = self.submit("cpu", self.model, results, "-m", "5", "-r", "100000", options=["--array=1"])
        log, end = os.path.join(results, "v3-tokens.log"), time.monotonic() + PATIENCE
        while not os.path.exists(log) or "run 1" not in self.text(log):
            self.assertLess(time.monotonic(), end, "no run begins")
            time.sleep(0.1)
        self.cluster.run("scancel", str(job))
        self.assertEqual(self.ended(job)[0][0], "CANCELLED")
        self.failed(results, "v3", "it was ended before its end")
        end = time.monotonic() + 10
        while processes_of(self.cluster.folder) != before and time.monotonic() < end:
            time.sleep(0.1)
        self.assertEqual(processes_of(self.cluster.folder), before)

    def test_mpirun_where_pmix_is_listed_and_does_not_work(self):
        results, folder = self.results(), tempfile.mkdtemp(dir=self.folder)
        srun = os.path.join(folder, "srun")
        with open(srun, "w") as file:
            file.write(f'#!/bin/bash\n[[ "$*" == *--mpi=pmix* ]] && {{ echo "srun: error: no library" >&2; exit 1; }}\nexec {shutil.which("srun")} "$@"\n')
        os.chmod(srun, 0o700)
        self.ends_well(self.submit("cpu", self.model, results, *SHORT, options=["--array=1"], PATH=folder + ":" + PATH, SHARDLM_BIND="none"))
        self.measured(results, "v3")
        self.assertIn("mpirun starts the ranks: srun: error: no library", self.output())

    def test_a_launcher_that_is_not_here(self):
        self.ends_saying(self.submit("cpu", self.model, self.results(), options=["--array=1"], SHARDLM_LAUNCH="pmi9"), "SHARDLM_LAUNCH", "pmix", "mpirun")


if __name__ == "__main__":
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        passed = unittest.main(exit=False).result.wasSuccessful()
    except KeyboardInterrupt:
        for tests in (Jobs, Scripts):
            tests.doClassCleanups()
        raise
    if unavailable:
        print(f"no jobs: {unavailable[0]}", file=sys.stderr)
    sys.exit(SKIPPED if passed and unavailable else 0 if passed else 1)
