"""Starts a script once more for each party of a computation, and collects the line of JSON that each ends with."""
import json
import os
import subprocess
import sys

SIGN = "PARTY "


def start(count, environment):
    """environment(rank) is added to the party's. Returns what each said with `tell`, by rank, and all of its output."""
    command = [sys.executable, *sys.argv]
    running = [subprocess.Popen([*command, "--rank", str(rank)], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                                env={**os.environ, **environment(rank)}) for rank in range(count)]
    outputs = [party.communicate()[0] for party in running]
    results = []
    for rank, output in enumerate(outputs):
        told = [line for line in output.splitlines() if line.startswith(SIGN)]
        if not told:
            sys.exit(f"party {rank} ended without a result; its last words: " + (output.strip().splitlines() or ["none"])[-1].strip())
        results.append(json.loads(told[-1][len(SIGN):]))
    return results, outputs


def tell(result):
    """A party's last word. Ends at once: some libraries hang while they are taken down."""
    print(SIGN + json.dumps(result), flush=True)
    os._exit(0)
