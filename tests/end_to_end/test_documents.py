"""Help, the manual page and the completions of shells name the same subcommands and options, and help's examples use no others."""
import os
import re
import shlex
import shutil
import subprocess
import tempfile
import unittest

from program import SHARDLM

GLOBAL = {"--config"}  # may stand behind a subcommand as well
HELP_LINE = re.compile(r"  (?P<names>-\S+)(?: (?P<type>[A-Z{]\S*))?")


def printed(*arguments):
    run = subprocess.run([SHARDLM, *arguments], capture_output=True, text=True)
    assert run.returncode == 0 and run.stderr == "", (arguments, run)
    return run.stdout


class Page:
    """One --help: options {name: type}, commands, examples."""

    def __init__(self, path):
        self.text = printed(*path, "--help")
        lines = self.text.splitlines()
        self.options = {}
        for match in filter(None, map(HELP_LINE.match, lines)):
            kind = (match["type"] or "").split("=")[0]
            self.options.update((name, "" if kind in ("REQUIRED", "Excludes:") else kind) for name in match["names"].split(","))
        self.commands = []
        if "Subcommands:" in lines:
            listed = lines[lines.index("Subcommands:") + 1:]
            self.commands = [m[1] for m in (re.match(r"  ([a-z]+)(\s|$)", line) for line in listed[:listed.index("")]) if m]
        below = [i for i, line in enumerate(lines) if line in ("Example:", "Examples:")]
        self.examples = [line for line in lines[below[0] + 1:] if line.startswith("  ")] if below else []


def pages(path=()):
    page = Page(path)
    all = {path: page}
    for command in page.commands:
        all.update(pages((*path, command)))
    return all


def names_in_manual(text):
    """{path: names} of the manual page; () is its section OPTIONS."""
    found, path, item = {(): set()}, (), False
    for line in text.replace("\\-", "-").splitlines():
        if line.startswith(".SS shardlm "):
            path = tuple(re.match(r"\.SS shardlm ((?:[a-z]+ )+)", line)[1].split())
            found[path] = set()
        elif line.startswith(".SH ENVIRONMENT"):
            break
        elif item:
            found[path].update(re.findall(r"\\fB(-[^\\]*)\\fR", line))
        item = line == ".TP"
    return found


def names_in_zsh(text):
    found, path = {}, None
    for line in text.splitlines():
        function = re.match(r"_shardlm((?:_[a-z]+)*)\(\) \{", line)
        if function:
            path = tuple(function[1].split("_")[1:])
            found[path] = set()
        several, one = re.match(r"    '\((-[^)]*)\)'", line), re.match(r"    (--?[a-z0-9-]+)[=+]?'", line)
        if several or one:
            found[path].update(several[1].split() if several else [one[1]])
    return found


def names_in_fish(text):
    found = {}
    for line in text.splitlines():
        line = line.split(" -d ")[0]
        condition = re.search(r" -n '([^']*)'", line)
        path = tuple(re.findall(r"(?<!not )__fish_seen_subcommand_from (\w+)", condition[1])) if condition else ()
        names = {"--" + n for n in re.findall(r" -l (\S+)", line)} | {"-" + n for n in re.findall(r" -s (\S)", line)}
        if names:
            found.setdefault(path, set()).update(names)
    return found


class Case(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.pages = pages()
        cls.names = {path: set(page.options) for path, page in cls.pages.items()}
        cls.folder = tempfile.mkdtemp()
        cls.addClassCleanup(shutil.rmtree, cls.folder)

    def path(self, name, text=None):
        path = os.path.join(self.folder, name)
        if text is not None:
            with open(path, "w") as file:
                file.write(text)
        return path


class Documents(Case):
    def test_help_has_all_subcommands(self):
        self.assertGreaterEqual(len(self.pages), 17)
        for path in ((), ("generate",), ("ot", "make"), ("keys", "data"), ("completion",)):
            self.assertIn("-h", self.names[path], path)
        self.assertEqual(self.pages["generate",].options["--model"], "FILE")
        self.assertIn("v3-mpc", self.pages["generate",].options["--protocol"])

    def test_help_fits_a_terminal(self):
        for path, page in self.pages.items():
            for line in page.text.splitlines():
                if line not in page.examples and not HELP_LINE.match(line):  # neither can be folded
                    self.assertLessEqual(len(line), 80, path)

    def test_examples_use_options_that_there_are(self):
        for path, page in self.pages.items():
            self.assertTrue(page.examples, f"shardlm {' '.join(path)} --help has no example: give one to explain()")
            for example in page.examples:
                words = shlex.split(example.split("#")[0].split("|")[0])
                words = [word.removeprefix("<(").rstrip(")") for word in words]
                words = words[words.index("shardlm") + 1:]
                command = ()
                while words and (*command, words[0]) in self.pages:
                    command = (*command, words.pop(0))
                self.assertTrue(command, example)
                for word in words:
                    if re.match("-[^0-9]", word):
                        self.assertIn(word, self.names[command], example)

    def test_the_manual_page_has_the_same_options(self):
        once = {path: names - {"-h", "--help"} if path else names for path, names in self.names.items()}
        self.assertEqual(names_in_manual(printed("manual")), once)

    def test_the_manual_page_is_sound_roff(self):
        groff = shutil.which("groff")
        if not groff:
            self.skipTest("there is no groff")
        page = self.path("shardlm.1", printed("manual"))
        run = subprocess.run([groff, "-ww", "-man", "-Tutf8", page], capture_output=True, text=True)
        self.assertEqual((run.returncode, run.stderr), (0, ""))
        self.assertIn("shardlm keys data", re.sub(r"\x1b\[[0-9;]*m", "", run.stdout))

    def test_other_shells_have_the_same_options(self):
        with_global = {path: names | (GLOBAL if path else set()) for path, names in self.names.items()}
        inner = {path: with_global[path] if not page.commands else self.names[path] for path, page in self.pages.items()}
        self.assertEqual(names_in_zsh(printed("completion", "zsh")), inner)
        self.assertEqual(names_in_fish(printed("completion", "fish")), self.names)

    def test_fish_tells_a_subcommand_from_one_of_the_same_name_within_another(self):
        lines = [line for line in printed("completion", "fish").splitlines() if "'__fish_seen_subcommand_from generate" in line]
        self.assertNotEqual(lines, [])
        for line in lines:
            self.assertIn("and not __fish_seen_subcommand_from client'", line)

    def test_other_shells_can_read_it(self):
        for shell in ("zsh", "fish"):
            if shutil.which(shell):
                script = self.path("completion." + shell, printed("completion", shell))
                run = subprocess.run([shell, "-n", script], capture_output=True, text=True)
                self.assertEqual((run.returncode, run.stderr), (0, ""), shell)


class Bash(Case):
    """The completion at work: what bash would offer for the last of some words."""

    def offered(self, *words):
        script = self.path("bash", printed("completion", "bash"))
        ask = 'source "$1"; shift; COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); _shardlm && printf "%s\\n" "${COMPREPLY[@]}"'
        run = subprocess.run(["bash", "-c", ask, "bash", script, "shardlm", *words], capture_output=True, text=True, cwd=self.folder)
        self.assertEqual((run.returncode, run.stderr), (0, ""), words)
        return sorted(filter(None, run.stdout.split("\n")))

    def test_the_same_options(self):
        for path, names in self.names.items():
            self.assertEqual(self.offered(*path, "-"), sorted(names | (GLOBAL if path else set())), path)

    def test_the_same_subcommands(self):
        for path, page in self.pages.items():
            if page.commands:
                self.assertEqual(self.offered(*path, ""), sorted(page.commands), path)

    def test_choices(self):
        for path, page in self.pages.items():
            for name, kind in page.options.items():
                if kind.startswith("{") and "PATH" not in kind:
                    self.assertEqual(self.offered(*path, name, ""), sorted(kind.strip("{}").split(",")), (path, name))
        self.assertEqual(self.offered("generate", "--protocol", "=", "v3-m"), ["v3-mpc"])
        self.assertEqual(self.offered("generate", "--protocol", "="), self.offered("generate", "--protocol", ""))
        self.assertEqual(self.offered("completion", "f"), ["fish"])

    def test_files_and_folders(self):
        self.path("a model.h5", "")
        os.makedirs(self.path("a folder"), exist_ok=True)
        self.assertEqual(self.offered("generate", "--model", "a "), ["a folder", "a model.h5"])
        self.assertEqual(self.offered("generate", "--ot", "a "), ["a folder"])
        self.assertEqual(self.offered("seal", "a m"), ["a model.h5"])
        self.assertIn("a model.h5", self.offered("convert", "a folder", "a "))
        self.assertIn("7b", self.offered("info", ""))

    def test_values_are_no_subcommands(self):
        self.assertIn("--temperature", self.offered("generate", "-p", "share", "--te"))
        self.assertEqual(self.offered("generate", "-p", "sh"), [])
        self.assertIn("--out", self.offered("--config", "=", "deck", "share", "--o"))
        self.assertEqual(self.offered("--config", "generate", "uns"), ["unseal"])


if __name__ == "__main__":
    unittest.main()
