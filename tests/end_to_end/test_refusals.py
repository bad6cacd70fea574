"""What cannot be answered is refused on all ranks, with one sentence that names what is wrong, and without a file."""
import os
import shutil
import unittest

from program import Case, alone, job, job_of

QUESTION = ["-p", "What is the capital of France?"]


class CommandLines(Case):
    def test_an_unknown_option(self):
        self.refused(job("--model", self.model, *QUESTION, "--no-such-thing"), "--no-such-thing")

    def test_an_unknown_option_of_one_rank(self):
        good = ["--model", self.model, *QUESTION]
        self.refused(job_of(good, good, [*good, "--no-such-thing"], good), "server 1: ", "--no-such-thing")

    def test_a_rank_that_wants_something_else_than_the_others(self):
        good = ["--model", self.model, *QUESTION]
        for other in (["--help"], [*good, "--protocol", "plain"]):
            self.refused(job_of(good, good, other, good), "server 1: ", "asks for something else")

    def test_a_value_of_the_wrong_kind(self):
        self.refused(job("--model", self.model, *QUESTION, "--max-tokens", "many"), "--max-tokens", "many")

    def test_a_value_out_of_range(self):
        self.refused(job("--model", self.model, *QUESTION, "--top-p", "1.5"), "client: ", "top-p", "not 1.5.")

    def test_a_protocol_that_nobody_has(self):
        self.refused(job("--model", self.model, *QUESTION, "--protocol", "v4"), "there is no protocol 'v4'")

    def test_no_model(self):
        self.refused(job(*QUESTION), "--model")

    def test_both_a_prompt_and_its_file(self):
        self.refused(job("--model", self.model, *QUESTION, "--prompt-file", "-"), "--prompt", "--prompt-file")

    def test_no_subcommand(self):
        self.refused(alone(), "generate, chat, serve, convert")

    def test_another_subcommand(self):
        self.refused(alone("genrate", "--model", self.model), "'genrate'")


class Decks(Case):
    def refused_deck(self, text, *words):
        deck = self.file("deck.toml", text)
        self.refused(job("--config", deck, "--model", self.model, *QUESTION), deck, *words)

    def test_an_unknown_key(self):
        self.refused_deck("# a deck\n[generate]\ntemperatur = 1\n", "line 3", "'temperatur'")

    def test_an_unknown_section(self):
        self.refused_deck("[generation]\ntemperature = 1\n", "line 1", "'generation'")

    def test_a_key_outside_a_section(self):
        self.refused_deck("temperature = 1\n", "line 1", "'temperature'")

    def test_a_key_that_comes_twice(self):
        self.refused_deck("[generate]\ntop-k = 1\ntop-k = 2\n", "line 3", "'top-k'")

    def test_a_line_that_is_no_toml(self):
        self.refused_deck('[generate]\nsystem = "Answer briefly.\n', "line 2", "string")

    def test_a_value_of_the_wrong_kind(self):
        self.refused(job("--config", self.file("deck.toml", "[generate]\nseed = true\n"), "--model", self.model, *QUESTION), "--seed")

    def test_a_deck_that_is_not_there(self):
        self.refused(job("--config", self.path("none.toml"), *QUESTION), "none.toml")


class Prompts(Case):
    def test_an_empty_prompt(self):
        self.refused(job("--model", self.model, "-p", ""), "client: the prompt is empty")

    def test_an_empty_file(self):
        self.refused(job("--model", self.model, "--prompt-file", self.file("prompt.txt", "\n")), "client: the prompt is empty")

    def test_no_prompt(self):
        self.refused(job("--model", self.model), "client: there is no prompt")

    def test_a_file_that_is_not_there(self):
        self.refused(job("--model", self.model, "--prompt-file", self.path("none.txt")), "none.txt")

    def test_a_folder_for_a_file(self):
        self.refused(job("--model", self.model, "--prompt-file", self.folder), self.folder)

    def test_a_prompt_that_is_too_long(self):
        self.refused(job("--model", self.model, "--prompt-file", self.file("prompt.txt", "one two three " * 2000)), "room for 1024", "shorten")

    def test_an_answer_that_may_become_too_long(self):
        self.refused(job("--model", self.model, *QUESTION, "-m", "1024"), "room for 1024", "--max-tokens")

    def test_a_request_that_does_not_fit_into_memory(self):
        self.refused(job("--model", self.model, *QUESTION, "--dealer-ahead", "4096G"), "4.0 TiB", "for 3 of them")


class Models(Case):
    def test_a_model_that_is_not_there(self):
        self.refused(job("--model", self.path("none.h5"), *QUESTION), "none.h5")

    def test_a_truncated_model(self):
        model = shutil.copy(self.model, self.path("short.h5"))
        os.truncate(model, os.path.getsize(model) * 2 // 3)
        self.refused(job("--model", model, *QUESTION), "short.h5", "truncated")

    def test_a_model_with_one_wrong_bit(self):
        model = shutil.copy(self.model, self.path("flipped.h5"))
        with open(model, "r+b") as file:
            file.seek(os.path.getsize(model) // 2)
            byte = file.read(1)
            file.seek(-1, os.SEEK_CUR)
            file.write(bytes([byte[0] ^ 1]))
        self.refused(job("--model", model, *QUESTION), "flipped.h5", "damaged")

    def test_a_file_that_is_no_model(self):
        self.refused(job("--model", self.file("text.h5", "no model\n" * 1000), *QUESTION), "text.h5", "no ShardLM model file")

    def test_an_hdf5_file_without_a_manifest(self):
        with open(self.model, "rb") as file:
            whole = file.read()
        with open(self.path("older.h5"), "wb") as file:
            file.write(whole[int.from_bytes(whole[16:24], "little"):])
        self.refused(job("--model", self.path("older.h5"), *QUESTION), "older.h5", "of an older version", "convert the checkpoint again")

    def test_one_rank_without_its_model(self):
        good = ["--model", self.model, *QUESTION]
        self.refused(job_of(good, good, good, ["--model", self.path("none.h5")]), "dealer: ", "none.h5")

    def test_one_rank_with_another_model(self):
        for rank, name in enumerate(("server 0", "server 1", "dealer"), 1):
            ranks = [["--model", self.model, *QUESTION] for _ in range(4)]
            ranks[rank] = ["--model", self.other_model]
            self.refused(job_of(*ranks), "client and " + name, "different models")


class Outputs(Case):
    def refused_output(self, path, *words):
        before = sorted(os.listdir(self.folder))
        self.refused(job("--model", self.model, *QUESTION, "--out", path), "client: cannot write the answer to " + path, *words)
        self.assertEqual(sorted(os.listdir(self.folder)), before)

    def test_in_a_folder_that_is_not_there(self):
        self.refused_output(self.path("none/answer.txt"))

    def test_a_folder(self):
        os.makedirs(self.path("folder"), exist_ok=True)
        self.refused_output(self.path("folder"))

    def test_where_nobody_may_write(self):
        self.refused_output("/proc/answer.txt")


class Jobs(Case):
    def test_three_ranks(self):
        self.refused(job("--model", self.model, *QUESTION, ranks=3), "four ranks are needed", "has 3")

    def test_five_ranks(self):
        self.refused(job("--model", self.model, *QUESTION, ranks=5), "four ranks are needed", "has 5")

    def test_without_mpirun(self):
        self.refused(alone("generate", "--model", self.model, *QUESTION), "four ranks are needed", "mpirun --oversubscribe -n 4")


class Conversions(Case):
    def test_a_folder_that_is_not_there(self):
        self.refused(alone("convert", self.path("none"), self.path("new.h5")), "none")
        self.assertFalse(os.path.exists(self.path("new.h5")))

    def test_a_checkpoint_without_weights(self):
        folder = self.path("weightless")
        shutil.copytree(self.checkpoint, folder, ignore=shutil.ignore_patterns("*.safetensors"))
        before = sorted(os.listdir(self.folder))
        self.refused(alone("convert", folder, self.path("new.h5")), "weightless")
        self.assertEqual(sorted(os.listdir(self.folder)), before)

    def test_an_output_that_cannot_be_written(self):
        self.refused(alone("convert", self.checkpoint, self.path("none/new.h5")), "none/new.h5")


if __name__ == "__main__":
    unittest.main()
