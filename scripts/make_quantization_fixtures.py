"""Writes tests/fixtures/quantization: python3 scripts/make_quantization_fixtures.py tests/fixtures/quantization

Run among the peers (it needs llama-quantize and gguf-py). Three files:
blocks.safetensors: `NAME` is a small F32 matrix, `NAME.TYPE` the bytes that llama-quantize --pure makes of it.
values.json: `NAME.TYPE` is the SHA-256 of the F32 values that gguf-py's dequantize makes of those bytes.
types.json: for small qwen3 models of several layer counts and row lengths, the types that llama-quantize gives their matrices,
those of a layer as one word for all layers or one for each.
"""
import collections
import hashlib
import json
import os
import subprocess
import sys
import tempfile

import gguf
import numpy as np
from safetensors.numpy import save_file

OUT = sys.argv[1]
BLOCK_TYPES = {"q8_0": "Q8_0", "q4_0": "Q4_0", "q4_k": "Q4_K_S", "q6_k": "Q6_K"}
FILE_TYPES = {"f16": "F16", "q8_0": "Q8_0", "q4_0": "Q4_0", "q4_k_m": "Q4_K_M"}


def write_model(path, tensors, layers, width):
    w = gguf.GGUFWriter(path, "qwen3")
    w.add_block_count(layers); w.add_context_length(64); w.add_embedding_length(width); w.add_feed_forward_length(256)
    w.add_head_count(1); w.add_layer_norm_rms_eps(1e-6); w.add_vocab_size(2)
    for name, x in tensors.items():
        w.add_tensor(name, x)
    w.write_header_to_file(); w.write_kv_data_to_file(); w.write_tensors_to_file(); w.close()


def quantize(tensors, kind, layers=1, width=256, pure=False):
    """name -> type and bytes, of the quantized file"""
    with tempfile.TemporaryDirectory() as folder:
        source, result = f"{folder}/source.gguf", f"{folder}/result.gguf"
        write_model(source, tensors, layers, width)
        subprocess.run(["llama-quantize", *(["--pure"] if pure else []), source, result, kind, "1"], check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        return {t.name: (t.tensor_type.name.lower(), np.array(t.data)) for t in gguf.GGUFReader(result).tensors}


def special():
    """Matrices with rows of 256 that formulas stumble over; of two rows at least, or they count as vectors and stay F32."""
    r = np.random.default_rng(0)
    f = np.float32

    def rows(*values):
        return np.stack([np.broadcast_to(np.asarray(v, f), 256) for v in values])

    one = np.zeros(256, f); one[77] = 0.3
    ties = np.tile(np.arange(-8, 8, dtype=f) / 8, 16)          # both ends of the range, and halves between levels
    halves = (r.integers(-254, 255, 256) / f(2)).astype(f); halves[::32] = 127
    outlier = r.standard_normal(256).astype(f); outlier[[5, 100, 200]] = [40, -60, 25]
    return {
        "normal": (r.standard_normal((4, 256)) * 0.02).astype(f),
        "uniform": r.uniform(-1, 1, (2, 256)).astype(f),
        "heavy": (r.standard_t(2, (2, 256)) * 0.05).astype(f),
        "offset": (r.standard_normal((2, 256)) * 0.01 + 0.5).astype(f),
        "outlier": rows(outlier, outlier[::-1] * f(1e-3)),
        "constant": rows(0, -0.0, 0.7, -0.7),
        "one": rows(one, -one),
        "ties": rows(ties, -ties, halves),
        "large": (r.standard_normal((2, 256)) * 20000).astype(f),
        "small": (r.standard_normal((2, 256)) * 1e-4).astype(f),
        "denormal": rows(*(np.where(r.random(256) < 0.5, f(1), r.standard_normal(256).astype(f)) * f(s) for s in (1e-38, 1e-39, 1e-44))),
    }


def blocks():
    sources = special()
    # llama-quantize leaves what is no weight of a layer's matrix alone: the names must look like one
    names = {f"blk.{i}.ffn_up.weight": name for i, name in enumerate(sources)}
    out, values = dict(sources), {}
    for ours, theirs in BLOCK_TYPES.items():
        result = quantize({n: sources[name] for n, name in names.items()}, theirs, layers=len(names), pure=True)
        for n, name in names.items():
            kind, data = result[n]
            assert kind == ours, (n, kind)
            out[f"{name}.{ours}"] = data
            dequantized = gguf.quants.dequantize(data, gguf.GGMLQuantizationType[ours.upper()])
            values[f"{name}.{ours}"] = hashlib.sha256(dequantized.tobytes()).hexdigest()
    save_file(out, f"{OUT}/blocks.safetensors")
    os.chmod(f"{OUT}/blocks.safetensors", 0o644)
    with open(f"{OUT}/values.json", "w", encoding="utf8") as f:
        json.dump(values, f, indent=1)


def layer_tensors(layers, width, inner, queries, tied):
    t = collections.OrderedDict()
    z = lambda *shape: np.ones(shape, np.float32)
    if not tied:
        t["output.weight"] = z(2, width)
    t["token_embd.weight"] = z(2, width)
    t["output_norm.weight"] = z(width)
    for i in range(layers):
        for name, shape in dict(attn_q=(2, width), attn_k=(2, width), attn_v=(2, width), attn_output=(2, queries), ffn_gate=(2, width), ffn_up=(2, width),
                                ffn_down=(2, inner), attn_norm=(width,), ffn_norm=(width,), attn_q_norm=(16,), attn_k_norm=(16,)).items():
            t[f"blk.{i}.{name}.weight"] = z(*shape)
    return t


def types():
    cases = []
    shapes = [dict(layers=n, width=256, inner=256, queries=256) for n in (1, 2, 3, 7, 8, 16, 28)]
    shapes += [dict(layers=2, width=w, inner=i, queries=q) for w, i, q in ((64, 256, 256), (256, 288, 256), (256, 256, 320), (288, 512, 256), (80, 256, 256), (256, 80, 256))]
    for shape in shapes:
        for tied in (True, False):
            tensors = layer_tensors(**shape, tied=tied)
            for ours, theirs in FILE_TYPES.items():
                result = quantize(tensors, theirs, shape["layers"], shape["width"])
                cases.append(dict(shape, tied=tied, file_type=ours, types=pack({n: kind for n, (kind, _) in result.items()})))
    with open(f"{OUT}/types.json", "w", encoding="utf8") as f:
        f.write("[\n" + ",\n".join(json.dumps(case) for case in cases) + "\n]\n")


def pack(types):
    """matrix -> its type; of a layer's, their types in the layers' order, one where all are the same"""
    packed = collections.defaultdict(list)
    for name, kind in sorted(types.items(), key=lambda item: [int(part) if part.isdigit() else part for part in item[0].split(".")]):
        if kind != "f32":
            packed[name.split(".")[-2]].append(kind)
    return {name: " ".join(kinds if len(set(kinds)) > 1 else kinds[:1]) for name, kinds in packed.items()}


os.makedirs(OUT, exist_ok=True)
blocks()
types()
