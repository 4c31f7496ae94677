"""Writes tests/fixtures/mtmd anew: make_mtmd_golden.py OUT PRELOADED

A tiny text model and two mmproj files with random weights (one cuts pictures at a longest edge, one names none), pictures, and what
llama.cpp's tools make of them: the tiles, the prompt's tokens, and eight greedy tokens with their log-probabilities.
Needs gguf-py, numpy, Pillow, safetensors and llama.cpp 0.7.0; PRELOADED is built from mtmd_dump.c beside this.
"""
import json
import os
import subprocess
import sys
import tempfile

import gguf
import numpy as np
from PIL import Image
from safetensors.numpy import save_file

TILE, PATCH, SCALE, LONGEST = 32, 8, 2, 64
TEXT, VISION = dict(width=32, inner=64, layers=2, heads=4, keys=2, head=16, words=288), dict(width=32, inner=64, layers=1, heads=2)
NEW_TOKENS = 8
TEMPLATE = ("{% for m in messages %}<|im_start|>{{m.role}}\n{{m.content}}<|im_end|>\n{% endfor %}"
            "{% if add_generation_prompt %}<|im_start|>assistant\n{% endif %}")
CONTROL = ["<|endoftext|>", "<|im_start|>", "<|im_end|>", "<fake_token_around_image>", "<global-img>", "<|image_pad|>"]
USER_DEFINED = ["<think>", "</think>"]
CASES = [("mmproj", (32, 32)), ("mmproj", (57, 40)), ("mmproj", (20, 90)), ("mmproj", (90, 33)),
         ("mmproj-uncut", (32, 32)), ("mmproj-uncut", (57, 40)), ("mmproj-uncut", (47, 49)), ("mmproj-uncut", (112, 16)), ("mmproj-uncut", (5, 7))]
QUESTIONS = ["hello", "the <think> 图中有什么？\n\n"]


def byte_level():
    printable = {*range(33, 127), *range(161, 173), *range(174, 256)}
    others = (chr(256 + i) for i in range(256))
    return [chr(b) if b in printable else next(others) for b in range(256)]


def write_text(path, random):
    t = TEXT
    w = gguf.GGUFWriter(path, "qwen3")
    w.add_name("tiny")
    w.add_block_count(t["layers"])
    w.add_context_length(4096)
    w.add_embedding_length(t["width"])
    w.add_feed_forward_length(t["inner"])
    w.add_head_count(t["heads"])
    w.add_head_count_kv(t["keys"])
    w.add_rope_freq_base(1e6)
    w.add_layer_norm_rms_eps(1e-6)
    w.add_key_length(t["head"])
    w.add_value_length(t["head"])
    w.add_file_type(0)
    merges = ["Ċ Ċ", "Ġ a", "h e", "Ġ t", "Ġt he"]
    names = byte_level() + [m.replace(" ", "") for m in merges]
    types = [1] * len(names) + [3] * len(CONTROL) + [4] * len(USER_DEFINED)
    names += CONTROL + USER_DEFINED
    types += [5] * (t["words"] - len(names))
    names += [f"[PAD{i}]" for i in range(len(names), t["words"])]
    w.add_tokenizer_model("gpt2")
    w.add_tokenizer_pre("qwen2")
    w.add_token_list(names)
    w.add_token_types(types)
    w.add_token_merges(merges)
    w.add_eos_token_id(names.index("<|im_end|>"))
    w.add_pad_token_id(names.index("<|endoftext|>"))
    w.add_bos_token_id(names.index("<|endoftext|>"))
    w.add_add_bos_token(False)
    w.add_chat_template(TEMPLATE)

    def matrix(rows, cols):
        return random.normal(0, 0.5, (rows, cols)).astype(np.float32)

    def norm(n):
        return random.normal(1, 0.1, n).astype(np.float32)

    queries, keys, d = t["heads"] * t["head"], t["keys"] * t["head"], t["width"]
    w.add_tensor("token_embd.weight", matrix(t["words"], d))
    w.add_tensor("output_norm.weight", norm(d))
    for i in range(t["layers"]):
        for name, rows, cols in (("attn_q", queries, d), ("attn_k", keys, d), ("attn_v", keys, d), ("attn_output", d, queries),
                                 ("ffn_gate", t["inner"], d), ("ffn_up", t["inner"], d), ("ffn_down", d, t["inner"])):
            w.add_tensor(f"blk.{i}.{name}.weight", matrix(rows, cols))
        for name, n in (("attn_norm", d), ("ffn_norm", d), ("attn_q_norm", t["head"]), ("attn_k_norm", t["head"])):
            w.add_tensor(f"blk.{i}.{name}.weight", norm(n))
    close(w)


def write_mmproj(path, random, longest):
    v = VISION
    w = gguf.GGUFWriter(path, "clip")
    w.add_type("mmproj")
    w.add_bool("clip.has_vision_encoder", True)
    w.add_string("clip.projector_type", "idefics3")
    w.add_file_type(0)
    w.add_bool("clip.use_gelu", True)
    sizes = dict(image_size=TILE, patch_size=PATCH, embedding_length=v["width"], feed_forward_length=v["inner"],
                 block_count=v["layers"], projection_dim=TEXT["width"])
    sizes |= {"attention.head_count": v["heads"], "projector.scale_factor": SCALE} | ({"preproc_image_size": longest} if longest else {})
    for key, value in sizes.items():
        w.add_uint32("clip.vision." + key, value)
    w.add_float32("clip.vision.attention.layer_norm_epsilon", 1e-6)
    w.add_array("clip.vision.image_mean", [0.5] * 3)
    w.add_array("clip.vision.image_std", [0.5] * 3)

    def normal(*shape, mean=0.0):
        return random.normal(mean, 0.2, shape).astype(np.float32)

    d, inner = v["width"], v["inner"]
    w.add_tensor("v.patch_embd.weight", normal(d, 3, PATCH, PATCH))
    w.add_tensor("v.patch_embd.bias", normal(d))
    w.add_tensor("v.position_embd.weight", normal((TILE // PATCH) ** 2, d))
    w.add_tensor("v.post_ln.weight", normal(d, mean=1.0))
    w.add_tensor("v.post_ln.bias", normal(d))
    for i in range(v["layers"]):
        for name, rows, cols in (("attn_q", d, d), ("attn_k", d, d), ("attn_v", d, d), ("attn_out", d, d), ("ffn_up", inner, d), ("ffn_down", d, inner)):
            w.add_tensor(f"v.blk.{i}.{name}.weight", normal(rows, cols))
            w.add_tensor(f"v.blk.{i}.{name}.bias", normal(rows))
        for name in ("ln1", "ln2"):
            w.add_tensor(f"v.blk.{i}.{name}.weight", normal(d, mean=1.0))
            w.add_tensor(f"v.blk.{i}.{name}.bias", normal(d))
    w.add_tensor("mm.model.fc.weight", normal(TEXT["width"], d * SCALE * SCALE))
    close(w)


def close(writer):
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()


def write_picture(path, size, random):
    """Waves, a chessboard and noise."""
    y, x = np.mgrid[0:size[1], 0:size[0]]
    plain = np.stack([127 + 90 * np.sin(x / 7 + y / 11), 127 + 90 * np.cos(x / 5), 255 * ((x // 4 + y // 4) % 2)], -1)
    Image.fromarray(np.clip(plain + random.normal(0, 30, plain.shape), 0, 255).astype(np.uint8)).save(path)


def run(preloaded, *command):
    """What the command gave to the model, and the token it chose behind each logits."""
    common = ["-ctk", "f32", "-ctv", "f32", "-fa", "off", "--temp", "0", "-n", str(NEW_TOKENS), "-t", "1", "-c", "4096", "--no-warmup"]
    with tempfile.NamedTemporaryFile("r") as dump:
        environment = os.environ | {"DUMP": dump.name, "VOCAB": str(TEXT["words"]), "LD_PRELOAD": preloaded}
        subprocess.run([*command, *common], env=environment, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        lines = [line.split() for line in dump]
    prompt, tiles, new = [], [], []
    for kind, *values in lines:
        if kind == "tile":
            prompt.append(-1)
            tiles.append(np.frombuffer(bytes.fromhex(values[0]), np.uint8).reshape(3, TILE, TILE))
        elif kind == "logits":
            logits = np.array(values, np.float64)
            top = logits.max()
            new.append({"id": int(logits.argmax()), "logprob": float(-np.log(np.exp(logits - top).sum()))})
        elif not new:
            prompt.append(int(values[0]))
    return {"prompt": prompt, "new": new[:NEW_TOKENS]}, tiles


def main(out, preloaded):
    os.makedirs(out, exist_ok=True)
    write_text(f"{out}/text.gguf", np.random.default_rng(0))
    write_mmproj(f"{out}/mmproj.gguf", np.random.default_rng(1), LONGEST)
    write_mmproj(f"{out}/mmproj-uncut.gguf", np.random.default_rng(1), None)
    cases, arrays = [], {}
    for question in QUESTIONS:
        text = f"<|im_start|>user\n{question}<|im_end|>\n<|im_start|>assistant\n"
        made, _ = run(preloaded, "llama-completion", "-m", f"{out}/text.gguf", "-no-cnv", "-sp", "--no-display-prompt", "-p", text, "--no-escape")
        cases.append({"question": question} | made)
    for mmproj, size in CASES:
        picture = f"{size[0]}x{size[1]}.png"
        write_picture(f"{out}/{picture}", size, np.random.default_rng(2))
        made, tiles = run(preloaded, "llama-mtmd-cli", "-m", f"{out}/text.gguf", "--mmproj", f"{out}/{mmproj}.gguf", "--image", f"{out}/{picture}",
                          "-p", QUESTIONS[0])
        arrays[f"{mmproj}/{picture}"] = np.stack(tiles)
        cases.append({"question": QUESTIONS[0], "mmproj": f"{mmproj}.gguf", "picture": picture} | made)
    save_file(arrays, f"{out}/tiles.safetensors")
    with open(f"{out}/cases.json", "w", encoding="utf8") as file:
        json.dump(cases, file, ensure_ascii=False, indent=1)


if __name__ == "__main__":
    main(*sys.argv[1:])
