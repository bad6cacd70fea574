"""Clients without a model, through the program: sealed tables, what they are sent, padding, and what is refused."""
import json
import os
import shutil
import signal
import subprocess
import unittest

from program import MPIRUN, RANK, SHARDLM, Case, Run, alone, job, job_of
from test_protocols import FILES

QUESTION = "What is the capital of France?"


class Oblivious(Case):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        for command in (["ot", "make", cls.model], ["ot", "make", cls.other_model, "--out", cls.path("others.ot")],
                        ["share", cls.model, "--out", cls.path("shares")]):
            run = alone(*command)
            assert run.code == 0, run
        cls.plain = alone("generate", "--protocol", "plain", "--model", cls.model, "-p", QUESTION).output
        cls.tables = cls.path("cache/shardlm/tables")

    def ranks(self, client, *others):
        """A job whose client has no model: there is nothing at the path that it gives."""
        with_question = lambda arguments: [*arguments, "-p", QUESTION]
        return job_of(with_question([*client, "--model", "/nowhere/model.h5"]), *map(with_question, others))

    def received(self):
        return sorted(os.listdir(self.tables)) if os.path.isdir(self.tables) else []


class Answers(Oblivious):
    def test_a_client_without_a_model(self):
        for arguments in (["--protocol", "v3-ot"], ["--embedding", "ot"], ["--embedding", "dpf"], ["--protocol", "v2", "--embedding", "ot"],
                          ["--protocol", "v2", "--embedding", "dpf"]):
            with self.subTest(arguments):
                others = [[*arguments, "--model", self.model]] * 3
                self.assertEqual(self.works(self.ranks(arguments, *others)).output, self.plain)

    def test_the_model_s_owner_has_the_key_where_weights_are_secret(self):
        arguments = ["--protocol", "v3-mpc", "--embedding", "ot"]
        hosts = []
        for name in FILES[1:]:
            hosts.append(self.path("host-" + name))
            os.makedirs(hosts[-1])
            shutil.copy(self.path("shares/" + name), hosts[-1])
        others = [[*arguments, "--model", host] for host in hosts]
        others[2] += ["--ot", self.path("demo.ot")]
        self.assertEqual(self.works(self.ranks(arguments, *others)).output, self.plain)

    def test_chat_and_compare(self):
        for embedding in ("ot", "dpf"):
            run = Run(["env", f"SHARDLM_MPIRUN={MPIRUN[0]}", SHARDLM, "chat", "--model", self.model, "--embedding", embedding, "--pad-to", "60"],
                      f"{QUESTION}\nHow much is 2 + 3?\n/stats\n")
            self.assertEqual(run.code, 0, run)
            self.assertIn("Paris", run.output)
            self.assertEqual(run.errors.count("as predicted"), 5)
            compared = Run([*MPIRUN, "-n", "4", *RANK, "compare", "--model", self.model, "--embedding", embedding, "--reference", self.model, "-m", "2",
                            "--json"])
            result = json.loads(self.works(compared).output)["all"]["private"]
            self.assertEqual(result["same_top"], result["positions"])

    def test_the_report_says_what_the_rows_cost(self):
        report = json.loads(self.works(job("--model", self.model, "--protocol", "v3-ot", "-p", QUESTION, "-m", "3", "--json")).output)
        tokens = report["prompt_tokens"] + 2
        self.assertEqual(report["embedding"], "ot")
        self.assertEqual(report["oblivious_bytes"], {"sent": 32 * tokens, "received": 32 * tokens})
        self.assertGreater(report["seconds"]["rows"]["server 0"], 0)
        self.assertEqual(report["costs"], report["predicted"])


class Padding(Oblivious):
    def test_a_padded_prompt_has_the_same_answer_at_the_cost_of_its_positions(self):
        for arguments in (["--protocol", "v2"], ["--protocol", "v3"], ["--protocol", "v3-ot"], ["--embedding", "dpf"],
                          ["--protocol", "v3-mpc", "--one-machine", "--model", self.path("shares")]):
            with self.subTest(arguments):
                model = [] if "--model" in arguments else ["--model", self.model]
                costs = []
                for question in (QUESTION, "How much is 2 + 3?"):
                    report = json.loads(self.works(job(*arguments, *model, "--pad-to", "50", "-m", "1", "-p", question, "--json")).output)
                    plain = alone("generate", "--protocol", "plain", "--model", self.model, "-m", "1", "-p", question).output
                    self.assertEqual(report["answer"] + "\n", plain)
                    self.assertEqual(report["positions"], 50)
                    self.assertLess(report["prompt_tokens"], 50)
                    self.assertEqual(report["costs"], report["predicted"])
                    costs.append(report["costs"])
                self.assertEqual(*costs)
                run = self.works(job(*arguments, *model, "--pad-to", "50", "-p", QUESTION))
                self.assertEqual(run.output, self.plain)

    def test_a_prompt_that_is_longer(self):
        self.refused(job("--model", self.model, "--pad-to", "29", "-p", QUESTION), "client: the prompt has", "more than the 29 of --pad-to")

    def test_a_length_that_does_not_do(self):
        self.refused(job("--model", self.model, "--pad-to", "5", "-p", QUESTION), "client: --pad-to 5 is too little", "template")
        self.refused(job("--model", self.model, "--pad-to", "5000", "-p", QUESTION), "client: --pad-to 5000 is too much", "--max-tokens")
        chat = lambda *options: Run(["env", f"SHARDLM_MPIRUN={MPIRUN[0]}", SHARDLM, "chat", "--model", self.model, *options], QUESTION + "\n")
        self.refused(chat("--pad-to", "5"), "--pad-to 5 is too little", "template")
        self.refused(chat("--pad-to", "60", "--context", "60"), "--pad-to 60 is too much", "--context", "give 59 or less")

    def test_plain_has_nothing_to_hide(self):
        for option in (["--pad-to", "50"], ["--embedding", "ot"], ["--ot", "x"]):
            self.refused(alone("generate", "--protocol", "plain", "--model", self.model, "-p", QUESTION, *option), option[0], "private protocols")


class Tables(Oblivious):
    def test_a_table_comes_once_and_again_after_a_rotation(self):
        shutil.rmtree(self.tables, ignore_errors=True)
        folder, ask = self.path("rotated.ot"), lambda: job("--model", self.model, "--protocol", "v3-ot", "--ot", self.path("rotated.ot"), "-p", QUESTION)
        self.works(alone("ot", "make", self.model, "--out", folder))
        first = self.works(ask())
        self.assertIn("received and kept", first.errors)
        table, = self.received()
        self.assertNotIn("received", self.works(ask()).errors)
        rotated = self.works(alone("ot", "rotate", self.model, "--out", folder))
        self.assertIn("jobs that are running keep the former key until they end", rotated.errors)
        self.assertIn("received and kept", self.works(ask()).errors)
        self.assertEqual(len(self.received()), 2)
        self.assertEqual(sorted(os.listdir(folder)), ["key.h5", "table.h5"])

    def test_a_rotation_needs_nothing_of_the_former_pair(self):
        folder = self.path("broken.ot")
        self.works(alone("ot", "make", self.model, "--out", folder))
        ask = lambda: job("--model", self.model, "--protocol", "v3-ot", "--ot", folder, "-p", QUESTION)
        for name, spoil, words in (("key.h5", lambda path: os.chmod(path, 0o644), ["chmod 600"]),
                                   ("key.h5", lambda path: os.truncate(path, 100), ["key.h5"]),
                                   ("key.h5", os.remove, ["lacks its key", "shardlm ot rotate"]),
                                   ("table.h5", os.remove, ["lacks its table", "shardlm ot rotate"])):
            with self.subTest(name):
                spoil(os.path.join(folder, name))
                self.refused(ask(), "server 0: ", *words)
                self.works(alone("ot", "rotate", self.model, "--out", folder))
                self.assertEqual(sorted(os.listdir(folder)), ["key.h5", "table.h5"])
        self.assertEqual(self.works(ask()).output, self.plain)

    def test_a_rotation_follows_a_link(self):
        folder, link = self.path("linked.ot"), self.path("link.ot")
        self.works(alone("ot", "make", self.model, "--out", folder))
        os.symlink("linked.ot", link)
        before = open(folder + "/key.h5", "rb").read()
        self.works(alone("ot", "rotate", self.model, "--out", link + "/"))
        self.assertEqual(os.readlink(link), "linked.ot")
        self.assertNotEqual(open(folder + "/key.h5", "rb").read(), before)

    def test_what_a_killed_rotation_leaves_goes_with_the_next(self):
        folder = self.path("killed.ot")
        self.works(alone("ot", "make", self.model, "--out", folder))
        process = subprocess.Popen([SHARDLM, "ot", "rotate", self.model, "--out", folder], stderr=subprocess.PIPE)
        process.stderr.readline()  # it has begun to write
        process.kill()
        process.communicate(timeout=30)
        self.works(alone("ot", "rotate", self.model, "--out", folder))
        self.assertEqual([name for name in os.listdir(self.folder) if name.startswith(".killed.ot")], [])

    def test_texts_that_do_not_open_are_written_again(self):
        texts = self.path("cache/shardlm/texts")
        shutil.rmtree(texts, ignore_errors=True)
        ask = lambda: job("--model", self.model, "--embedding", "dpf", "-p", QUESTION)
        self.works(ask())
        name, = os.listdir(texts)
        os.truncate(os.path.join(texts, name), 3000)
        self.assertEqual(self.works(ask()).output, self.plain)

    def test_a_transfer_that_broke_off_goes_on(self):
        shutil.rmtree(self.tables, ignore_errors=True)
        ask = lambda: job("--model", self.model, "--protocol", "v3-ot", "-p", QUESTION)
        self.works(ask())
        table = os.path.join(self.tables, self.received()[0])
        os.rename(table, table[:-3] + ".part")
        os.truncate(table[:-3] + ".part", 1000)
        self.assertEqual(self.works(ask()).output, self.plain)
        self.assertEqual(os.listdir(self.tables), [os.path.basename(table)])
        # its beginning was damaged: nothing of it is kept, and the next try has it whole
        os.rename(table, table[:-3] + ".part")
        with open(table[:-3] + ".part", "r+b") as file:
            file.seek(5000)
            file.write(b"\x00\x01\x02\x03")
            file.truncate(100000)
        self.refused(ask(), "client: cannot receive", "was removed")
        self.assertEqual(os.listdir(self.tables), [])
        self.assertEqual(self.works(ask()).output, self.plain)

    def test_a_cached_table_that_was_cut_or_changed(self):
        ask = lambda: job("--model", self.model, "--protocol", "v3-ot", "-p", QUESTION)
        self.works(ask())
        for change in (lambda file: file.truncate(50000), lambda file: (file.seek(60000), file.write(b"\x00\x01\x02\x03"))):
            shutil.rmtree(self.tables)
            self.works(ask())
            name, = self.received()
            with open(os.path.join(self.tables, name), "r+b") as file:
                change(file)
            self.refused(ask(), "client: cannot use", name, "remove it, and it is sent again")
        shutil.rmtree(self.tables)

    def test_an_interrupted_rotation_leaves_a_pair(self):
        folder = self.path("kept.ot")
        self.works(alone("ot", "make", self.model, "--out", folder))
        around = sorted(os.listdir(self.folder))
        for number in (signal.SIGINT, signal.SIGTERM):
            process = subprocess.Popen([SHARDLM, "ot", "rotate", self.model, "--out", folder], stderr=subprocess.PIPE)
            process.stderr.readline()  # it has begun to write
            process.send_signal(number)
            process.communicate(timeout=30)
            self.assertEqual(sorted(os.listdir(self.folder)), around)
            # the former pair or the new one, and never half of each
            ask = job("--model", self.model, "--protocol", "v3-ot", "--ot", folder, "-p", QUESTION)
            self.assertEqual(self.works(ask).output, self.plain)


class Refusals(Oblivious):
    def test_no_table(self):
        self.refused(job("--model", self.model, "--protocol", "v3-ot", "--ot", self.path("none.ot"), "-p", QUESTION), "server 0: ", "none.ot",
                     "shardlm ot make")

    def test_a_table_of_another_model(self):
        self.refused(job("--model", self.model, "--protocol", "v3-ot", "--ot", self.path("others.ot"), "-p", QUESTION), "server 0: ", "another model")

    def test_a_key_of_another_table(self):
        mixed = shutil.copytree(self.path("demo.ot"), self.path("mixed.ot"))
        shutil.copy(self.path("others.ot/key.h5"), mixed)
        self.refused(job("--model", self.model, "--protocol", "v3-ot", "--ot", mixed, "-p", QUESTION), "server 0: ", "not the one that the key")

    def test_a_key_that_others_may_read(self):
        open_one = shutil.copytree(self.path("demo.ot"), self.path("open.ot"))
        os.chmod(open_one + "/key.h5", 0o644)
        self.refused(job("--model", self.model, "--protocol", "v3-ot", "--ot", open_one, "-p", QUESTION), "server 0: ", "chmod 600")

    def test_reading_by_points_where_the_servers_have_no_table(self):
        run = job("--protocol", "v3-mpc", "--one-machine", "--model", self.path("shares"), "--embedding", "dpf", "-p", QUESTION)
        self.refused(run, "--embedding dpf needs the embedding table at both servers", "--embedding ot")

    def test_ranks_with_different_embeddings(self):
        one, other = ["--model", self.model, "--embedding", "ot", "-p", QUESTION], ["--model", self.model, "-p", QUESTION]
        self.refused(job_of(one, one, other, one), "server 1", "same --protocol and --embedding")
        self.refused(job_of(other, one, one, one), "server 0", "same --protocol and --embedding")

    def test_ranks_that_take_another_for_the_key_s_holder(self):
        question = ["-p", QUESTION]
        client = ["--protocol", "v3-ot", "--model", "/nowhere/model.h5", *question]
        others = ["--protocol", "v3-mpc", "--embedding", "ot", "--one-machine", "--model", self.path("shares"), "--ot", self.path("demo.ot"), *question]
        self.refused(job_of(client, others, others, others), "ot (the key at server 0) at client and ot (the key at dealer) at server 0",
                     "same --protocol and --embedding")

    def test_a_table_s_folder_where_there_is_no_table(self):
        self.refused(job("--model", self.model, "--ot", self.path("demo.ot"), "-p", QUESTION), "--ot is for", "the embedding is table")

    def test_a_comparison_without_a_reference(self):
        self.refused(Run([*MPIRUN, "-n", "4", *RANK, "compare", "--model", self.model, "--protocol", "v3-ot"]), "client: ", "give --reference")

    def test_tables_that_cannot_be_made(self):
        self.refused(alone("ot", "make", self.model), "it is there already")
        self.refused(alone("ot", "rotate", self.model, "--out", self.path("none.ot")), "no key to rotate")
        self.refused(alone("ot", "make", self.path("none.h5"), "--out", self.path("new.ot")), "none.h5")
        self.refused(alone("ot"), "subcommand")
        self.assertFalse(os.path.exists(self.path("new.ot")))


if __name__ == "__main__":
    unittest.main()
