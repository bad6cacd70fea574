"""Secure channels through the program: answers, who is refused, what a rank's machine is said to be, and what travels."""
import json
import os
import shutil
import socket
import subprocess
import threading
import unittest

from program import MPIRUN, RANK, SHARDLM, Case, Run, alone, job, job_of

QUESTION = "What is the capital of France?"
ROLES = ["client", "server0", "server1", "dealer"]
NONE = "attestation: none (software encryption only)"


class Secure(Case):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        for folder in ("keys", "others"):
            run = alone("keys", "trial", cls.path(folder))
            assert run.code == 0, run
        cls.secure = ["--secure-channels", "--identity", cls.path("keys"), "--peers", cls.path("keys/peers.toml")]
        cls.plain = alone("generate", "--protocol", "plain", "--model", cls.model, "-p", QUESTION).output

    def ask(self, *arguments):
        return job("--model", self.model, *arguments, "-p", QUESTION)

    def peers(self, change):
        with open(self.path("keys/peers.toml")) as file:
            return self.file("peers.toml", change(file.read()))


class Answers(Secure):
    def test_every_protocol_has_the_plain_answer_over_secure_channels(self):
        for run in (alone("ot", "make", self.model), alone("share", self.model, "--out", self.path("shares"))):
            self.works(run)
        for arguments in (["--protocol", "v2"], ["--protocol", "v3"], ["--protocol", "v3-ot"], ["--embedding", "dpf"], ["--pad-to", "50"]):
            with self.subTest(arguments):
                run = self.works(self.ask(*arguments, *self.secure))
                self.assertEqual(run.output, self.plain)
                self.assertIn(NONE, run.errors)
        run = self.works(job("--protocol", "v3-mpc", "--one-machine", "--model", self.path("shares"), *self.secure, "-p", QUESTION))
        self.assertEqual(run.output, self.plain)

    def test_each_rank_needs_its_own_identity_alone(self):
        ranks = []
        for role in ROLES:
            key = shutil.copy(self.path(f"keys/{role}.key"), self.path(f"mine-{role}.key"))
            ranks.append(["--model", self.model, "--secure-channels", "--identity", key, "--peers", self.path("keys/peers.toml"), "-p", QUESTION])
        self.assertEqual(self.works(job_of(*ranks)).output, self.plain)

    def test_the_report_says_what_was_checked(self):
        report = json.loads(self.works(self.ask(*self.secure, "--json")).output)
        self.assertEqual(report["channels"], "secure")
        self.assertEqual(report["attestation"], {rank: NONE for rank in ("server 0", "server 1", "dealer")})
        self.assertEqual(report["costs"], report["predicted"])
        report = json.loads(self.works(self.ask("--json")).output)
        self.assertEqual(report["channels"], "plain")
        self.assertNotIn("attestation", report)

    def test_chat(self):
        run = Run(["env", f"SHARDLM_MPIRUN={MPIRUN[0]}", SHARDLM, "chat", "--model", self.model, *self.secure], f"{QUESTION}\n/stats\n")
        self.assertEqual(run.code, 0, run)
        self.assertIn("Paris", run.output)


class Keys(Secure):
    def test_a_new_identity_is_printed_and_kept_private(self):
        path = self.path("rank.key")
        made, shown = self.works(alone("keys", "new", path)), self.works(alone("keys", "show", path))
        self.assertRegex(made.output, r"^ed25519:[0-9a-f]{64}\n$")
        self.assertEqual(made.output, shown.output)
        self.assertEqual(os.stat(path).st_mode & 0o777, 0o600)
        self.refused(alone("keys", "new", path), "rank.key")
        os.chmod(path, 0o644)
        self.refused(alone("keys", "show", path), "chmod 600")

    def test_a_folder_that_is_there(self):
        self.refused(alone("keys", "trial", self.path("keys")), "cannot make the folder")


class Refusals(Secure):
    def test_a_rank_without_an_identity(self):
        self.refused(self.ask("--secure-channels"), "shardlm keys new", "--identity")
        self.refused(self.ask("--secure-channels", "--identity", self.path("keys")), "--peers")
        self.refused(self.ask("--identity", self.path("keys")), "--secure-channels")

    def test_a_rank_with_another_identity(self):
        good = ["--model", self.model, *self.secure, "-p", QUESTION]
        mine = ["--model", self.model, "--secure-channels", "--identity", self.path("others"), "--peers", self.path("others/peers.toml"), "-p", QUESTION]
        run = job_of(good, good, mine, good)
        self.refused(run, "the channel between server 0 and server 1 is refused", "between server 1 and dealer is refused")
        wrong = ["--model", self.model, "--secure-channels", "--identity", self.path("others"), "--peers", self.path("keys/peers.toml"), "-p", QUESTION]
        self.refused(job_of(good, good, wrong, good), "server 1: the identity of this rank is ed25519:", "[server1]")

    def test_ranks_of_which_some_want_plain_channels(self):
        good, other = ["--model", self.model, *self.secure, "-p", QUESTION], ["--model", self.model, "-p", QUESTION]
        self.refused(job_of(good, other, good, good), "channels are secure at client and plain at server 0", "--secure-channels")

    def test_a_deck_of_peers_that_will_not_do(self):
        self.refused(self.ask("--secure-channels", "--identity", self.path("keys"), "--peers", self.path("none.toml")), "none.toml")
        first = lambda text: text.split("[client]")[0] + text[text.index("[server0]"):]
        for change, words in ((first, ["lacks the key of [client]"]),
                              (lambda text: text.replace("ed25519:", "ed25519:0", 1), ["line 5"]),
                              (lambda text: text.replace("[dealer]", "[server2]"), ["no rank 'server2'"]),
                              (lambda text: text.replace("preferred", "perhaps"), ["line 2", "perhaps"]),
                              (lambda text: text.replace("attestation", "attestations"), ["'attestations'"]),
                              (lambda text: text + 'measurement = "12"\n', ["96 hex digits"]),
                              (lambda text: text + "gpu = maybe\n", ["line 15"])):
            with self.subTest(words):
                self.refused(self.ask("--secure-channels", "--identity", self.path("keys"), "--peers", self.peers(change)), "peers.toml", *words)

    def test_attestation_that_is_required_where_there_is_no_hardware(self):
        if os.path.exists("/sys/kernel/config/tsm/report"):
            self.skipTest("this machine may have it")
        peers = self.peers(lambda text: text.replace('"preferred"', '"required"'))
        self.refused(self.ask("--secure-channels", "--identity", self.path("keys"), "--peers", peers), "needs a verifier")
        peers = self.peers(lambda text: text.replace('"preferred"', '"required"\nverifier = "true {report}"'))
        self.refused(self.ask("--secure-channels", "--identity", self.path("keys"), "--peers", peers), "needs the measurement of [client]")
        demand = f'"required"\nverifier = "true {{report}}"\nmeasurement = "{"0" * 96}"'
        peers = self.peers(lambda text: text.replace('"preferred"', demand))
        self.refused(self.ask("--secure-channels", "--identity", self.path("keys"), "--peers", peers), "required")

    def test_a_demand_that_a_rank_without_evidence_would_escape(self):
        for demand in ('measurement = "' + "0" * 96 + '"', "gpu = true", 'provider = "sev_guest"'):
            for mode in ('"preferred"', '"none"'):
                peers = self.peers(lambda text: text.replace('"preferred"', mode) + demand + "\n")
                run = self.ask("--secure-channels", "--identity", self.path("keys"), "--peers", peers)
                self.refused(run, "peers.toml", demand.split()[0] + " of [dealer]", "required")

    def test_ranks_with_different_decks(self):
        good = ["--model", self.model, *self.secure, "-p", QUESTION]
        other = self.peers(lambda text: text.replace("preferred", "none"))
        run = job_of(good, ["--model", self.model, "--secure-channels", "--identity", self.path("keys"), "--peers", other, "-p", QUESTION], good, good)
        self.refused(run, "server 0", "is refused")

    def test_plain_has_no_channels(self):
        self.refused(alone("generate", "--protocol", "plain", "--model", self.model, "-p", QUESTION, "--secure-channels"), "--secure-channels")


class Capture:
    """All that passes the loopback device while a job runs, if this user may look."""

    def __enter__(self):
        self.socket = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.ntohs(3))
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 28)
        self.socket.bind(("lo", 0))
        self.socket.settimeout(0.2)
        self.frames, self.over = [], False
        self.thread = threading.Thread(target=self.listen)
        self.thread.start()
        return self

    def listen(self):
        while True:
            try:
                self.frames.append(self.socket.recv(1 << 17))
            except TimeoutError:
                if self.over:
                    return

    def __exit__(self, *_):
        self.over = True
        self.thread.join()
        self.socket.close()

    def has(self, needles):
        every = b"|".join(self.frames)
        return sum(needle in every for needle in needles)


class Traffic(Secure):
    def test_what_a_client_is_sent_is_found_in_plain_traffic_and_not_in_secure_traffic(self):
        try:
            socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.ntohs(3)).close()
        except PermissionError:
            self.skipTest("only root may capture traffic")
        self.works(alone("ot", "make", self.model))
        with open(self.path("demo.ot/table.h5"), "rb") as file:  # server 0 sends it to the client
            table = file.read()
        needles = [table[at:at + 32] for at in range(10000, len(table) - 32, 5003)]
        self.assertGreater(len(needles), 100)
        over_tcp = [MPIRUN[0], "--mca", "btl", "tcp,self", "--mca", "btl_tcp_if_include", "lo", *MPIRUN[1:], "-n", "4", *RANK, "generate"]
        found = []
        for channels in ([], self.secure):
            shutil.rmtree(self.path("cache/shardlm/tables"), ignore_errors=True)
            with Capture() as capture:
                run = Run([*over_tcp, "--protocol", "v3-ot", "--model", self.model, *channels, "-p", QUESTION])
            self.assertEqual(self.works(run).output, self.plain)
            self.assertGreater(sum(map(len, capture.frames)), 10 << 20)
            found.append(capture.has(needles))
        self.assertGreater(found[0], len(needles) // 2)  # some lie across two frames, or were lost by the capture
        self.assertEqual(found[1], 0)


if __name__ == "__main__":
    unittest.main()
