"""A real Qwen2.5 checkpoint, in the folder that SHARDLM_REAL_MODEL names: private logits against plaintext ones. Minutes, and 4 GiB."""
import json
import os
import sys
import unittest

from program import MPIRUN, RANK, SOURCE, Case, Run, alone

FOLDER = os.environ.get("SHARDLM_REAL_MODEL")
if FOLDER is None:
    print("SHARDLM_REAL_MODEL names no folder with a Qwen2.5 checkpoint: skipped")
    sys.exit(77)


class Real(Case):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.real = cls.path("real.h5")
        cls.works(cls(), alone("convert", FOLDER, cls.real))

    def compare(self, *arguments):
        run = self.works(Run([*MPIRUN, "-n", "4", *RANK, "compare", "--model", self.real, "--reference", FOLDER, "--json", *arguments], limit=1700))
        result = json.loads(run.output)
        print(json.dumps(result["all"]))
        return result

    def test_logits_over_prompts_of_all_kinds(self):
        result = self.compare("--prompts", os.path.join(SOURCE, "inputs/prompts.jsonl"), "-m", "4", "--bfloat16")
        private, rounded = result["all"]["private"], result["all"]["bfloat16"]
        self.assertGreaterEqual(len(result["prompts"]), 20)
        # Another token may win only where the plaintext engine's two best lie closer than the largest error there is.
        self.assertLessEqual(private["widest_lost_lead"], 2 * private["largest"])
        self.assertGreaterEqual(private["same_top"], private["positions"] - 2)
        self.assertLess(private["mean_kl"], 1e-3)
        self.assertLess(4 * private["rms"], rounded["rms"])

    def test_fifty_passes_have_no_outlier(self):
        prompts = self.file("one.jsonl", '{"prompt": "The capital of France is", "raw": true}\n')
        private = self.compare("--prompts", prompts, "-m", "0", "--passes", "50")["prompts"][0]["private"]
        self.assertEqual(private["passes"], 50)
        self.assertLess(private["largest_pass_rms"], 10 * private["median_pass_rms"])

    def test_every_bound_is_far(self):
        self.assertGreater(json.loads(self.works(alone("check", self.real, "-m", "8", "--json")).output)["least_margin"], 1.25)


if __name__ == "__main__":
    unittest.main()
