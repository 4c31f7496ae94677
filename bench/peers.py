"""The Python half of peers.sh, run among the peers in its WORK folder.

peers.py measure: Pillow and tokenizers on the inputs of `smvl bench`, one thread, the best of five, as JSON.
peers.py table:   everything that peers.sh measured as one Markdown table.
"""
import io, json, os, re, subprocess, sys, time

os.environ["RAYON_NUM_THREADS"] = "1"; os.environ["TOKENIZERS_PARALLELISM"] = "false"
RUNS = 5


def best(run, prepare=lambda: None):
    seconds = []
    for _ in range(RUNS):
        given = prepare(); start = time.perf_counter(); run(given); seconds.append(time.perf_counter() - start)
    return min(seconds)


def picture_ms():
    """Decode, resize and cut a JPEG of 12 megapixels: the sample photograph and its mirror images side by side."""
    import numpy as np
    from PIL import Image
    photo = np.asarray(Image.open("otters.jpg").convert("RGB"))
    height, width, _ = photo.shape
    mosaic = np.pad(photo, ((0, 3000 - height), (0, 4000 - width), (0, 0)), "symmetric")
    jpeg = io.BytesIO(); Image.fromarray(mosaic).save(jpeg, "JPEG", quality=85)

    def run(_):
        whole = Image.open(jpeg).convert("RGB").resize((2048, 1536), Image.Resampling.LANCZOS)
        tiles = [whole.crop((x, y, x + 512, y + 512)) for y in range(0, 1536, 512) for x in range(0, 2048, 512)]
        tiles.append(whole.resize((512, 512), Image.Resampling.LANCZOS))
        return [np.ascontiguousarray(np.asarray(tile).transpose(2, 0, 1)) for tile in tiles]
    return 1000 * best(run)


def tokenizer_mb_per_s():
    """A text into ids, by a tokenizer that has seen none before."""
    import refmodel
    text = open("text.txt", encoding="utf8").read()
    return len(text.encode()) / best(lambda tok: tok.encode(text), lambda: refmodel.qwen3_tokenizer("tokenizer")) / 1e6


def versions():
    from importlib.metadata import version
    llama = subprocess.run(["dpkg-query", "-W", "-f", "${Version}", "llama.cpp"], capture_output=True, text=True, check=True).stdout
    return {name: version(name) for name in ("torch", "transformers", "Pillow", "tokenizers")} | {"llama.cpp": llama}


def last(pattern, file):
    return float(re.findall(pattern, open(file, encoding="utf8").read())[-1])


def table():
    ours = {row["name"]: row for row in json.load(open("smvl.json"))}
    small = json.load(open("small.json"))
    llama = {"prompt" if row["n_prompt"] else "generate": row["avg_ts"] for row in json.load(open("llama.json"))}
    masters = json.load(open("info.json"))["parameters"] * 16 / 2**30   # value, gradient, two moments
    seconds, peak = r"total ([\d.]+) s", r"peak ([\d.]+) GiB"
    header = [line for line in open("header.txt", encoding="utf8").read().splitlines() if line][:2]
    print("\n".join(header))
    print(", ".join(f"{name} {number}" for name, number in small["versions"].items()))
    print("\n| work | SmVL | of the limit | peer | ratio | target | met |\n|---|---:|---:|---|---:|---|---|")

    def row(name, peer=None, peer_value=None, target="", met=None):
        mine = ours.get(name)
        if mine is None:
            print(f"| {name} | not measured | | | | {target} | no |"); return
        value, unit, share = mine["value"], mine["unit"], mine["share"]
        ratio = value / peer_value if peer_value else None
        answer = "" if met is None else "yes" if met(value, share, ratio) else "**no**"
        print(f"| {name} | {value:.4g} {unit} | {f'{100 * share:.0f} %' if share else ''} | {f'{peer} {peer_value:.4g} {unit}' if peer else ''} "
              f"| {f'{ratio:.2f}' if ratio else ''} | {target} | {answer} |")

    row("limit.fma"); row("limit.read")
    for name in ("gemm.forward", "gemm.dx", "gemm.dw"):
        row(name, target="at least 75 % of the limit", met=lambda v, s, r: s >= 0.75)
    for name in ("attention.causal", "attention.full"):
        row(name, target="at least 45 % of the limit", met=lambda v, s, r: s >= 0.45)
    row("tile", "transformers fp32", last(r"tile ([\d.]+) s", "infer.txt"), "at most 0.5 of the time", lambda v, s, r: r <= 0.5)
    row("prompt512", "transformers fp32", last(r"prompt512 ([\d.]+) token/s", "infer.txt"), "at least 3 times the rate", lambda v, s, r: r >= 3)
    row("prompt512", "llama.cpp f16", llama["prompt"])
    row("generate", "llama.cpp f16", llama["generate"], "at least 1.2 times the rate, 75 % of the limit", lambda v, s, r: r >= 1.2 and s >= 0.75)
    row("generate", "transformers fp32", last(r"generate ([\d.]+) token/s", "infer.txt"))
    row("step.connector", "transformers fp32, padded to 2048", last(seconds, "connector.txt"), "at most a third of the time", lambda v, s, r: r <= 1 / 3)
    row("step.connector.checkpointed", "transformers fp32, padded to 2048", last(seconds, "connector.txt"))
    row("peak.step.connector", "transformers fp32", last(peak, "connector.txt"), "at most 4 GiB", lambda v, s, r: v <= 4)
    row("peak.step.connector.checkpointed", "transformers fp32", last(peak, "connector.txt"), "at most 2.5 GiB", lambda v, s, r: v <= 2.5)
    row("step.full", "transformers fp32", last(seconds, "full.txt"), "less time", lambda v, s, r: r < 1)
    row("peak.step.full", "transformers fp32", last(peak, "full.txt"), f"at most {masters:.2f} + 1.5 GiB", lambda v, s, r: v <= masters + 1.5)
    row("load", target="below 0.5 s", met=lambda v, s, r: v < 0.5)
    row("image", "Pillow", small["image"], "not slower", lambda v, s, r: r <= 1)
    row("tokenizer", "tokenizers (Rust)", small["tokenizer"], "at least half the rate", lambda v, s, r: r >= 0.5)


if __name__ == "__main__":
    if sys.argv[1:] == ["measure"]:
        print(json.dumps({"image": picture_ms(), "tokenizer": tokenizer_mb_per_s(), "versions": versions()}))
    elif sys.argv[1:] == ["table"]:
        table()
    else:
        sys.exit(__doc__)
