"""Models with random weights in any shape, what a request needs, and imports that are interrupted."""
import json
import os
import shutil
import signal
import subprocess
import time
import unittest

from program import SHARDLM, Case, alone, job

SHAPE = {"architectures": ["Qwen2ForCausalLM"], "model_type": "qwen2", "hidden_act": "silu", "hidden_size": 128, "num_hidden_layers": 3,
         "num_attention_heads": 4, "num_key_value_heads": 2, "intermediate_size": 320, "vocab_size": 259, "max_position_embeddings": 2048,
         "rms_norm_eps": 1e-06, "rope_theta": 1000000.0, "tie_word_embeddings": False, "eos_token_id": 258}


class RandomModels(Case):
    def shape(self, **changes):
        os.makedirs(self.path("shape"), exist_ok=True)
        return self.file("shape/config.json", json.dumps({**SHAPE, **changes}))

    def made(self, name="random.h5", *options, **changes):
        self.works(alone("convert", "--random", self.shape(**changes), self.path(name), *options))
        return self.path(name)

    def test_the_private_answer_is_the_plain_one(self):
        for tied in (False, True):
            question = ["--model", self.made(tie_word_embeddings=tied), "--raw", "-p", "twenty characters..", "-m", "8", "--json"]
            private = json.loads(self.works(job(*question)).output)
            plain = json.loads(self.works(alone("generate", *question, "--protocol", "plain")).output)
            self.assertEqual(private["prompt_tokens"], 19)
            self.assertEqual(private["tokens"], 8)
            self.assertEqual(private["answer"], plain["answer"])
            self.assertEqual(private["costs"], private["predicted"])

    def test_a_seed_gives_the_same_model_again_and_another_seed_another(self):
        digest = lambda *arguments: json.loads(self.works(alone("info", self.made("seed.h5", *arguments), "--json")).output)["digest"]
        self.assertEqual(digest(), digest("--seed", "1"))
        self.assertNotEqual(digest(), digest("--seed", "2"))

    def test_a_folder_and_random_are_not_both_taken(self):
        self.refused(alone("convert", "--random", "7b", self.checkpoint, self.path("new.h5")), "either a Hugging Face folder or --random")

    def test_neither_a_folder_nor_random(self):
        self.refused(alone("convert", self.path("new.h5")), "--random SIZE")

    def test_a_size_that_there_is_not(self):
        self.refused(alone("convert", "--random", "9b", self.path("new.h5")), "no size 9b", "0.5b, 1.5b, 3b, 7b, 14b, 32b, 72b")

    def test_a_seed_without_random(self):
        self.refused(alone("convert", self.checkpoint, self.path("new.h5"), "--seed", "1"), "--seed goes with --random")

    def test_a_shape_that_the_engine_does_not_have(self):
        self.refused(alone("convert", "--random", self.shape(use_sliding_window=True), self.path("new.h5")), "sliding window")


class Needs(Case):
    def info(self, model, *options):
        return json.loads(self.works(alone("info", model, "--json", *options)).output)

    def test_no_rank_needs_more_memory_than_was_foretold(self):
        for prompt, answer in (("What is the capital of France?", 1), ("twenty characters.." * 10, 12)):
            measured = json.loads(self.works(job("--model", self.model, "--raw", "-p", prompt, "-m", str(answer), "--json")).output)
            foretold = self.info(self.model, "-T", str(measured["prompt_tokens"]), "-m", str(answer))["ranks"]
            for rank, peak in measured["peak_bytes"].items():
                enough = foretold[rank]["memory_bytes"] + foretold[rank]["model_page_bytes"]
                self.assertLess(peak, enough * 1.25 + (16 << 20), rank)  # what MPI takes for itself differs between machines
                self.assertLess(enough, peak + (400 << 20), rank)

    def test_every_size_is_known_without_a_file(self):
        last = 0
        for size, disk in (("0.5b", 1.3e9), ("1.5b", 3.73e9), ("3b", 7.2e9), ("7b", 16.2e9), ("14b", 33.1e9), ("32b", 70.3e9), ("72b", 158.8e9)):
            server = self.info(size)["ranks"]["server 0"]
            self.assertAlmostEqual(server["disk_bytes"] / disk, 1, delta=0.03, msg=size)
            self.assertGreater(server["sent_bytes"], last)
            last = server["sent_bytes"]

    def test_more_positions_than_the_model_has(self):
        self.refused(alone("info", self.model, "-T", "1025"), "do not fit the 1024 positions")

    def test_more_positions_than_the_protocol_has(self):
        folder = shutil.copytree(self.checkpoint, self.path("long"))
        with open(os.path.join(folder, "config.json")) as file:
            config = json.load(file)
        with open(os.path.join(folder, "config.json"), "w") as file:
            json.dump({**config, "max_position_embeddings": 1 << 24}, file)
        self.refused(alone("info", folder, "-T", str(1 << 24)), "do not fit the 131072 positions")


class Interrupted(Case):
    def test_an_interrupted_import_leaves_no_file(self):
        for number in (signal.SIGINT, signal.SIGTERM):
            folder = self.path("interrupted")
            os.makedirs(folder, exist_ok=True)
            process = subprocess.Popen([SHARDLM, "convert", "--random", "0.5b", os.path.join(folder, "model.h5")], stderr=subprocess.DEVNULL)
            limit = time.monotonic() + 30
            while not os.listdir(folder) and time.monotonic() < limit:
                time.sleep(0.01)
            self.assertIsNone(process.poll())
            process.send_signal(number)
            self.assertEqual(process.wait(30), 128 + number)
            self.assertEqual(os.listdir(folder), [])


if __name__ == "__main__":
    unittest.main()
