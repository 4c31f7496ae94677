"""Writes the GGUF files of this folder with gguf-py: make.py [FOLDER]"""
import sys

import gguf
import numpy as np
from gguf import GGMLQuantizationType as Q

folder = sys.argv[1] if len(sys.argv) > 1 else "."


def finish(writer):
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()


# what GgufWriter writes: the values and tensors of GgufWriterTests, for a comparison byte by byte
writer = gguf.GGUFWriter(f"{folder}/plain.gguf", "qwen3")
writer.add_string("general.name", "Größe 大小 🦦")
writer.add_uint32("qwen3.block_count", 28)
writer.add_float32("qwen3.rope.freq_base", 1e6)
writer.add_bool("tokenizer.ggml.add_bos_token", False)
writer.add_bool("clip.use_gelu", True)
writer.add_array("clip.vision.image_mean", [0.5, 0.25, 0.125])
writer.add_array("tokenizer.ggml.token_type", [1, 3, 4, 5, -6])
writer.add_array("tokenizer.ggml.tokens", ["a", "Ġb", "", "<|中|>", "\n"])
writer.add_tensor("a.weight", np.arange(6, dtype=np.float32).reshape(2, 3))
writer.add_tensor("b.weight", np.arange(5, dtype=np.float16))
writer.add_tensor("c.weight", np.arange(24, dtype=np.float32).reshape(2, 3, 2, 2) / 8)
blocks = np.arange(4 * 34, dtype=np.uint8).reshape(2, 68)   # 2 rows of 64 values
writer.add_tensor("d.weight", blocks, raw_dtype=Q.Q8_0)
finish(writer)

# every type of value and of tensor that is read, another alignment
writer = gguf.GGUFWriter(f"{folder}/types.gguf", "test")
writer.add_custom_alignment(64)
for name, value in dict(uint8=200, int8=-100, uint16=60000, int16=-30000, uint32=4000000000, int32=-2000000000, uint64=1 << 60, int64=-(1 << 60), float64=1e300).items():
    getattr(writer, "add_" + name)("number." + name, value)
    if name != "float64":
        writer.add_array("numbers." + name, [1, 2, 3])
writer.add_array("numbers.bool", [True, False])
rng = np.random.default_rng(0)
values = rng.standard_normal((2, 256)).astype(np.float32)
writer.add_tensor("f32", values)
writer.add_tensor("f16", values.astype(np.float16))
writer.add_tensor("bf16", gguf.quants.quantize(values, Q.BF16), raw_dtype=Q.BF16)
writer.add_tensor("q8_0", gguf.quants.quantize(values, Q.Q8_0), raw_dtype=Q.Q8_0)
writer.add_tensor("q4_0", gguf.quants.quantize(values, Q.Q4_0), raw_dtype=Q.Q4_0)
writer.add_tensor("q4_k", rng.integers(0, 256, (2, 144), dtype=np.uint8), raw_dtype=Q.Q4_K)
writer.add_tensor("q6_k", rng.integers(0, 256, (2, 210), dtype=np.uint8), raw_dtype=Q.Q6_K)
writer.add_tensor("i32", np.array([[1, -2, 3]], dtype=np.int32))
writer.add_tensor("i64", np.array([-5], dtype=np.int64))
finish(writer)
