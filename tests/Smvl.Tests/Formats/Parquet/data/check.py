# Reads written.parquet, which CauldronWriter wrote, as others do: python3 check.py (pyarrow 25.0)
import json, os
import pyarrow.parquet as pq

os.chdir(os.path.dirname(os.path.abspath(__file__)))
expected, written = pq.read_table("groups.parquet"), pq.ParquetFile("written.parquet")
assert written.schema_arrow.equals(expected.schema, check_metadata=False), written.schema_arrow
assert written.read().to_pylist() == expected.to_pylist()
groups = [written.metadata.row_group(i) for i in range(written.num_row_groups)]
assert [group.num_rows for group in groups] == [13, 13, 13, 13, 8]
for group in groups:
    columns = [group.column(i) for i in range(group.num_columns)]
    assert group.total_byte_size == sum(column.total_uncompressed_size for column in columns)
    assert [column.compression for column in columns] == ["UNCOMPRESSED"] + ["SNAPPY"] * 4
text = {"dtype": "string", "_type": "Value"}
assert json.loads(written.schema_arrow.metadata[b"huggingface"]) == {"info": {"features": {
    "images": {"feature": {"_type": "Image"}, "_type": "Sequence"}, "texts": [{"user": text, "assistant": text, "source": text}]}}}
print("pyarrow reads written.parquet as it was meant")
