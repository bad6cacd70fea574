"""The other private protocols through the program: answers, costs, who may hold which file, and what a server's memory holds."""
import json
import os
import shutil
import signal
import struct
import subprocess
import unittest

from program import MPIRUN, RANK, SHARDLM, Case, Run, alone, job, job_of
from test_killed import ROLES, Job, alive

QUESTION = "What is the capital of France?"
FILES = ["client.h5", "server0.h5", "server1.h5", "dealer.h5"]


class Shared(Case):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        for model, shares in ((cls.model, "shares"), (cls.model, "again"), (cls.other_model, "others")):
            run = alone("share", model, "--out", cls.path(shares))
            assert run.code == 0, run
        cls.secret = ["--protocol", "v3-mpc", "--one-machine", "--model", cls.path("shares")]

    def of_each(self, *paths):
        """A job whose ranks each have a model of their own."""
        return job_of(*(["--protocol", "v3-mpc", "--one-machine", "--model", path, "-p", QUESTION] for path in paths))

    def files(self, shares="shares"):
        return [self.path(f"{shares}/{name}") for name in FILES]


class Answers(Shared):
    def test_every_protocol_gives_the_plain_answer_at_the_cost_that_was_foretold(self):
        for question in (QUESTION, "How much is 2 + 3?"):
            plain = self.works(alone("generate", "--protocol", "plain", "--model", self.model, "-p", question, "--json")).output
            for protocol in (["--protocol", "v2", "--model", self.model], ["--protocol", "v3", "--model", self.model], self.secret):
                report = json.loads(self.works(job(*protocol, "-p", question, "--json")).output)
                self.assertEqual(report["answer"], json.loads(plain)["answer"])
                self.assertEqual(report["costs"], report["predicted"])
                self.assertEqual(report["protocol"], protocol[1])

    def test_each_rank_needs_its_own_file_alone(self):
        plain = self.works(alone("generate", "--protocol", "plain", "--model", self.model, "-p", QUESTION)).output
        folders = []
        for rank, name in enumerate(FILES):
            folders.append(self.path(f"host{rank}"))
            os.makedirs(folders[-1])
            shutil.copy(self.path("shares/" + name), folders[-1])
        apart = lambda models: job_of(*(["--protocol", "v3-mpc", "--model", model, "-p", QUESTION] for model in models))
        self.assertEqual(self.works(apart(folders)).output, plain)
        self.assertEqual(self.works(apart([os.path.join(folder, name) for folder, name in zip(folders, FILES)])).output, plain)

    def test_chat_and_compare(self):
        for protocol in (["--protocol", "v2", "--model", self.model], self.secret):
            environment = {**os.environ, "SHARDLM_MPIRUN": MPIRUN[0]}
            run = Run(["env", f"SHARDLM_MPIRUN={environment['SHARDLM_MPIRUN']}", SHARDLM, "chat", *protocol], f"{QUESTION}\n/stats\n")
            self.assertEqual(run.code, 0, run)
            self.assertIn("Paris", run.output)
            self.assertEqual(run.errors.count("as predicted"), 5)
            compared = Run([*MPIRUN, "-n", "4", *RANK, "compare", *protocol, "--reference", self.model, "-m", "2", "--json"])
            result = json.loads(self.works(compared).output)["all"]["private"]
            self.assertEqual(result["same_top"], result["positions"])
            self.assertLess(result["mean_kl"], 1e-3)

    def test_info_foretells_them(self):
        costs = {p: json.loads(self.works(alone("info", self.model, "--protocol", p, "--json")).output) for p in ("v2", "v3", "v3-mpc")}
        rounds = {p: c["costs"]["rounds"] for p, c in costs.items()}
        self.assertEqual(rounds["v3-mpc"] - rounds["v3"], 4 * 4)  # layers
        self.assertEqual(rounds["v2"] - rounds["v3"], 11 * 4)
        disk = {rank: c["disk_bytes"] for rank, c in costs["v3-mpc"]["ranks"].items()}
        for rank, name in zip(ROLES, FILES):
            self.assertAlmostEqual(disk[rank] / os.path.getsize(self.path("shares/" + name)), 1, delta=0.05 if rank != "server 0" else 1, msg=rank)


class Refusals(Shared):
    def refused_at(self, rank, run, *words):
        self.refused(run, ROLES[rank] + ": ", *words)

    def test_a_server_that_could_read_the_weights(self):
        run = job("--protocol", "v3-mpc", "--model", self.path("shares"), "-p", QUESTION)
        self.refused(run, "server 0: ", "client.h5 and server1.h5 and dealer.h5", "has the weights", "--one-machine")
        for rank, other in ((0, "dealer.h5"), (1, "server1.h5"), (1, "client.h5"), (2, "dealer.h5")):
            folders = []
            for i, name in enumerate(FILES):
                folders.append(self.path(f"{rank}{other}{i}"))
                os.makedirs(folders[-1])
                shutil.copy(self.path("shares/" + name), folders[-1])
            shutil.copy(self.path("shares/" + other), folders[rank])
            folders[rank] = os.path.join(folders[rank], FILES[rank])  # the file itself: what lies beside it counts all the same
            ranks = (["--protocol", "v3-mpc", "--model", folder, "-p", QUESTION] for folder in folders)
            self.refused_at(rank, job_of(*ranks), other, "--one-machine")

    def test_ranks_of_which_some_have_secret_weights(self):
        good = ["--protocol", "v3-mpc", "--one-machine", "--model", self.path("shares"), "-p", QUESTION]
        self.refused(job_of(good, good, ["--model", self.model], good), "server 1", "same --protocol")

    def test_a_comparison_without_a_reference(self):
        self.refused(Run([*MPIRUN, "-n", "4", *RANK, "compare", *self.secret]), "client: ", "give --reference")

    def test_a_wrong_file(self):
        for rank, wrong in ((0, "server0.h5"), (1, "server1.h5"), (2, "server0.h5"), (2, "dealer.h5"), (3, "client.h5")):
            files = self.files()
            files[rank] = self.path("shares/" + wrong)
            self.refused_at(rank, self.of_each(*files), wrong, "at that rank")

    def test_a_plain_model(self):
        for rank in range(4):
            files = self.files()
            files[rank] = self.model
            self.refused_at(rank, self.of_each(*files), "demo.h5", "a whole model file")

    def test_a_plain_model_on_every_rank_is_one_sentence(self):
        self.refused(job("--protocol", "v3-mpc", "--model", self.model, "-p", QUESTION), "client, server 0, server 1, dealer: ", "shardlm share")

    def test_files_of_two_sets(self):
        for other in ("again", "others"):
            for rank in range(1, 4):
                files = self.files()
                files[rank] = self.files(other)[rank]
                self.refused(self.of_each(*files), "client and " + ROLES[rank], "different share sets")

    def test_a_share_set_where_weights_are_public(self):
        for protocol in ("v2", "v3"):
            self.refused(job("--protocol", protocol, "--model", self.path("shares"), "-p", QUESTION), "is a share set", "v3-mpc")

    def test_a_damaged_share(self):
        damaged = shutil.copy(self.path("shares/server1.h5"), self.path("damaged.h5"))
        with open(damaged, "r+b") as file:
            file.seek(os.path.getsize(damaged) // 2)
            file.write(b"\x00\x01\x02\x03")
        files = self.files()
        files[2] = damaged
        self.refused_at(2, self.of_each(*files), "damaged.h5", "damaged")

    def test_a_folder_that_is_there_and_a_model_that_is_none(self):
        before = sorted(os.listdir(self.folder))
        self.refused(alone("share", self.model, "--out", self.path("shares")), "it is there already")
        self.refused(alone("share", self.path("none.h5"), "--out", self.path("new")), "none.h5")
        self.refused(alone("share", self.checkpoint, "--out", self.path("new")), "inputs/demo")
        self.assertEqual(sorted(os.listdir(self.folder)), before)


class Interrupted(Shared):
    def test_nothing_of_a_share_set_is_left(self):
        before = sorted(os.listdir(self.folder))
        self.assertEqual(Run(["bash", "-c", 'ulimit -f 2000; exec "$@"', "-", SHARDLM, "share", self.model, "--out", self.path("new")]).code, 1)
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGQUIT):
            # stopped at its first line, when it has begun to write
            process = subprocess.Popen([SHARDLM, "share", self.model, "--out", self.path("new")], stderr=subprocess.PIPE)
            process.stderr.readline()
            process.send_signal(number)
            process.communicate(timeout=30)
            if process.returncode == 0:  # it was faster
                shutil.rmtree(self.path("new"))
            else:
                self.assertEqual(process.returncode, 128 + number)
        self.assertEqual(sorted(os.listdir(self.folder)), before)

    def test_a_closed_pipe_is_no_reason_to_end(self):
        self.assertEqual(Run(["bash", "-c", '"$@" 2>&1 | true; exit ${PIPESTATUS[0]}', "-", SHARDLM, "share", self.model, "--out", self.path("piped")]).code, 0)
        self.assertEqual(sorted(os.listdir(self.path("piped"))), sorted(FILES))


class Faults(Shared):
    def test_a_killed_rank_ends_the_job(self):
        out = self.path("answers/answer.txt")
        os.makedirs(os.path.dirname(out))
        for protocol in (["--protocol", "v2", "--model", self.other_model], ["--protocol", "v3-mpc", "--one-machine", "--model", self.path("others")]):
            for rank, role in enumerate(ROLES):
                with self.subTest(protocol=protocol[1], killed=role):
                    killed = Job(*protocol, "--raw", "-p", "abc", "-m", "1500", "--out", out)
                    self.assertNotEqual(os.read(killed.process.stdout.fileno(), 1), b"")
                    killed.strike(rank, signal.SIGKILL)
                    self.assertLess(killed.seconds, 10)
                    self.assertNotEqual(killed.code, 0)
                    self.assertEqual((killed.left, len(killed.sentences)), ([], 1))
                    self.assertEqual(os.listdir(os.path.dirname(out)), [])


def datasets(path):
    """Name, element and bytes of each, by the file's manifest."""
    with open(path, "rb") as file:
        data = file.read()
    length, = struct.unpack_from("<I", data, 12)
    for d in json.loads(data[64:64 + length])["datasets"]:
        size = {"uint8": 1, "int8": 1, "uint16": 2, "int16": 2, "float32": 4, "int64": 8, "uint64": 8}[d["element"]]
        for extent in d["shape"]:
            size *= extent
        yield d["path"], d["shape"], data[d["offset"]:d["offset"] + size]


def needles(dealer):
    """Of every matrix some weights as they lie in memory: 32 rows of two columns as int16; eight weights of a row, and eight rows of a
    column, as 64-bit words, where a row's exponent is 0."""
    every = dict((name, (shape, data)) for name, shape, data in datasets(dealer))
    for name, (shape, data) in every.items():
        if len(shape) != 5 or shape[0] != 1:
            continue
        panels, pairs = shape[1:3]
        exponents = every[name + "_exponents"][1]
        for panel in range(0, panels, max(1, panels // 3)):
            for pair in (0, pairs // 2):
                at = (panel * pairs + pair) * 128
                rows = struct.unpack("<64h", data[at:at + 128])
                if len(set(rows)) < 30:
                    continue
                yield data[at:at + 64]
                if not any(exponents[panel * 32:panel * 32 + 8]):
                    yield struct.pack("<8q", *rows[0:16:2])  # one column
                neighbours = [w for q in range(4) for w in struct.unpack("<2h", data[at + q * 128:at + q * 128 + 4])]
                if pair + 4 < pairs and exponents[panel * 32] == 0 and len(set(neighbours)) > 5:
                    yield struct.pack("<8q", *neighbours)  # one row


def found_in_memory(pid, wanted):
    """Which of these byte strings a process has anywhere in its readable memory, mapped files included."""
    found = set()
    with open(f"/proc/{pid}/maps") as maps, open(f"/proc/{pid}/mem", "rb", 0) as memory:
        for line in maps:
            span, rights = line.split()[:2]
            begin, end = (int(x, 16) for x in span.split("-"))
            if "r" not in rights or "[v" in line:
                continue
            try:
                memory.seek(begin)
                content = memory.read(end - begin)
            except (OSError, ValueError, OverflowError):
                continue
            found |= {needle for needle in wanted - found if needle in content}
    return found


class Memory(Shared):
    def test_a_server_has_no_weight_in_its_memory(self):
        wanted = set(needles(self.path("others/dealer.h5")))
        self.assertGreater(len(wanted), 50)
        running = Job("--protocol", "v3-mpc", "--one-machine", "--model", self.path("others"), "--raw", "-p", "abc", "-m", "1500")
        self.assertNotEqual(os.read(running.process.stdout.fileno(), 1), b"")
        ranks = running.ranks()
        for pid in ranks.values():
            os.kill(pid, signal.SIGSTOP)
        try:
            for server in (1, 2):
                self.assertEqual(found_in_memory(ranks[server], wanted), set(), ROLES[server])
            self.assertGreater(len(found_in_memory(ranks[3], wanted)), len(wanted) // 4)  # the dealer is the model's owner
        finally:
            for pid in ranks.values():
                os.kill(pid, signal.SIGCONT)
            running.strike(0, signal.SIGKILL)
        self.assertFalse(any(map(alive, ranks.values())))


if __name__ == "__main__":
    unittest.main()
