# Writes the parquet variants of this folder and what they hold: python3 make.py (pyarrow 25.0)
import hashlib, json, os, random
import pyarrow as pa, pyarrow.parquet as pq

os.chdir(os.path.dirname(os.path.abspath(__file__)))
rng = random.Random(5)
image = pa.struct([("bytes", pa.binary()), ("path", pa.string())])
turn = pa.struct([("user", pa.string()), ("assistant", pa.string()), ("source", pa.string())])
schema = pa.schema([("images", pa.list_(image)), ("texts", pa.list_(turn))])


def make_row(i):
    if i % 17 == 3:
        return dict(images=None, texts=[])
    if i % 17 == 4:
        return dict(images=[], texts=None)
    images = [None if rng.random() < .1 else dict(
        bytes=None if rng.random() < .1 else rng.randbytes(rng.choice([0, 1, 20, 90])),
        path=rng.choice([None, "p%d.png" % rng.randrange(9)])) for _ in range(rng.choice([1, 1, 1, 2, 3]))]
    texts = [None if rng.random() < .1 else dict(
        user="问题%d？" % rng.randrange(1000) if rng.random() < .9 else None,
        assistant=rng.choice(["是", "否", "狗" * rng.randrange(30)]),
        source=rng.choice(["a", None])) for _ in range(rng.choice([1, 2, 5, 25]))]
    return dict(images=images, texts=texts)


def digest(rows):
    return [dict(images=None if r["images"] is None else [None if i is None else dict(
                path=i["path"], sha256=None if i["bytes"] is None else hashlib.sha256(i["bytes"]).hexdigest()) for i in r["images"]],
            texts=r["texts"]) for r in rows]


def dump(value, name):
    with open(name, "w", encoding="utf8") as f:
        json.dump(value, f, ensure_ascii=False)
        f.write("\n")


rows = [make_row(i) for i in range(60)]
table = pa.Table.from_pylist(rows, schema=schema)
dump(digest(rows), "rows.json")


def write(name, table=table, **options):
    pq.write_table(table, name + ".parquet", **{**dict(row_group_size=1000, data_page_size=200, write_batch_size=8), **options})


write("pages-v1")
write("pages-v2", data_page_version="2.0")
write("index-v1", write_page_index=True)
write("index-v2-zstd", write_page_index=True, data_page_version="2.0", compression="zstd")
write("fallback", dictionary_pagesize_limit=500)                      # dictionary pages first, plain ones behind them
write("fallback-index-gzip", dictionary_pagesize_limit=500, write_page_index=True, compression="gzip")
write("delta-v1", use_dictionary=False, column_encoding="DELTA_BYTE_ARRAY")
write("delta-v2", use_dictionary=False, column_encoding="DELTA_BYTE_ARRAY", data_page_version="2.0")
write("delta-length-v1", use_dictionary=False, column_encoding="DELTA_LENGTH_BYTE_ARRAY")
write("delta-length-v2", use_dictionary=False, column_encoding="DELTA_LENGTH_BYTE_ARRAY", data_page_version="2.0")
write("checksums", write_page_checksum=True)
write("groups", row_group_size=13)
write("item", use_compliant_nested_type=False)                       # the list's child is called item

# large lists and values, fields in another order, columns and fields that nobody asked for
large = pa.schema([
    ("id", pa.int64()),
    ("images", pa.large_list(pa.struct([("path", pa.large_string()), ("extra", pa.int32()), ("bytes", pa.large_binary())]))),
    ("scores", pa.list_(pa.float32())),
    ("texts", pa.large_list(pa.struct([("source", pa.large_string()), ("user", pa.large_string()), ("assistant", pa.large_string())])))])
write("large", pa.Table.from_pylist([dict(
    id=i, scores=[1, 2], texts=r["texts"],
    images=None if r["images"] is None else [None if x is None else dict(x, extra=7) for x in r["images"]]) for i, r in enumerate(rows)],
    schema=large))

# nothing may be null; no path, no source
required = [dict(
    images=[dict(bytes=(x or {}).get("bytes") or b"") for x in r["images"] or []],
    texts=[dict(user=(x or {}).get("user") or "", assistant=(x or {}).get("assistant") or "") for x in r["texts"] or []]) for r in rows]
never = dict(nullable=False)
write("required", pa.Table.from_pylist(required, schema=pa.schema([
    pa.field("images", pa.list_(pa.field("element", pa.struct([pa.field("bytes", pa.binary(), **never)]), **never)), **never),
    pa.field("texts", pa.list_(pa.field("element", pa.struct([
        pa.field("user", pa.string(), **never), pa.field("assistant", pa.string(), **never)]), **never)), **never)])))
dump(digest([dict(images=[dict(x, path=None) for x in r["images"]], texts=[dict(x, source=None) for x in r["texts"]]) for r in required]),
     "required.json")
