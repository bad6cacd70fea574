#!/usr/bin/env python3
"""Stands in for shardlm in tests of perf/run-benchmarks: writes made-up results, and fails where the environment says so. Nothing it says was measured.

MADE_UP_FAILURES: JSON of {"bench v3 text": exit status, "seal": 2, ...}; MADE_UP_CALLS: a file to which each call is added."""
import json
import os
import sys
import time

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from made_up_results import Made, write  # noqa: E402


def option(name):
    return sys.argv[sys.argv.index(name) + 1] if name in sys.argv else None


def main():
    what = sys.argv[1]
    if what == "bench":
        what += f" {option('-e')} {'tokens' if option('--tokens') else 'text'}"
    elif what == "compare":
        what += f" {option('--protocol')}"
    with open(os.environ["MADE_UP_CALLS"], "a", encoding="utf-8") as calls:
        calls.write(json.dumps(sys.argv[1:]) + "\n")
    failure = json.loads(os.environ.get("MADE_UP_FAILURES", "{}")).get(what)
    if failure == "hang":
        time.sleep(1000)
    if failure == "silent":
        return 0
    if failure == "damaged":
        write(option("-o"), "{")
        return 0
    if failure:
        print(f"shardlm: made-up trouble of {what}", file=sys.stderr)
        return failure
    return do(what.split()[0])


def do(what):
    if what == "--version":
        print("shardlm 0.0.0 (made up)")
    elif what == "convert":
        write(sys.argv[3], "a made-up model")
    elif what in ("share", "ot", "keys"):
        folder = option("--out") or sys.argv[3]
        if sys.argv[2] == "data":
            write(folder, "")
        else:
            os.makedirs(folder)
    elif what == "seal":
        write(option("--out"), "")
    elif what == "compare":
        print(json.dumps({"all": {"private": {"positions": 8, "same_top": 8, "rms": 0.1, "largest": 0.2, "mean_kl": 0.0, "largest_kl": 0.0}}}))
    else:
        made = Made(option("-e"), "tokens" if option("--tokens") else "text", seed=os.path.dirname(option("-o")), runs=int(option("-r")), new_tokens=int(option("-m")))
        write(option("-o"), json.dumps(made.json()))
    return 0


sys.exit(main())
