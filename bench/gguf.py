"""The Python half of gguf.sh, run among the peers in its WORK folder.

gguf.py picture:         a picture of exactly one tile.
gguf.py measure THREADS: llama-bench and llama-mtmd-cli on the pairs, as llama.json.
gguf.py table:           everything that gguf.sh measured as one Markdown table.
"""
import json, re, resource, subprocess, sys

TYPES = ("Q4_0", "Q8_0")
QUESTION, NEW_TOKENS = "图中有什么？", 300


def picture():
    import numpy as np
    from PIL import Image
    Image.fromarray(np.random.default_rng(0).integers(0, 256, (512, 512, 3), dtype=np.uint8)).save("tile.png")


def chat(text, projector, threads):
    """Milliseconds of a tile, and peak resident memory in GiB: of children so far, so the smallest chat must come first."""
    ran = subprocess.run(
        ["llama-mtmd-cli", "-m", text, "--mmproj", projector, "--image", "tile.png", "-p", QUESTION, "-n", str(NEW_TOKENS), "-c", "512",
         "-t", threads, "--temp", "0", "--no-warmup"], capture_output=True, text=True)
    found = re.findall(r"batch encoding done in (\d+) ms", ran.stdout + ran.stderr)
    if ran.returncode != 0 or not found:
        sys.exit(f"llama-mtmd-cli: exit code {ran.returncode}, no time of a tile\n{ran.stderr[-2000:]}")
    return min(map(int, found)), resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 2**20


def measure(threads):
    result = {}
    result["tile Q8_0"], result["peak"] = chat("pair/spliced-Q4_0.gguf", "pair/mmproj-spliced-Q8_0.gguf", threads)
    result["tile F16"], _ = chat("pair-f16/spliced-Q4_0.gguf", "pair-f16/mmproj-spliced-F16.gguf", threads)
    for kind in TYPES:
        rows = json.loads(subprocess.run(
            ["llama-bench", "-m", f"pair/spliced-{kind}.gguf", "-p", "512", "-n", "32", "-t", threads, "-o", "json"],
            check=True, capture_output=True, text=True).stdout)
        for row in rows:
            result[("prompt " if row["n_prompt"] else "generate ") + kind] = row["avg_ts"]
    json.dump(result, open("llama.json", "w"))
    print(json.dumps(result))


def table():
    llama = json.load(open("llama.json"))
    ours = {kind: {row["name"]: row for row in json.load(open(f"smvl-{kind}.json"))} for kind in TYPES}
    version = subprocess.run(["dpkg-query", "-W", "-f", "${Version}", "llama.cpp"], capture_output=True, text=True, check=True).stdout
    print("\n".join(line for line in open("header.txt", encoding="utf8").read().splitlines()[:2] if line))
    print(f"llama.cpp {version}; limit.read " + ", ".join(f"{rows['limit.read']['value']:.1f} GB/s" for rows in ours.values()) + "\n")
    print("| work | SmVL | of the limit | llama.cpp | ratio | target | met |\n|---|---:|---:|---:|---:|---|---|")

    def row(name, kind, unit, peer, target, met):
        ran = ours[kind][name]
        value, share = ran["value"], ran["share"]
        part = "" if share is None else f"{share:.0%}"
        print(f"| {name} {kind} | {value:.4g} {unit} | {part} | {peer:.4g} {unit} | {value / peer:.2f} | {target} | {'yes' if met(value / peer, share) else '**no**'} |")

    for kind in TYPES:
        row("generate", kind, "token/s", llama["generate " + kind], "at least 1.2 times the rate, 80 % of the limit", lambda r, s: r >= 1.2 and s >= 0.8)
    for kind in TYPES:
        row("prompt512", kind, "token/s", llama["prompt " + kind], "at least 1.5 times the rate", lambda r, s: r >= 1.5)
    row("tile", "Q4_0", "s", llama["tile F16"] / 1000, "at most a quarter of the time with its F16 tower", lambda r, s: r <= 0.25)
    row("tile", "Q4_0", "s", llama["tile Q8_0"] / 1000, "the same with its Q8_0 tower", lambda r, s: r <= 0.25)
    row("peak.chat", "Q4_0", "GiB", llama["peak"], "at most 0.7 GiB", lambda r, s: ours["Q4_0"]["peak.chat"]["value"] <= 0.7)
    for kind in TYPES:
        print(f"| load {kind} | {ours[kind]['load']['value']:.3g} s | | | | | |")


commands = {"picture": picture, "measure": lambda: measure(sys.argv[2]), "table": table}
commands[sys.argv[1]]()
