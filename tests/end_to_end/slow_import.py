"""An import's memory does not grow with the model: layers as wide as those of the largest Qwen2.5."""
import json
import resource
import unittest

from program import Case, alone

WIDE = {"architectures": ["Qwen2ForCausalLM"], "model_type": "qwen2", "hidden_act": "silu", "hidden_size": 8192, "num_hidden_layers": 1,
        "num_attention_heads": 64, "num_key_value_heads": 8, "intermediate_size": 29568, "vocab_size": 4096, "max_position_embeddings": 32768,
        "rms_norm_eps": 1e-06, "rope_theta": 1000000.0, "tie_word_embeddings": False}


class Memory(Case):
    def test_a_layer_of_the_largest_model_takes_less_than_a_gibibyte(self):
        self.works(alone("convert", "--random", self.file("config.json", json.dumps(WIDE)), self.path("wide.h5")))
        self.assertLess(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss * 1024, 1 << 30)


if __name__ == "__main__":
    unittest.main()
