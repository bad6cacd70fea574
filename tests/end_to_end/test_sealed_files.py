"""Sealed files through the program: keys, sealing and unsealing, what is refused, and what the other subcommands say of them."""
import os
import pty
import re
import select
import signal
import stat
import subprocess
import termios
import unittest

from program import MPIRUN, RANK, SHARDLM, Case, Run, alone, job, job_of

QUESTION = ["-p", "What is the capital of France?"]
PASSPHRASE = "correct horse battery staple"


def mode(path):
    return stat.S_IMODE(os.stat(path).st_mode)


def content(path):
    with open(path, "rb") as file:
        return file.read()


class Sealing(Case):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.key, cls.other_key, cls.sealed = cls.path("data.key"), cls.path("other.key"), cls.path("demo.sealed")
        for run in (alone("keys", "data", cls.key), alone("keys", "data", cls.other_key),
                    alone("seal", cls.model, "--out", cls.sealed, "--key-file", cls.key)):
            assert run.code == 0, run

    @classmethod
    def secret(cls, name, text, mode=0o600):
        path = cls.file(name, text)
        os.chmod(path, mode)
        return path

    def refused_alone(self, *arguments, words, input=None):
        """Nothing comes or goes, either."""
        before = sorted(os.listdir(self.folder))
        self.refused(alone(*arguments, input=input), *words)
        self.assertEqual(sorted(os.listdir(self.folder)), before)


class Keys(Sealing):
    def test_a_data_key_is_new_and_its_owners_alone(self):
        run = self.works(alone("keys", "data", self.path("new.key")))
        self.assertRegex(run.errors, r"new.key written: data key [0-9a-f]{16}; keep a copy")
        self.assertEqual(mode(self.path("new.key")), 0o600)
        self.assertRegex(content(self.path("new.key")).decode(), r"^shardlm data key 1\nsecret [0-9a-f]{64}\nname [0-9a-f]{16}\n$")
        secret = re.search(r"secret (\S+)", content(self.path("new.key")).decode())[1]
        self.assertNotIn(secret, run.errors)
        self.assertNotEqual(content(self.key), content(self.other_key))

    def test_no_key_is_overwritten(self):
        before = content(self.key)
        self.refused_alone("keys", "data", self.key, words=["never overwritten"])
        self.assertEqual(content(self.key), before)

    def test_what_is_missing_is_named(self):
        self.refused_alone("keys", words=["subcommand"])
        self.refused_alone("keys", "data", words=["file"])


class RoundTrips(Sealing):
    def round_trip(self, model, *unlock, input=None):
        sealed, opened = self.path("sealed"), self.path("opened")
        run = self.works(alone("seal", model, "--out", sealed, *unlock, input=input))
        self.assertRegex(run.errors, r"100 %[^\n]*\n.*sealed written in [0-9.]+ s\n$")
        self.works(alone("unseal", sealed, "--out", opened, *unlock, input=input))
        self.assertEqual(content(opened), content(model))
        self.assertEqual((mode(sealed), mode(opened)), (0o600, 0o600))
        os.remove(opened)

    def test_with_a_key(self):
        self.round_trip(self.model, "--key-file", self.key)

    def test_with_a_passphrase_of_a_file_or_of_standard_input(self):
        file = self.secret("passphrase", PASSPHRASE + "\n")
        self.round_trip(self.model, "--passphrase-file", file)
        self.works(alone("unseal", self.path("sealed"), "--out", self.path("opened"), "--passphrase-file", "-", input=PASSPHRASE + "\r\n"))
        self.works(alone("unseal", self.path("sealed"), "--out", self.path("opened"), "--passphrase-file", "-", input=PASSPHRASE))
        self.assertEqual(content(self.path("opened")), content(self.model))

    def test_every_kind_of_file(self):
        self.works(alone("share", self.model, "--out", self.path("shares")))
        self.works(alone("ot", "make", self.model, "--out", self.path("ot")))
        for name in ("shares/client.h5", "shares/server0.h5", "shares/server1.h5", "shares/dealer.h5", "ot/table.h5", "ot/key.h5"):
            self.round_trip(self.path(name), "--key-file", self.key)

    def test_an_unsealed_model_answers_as_before(self):
        self.works(alone("unseal", self.sealed, "--out", self.path("again.h5"), "--key-file", self.key))
        answers = [self.works(job("--model", model, *QUESTION)).output for model in (self.model, self.path("again.h5"))]
        self.assertEqual(*answers)

    def test_a_former_file_is_replaced(self):
        for _ in range(2):
            self.works(alone("seal", self.model, "--out", self.path("twice"), "--key-file", self.key))
        self.works(alone("unseal", self.path("twice"), "--out", self.path("opened"), "--key-file", self.key))


class Terminal:
    """The program with a terminal as its standard input."""

    def __init__(self, *arguments):
        self.terminal, other = pty.openpty()
        self.process = subprocess.Popen([SHARDLM, *arguments], stdin=other, stderr=subprocess.PIPE, start_new_session=True)
        self.shown, self.said = b"", b""
        os.close(other)

    def echoes(self):
        return bool(termios.tcgetattr(self.terminal)[3] & termios.ECHO)

    def answer(self, prompt, text):
        while prompt not in self.said:
            piece = os.read(self.process.stderr.fileno(), 1)
            assert piece, self.said
            self.said += piece
        self.said = b""
        assert not self.echoes()
        os.write(self.terminal, text)

    def end(self):
        self.said += self.process.stderr.read()
        self.process.stderr.close()
        code = self.process.wait(60)
        echoes = self.echoes()
        while select.select([self.terminal], [], [], 0)[0]:
            try:
                self.shown += os.read(self.terminal, 1000)
            except OSError:  # the other end is closed
                break
        os.close(self.terminal)
        return code, echoes


class Terminals(Sealing):
    def asked(self, *arguments, answers):
        run = Terminal(*arguments, "--passphrase-file", "-")
        for prompt, text in answers:
            run.answer(prompt, text)
        return (run, *run.end())

    def test_a_passphrase_is_asked_for_and_not_shown(self):
        sealed, opened = self.path("typed.sealed"), self.path("typed.h5")
        both = [(b"passphrase: ", b"open sesame\n"), (b"the same again: ", b"open sesame\n")]
        run, code, echoes = self.asked("seal", self.model, "--out", sealed, answers=both)
        self.assertEqual((code, echoes), (0, True), run.said)
        self.assertNotIn(b"sesame", run.shown + run.said)
        run, code, echoes = self.asked("unseal", sealed, "--out", opened, answers=both[:1])
        self.assertEqual((code, echoes), (0, True), run.said)
        self.assertEqual(content(opened), content(self.model))
        self.works(alone("unseal", sealed, "--out", opened, "--passphrase-file", "-", input="open sesame"))

    def test_two_that_differ_are_refused(self):
        answers = [(b"passphrase: ", b"open sesame\n"), (b"the same again: ", b"open sesam\n")]
        run, code, echoes = self.asked("seal", self.model, "--out", self.path("never"), answers=answers)
        self.assertEqual((code, echoes), (1, True), run.said)
        self.assertIn(b"are not the same", run.said)
        self.assertFalse(os.path.exists(self.path("never")))

    def test_an_interrupt_leaves_the_terminal_as_it_was(self):
        run, code, echoes = self.asked("seal", self.model, "--out", self.path("never"), answers=[(b"passphrase: ", b"open\x03")])
        self.assertEqual((code, echoes), (-signal.SIGINT, True), run.said)


class Refusals(Sealing):
    def unseal(self, sealed, *unlock, words, input=None):
        self.refused_alone("unseal", sealed, "--out", self.path("never"), *unlock, words=words, input=input)

    def seal(self, file, *unlock, words, input=None):
        self.refused_alone("seal", file, "--out", self.path("never"), *unlock, words=words, input=input)

    def test_no_key_or_two(self):
        for command in ("seal", "unseal"):
            self.refused_alone(command, self.model, "--out", self.path("never"), words=["--key-file", "--passphrase-file"])
            self.refused_alone(command, self.model, "--out", self.path("never"), "--key-file", self.key, "--passphrase-file", "-",
                               words=["--key-file", "--passphrase-file"])
            self.refused_alone(command, self.model, "--key-file", self.key, words=["--out"])

    def test_a_wrong_key(self):
        names = [content(path).decode().split()[-1] for path in (self.key, self.other_key)]
        self.unseal(self.sealed, "--key-file", self.other_key, words=["demo.sealed", *names])
        self.unseal(self.sealed, "--passphrase-file", "-", words=["demo.sealed", "sealed with the data key " + names[0]], input="x")

    def test_a_wrong_passphrase(self):
        self.works(alone("seal", self.model, "--out", self.path("by.passphrase"), "--passphrase-file", "-", input=PASSPHRASE))
        self.unseal(self.path("by.passphrase"), "--passphrase-file", "-", words=["by.passphrase", "passphrase is not the one"], input="wrong")
        self.unseal(self.path("by.passphrase"), "--key-file", self.key, words=["by.passphrase", "sealed with a passphrase"])

    def test_key_files_that_will_not_do(self):
        self.unseal(self.sealed, "--key-file", self.path("none.key"), words=["none.key"])
        self.unseal(self.sealed, "--key-file", self.secret("text.key", "secret\n"), words=["text.key", "data key"])
        self.unseal(self.sealed, "--key-file", self.secret("open.key", content(self.key).decode(), 0o644), words=["open.key", "chmod 600"])

    def test_passphrases_that_will_not_do(self):
        for name, text, words in (("empty", "", ["there is no passphrase"]), ("line", "\n", ["there is no passphrase"]),
                                  ("lines", "one\ntwo\n", ["more than one line"]), ("long", "x" * 1025, ["longer than 1024 bytes"])):
            self.seal(self.model, "--passphrase-file", self.secret(name, text), words=[name, *words])
            self.seal(self.model, "--passphrase-file", "-", words=["standard input", *words], input=text)
        self.seal(self.model, "--passphrase-file", self.secret("public", "secret", 0o604), words=["public", "chmod 600"])
        self.seal(self.model, "--passphrase-file", self.path("none"), words=["none"])
        self.seal(self.model, "--passphrase-file", self.folder, words=[self.folder])

    def test_files_that_will_not_do(self):
        unlock = ["--key-file", self.key]
        self.seal(self.sealed, *unlock, words=["demo.sealed", "sealed already"])
        self.seal(self.key, *unlock, words=["data.key", "no ShardLM file"])
        self.seal(self.checkpoint, *unlock, words=["inputs/demo"])
        self.seal(self.path("none.h5"), *unlock, words=["none.h5"])
        self.unseal(self.model, *unlock, words=["demo.h5", "it is not sealed"])
        self.unseal(self.path("none.h5"), *unlock, words=["none.h5"])
        self.refused_alone("seal", self.model, "--out", self.path("none/sealed"), *unlock, words=["none/sealed"])

    def test_names_that_would_cost_a_file(self):
        before = content(self.model), content(self.key), content(self.sealed)
        unlock = ["--key-file", self.key]
        self.refused_alone("seal", self.model, "--out", self.model, *unlock, words=["demo.h5 itself"])
        self.refused_alone("unseal", self.sealed, "--out", self.sealed, *unlock, words=["demo.sealed itself"])
        self.refused_alone("seal", self.model, "--out", self.key, *unlock, words=["data.key", "another name"])
        self.assertEqual((content(self.model), content(self.key), content(self.sealed)), before)

    def test_a_damaged_file(self):
        data = bytearray(content(self.sealed))
        data[len(data) // 2] ^= 1
        with open(self.path("damaged.sealed"), "wb") as file:
            file.write(data)
        self.unseal(self.path("damaged.sealed"), "--key-file", self.key, words=["damaged.sealed", "part ", "is not what was sealed there"])
        with open(self.path("short.sealed"), "wb") as file:
            file.write(data[:-1])
        self.unseal(self.path("short.sealed"), "--key-file", self.key, words=["short.sealed", "truncated"])


class OtherSubcommands(Sealing):
    def say_it(self, run):
        self.refused(run, "demo.sealed", "it is sealed", "shardlm unseal")

    def test_say_that_it_is_sealed_and_what_to_do(self):
        before = sorted(os.listdir(self.folder))
        self.say_it(alone("info", self.sealed))
        self.say_it(alone("check", self.sealed))
        self.say_it(alone("share", self.sealed, "--out", self.path("never")))
        self.say_it(alone("ot", "make", self.sealed, "--out", self.path("never")))
        self.say_it(alone("generate", "--protocol", "plain", "--model", self.sealed, *QUESTION))
        self.say_it(alone("chat", "--protocol", "plain", "--model", self.sealed))
        self.say_it(job("--model", self.sealed, *QUESTION))
        self.say_it(Run([*MPIRUN, "-n", "4", *RANK, "compare", "--model", self.model, "--reference", self.sealed]))
        self.assertEqual(sorted(os.listdir(self.folder)), before)

    def test_one_rank_with_a_sealed_file(self):
        good = ["--model", self.model, *QUESTION]
        self.refused(job_of(good, good, ["--model", self.sealed], good), "server 1: ", "demo.sealed", "it is sealed")


class Interrupted(Sealing):
    def commands(self):
        yield "seal", self.model, "--out", self.path("new"), "--key-file", self.key
        yield "unseal", self.sealed, "--out", self.path("new"), "--key-file", self.key

    def test_nothing_is_left(self):
        before = sorted(os.listdir(self.folder))
        for command in self.commands():
            run = Run(["bash", "-c", 'ulimit -f 2000; exec "$@"', "-", SHARDLM, *command])
            self.assertEqual((run.code, len(run.sentences)), (1, 1), run)
            for number in (signal.SIGINT, signal.SIGTERM, signal.SIGQUIT):
                # stopped at its first line, when it has begun to write
                process = subprocess.Popen([SHARDLM, *command], stderr=subprocess.PIPE)
                process.stderr.readline()
                process.send_signal(number)
                process.communicate(timeout=30)
                if os.path.exists(self.path("new")):  # it was faster, and the file is whole
                    self.assertIn(process.returncode, (0, 128 + number))
                    self.assertEqual(os.path.getsize(self.path("new")), os.path.getsize(self.sealed if command[0] == "seal" else self.model))
                    os.remove(self.path("new"))
                else:
                    self.assertEqual(process.returncode, 128 + number)
        self.assertEqual(sorted(os.listdir(self.folder)), before)


if __name__ == "__main__":
    unittest.main()
