"""compare and check: how close private logits are to plaintext ones, and how far a model's values are from what the protocol holds."""
import json
import os
import unittest

from program import RANK, MPIRUN, Case, Run, alone, job


def compare(*arguments):
    return Run([*MPIRUN, "-n", "4", *RANK, "compare", *arguments])


class Compare(Case):
    def test_private_logits_are_the_plain_ones_but_for_little(self):
        run = self.works(compare("--model", self.model, "--reference", self.checkpoint, "-m", "4", "--passes", "2", "--bfloat16", "--json"))
        result = json.loads(run.output)
        private, rounded = result["all"]["private"], result["all"]["bfloat16"]
        self.assertEqual(len(result["prompts"]), 8)
        self.assertEqual(private["positions"], 8 * (1 + 4) * 2)
        self.assertEqual(private["same_top"], private["positions"])
        self.assertLess(0, private["rms"])  # fresh masks round in fresh ways
        self.assertLess(4 * private["rms"], rounded["rms"])
        self.assertLess(private["mean_kl"], 1e-3)
        for prompt in result["prompts"]:
            self.assertLess(prompt["private"]["largest_pass_rms"], 10 * prompt["private"]["median_pass_rms"])

    def test_prompts_of_ones_own_make_a_row_each(self):
        prompts = self.file("prompts.txt", 'What is the capital of Peru?\n{"prompt": "one two", "raw": true}\n{"prompt": "Hi", "system": "Be brief."}\n')
        rows = self.works(compare("--model", self.model, "--prompts", prompts, "-m", "0")).output.splitlines()
        self.assertEqual([row.split()[1] for row in rows[1:]], ["1", "1", "1", "3"])  # positions
        self.assertIn("What is the capital of P", rows[1])

    def test_what_cannot_be_compared(self):
        self.refused(compare("--model", self.model, "--prompts", self.path("none.txt")), "client: ", "none.txt")
        self.refused(compare("--model", self.model, "--prompts", self.file("empty.txt", "\n")), "empty.txt has no prompts")
        self.refused(compare("--model", self.model, "--prompts", self.file("bad.txt", '{"prompt": 1}')), "bad.txt, line 1")
        self.refused(compare("--model", self.model, "--prompts", self.file("key.txt", '{"promt": "a"}')), "key.txt, line 1", "'promt'")


class Check(Case):
    def margins(self, *arguments):
        return json.loads(self.works(alone("check", *arguments, "--json")).output)

    def test_the_demo_model_is_far_from_every_bound(self):
        result = self.margins(self.model)
        self.assertGreater(result["least_margin"], 4)
        for name in ("row norm", "gate", "silu(gate) up", "v", "score"):
            self.assertEqual(len(result[name]["layers"]), 4)
            self.assertLess(0, max(result[name]["layers"]))
            self.assertLess(max(result[name]["layers"]) * result["least_margin"], result[name]["bound"] * 1.001)

    def test_a_checkpoint_is_measured_as_its_model_file_is(self):
        file, folder = self.margins(self.model), self.margins(self.checkpoint)
        self.assertAlmostEqual(file["least_margin"] / folder["least_margin"], 1, delta=0.01)

    def test_too_small_a_margin_says_what_to_do(self):
        run = alone("check", self.model, "--least-margin", "1000")
        self.assertNotEqual(run.code, 0)
        self.assertEqual(len(run.sentences), 1)
        self.assertIn("gate in layer", run.sentences[0])
        self.assertIn("convert the model again with --silu-bits 13", run.sentences[0])
        self.assertIn("margin", run.output)  # the table is there all the same

    def test_a_wider_table_holds_larger_gates_and_gives_the_same_answer(self):
        wide = self.path("wide.h5")
        self.works(alone("convert", self.checkpoint, wide, "--silu-bits", "14"))
        self.assertEqual(self.margins(wide)["gate"]["bound"], 4 * self.margins(self.model)["gate"]["bound"] + 3 / 16)
        question = ["-p", "What is the capital of France?", "-m", "8", "--json"]
        narrow_answer, wide_answer = (json.loads(self.works(job("--model", model, *question)).output) for model in (self.model, wide))
        self.assertEqual(wide_answer["answer"], narrow_answer["answer"])
        self.assertEqual(wide_answer["costs"], wide_answer["predicted"])
        self.assertGreater(wide_answer["costs"]["key_bytes"], narrow_answer["costs"]["key_bytes"])

    def test_a_table_that_cannot_be(self):
        self.refused(alone("convert", self.checkpoint, self.path("new.h5"), "--silu-bits", "17"), "--silu-bits", "17")
        self.assertFalse(os.path.exists(self.path("new.h5")))


if __name__ == "__main__":
    unittest.main()
