"""V3-CC through the program: sealed models, shares and tables in a job, what never lies on a disk in the clear, and what is refused."""
import os
import shutil
import unittest

from program import Case, alone, job, job_of

QUESTION = "What is the capital of France?"


class AtRest(Case):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.key = ["--key-file", cls.path("data.key")]
        for command in (["keys", "trial", cls.path("keys")], ["keys", "data", cls.path("data.key")], ["keys", "data", cls.path("other.key")],
                        ["ot", "make", cls.model], ["share", cls.model, "--out", cls.path("shares")],
                        ["seal", cls.model, "--out", cls.path("sealed.h5"), *cls.key]):
            run = alone(*command)
            assert run.code == 0, run
        cls.secure = ["--identity", cls.path("keys"), "--peers", cls.path("keys/peers.toml")]
        cls.cc = ["--protocol", "v3-cc", *cls.secure]
        cls.plain = alone("generate", "--protocol", "plain", "--model", cls.model, "-p", QUESTION).output

    def seal(self, source, out):
        self.works(alone("seal", self.path(source), "--out", self.path(out), *self.key))
        return self.path(out)


class Answers(AtRest):
    def test_a_sealed_model_with_its_key(self):
        self.assertEqual(self.works(job(*self.cc, *self.key, "--model", self.path("sealed.h5"), "-p", QUESTION)).output, self.plain)

    def test_a_sealed_model_with_a_passphrase(self):
        phrase = self.file("phrase", "correct horse battery staple\n")
        os.chmod(phrase, 0o600)
        self.works(alone("seal", self.model, "--out", self.path("phrase.h5"), "--passphrase-file", phrase))
        run = job("--model", self.path("phrase.h5"), "--passphrase-file", phrase, "-p", QUESTION)
        self.assertEqual(self.works(run).output, self.plain)

    def test_sealed_files_with_every_other_protocol(self):
        os.makedirs(self.path("sealed.ot"), exist_ok=True)
        for name in ("table.h5", "key.h5"):
            self.seal("demo.ot/" + name, "sealed.ot/" + name)
        model = ["--model", self.path("sealed.h5"), *self.key, "-p", QUESTION]
        for arguments in (["--protocol", "v2"], ["--protocol", "v3-ot", "--ot", self.path("sealed.ot")], ["--embedding", "dpf"]):
            with self.subTest(arguments):
                self.assertEqual(self.works(job(*arguments, *model)).output, self.plain)

    def test_a_sealed_share_set(self):
        os.makedirs(self.path("sealed-shares"))
        for name in ("client.h5", "server0.h5", "server1.h5", "dealer.h5"):
            self.seal("shares/" + name, "sealed-shares/" + name)
        run = job("--protocol", "v3-mpc", "--one-machine", "--model", self.path("sealed-shares"), *self.key, "-p", QUESTION)
        self.assertEqual(self.works(run).output, self.plain)

    def test_each_rank_may_have_a_copy_of_its_own(self):
        copies = [shutil.copy(self.path("sealed.h5"), self.path(f"copy{rank}.h5")) for rank in range(4)]
        ranks = [[*self.cc, *self.key, "--model", copy, "-p", QUESTION] for copy in copies]
        self.assertEqual(self.works(job_of(*ranks)).output, self.plain)


class Refusals(AtRest):
    def test_a_model_in_the_clear(self):
        self.refused(job(*self.cc, *self.key, "--model", self.model, "-p", QUESTION), "demo.h5", "in the clear", "shardlm seal")

    def test_a_sealed_model_without_its_key(self):
        self.refused(job(*self.cc, "--model", self.path("sealed.h5"), "-p", QUESTION), "sealed.h5: it is sealed", "--key-file")

    def test_a_sealed_model_with_another_key(self):
        self.refused(job(*self.cc, "--key-file", self.path("other.key"), "--model", self.path("sealed.h5"), "-p", QUESTION), "sealed.h5")

    def test_a_sealed_model_that_was_changed(self):
        changed = shutil.copy(self.path("sealed.h5"), self.path("changed.h5"))
        with open(changed, "r+b") as file:
            file.seek(os.path.getsize(changed) // 2)
            file.write(b"\x00\x01\x02\x03")
        self.refused(job(*self.cc, *self.key, "--model", changed, "-p", QUESTION), "changed.h5")

    def test_a_passphrase_that_nobody_can_type(self):
        self.refused(job(*self.cc, "--passphrase-file", "-", "--model", self.path("sealed.h5"), "-p", QUESTION), "no terminal")

    def test_secure_channels_are_not_optional(self):
        self.refused(job("--protocol", "v3-cc", *self.key, "--model", self.path("sealed.h5"), "-p", QUESTION), "shardlm keys new")


class Disk(AtRest):
    def test_no_clear_text_is_on_a_disk_after_a_job(self):
        with open(self.model, "rb") as file:
            model = file.read()
        needles = [model[at:at + 32] for at in range(200000, len(model) - 32, 50021)]
        needles = [needle for needle in needles if len(set(needle)) > 8]
        self.assertGreater(len(needles), 50)
        clean = self.path("clean")
        os.makedirs(clean)
        sealed = shutil.copy(self.path("sealed.h5"), clean)
        before = os.environ["XDG_CACHE_HOME"], os.environ.get("TMPDIR")
        os.environ["XDG_CACHE_HOME"] = os.environ["TMPDIR"] = clean
        try:
            self.works(job(*self.cc, *self.key, "--model", sealed, "-p", QUESTION))
        finally:
            os.environ["XDG_CACHE_HOME"] = before[0]
            os.environ.pop("TMPDIR") if before[1] is None else os.environ.update(TMPDIR=before[1])
        for folder, _, names in os.walk(clean):
            for name in names:
                path = os.path.join(folder, name)
                if not os.path.isfile(path):
                    continue
                with open(path, "rb") as file:
                    content = file.read()
                self.assertFalse(any(needle in content for needle in needles), name)


if __name__ == "__main__":
    unittest.main()
