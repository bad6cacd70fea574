"""Strings on which tokenizers differ if they differ at all, and text to train a small one on. Used by make_tokenizer.py."""
import unicodedata

SENTENCES = [
    "The quick brown fox jumps over the lazy dog.", "What is the capital of France? Paris, isn't it?", "I'd say we've done what they're asking; it'll do.",
    "DON'T SHOUT, IT'S LATE AND WE'LL BE HEARD. I'M SURE THEY'VE GONE.", "She said: \u201cdon\u2019t\u201d \u2014 and left\u2026", "Pi is about 3.14159, e about 2.71828.",
    "In 1969, 2 men walked on the moon; 12 have since.", "Mix 3 1/2 cups (\u00bd more if dry) at 180 \u00b0C.", "e-mail: first.last@example.org, see https://example.org/a?b=c&d=%20#e",
    "Der Fluss flie\u00dft \u00fcber Stra\u00dfen und \u00c4cker.", "L'\u00e9t\u00e9 o\u00f9 no\u00ebl fut fran\u00e7ais, na\u00efve c\u0153ur.", "\u00bfD\u00f3nde est\u00e1 el ni\u00f1o? \u00a1Aqu\u00ed!",
    "Vi\u1ec7t Nam c\u00f3 nhi\u1ec1u ng\u01b0\u1eddi t\u1ed1t b\u1ee5ng.", "\u041c\u043e\u0441\u043a\u0432\u0430 \u2014 \u0441\u0442\u043e\u043b\u0438\u0446\u0430 \u0420\u043e\u0441\u0441\u0438\u0438, \u0451\u043b\u043a\u0438!",
    "\u0397 \u0391\u03b8\u03ae\u03bd\u03b1 \u03b5\u03af\u03bd\u03b1\u03b9 \u03c0\u03c1\u03c9\u03c4\u03b5\u03cd\u03bf\u03c5\u03c3\u03b1.", "\u4eca\u5929\u5929\u6c14\u5f88\u597d\uff0c\u6211\u4eec\u53bb\u516c\u56ed\u5427\u3002",
    "\u4f60\u662f\u8c01\uff1f\u6211\u662f\u901a\u4e49\u5343\u95ee\u3002", "\u6771\u4eac\u306f\u65e5\u672c\u306e\u9996\u90fd\u3067\u3059\u3002\u30ab\u30bf\u30ab\u30ca\u3082\u3042\u308b\u3002",
    "\uc548\ub155\ud558\uc138\uc694, \uc11c\uc6b8\uc740 \ud55c\uad6d\uc758 \uc218\ub3c4\uc785\ub2c8\ub2e4.", "\u0645\u0631\u062d\u0628\u0627 \u0628\u0627\u0644\u0639\u0627\u0644\u0645\u060c \u0643\u064e\u0645\u0652 \u0627\u0644\u0633\u0651\u0627\u0639\u0629\u061f",
    "\u05e9\u05c1\u05b8\u05dc\u05d5\u05b9\u05dd \u05e2\u05d5\u05dc\u05dd", "\u0928\u092e\u0938\u094d\u0924\u0947 \u0926\u0941\u0928\u093f\u092f\u093e, \u0968\u0966\u0968\u096a", "\u0e2a\u0e27\u0e31\u0e2a\u0e14\u0e35\u0e0a\u0e32\u0e27\u0e42\u0e25\u0e01",
    "def area(r):\n    return 3.14159 * r ** 2  # m\u00b2\n", "for (int i = 0; i < n; ++i) {\n\tsum += a[i] * b[i];\n}\n", "if x != y:\n        print(f\"{x!r} {y:>10.3f}\")\n\n\n",
    "#include <vector>\nstd::vector<std::pair<int, double>> v{{1, 2.0}};\r\n", "{\"name\": \"a\", \"list\": [1, 2, 3], \"nested\": {\"k\": null}}",
    "<div class=\"x\"><a href='#'>y</a>&nbsp;</div>\n", "SELECT * FROM t WHERE id >= 10 AND name LIKE '%abc%';", "$ ls -la ~/dir | grep -v '^d' >> out.txt 2>&1",
    "| a | b |\n|---|:-:|\n| 1 | 2 |\n", "\\frac{a}{b} \\leq \\sum_{i=1}^{n} x_i^2", "Item_list = CamelCaseName.snake_case_name[0]->field::member",
]
EMOJI = ["\U0001F600", "\U0001F469\u200d\U0001F469\u200d\U0001F467\u200d\U0001F466", "\U0001F3F3\ufe0f\u200d\U0001F308", "\U0001F44D\U0001F3FD", "\U0001F1EB\U0001F1F7", "1\ufe0f\u20e3",
         "\u2764\ufe0f", "\U0001F9D1\U0001F3FF\u200d\U0001F680", "\u263a", "\u2705", "\U0001F3F4\U000E0067\U000E0062\U000E0065\U000E006E\U000E0067\U000E007F"]
SPACES = [" ", " ", " ", "  ", "\n", "\n", "\r\n", "\r", "\t", "\u00a0", "\u3000", "\u2028", "\u2029", "\u180e", "\u0085", "\x0b", "\x0c", "\u200b", "\u202f", "\u1680", "\x1c", "\ufeff"]
MARKS = [chr(c) for c in [0x300, 0x301, 0x302, 0x303, 0x308, 0x30A, 0x30C, 0x316, 0x323, 0x327, 0x328, 0x338, 0x345, 0x5B8, 0x64B, 0x651, 0x93C, 0x94D, 0xE38, 0x3099, 0x309A, 0x20D0, 0x340, 0x344]]
SUFFIXES = ["'s", "'S", "'t", "'T", "'re", "'RE", "'Re", "'ve", "'m", "'M", "'ll", "'lL", "'d", "'D", "'\u017f", "\u2019s", "'", "''", "'x", "'r", "'l", "' s"]
NUMERALS = list("0123456789") + ["\u0663", "\u096a", "\uff15", "\u00b2", "\u00bd", "\u2167", "\u2461", "\u3007", "\u4e09", "\U0001D7D8"]
CONTROL = ["<|endoftext|>", "<|im_start|>", "<|im_end|>", "<|box_start|>", "<|fim_pad|>", "<tool_call>", "</tool_call>", "<|im_start|", "|im_end|>", "<|im_START|>", "<tool_call", "<|im_end|>>"]
SYLLABLES = ["ka", "to", "ri", "men", "sol", "tra", "be", "ing", "er", "tion", "pre", "un", "ly", "sch", "qu", "ou", "ze", "mo", "\u0442\u043e", "\u043d\u0430", "\u0441\u043a", "\u03b1\u03bd", "\u4eba", "\u5927", "\u306e", "\u304b", "\u0627\u0644", "\u0e01\u0e32"]


def stable_characters():
    """Characters that Unicode 3.2 had already, with the general category and decomposition they have today."""
    old = unicodedata.ucd_3_2_0
    return [chr(c) for c in range(0x20, 0x30000) if not 0xD800 <= c < 0xE000 and old.category(chr(c)) != "Cn"
            and old.category(chr(c))[0] == unicodedata.category(chr(c))[0] and old.normalize("NFC", chr(c)) == unicodedata.normalize("NFC", chr(c))
            and old.combining(chr(c)) == unicodedata.combining(chr(c))]


def word(rng):
    w = "".join(rng.choice(SYLLABLES) for _ in range(rng.randint(1, 4)))
    return rng.choice([w, w, w.capitalize(), w.upper()])


def training_text(rng):
    for _ in range(6000):
        yield rng.choice(SENTENCES) + " " + " ".join(word(rng) for _ in range(8)) + rng.choice(["\n", "\n\n", "\n    ", " 7", "!"])


def make_strings(rng, count):
    """Fixed strings first, then random ones of each kind in turn."""
    characters = stable_characters()
    letters = [c for c in characters if unicodedata.category(c)[0] == "L" and ord(c) < 0x3100]
    some = lambda items, low, high, glue="": glue.join(rng.choice(items) for _ in range(rng.randint(low, high)))
    kinds = [
        lambda: some(SENTENCES, 1, 2, rng.choice([" ", "\n", "\n\n"]))[rng.randint(0, 5):][:90],
        lambda: some([word(rng) for _ in range(6)], 1, 8, rng.choice(SPACES)),
        lambda: some([word(rng), word(rng), *SPACES], 3, 16),
        lambda: some(SPACES, 1, 12),
        lambda: some([word(rng) + s for s in SUFFIXES] + SUFFIXES, 1, 5, rng.choice(["", " "])),
        lambda: some(NUMERALS + [" ", ".", ",", "-", "a"], 1, 14),
        lambda: some(EMOJI + ["a", " "], 1, 5),
        lambda: some(letters[:400] + MARKS * 12, 2, 12),
        lambda: some(MARKS + ["e", "A", "\uac00", "\u1112", "\u1161", "\u11ab", "\u304b", "\u0915"], 2, 9),
        lambda: some(characters, 1, 12),
        lambda: some(letters, 2, 14),
        lambda: some([chr(c) for c in range(32)] + ["\x7f", "\x80", "\x9f", "a", "\ufffd", "\ufffe", "\U0010ffff", "\ue000"], 1, 10),
        lambda: some(list("!\"#$%&'()*+,-./:;<=>?@[\\]^_`{|}~") * 2 + [" ", "\n", "\r", "a", "9"], 1, 18),
        lambda: some(CONTROL + [word(rng), " ", "\n", "<", "|>"], 1, 6),
        lambda: unicodedata.normalize("NFD", rng.choice(SENTENCES))[:60],
    ]
    fixed = ["", " ", "\n", "a", "\x00", "\u0301", "a" * 300, " " * 500, "\n" * 200, "!" * 150, " \n" * 60, "ab " * 60, "1" * 100, "\u4eba" * 60, "\U0001F600" * 20, "e\u0301" * 50,
             "\u0301" * 40, " " * 100 + "x", "\t" * 33 + "y\n", "x" + " " * 31 + "\n" + " " * 7 + "z", *SENTENCES, *EMOJI, *SPACES, *SUFFIXES, *CONTROL]
    return fixed + [kinds[i % len(kinds)]() for i in range(count - len(fixed))]
