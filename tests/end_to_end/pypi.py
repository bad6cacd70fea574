"""Packages of PyPI that a test is about. ci/python-tests keeps them in an environment of their own; without it the test is skipped."""
import importlib.util
import os
import sys

CACHE = os.environ.get("SHARDLM_CACHE") or os.path.join(os.environ.get("XDG_CACHE_HOME") or os.path.expanduser("~/.cache"), "shardlm")
PYTHON = os.path.join(CACHE, "python-tests", "bin", "python")


def needs(*packages):
    """To be called before anything else: goes on in the interpreter that has them, or ends with 77, which ctest takes for skipped."""
    missing = [package for package in packages if importlib.util.find_spec(package) is None]
    if not missing:
        return
    if os.path.exists(PYTHON) and os.path.abspath(sys.executable) != PYTHON:
        os.execv(PYTHON, [PYTHON, *sys.argv])
    print(f"skipped: this needs the PyPI package {' and '.join(missing)}; ci/python-tests installs it in {os.path.dirname(PYTHON)}")
    sys.exit(77)
