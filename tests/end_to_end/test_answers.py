"""What a user gets who asks: the answer on standard output, in a file, as JSON; from prompts, files and decks."""
import json
import os
import unittest
from unittest import mock

from program import MPIRUN, SHARDLM, Case, Run, alone, job, job_of

QUESTION = "What is the capital of France?"


class Answers(Case):
    def plain(self, *arguments):
        return self.works(alone("generate", "--protocol", "plain", *arguments)).output

    def test_private_and_plain_answers_are_the_same(self):
        for question in (QUESTION, "How much is 2 + 3?"):
            private = self.works(job("--model", self.model, "-p", question))
            self.assertEqual(private.output, self.plain("--model", self.model, "-p", question))
            self.assertEqual(set(private.codes.values()), {"0"})

    def test_plain_answers_from_the_checkpoint_itself(self):
        self.assertEqual(self.plain("--model", self.checkpoint, "-p", QUESTION), self.plain("--model", self.model, "-p", QUESTION))

    def test_plain_under_mpirun_answers_once(self):
        run = self.works(job("--protocol", "plain", "--model", self.model, "-p", QUESTION))
        self.assertEqual(run.output, self.plain("--model", self.model, "-p", QUESTION))

    def test_the_file_holds_what_was_printed(self):
        out = self.file("answer.txt", "an old answer, longer than any new one could ever be, so that nothing of it may be left\n" * 100)
        run = self.works(job("--model", self.model, "-p", QUESTION, "--out", out))
        with open(out) as file:
            self.assertEqual(file.read(), run.output)
        self.assertEqual([name for name in os.listdir(self.folder) if "answer.txt." in name], [])

    def test_prompts_from_standard_input_and_files(self):
        wanted = self.plain("--model", self.model, "-p", QUESTION)
        file = self.file("prompt.txt", QUESTION + "\n")
        self.assertEqual(self.works(job("--model", self.model, "--prompt-file", file)).output, wanted)
        self.assertEqual(self.works(job("--model", self.model, "--prompt-file", "-", input=QUESTION + "\n")).output, wanted)

    def test_only_the_client_needs_and_reads_the_prompt(self):
        others = ["--model", self.model, "--prompt-file", self.path("only-on-the-client's-host.txt")]
        run = self.works(job_of(["--model", self.model, "-p", QUESTION], others, others, ["--model", self.model]))
        self.assertEqual(run.output, self.plain("--model", self.model, "-p", QUESTION))

    def test_max_tokens_cuts_the_answer(self):
        run = json.loads(self.plain("--model", self.model, "-p", QUESTION, "-m", "2", "--json"))
        self.assertEqual((run["tokens"], run["ended"]), (2, False))
        whole = json.loads(self.plain("--model", self.model, "-p", QUESTION, "--json"))
        self.assertTrue(whole["ended"])
        self.assertTrue(whole["answer"].startswith(run["answer"]))

    def test_raw_text_is_continued_without_a_template(self):
        template = f"<|im_start|>user\n{QUESTION}<|im_end|>\n<|im_start|>assistant\n"
        self.assertEqual(self.plain("--model", self.model, "--raw", "-p", template),
                         self.plain("--model", self.model, "--system", "", "-p", QUESTION))

    def test_a_system_message_is_part_of_the_prompt(self):
        lengths = [json.loads(self.plain("--model", self.model, "-p", QUESTION, "--json", *more))["prompt_tokens"]
                   for more in (["--system", ""], ["--system", "Be brief."], [])]
        self.assertEqual(sorted(lengths), lengths)
        self.assertEqual(len(set(lengths)), 3)


class Sampling(Case):
    def sample(self, seed, temperature="1.5"):
        return self.works(alone("generate", "--protocol", "plain", "--model", self.other_model, "--raw", "-p", "abc", "-m", "40",
                                "-t", temperature, "--seed", str(seed), "--json")).output

    def answer(self, *arguments):
        return json.loads(self.sample(*arguments))["answer"]

    def test_a_seed_gives_the_same_answer_again(self):
        self.assertEqual(self.answer(1), self.answer(1))

    def test_seeds_differ(self):
        self.assertGreater(len({self.answer(seed) for seed in range(3)}), 1)

    def test_temperature_zero_needs_no_seed(self):
        self.assertEqual(self.answer(1, "0"), self.answer(2, "0"))

    def test_private_answers_repeat_with_a_seed(self):
        # Their logits have a little noise each time, which at a low temperature does not matter for a trained model.
        arguments = ["--model", self.model, "-p", QUESTION, "-t", "0.05", "--top-k", "4", "--seed", "7"]
        self.assertEqual(self.works(job(*arguments)).output, self.works(job(*arguments)).output)


class Reports(Case):
    def test_json_has_the_answer_and_the_costs_that_were_predicted(self):
        report = json.loads(self.works(job("--model", self.model, "-p", QUESTION, "-m", "3", "--json")).output)
        self.assertEqual(report["costs"], report["predicted"])
        self.assertEqual(report["tokens"], 3)
        self.assertGreater(report["costs"]["rounds"], 0)
        self.assertEqual(set(report["peak_bytes"]), {"client", "server 0", "server 1", "dealer"})
        for seconds in (report["seconds"]["prefill"], report["seconds"]["decode"], report["seconds"]["dealer_busy"]):
            self.assertGreater(seconds, 0)
        answer = alone("generate", "--protocol", "plain", "--model", self.model, "-p", QUESTION, "-m", "3").output
        self.assertEqual(report["answer"] + "\n", answer)

    def test_an_answer_that_ends_early_costs_what_its_steps_cost(self):
        report = json.loads(self.works(job("--model", self.model, "-p", QUESTION, "-m", "60", "--json")).output)
        self.assertTrue(report["ended"])
        self.assertEqual(report["costs"], report["predicted"])

    def test_timing_is_a_table_beside_the_answer(self):
        arguments = ["--model", self.model, "-p", QUESTION, "-m", "2"]
        run = self.works(job(*arguments, "--timing"))
        self.assertEqual(run.output, self.works(job(*arguments)).output)
        for row in ("start-up", "embedding", "prefill", "decode", "dealer busy", "rounds", "opened bytes", "dealt bytes", "key bytes",
                    "look-up", "peak memory"):
            self.assertRegex(run.errors, f"(?m)^{row} ")
        self.assertEqual(run.errors.count("as predicted"), 5)
        self.assertNotIn("predicted:", run.errors)

    def test_ranks_share_the_cores_unless_told_otherwise(self):
        def threads(run):
            return json.loads(self.works(run).output)["threads"]

        many = "Serial" not in alone("--version").output
        cores = len(os.sched_getaffinity(0)) if many else 1
        question = ["--model", self.model, "-p", QUESTION, "-m", "1", "--json"]
        plain = ["generate", "--protocol", "plain", *question]
        with mock.patch.dict(os.environ):
            os.environ.pop("OMP_NUM_THREADS", None)
            self.assertEqual(threads(job(*question)), max(1, cores // 3))
            self.assertEqual(threads(alone(*plain)), cores)
            os.environ["OMP_NUM_THREADS"] = "3"
            self.assertEqual(threads(alone(*plain)), 3 if many else 1)
            self.assertEqual(threads(alone(*plain, "--threads", "1")), 1)

    def test_info_predicts_what_a_request_costs(self):
        report = json.loads(self.works(job("--model", self.model, "-p", QUESTION, "-m", "3", "--json")).output)
        info = self.works(alone("info", self.model, "-T", str(report["prompt_tokens"]), "-m", "3")).output
        self.assertRegex(info, fr"(?m)^all +{report['costs']['rounds']} ")

    def test_info_knows_a_checkpoint_as_well(self):
        shape = self.works(alone("info", self.checkpoint)).output.splitlines()[-1:]
        self.assertEqual(shape, self.works(alone("info", self.model)).output.splitlines()[-1:])


class Decks(Case):
    def test_a_deck_holds_options_and_the_command_line_goes_first(self):
        deck = self.file("deck.toml", f'[generate]  # of the test\nmodel = "{self.model}"\nprotocol = \'plain\'\nmax-tokens = 1\njson = true\n'
                         'prompt = "What # is \\"the\\" capital, of\\u0020France?"\n\n[convert]\nfolder = "unused"\n')
        first = json.loads(self.works(alone("generate", "--config", deck)).output)
        self.assertEqual(first["tokens"], 1)
        again = json.loads(self.works(alone("generate", "--protocol", "plain", "--model", self.model, "-m", "1", "--json", "-p",
                                            'What # is "the" capital, of France?')).output)
        self.assertEqual((first["answer"], first["prompt_tokens"]), (again["answer"], again["prompt_tokens"]))
        longer = json.loads(self.works(alone("generate", "--config", deck, "--max-tokens", "3", "--prompt-file", "-", input=QUESTION)).output)
        self.assertEqual(longer["tokens"], 3)
        self.assertNotEqual(longer["prompt_tokens"], first["prompt_tokens"])

    def test_the_demo_s_deck(self):
        run = self.works(job("--config", os.path.join(os.environ["SHARDLM_SOURCE_DIR"], "inputs/demo.toml"), "--model", self.model))
        self.assertNotEqual(run.output.strip(), "")
        self.assertIn("as predicted", run.errors)


class Help(Case):
    def test_help_and_version_are_printed_once(self):
        for arguments in (["--version"], ["--help"], ["generate", "--help"]):
            run = self.works(Run([*MPIRUN, "-n", "4", SHARDLM, *arguments]))
            self.assertEqual(run.output, self.works(alone(*arguments)).output)
            self.assertIn("shardlm", run.output)


if __name__ == "__main__":
    unittest.main()
