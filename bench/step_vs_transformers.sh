#!/usr/bin/env bash
# One fine-tuning step of the full-size model, connector only, beside transformers' on the same machine in one run:
# a square picture (17 tiles of 512 px) and about 200 text tokens, batch 1.   step_vs_transformers.sh PEERS [WORK]
# PEERS: the folder with run.sh and bench_train.py. WORK keeps the models between runs (3 GB; default: a temporary folder).
# Run by hand on a machine that does nothing else; it takes about 8 minutes. Results go into bench/RESULTS.md.
set -euo pipefail
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
peers=$(cd "$1" && pwd)
work=${2:-$(mktemp -d)}
mkdir -p "$work"
cd "$work"
if [[ ! -e spliced/config.json ]]; then
  "$root/smvl" init --preset qwen3-0.6b --output qwen3 ${SMVL_QWEN_TOKENIZER:+--tokenizer "$SMVL_QWEN_TOKENIZER"}
  "$root/smvl" init --preset smolvlm2-256m --output smolvlm2
  "$root/smvl" splice --vision smolvlm2 --text qwen3 --output spliced
fi
cat >make_data.py <<'P'
import io, os, numpy as np, pyarrow as pa, pyarrow.parquet as pq
from PIL import Image
rng = np.random.default_rng(0)
b = io.BytesIO(); Image.fromarray(rng.integers(0, 256, (512, 512, 3), dtype=np.uint8)).save(b, "PNG")
row = dict(images=[dict(bytes=b.getvalue(), path=None)], texts=[dict(user="图中有什么？", assistant="图中有很多颜色。" * 24, source="bench")])
schema = pa.schema([("images", pa.list_(pa.struct([("bytes", pa.binary()), ("path", pa.string())]))),
                    ("texts", pa.list_(pa.struct([("user", pa.string()), ("assistant", pa.string()), ("source", pa.string())])))])
os.makedirs("data/square", exist_ok=True)
pq.write_table(pa.Table.from_pylist([row] * 4, schema=schema), "data/square/train-00000-of-00001.parquet")
P
"$peers/run.sh" python3 make_data.py
for options in "" "--gradient_checkpointing"; do
  rm -rf run
  /usr/bin/time -f "peak %M KiB" "$root/smvl" train --model spliced --data_dir data --train_data square --output_dir run \
    --max_steps 3 --per_device_train_batch_size 1 --eval_rows 0 --logging_steps 1 --save_strategy no $options
done
"$peers/run.sh" python3 /shared/peers/bench_train.py --steps 1
