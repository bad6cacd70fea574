"""How the scripts of this folder end when they cannot do what was asked: one sentence, and exit status 2."""
import argparse
import os
import sys


class Refused(Exception):
    """What is wrong with what was given, in one sentence that names the thing."""


class Parser(argparse.ArgumentParser):
    """A parser of options that refuses them in one sentence, and takes no shortened names: --v3 begins three others."""

    def __init__(self, text):
        description, _, epilog = text.partition("\n\n")
        super().__init__(description=description, epilog=epilog, allow_abbrev=False)

    def error(self, message):
        raise Refused(f"{message} (see {self.prog} --help)")


def say(text):
    print(f"shardlm: {text}", file=sys.stderr, flush=True)


def ends_with(main):
    """Runs main() and ends the process with what it returns, or with the sentence of a Refused."""
    try:
        code = main()
        sys.stdout.flush()
    except Refused as refused:
        say(refused)
        code = 2
    except OSError as error:
        if isinstance(error, BrokenPipeError):  # whoever read the output has seen enough
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
            code = 1
        else:
            say(f"{error.filename}: {error.strerror}" if error.filename else error)
            code = 2
    except KeyboardInterrupt:
        say("interrupted")
        code = 130
    sys.exit(code)


def write_whole(path, text):
    """The file is there whole, or as it was before."""
    part = f"{path}.part"
    try:
        with open(part, "w", encoding="utf-8") as file:
            file.write(text)
        os.replace(part, path)
    except BaseException:
        if os.path.exists(part):
            os.remove(part)
        raise
