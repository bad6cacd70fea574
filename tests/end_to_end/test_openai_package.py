"""OpenAI's own Python package, unchanged, with a gateway as its server."""
import pypi

pypi.needs("openai")

import asyncio  # noqa: E402
import os  # noqa: E402
import tempfile  # noqa: E402
import unittest  # noqa: E402

import openai  # noqa: E402

from served import ServedCase  # noqa: E402

FRANCE, HOT = "What is the capital of France?", "What is the opposite of hot?"


def user(text):
    return [{"role": "user", "content": text}]


class Package(ServedCase):
    arguments = ("--protocol", "v3,v2", "--name", "demo", "--max-tokens", "64")

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.client = openai.OpenAI(base_url=f"{cls.gateway.url}/v1", api_key="none is asked for", max_retries=0)

    def chat(self, question=FRANCE, **parameters):
        return self.client.chat.completions.create(**{"model": "demo", "messages": user(question), "temperature": 0, **parameters})

    def test_models(self):
        self.assertEqual([model.id for model in self.client.models.list()], ["demo", "demo:v3", "demo:v2"])
        self.assertEqual(self.client.models.retrieve("demo:v2").id, "demo:v2")

    def test_a_whole_answer(self):
        answer = self.chat()
        choice = answer.choices[0]
        self.assertEqual((answer.object, choice.message.role, choice.finish_reason), ("chat.completion", "assistant", "stop"))
        self.assertTrue(choice.message.content.strip())
        self.assertEqual(answer.usage.total_tokens, answer.usage.prompt_tokens + answer.usage.completion_tokens)
        self.assertGreater(answer.usage.completion_tokens, 0)

    def test_all_protocols_answer_alike(self):
        said = {self.chat(model=model).choices[0].message.content for model in ("demo", "demo:v3", "demo:v2")}
        said.add(self.chat(extra_body={"shardlm": {"protocol": "v2"}}).choices[0].message.content)
        self.assertEqual(len(said), 1, said)

    def test_a_streamed_answer_is_the_whole_one_in_pieces(self):
        whole = self.chat()
        chunks = list(self.chat(stream=True, stream_options={"include_usage": True}))
        text = "".join(chunk.choices[0].delta.content or "" for chunk in chunks if chunk.choices)
        self.assertEqual(text, whole.choices[0].message.content)
        self.assertEqual([c.choices[0].finish_reason for c in chunks if c.choices and c.choices[0].finish_reason], [whole.choices[0].finish_reason])
        self.assertEqual(chunks[0].choices[0].delta.role, "assistant")
        self.assertEqual([chunk.usage for chunk in chunks if chunk.usage], [whole.usage])
        self.assertGreater(sum(bool(c.choices and c.choices[0].delta.content) for c in chunks), 1)

    def test_a_stream_that_is_left_early_does_no_harm(self):
        with self.chat(stream=True) as stream:
            next(iter(stream))
        self.assertTrue(self.chat().choices[0].message.content)

    def test_asynchronously(self):
        async def ask():
            async with openai.AsyncOpenAI(base_url=f"{self.gateway.url}/v1", api_key="x", max_retries=0) as client:
                questions = (FRANCE, HOT, FRANCE)
                answers = await asyncio.gather(*(client.chat.completions.create(model="demo", messages=user(q), temperature=0) for q in questions))
                stream = await client.chat.completions.create(model="demo", messages=user(HOT), temperature=0, stream=True)
                return [a.choices[0].message.content for a in answers], "".join([c.choices[0].delta.content or "" async for c in stream if c.choices])

        answers, streamed = asyncio.run(ask())
        self.assertEqual(answers[0], answers[2])
        self.assertEqual(answers[1], streamed)
        self.assertNotEqual(answers[0], answers[1])

    def test_a_conversation(self):
        parts = [{"type": "text", "text": FRANCE[:10]}, {"type": "text", "text": FRANCE[10:]}]
        self.assertEqual(self.chat(messages=[{"role": "user", "content": parts}]).usage, self.chat().usage)
        said = self.chat().choices[0].message.content
        turns = [*user(FRANCE), {"role": "assistant", "content": said}, *user(HOT)]
        for role in ("system", "developer"):
            answer = self.chat(messages=[{"role": role, "content": "Answer in one word."}, *turns])
            self.assertGreater(answer.usage.prompt_tokens, self.chat().usage.prompt_tokens)

    def test_max_tokens(self):
        for name in ("max_tokens", "max_completion_tokens"):
            answer = self.chat(**{name: 2})
            self.assertEqual((answer.choices[0].finish_reason, answer.usage.completion_tokens), ("length", 2))

    def test_stop_ends_before_its_text(self):
        whole = self.chat().choices[0].message.content
        for stop in (whole[3:5], ["never said", whole[3:5]]):
            answer = self.chat(stop=stop)
            self.assertEqual(answer.choices[0].message.content, whole[:whole.index(whole[3:5])])
            self.assertEqual(answer.choices[0].finish_reason, "stop")
            streamed = "".join(c.choices[0].delta.content or "" for c in self.chat(stop=stop, stream=True) if c.choices)
            self.assertEqual(streamed, answer.choices[0].message.content)

    def test_a_seed_repeats_itself(self):
        def drawn(seed, temperature):
            return self.chat(temperature=temperature, seed=seed, max_tokens=8).choices[0].message.content

        # Logits differ from run to run by the protocol's rounding, which may tip a draw among many tokens that are as good as alike, and these alone.
        self.assertEqual([drawn(seed, 1) for seed in range(3)], [drawn(seed, 1) for seed in range(3)])
        self.assertGreater(len({drawn(seed, 2) for seed in range(5)}), 1)

    def test_completions(self):
        answer = self.client.completions.create(model="demo", prompt="The capital of France is", max_tokens=4, temperature=0)
        self.assertEqual(answer.object, "text_completion")
        self.assertTrue(answer.choices[0].text)
        self.assertLessEqual(answer.usage.completion_tokens, 4)
        chunks = self.client.completions.create(model="demo", prompt=["The capital of France is"], max_tokens=4, temperature=0, stream=True)
        self.assertEqual("".join(c.choices[0].text for c in chunks if c.choices), answer.choices[0].text)

    def test_what_is_refused_is_the_packages_own_exception(self):
        for parameters, name in (({"n": 2}, "n"), ({"temperature": 3}, "temperature"), ({"top_p": -1}, "top_p"), ({"max_tokens": 0}, "max_tokens"),
                                 ({"logprobs": True}, "logprobs"), ({"presence_penalty": 1}, "presence_penalty"), ({"stop": ["a"] * 5}, "stop"),
                                 ({"tools": [{"type": "function", "function": {"name": "f"}}]}, "tools"),
                                 ({"response_format": {"type": "json_object"}}, "response_format"), ({"messages": []}, "messages")):
            with self.subTest(name), self.assertRaises(openai.BadRequestError) as caught:
                self.chat(**parameters)
            self.assertEqual((caught.exception.param, caught.exception.type), (name, "invalid_request_error"))
        with self.assertRaises(openai.NotFoundError) as caught:
            self.chat(model="another")
        self.assertEqual(caught.exception.code, "model_not_found")
        with self.assertRaises(openai.NotFoundError):
            self.client.models.retrieve("another")
        with self.assertRaises(openai.NotFoundError) as caught:
            self.chat(extra_body={"shardlm": {"protocol": "v3-ot"}})
        self.assertIn("v2", caught.exception.message)

    def test_a_prompt_that_has_no_room(self):
        with self.assertRaises(openai.BadRequestError):
            self.chat("word " * 20000)
        with self.assertRaises(openai.APIStatusError) as caught:
            self.chat("word " * 400000)
        self.assertEqual(caught.exception.status_code, 413)


class Key(ServedCase):
    @classmethod
    def setUpClass(cls):
        cls.arguments = ("--api-key-file", os.path.join(tempfile.gettempdir(), f"key-{os.getpid()}"), "--name", "demo")
        with open(cls.arguments[1], "w", opener=lambda path, flags: os.open(path, flags, 0o600)) as file:
            file.write("the-correct-key-0\n")
        cls.addClassCleanup(os.remove, cls.arguments[1])
        super().setUpClass()

    def test_is_asked_for(self):
        for key, fails in (("the-correct-key-0", False), ("the-correct-key-1", True), ("the-correct-key-00", True), ("x", True)):
            client = openai.OpenAI(base_url=f"{self.gateway.url}/v1", api_key=key, max_retries=0)
            with self.subTest(key):
                if fails:
                    with self.assertRaises(openai.AuthenticationError):
                        client.models.list()
                    with self.assertRaises(openai.AuthenticationError):
                        client.chat.completions.create(model="demo", messages=user(FRANCE))
                else:
                    self.assertTrue(client.chat.completions.create(model="demo", messages=user(FRANCE), max_tokens=2).choices)


if __name__ == "__main__":
    unittest.main()
