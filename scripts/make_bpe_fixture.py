"""Writes tests/fixtures/tokenizer/bpe-training.json: python3 scripts/make_bpe_fixture.py tests/fixtures/tokenizer

Needs Hugging Face tokenizers. Each case has texts, a vocabulary size, and the vocabulary and merges that BpeTrainer learns from
them behind Qwen's normaliser and split. The texts are plain ones in several scripts, Chinese clauses of few words in every order,
and strings of few letters: they have many pairs of one count, and tokens that come about in two ways.
"""
import json
import random
import sys

from tokenizers import Regex, Tokenizer, decoders, models, normalizers, pre_tokenizers, trainers

OUT = sys.argv[1]
PATTERN = r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+"


def learn(texts, size):
    tokenizer = Tokenizer(models.BPE())
    tokenizer.normalizer = normalizers.NFC()
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence([
        pre_tokenizers.Split(Regex(PATTERN), "isolated"),
        pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False)])
    tokenizer.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=size, initial_alphabet=pre_tokenizers.ByteLevel.alphabet(), special_tokens=[], show_progress=False)
    tokenizer.train_from_iterator(texts, trainer)
    model = json.loads(tokenizer.to_str())["model"]
    vocabulary = sorted(model["vocab"], key=model["vocab"].get)
    assert [model["vocab"][token] for token in vocabulary] == list(range(len(vocabulary)))
    ids = [tokenizer.encode(text).ids for text in texts[:20]]
    return {"size": size, "texts": texts, "vocabulary": vocabulary, "merges": model["merges"], "ids": ids}


random.seed(1)
WORDS = "红色 圆形 左上角 大 蓝色 方形 右下角 小 绿色 三角形 中间 一个 有 的".split()
plain = [
    "The quick brown fox jumps over the lazy dog; it's the dog's 3rd fox, isn't it?", "What color is the circle?\n\nRed.",
    "Где находится красный круг? Красный круг слева.", "빨간 원은 어디에 있나요? 왼쪽에 있습니다.", "赤い丸はどこにありますか？左上です。",
    "图中有几个红色的圆形？\n三个。", "Cafe\u0301 e\u0301te\u0301 cafe\u0301\r\n\r\n  été café", "😀😁😂 👨‍👩‍👧 🇨🇳🇫🇷 ...???!!!\n\n\n", "    indented\n\ttabs  and   spaces ", "1234567890 12 3"]
cases = [
    learn(plain, 330),
    learn(["".join(random.choices(WORDS, k=random.randint(1, 9))) + random.choice(["。", "", "。\n", "\n\n"]) for _ in range(150)], 600),
    learn(["".join(random.choices("ab", k=random.randint(1, 40))) for _ in range(100)], 420),
    learn(["".join(random.choices("abc ", k=random.randint(1, 60))) for _ in range(100)], 500),
    learn(["a" * n for n in range(1, 40)], 290),
]
with open(f"{OUT}/bpe-training.json", "w", encoding="utf-8") as file:
    json.dump({"cases": cases}, file, ensure_ascii=False)
    file.write("\n")
