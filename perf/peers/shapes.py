"""The layers of Qwen2.5 by size; without numpy, which only the peers' environments are sure to have."""
SIZES = {"0.5b": (896, 4864, 14, 2), "1.5b": (1536, 8960, 12, 2), "7b": (3584, 18944, 28, 4)}  # hidden, intermediate, heads, kv_heads
