"""A tester that makes requests from the gateway's own OpenAPI document, sound and unsound ones, finds no server error and nothing undocumented."""
import pypi

pypi.needs("schemathesis")

import subprocess  # noqa: E402
import sys  # noqa: E402
import unittest  # noqa: E402

from served import ServedCase  # noqa: E402

EXAMPLES, SECONDS = 40, 600  # of each operation; of a run, which takes some three minutes on two cores


class Schemathesis(ServedCase):
    arguments = ("--protocol", "v3,v2", "--max-tokens", "4", "--context", "256", "--queue", "4", "--name", "demo")

    def run_against(self, *options):
        run = subprocess.run([sys.executable, "-m", "schemathesis.cli", "run", f"{self.gateway.url}/openapi.json", "--no-color", "--generation-deterministic",
                              "--max-examples", str(EXAMPLES), "--request-timeout", "60", *options], capture_output=True,
                             text=True, timeout=SECONDS, cwd=self.folder)
        self.assertEqual(run.returncode, 0, run.stdout[-20000:] + run.stderr[-5000:])
        self.assertEqual(self.gateway.get("/ready").status, 200)

    def test_finds_no_error_of_the_server(self):
        self.run_against("--checks", "not_a_server_error", "--phases", "examples,coverage,fuzzing")

    def test_finds_answers_as_they_are_documented(self):
        self.run_against("--checks", "status_code_conformance,content_type_conformance,response_schema_conformance", "--phases", "examples,coverage")


if __name__ == "__main__":
    unittest.main()
