"""A conversation: answers are those to the whole text, Ctrl-C stops an answer and not the program, every way out is an orderly one."""
import os
import pty
import re
import select
import signal
import subprocess
import time
import unittest

from program import LIMIT, MPIRUN, PATIENCE, SHARDLM, Case, Run, alone

FRANCE, HOT = "What is the capital of France?", "What is the opposite of hot?"
ENVIRONMENT = {**os.environ, "SHARDLM_MPIRUN": MPIRUN[0]}


def chatml(*messages):
    """As the template renders it, with no system message; the assistant's turn is open."""
    text = "".join(f"<|im_start|>{'assistant' if i % 2 else 'user'}\n{message}<|im_end|>\n" for i, message in enumerate(messages))
    return text + "<|im_start|>assistant\n"


class Terminal:
    """shardlm chat, or another command, in a terminal of its own, with a person before it."""

    def __init__(self, *arguments, command=("chat",)):
        self.shown, pid = "", None
        pid, self.terminal = pty.fork()
        if pid == 0:
            os.environ.update(ENVIRONMENT)
            os.execv(SHARDLM, [SHARDLM, *command, *arguments])
        self.pid, self.code = pid, None

    def read(self, seconds):
        if not select.select([self.terminal], [], [], seconds)[0]:
            return True
        try:
            part = os.read(self.terminal, 65536)
        except OSError:  # all who had the terminal are gone
            return False
        self.shown += part.decode(errors="replace").replace("\r\n", "\n")
        return bool(part)

    def until(self, pattern):
        """Waits for it; returns what was shown up to its end, which does not come again."""
        deadline = time.monotonic() + PATIENCE
        while True:
            found = re.search(pattern, self.shown)
            if found:
                before, self.shown = self.shown[:found.end()], self.shown[found.end():]
                return before
            if time.monotonic() > deadline or not self.read(1):
                raise AssertionError(f"instead of {pattern!r} came {self.shown!r}")

    def type(self, text):
        os.write(self.terminal, text.encode())

    def ask(self, line):
        """The answer to a line, up to the next sign."""
        self.type(line + "\n")
        self.until(re.escape(line) + "\n")
        return self.until(r"(?m)^> ")[:-2]

    def end(self):
        deadline = time.monotonic() + PATIENCE
        while self.read(0.1) and time.monotonic() < deadline:
            pass
        os.close(self.terminal)
        return os.waitstatus_to_exitcode(os.waitpid(self.pid, 0)[1])


class Chat(Case):
    def chat(self, lines, *arguments, protocol="v3", model=None):
        return self.works(Run(["env", f"SHARDLM_MPIRUN={MPIRUN[0]}", SHARDLM, "chat", "--model", model or self.model, "--protocol", protocol,
                               *arguments], lines))

    def continued(self, *messages):
        """What generate makes of the whole conversation so far."""
        return self.works(alone("generate", "--protocol", "plain", "--model", self.model, "--raw", "-p", chatml(*messages))).output.rstrip("\n")

    def test_answers_are_those_to_the_whole_conversation(self):
        first = self.continued(FRANCE)
        second = self.continued(FRANCE, first, HOT)
        third = self.continued(FRANCE, first, HOT, second, FRANCE)
        for protocol in ("v3", "plain"):
            run = self.chat(f"{FRANCE}\n{HOT}\n{FRANCE}\n", "--system", "", protocol=protocol)
            self.assertEqual(run.output.splitlines(), [first, second, third], protocol)

    def test_under_mpirun_the_same(self):
        command = [*MPIRUN, "-n", "4", SHARDLM, "chat", "--model", self.model]
        run = self.works(Run(command, f"{FRANCE}\n{HOT}\n"))
        self.assertEqual(run.output, self.chat(f"{FRANCE}\n{HOT}\n", protocol="plain").output)

    def test_reset_forgets(self):
        output = self.chat(f"{FRANCE}\n/reset\n{FRANCE}\n{HOT}\n").output.splitlines()
        self.assertEqual(output[0], output[1])
        self.assertEqual(output[1:], self.chat(f"{FRANCE}\n{HOT}\n", protocol="plain").output.splitlines())

    def test_a_cut_answer_is_continued_from_what_was_said(self):
        said = self.works(alone("generate", "--protocol", "plain", "--model", self.model, "--system", "", "-p", FRANCE, "-m", "3")).output.rstrip("\n")
        second = self.works(alone("generate", "--protocol", "plain", "--model", self.model, "--raw", "-m", "3", "-p",
                                  chatml(FRANCE, said, HOT))).output.rstrip("\n")
        for protocol in ("v3", "plain"):
            run = self.chat(f"{FRANCE}\n{HOT}\n", "--system", "", "-m", "3", protocol=protocol)
            self.assertEqual(run.output.splitlines(), [said, second], protocol)
            self.assertIn("(cut at --max-tokens)", run.errors)

    def test_stats_are_as_predicted(self):
        run = self.chat(f"/stats\n{FRANCE}\n{HOT}\n/stats\n")
        self.assertIn("nothing was asked yet", run.errors)
        self.assertEqual(run.errors.count("as predicted"), 5)
        self.assertNotIn("predicted:", run.errors)
        for row in ("questions +1 +2", "rounds +[1-9]", "tokens kept +[1-9]"):
            self.assertRegex(run.errors, f"(?m)^{row}")

    def test_ends_with_the_input_or_exit(self):
        self.assertEqual(self.chat("").output, "")
        self.assertEqual(self.chat(f"/exit\n{FRANCE}\n").output, "")
        self.assertEqual(self.chat(FRANCE).output, self.chat(f"{FRANCE}\n").output)  # the last line needs no end

    def test_ends_where_there_is_no_input_at_all(self):
        self.works(Run(["bash", "-c", 'exec "$@" <&-', "-", SHARDLM, "chat", "--model", self.model]))

    def test_lines_that_are_no_questions(self):
        run = self.chat(f"\n   \n/wrong\n{FRANCE}\r\n")
        self.assertEqual(run.output, self.chat(FRANCE, protocol="plain").output)
        self.assertIn("there is no command /wrong", run.errors)

    def test_what_has_no_room_is_refused_and_the_conversation_goes_on(self):
        long = "word " * 5000
        for lines, model in ((f"{long}\n{FRANCE}\n", None), ("x" * (3 << 20) + f"\n{FRANCE}\n", None)):
            run = Run(["env", f"SHARDLM_MPIRUN={MPIRUN[0]}", SHARDLM, "chat", "--model", self.model], lines)
            self.assertEqual(run.code, 0, run.errors)
            self.assertEqual(run.output, self.chat(FRANCE, protocol="plain").output)
            self.assertRegex(run.errors, "leaves no room for an answer|longer than 1 MiB")

    def test_a_context_that_runs_out_says_so_until_it_is_reset(self):
        run = Run([SHARDLM, "chat", "--protocol", "plain", "--model", self.model, "--context", "60"], f"{FRANCE}\n{FRANCE}\n{FRANCE}\n/reset\n{FRANCE}\n")
        self.assertEqual(run.code, 0, run)
        self.assertRegex(run.errors, "leaves no room for an answer in the 60 .*: /reset starts over")
        answers = run.output.splitlines()
        self.assertEqual(answers[0], answers[-1])

    def test_wrong_options_are_told_at_once(self):
        self.refused(alone("chat", "--model", self.path("none.h5"), "--protocol", "plain", input=""), "none.h5")
        self.refused(alone("chat", "--model", self.model, "--context", "0", input=""), "--context")
        run = Run(["env", "SHARDLM_MPIRUN=no-such-mpirun", SHARDLM, "chat", "--model", self.model], "")
        self.refused(run, "no-such-mpirun", "SHARDLM_MPIRUN")
        run = Run(["env", f"SHARDLM_MPIRUN={MPIRUN[0]}", SHARDLM, "chat", "--model", self.path("none.h5")], "")
        self.refused(run, "none.h5")


class Interrupted(Case):
    """The other model has random weights, and talks until it is stopped."""

    def check_stopped(self, *arguments):
        terminal = Terminal("--model", self.other_model, "-m", "1500", *arguments)
        terminal.until(r"(?m)^> ")
        terminal.type("abc\n")
        terminal.until("abc\n.{20}")  # amid the answer
        terminal.type("\x03")
        terminal.until(r"\(stopped\)\n> ")
        terminal.type("\x03")
        terminal.until(r"/exit or Ctrl-D ends the conversation\n> ")
        terminal.type("def\n")
        terminal.until("def\n.{20}")
        terminal.type("\x03")
        terminal.until(r"\(stopped\)\n> ")
        stats = terminal.ask("/stats")
        self.assertRegex(stats, r"(?m)^questions +1 +2")
        self.assertNotIn("predicted:", stats)
        terminal.type("\x04")
        self.assertEqual(terminal.end(), 0)

    def test_private(self):
        self.check_stopped()

    def test_plain(self):
        self.check_stopped("--protocol", "plain")

    def test_reset_at_a_terminal(self):
        terminal = Terminal("--model", self.model)
        terminal.until(r"(?m)^> ")
        whole = terminal.ask(FRANCE)
        terminal.ask("/reset")
        self.assertEqual(terminal.ask(FRANCE), whole)
        self.assertNotEqual(whole.strip(), "")
        terminal.type("/exit\n")
        self.assertEqual(terminal.end(), 0)

    def test_while_it_starts_it_ends(self):
        fifo = self.path("never-written.h5")
        os.mkfifo(fifo)
        terminal = Terminal("--model", fifo)
        time.sleep(1)
        started = time.monotonic()
        terminal.type("\x03")
        self.assertNotEqual(terminal.end(), 0)
        self.assertLess(time.monotonic() - started, LIMIT)

    def test_signals_that_end_it(self):
        for number in (signal.SIGTERM, signal.SIGHUP):
            with self.subTest(number):
                terminal = Terminal("--model", self.model)
                terminal.until(r"(?m)^> ")
                os.kill(terminal.pid, number)
                self.assertNotEqual(terminal.end(), 0)

    def test_without_its_relay_the_job_ends(self):
        terminal = Terminal("--model", self.model)
        terminal.until(r"(?m)^> ")
        children = subprocess.run(["ps", "-o", "pid=", "--ppid", str(terminal.pid)], capture_output=True, text=True).stdout.split()
        self.assertEqual(len(children), 1)
        os.kill(terminal.pid, signal.SIGKILL)
        deadline = time.monotonic() + 10
        while os.path.exists(f"/proc/{children[0]}") and time.monotonic() < deadline:
            time.sleep(0.1)
        self.assertFalse(os.path.exists(f"/proc/{children[0]}"))
        terminal.end()


if __name__ == "__main__":
    unittest.main()
