"""Writes tests/Smvl.Tests/Data/finevision: rows of FineVision's form, as pyarrow writes them, and what they hold.

    cd scripts && python3 make_finevision_fixture.py ../tests/Smvl.Tests/Data/finevision

The schema is that of https://huggingface.co/datasets/HuggingFaceM4/FineVision: images and texts as in the_cauldron, without a turn's
source, and columns of its own beside them. Needs pyarrow (made with 25.0.0).
"""

import hashlib
import json
import pathlib
import struct
import sys
import zlib

import pyarrow as pa
import pyarrow.parquet as pq


def png(width, height, color):
    """A picture of one color."""
    def chunk(kind, data):
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    rows = (b"\0" + bytes(color) * width) * height
    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b"")


def main(folder):
    red, blue = png(40, 30, (255, 0, 0)), png(20, 60, (0, 0, 255))
    image = pa.struct([("bytes", pa.binary()), ("path", pa.string())])
    turn = pa.struct([("user", pa.string()), ("assistant", pa.string())])
    ratings = ["relevance", "visual_dependency", "image_correspondence", "formatting"]
    schema = pa.schema(
        [("images", pa.list_(image)), ("texts", pa.list_(turn)), ("source", pa.string())]
        + [(f"{name}_ratings", pa.list_(pa.int64())) for name in ratings]
        + [(f"{name}_min", pa.int64()) for name in ratings])
    texts = [
        ([red], [("What color is it?", "Red."), ("Which shape?", "A wide one.")]),
        ([red, blue], [("Compare the two pictures.", "The second is blue and tall. 第二张是蓝色的。")]),
        ([], [("What is 2 + 3?", "5."), ("And 5 + 5?", "10.")]),
        ([blue], [("What color is it?", "Blue.")]),
    ]
    rows = [{
        "images": [{"bytes": data, "path": None} for data in images],
        "texts": [{"user": user, "assistant": assistant} for user, assistant in turns],
        "source": "made",
        **{f"{name}_ratings": [5] * len(turns) for name in ratings},
        **{f"{name}_min": 5 if images else None for name in ratings},
    } for images, turns in texts]
    folder.mkdir(parents=True, exist_ok=True)
    pq.write_table(pa.Table.from_pylist(rows, schema), folder / "train-00000-of-00001.parquet", row_group_size=3, compression="zstd")
    expected = [{
        "images": [{"path": None, "sha256": hashlib.sha256(data).hexdigest()} for data in images],
        "texts": [{"user": user, "assistant": assistant, "source": None} for user, assistant in turns],
    } for images, turns in texts]
    (folder / "rows.json").write_text(json.dumps(expected, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main(pathlib.Path(sys.argv[1]))
