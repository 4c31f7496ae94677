"""Small parquet files in the form of the benchmarks' (columns and types of lmms-eval's data sets), for tests/fixtures/evaluation.

    python3 scripts/make_task_fixtures.py OUTPUT_FOLDER

Written with pyarrow, as `datasets` writes them: pictures are structs of bytes and path. Pictures are plain colors, as PNG.
"""
import os, struct, sys, zlib
import pyarrow as pa
import pyarrow.parquet as pq

out = sys.argv[1]
image = pa.struct([("bytes", pa.binary()), ("path", pa.string())])


def png(r, g, b, side=24):
    def chunk(kind, data):
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
    row = b"\0" + bytes((r, g, b)) * side
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", struct.pack(">IIBBBBB", side, side, 8, 2, 0, 0, 0)) + chunk(b"IDAT", zlib.compress(row * side)) + chunk(b"IEND", b"")


def picture(*color):
    return {"bytes": png(*color), "path": "p.png"}


def write(name, schema, rows, **options):
    table = pa.Table.from_pylist(rows, schema=pa.schema(schema))
    pq.write_table(table, os.path.join(out, name), **options)


red, green, blue = picture(255, 0, 0), picture(0, 255, 0), picture(0, 0, 255)
write("chartqa.parquet", [("type", pa.string()), ("question", pa.string()), ("answer", pa.string()), ("image", image)],
      [dict(type="human_test", question="How many bars?", answer="4", image=red), dict(type="augmented_test", question="Which is largest?", answer="Yes", image=green),
       dict(type="human_test", question="What share?", answer="5%", image=blue)])
write("ai2d.parquet", [("question", pa.string()), ("options", pa.list_(pa.string())), ("answer", pa.string()), ("image", image)],
      [dict(question="Which is red?", options=["this", "that", "none"], answer="0", image=red), dict(question="Which is green?", options=["this", "that"], answer="1", image=green)],
      compression="zstd")
write("textvqa.parquet", [("question_id", pa.int32()), ("question", pa.string()), ("answers", pa.list_(pa.string())), ("image", image)],
      [dict(question_id=34602, question="what is THE brand?", answers=["nokia"] * 8 + ["toshiba", "nokia "], image=red)], data_page_version="2.0")
write("docvqa.parquet", [("questionId", pa.string()), ("question", pa.string()), ("answers", pa.list_(pa.string())), ("image", image)],
      [dict(questionId="49153", question="What is the name?", answers=["ITC Limited", "itc limited"], image=blue)])
write("scienceqa.parquet", [("image", image), ("question", pa.string()), ("choices", pa.list_(pa.string())), ("answer", pa.int8()), ("hint", pa.string()), ("subject", pa.string())],
      [dict(image=red, question="Which?", choices=["north", "south"], answer=1, hint="A map.", subject="social science"),
       dict(image=None, question="Why?", choices=["a", "b", "c"], answer=0, hint="", subject="natural science")])
write("mmstar.parquet", [("index", pa.int64()), ("question", pa.string()), ("image", image), ("answer", pa.string()), ("category", pa.string()), ("l2_category", pa.string())],
      [dict(index=7, question="Which color?\nOptions: A: red, B: green, C: blue, D: none", image=red, answer="A", category="coarse perception", l2_category="image emotion")])
write("mmmu.parquet", [("id", pa.string()), ("question", pa.string()), ("options", pa.string()), ("answer", pa.string()), ("question_type", pa.string()), ("subfield", pa.string())]
      + [(f"image_{i}", image) for i in range(1, 8)],
      [dict(id="validation_Art_1", question="<image 1> Which?", options="['red', \"it's blue\"]", answer="B", question_type="multiple-choice", subfield="Drawing", image_1=red, image_2=blue),
       dict(id="validation_Math_2", question="How many in <image 1>?", options="[]", answer="['12', 'twelve']", question_type="open", subfield="Calculus", image_1=green)])
write("ocrbench.parquet", [("dataset", pa.string()), ("question", pa.string()), ("question_type", pa.string()), ("answer", pa.list_(pa.string())), ("image", image)],
      [dict(dataset="IIIT5K", question="what is written in the image?", question_type="Regular Text Recognition", answer=["CENTRE"], image=red),
       dict(dataset="HME100k", question="Write the formula.", question_type="Handwritten Mathematical Expression Recognition", answer=["x ^ 2"], image=green)])
write("pope.parquet", [("id", pa.string()), ("question_id", pa.string()), ("question", pa.string()), ("answer", pa.string()), ("category", pa.string()), ("image", image)],
      [dict(id="0", question_id="1", question="Is there a car in the image?", answer="yes", category="adversarial", image=red),
       dict(id="1", question_id="2", question="Is there a dog in the image?", answer="no", category="random", image=red)])
write("mme.parquet", [("question_id", pa.string()), ("image", image), ("question", pa.string()), ("answer", pa.string()), ("category", pa.string())],
      [dict(question_id="code_reasoning/1.png", image=red, question="Is it red? Please answer yes or no.", answer="Yes", category="code_reasoning"),
       dict(question_id="code_reasoning/1.png", image=red, question="Is it blue? Please answer yes or no.", answer="No", category="code_reasoning")])
write("types.parquet", [("required", pa.string()), ("number", pa.int64()), ("share", pa.float64()), ("single", pa.float32()), ("words", pa.list_(pa.string())), ("maybe", pa.string()), ("flag", pa.bool_())],
      [dict(required=f"r{i}", number=i - 2, share=i / 4, single=i / 2, words=[] if i == 1 else None if i == 2 else ["a"] * i, maybe=None if i % 2 else f"m{i}", flag=True) for i in range(300)],
      row_group_size=100, data_page_size=256)
write("bad-picture.parquet", [("question", pa.string()), ("answer", pa.string()), ("image", image)],
      [dict(question="one?", answer="1", image=red), dict(question="two?", answer="2", image={"bytes": b"no picture", "path": None}), dict(question="three?", answer=None, image=blue),
       dict(question="four?", answer="4", image=green)])
