"""What shardlm serve refuses by its command line alone: before anything is loaded, with one sentence that says what to do."""
import unittest

from program import Case, alone


class ServeOptions(Case):
    """The model is none, so that a command line that is right ends with a sentence, too: about something else than an option."""

    def refused_line(self, *arguments, words):
        self.refused(alone("serve", "--model", self.path("none.h5"), *arguments), *words)

    def taken(self, *arguments):
        run = alone("serve", "--model", self.path("none.h5"), *arguments)
        self.assertEqual(len(run.sentences), 1, run)
        self.assertNotRegex(run.sentences[0], r"^--", run)


class Model(ServeOptions):
    def test_has_no_default(self):
        self.refused(alone("serve"), "--model is required")


class Protocols(ServeOptions):
    def test_several_are_parted_by_commas(self):
        self.taken("--protocol", "v3,v2,v3-ot")

    def test_one_that_nobody_has(self):
        self.refused_line("--protocol", "v3,v4", words=["there is no protocol 'v4'", "v3-ot", "parted by commas"])

    def test_the_same_twice(self):
        self.refused_line("--protocol", "v3,v2,v3", words=["'v3,v2,v3' names a protocol twice"])

    def test_none_behind_a_comma(self):
        for protocols in ("v3,", ",v3", "v3,,v2", ""):
            self.refused_line("--protocol", protocols, words=["there is no protocol ''"])

    def test_plain_hides_nothing(self):
        self.refused_line("--protocol", "v3,plain", words=["plain is no private protocol"])

    def test_secret_weights_beside_weights_that_servers_see(self):
        for protocols in ("v3,v3-mpc", "v3-mpc,v2"):
            self.refused_line("--protocol", protocols, words=["v3-mpc hides the weights from the servers", "serve v3-mpc alone"])
        self.taken("--protocol", "v3-mpc")


class Listening(ServeOptions):
    def test_another_address_needs_a_key(self):
        for host in ("0.0.0.0", "::", "192.0.2.1", "gateway.example", "127.0.0.1.example"):
            self.refused_line("--host", host, words=[host, "--api-key-file", "TLS in front"])
        self.taken("--host", "0.0.0.0", "--api-key-file", self.file("key", "a key\n"))

    def test_this_machine_needs_none(self):
        for host in ("127.0.0.1", "::1", "localhost"):
            self.taken("--host", host)

    def test_no_address(self):
        self.refused_line("--host", "", words=["--host", "empty"])

    def test_a_port_that_there_is_not(self):
        for port in ("-1", "65536", "http"):
            self.refused_line("--port", port, words=["--port", port])
        self.taken("--port", "0")

    def test_a_name_that_fits_no_address(self):
        for name in ("", "two words", "m:v2", "caf\u00e9", "n" * 129):
            self.refused_line("--name", name, words=["--name", "letters, digits"])
        self.taken("--name", "Qwen/Qwen2.5-0.5B")


class Pools(ServeOptions):
    def test_sizes_ascend(self):
        self.taken("--pool", "64:2,256:1")
        self.refused_line("--pool", "256:1,64:2", words=["sizes ascend", "64:2 before that of 256"])

    def test_a_size_comes_once(self):
        self.refused_line("--pool", "64:2,64:1", words=["two sizes of 64 positions"])

    def test_what_is_no_size(self):
        for sizes in ("64", "64:", ":2", "0:2", "64:0", "64:2:1", "-64:2", "64:2,", "99999999999999999999:1", "64:65537", "a:b"):
            self.refused_line("--pool", sizes, words=["is no size of a pool", "64:2"])

    def test_more_positions_than_the_context(self):
        self.refused_line("--pool", "64:1,8192:1", words=["8192", "4096", "--context"])
        self.taken("--pool", "8192:1", "--context", "8192")

    def test_pad_already(self):
        self.refused_line("--pool", "64:1", "--pad-to", "64", words=["--pool", "--pad-to"])

    def test_tokens_of_no_pool(self):
        self.refused_line("--pool-tokens", "4", words=["--pool-tokens", "--pool"])
        self.taken("--pool-tokens", "4", "--pool", "64:1")


class Limits(ServeOptions):
    def test_have_bounds(self):
        for option, value in (("--queue", "-1"), ("--queue", "65537"), ("--max-tokens", "0"), ("--context", "0"), ("--max-body", "1023"), ("--max-body", "2G"),
                              ("--deadline", "0"), ("--grace", "-1"), ("--pool-tokens", "0")):
            self.refused_line("--pool", "64:1", option, value, words=[option])
        self.taken("--queue", "0", "--max-body", "256K", "--deadline", "0.5", "--grace", "0")


class Decks(ServeOptions):
    def test_have_the_same_options(self):
        deck = self.file("deck.toml", '[serve]\nprotocol = "v2,v3"\npool = "64:1"\nhost = "192.0.2.1"\nmax-body = "2M"\nport = 0\n')
        self.refused_line("--config", deck, words=["192.0.2.1", "--api-key-file"])
        self.taken("--config", deck, "--host", "::1")

    def test_are_refused_for_the_same_reasons(self):
        self.refused_line("--config", self.file("deck.toml", '[serve]\nprotocol = "v3,v3-mpc"\n'), words=["serve v3-mpc alone"])


if __name__ == "__main__":
    unittest.main()
