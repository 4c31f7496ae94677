#!/usr/bin/env bash
# SmVL beside what users would pick instead, on one machine in one run: transformers, llama.cpp, Pillow, tokenizers.
#   peers.sh PEERS [WORK]
# PEERS: the folder with run.sh, bench_infer.py, bench_train.py and gguf_ref.py. WORK keeps models and outputs between runs (6 GB;
# default: a temporary folder, removed afterwards). SMVL_QWEN_TOKENIZER names a folder with Qwen's vocab.json and merges.txt
# (default: qwen-tokenizer beside PEERS). Prints one Markdown table; what it was made of stays in WORK. Run by hand on a machine
# that does nothing else; it takes about 20 minutes. Results go into bench/RESULTS.md.
set -euo pipefail
[[ $# -ge 1 ]] || { sed -n '2,8s/^# \{0,1\}//p' "$0" >&2; exit 2; }
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
peers=$(cd "$1" && pwd)
tokenizer=$(cd "${SMVL_QWEN_TOKENIZER:-$peers/../qwen-tokenizer}" && pwd)
if [[ $# -ge 2 ]]; then
  mkdir -p "$2"
  cd "$2"
else
  cd "$(mktemp -d)"
  trap 'rm -rf "$PWD"' EXIT
fi
threads=$(nproc)

say() { printf '== %s\n' "$*" >&2; }

# run.sh shows the peers this folder only
mkdir -p tokenizer
cp "$tokenizer/vocab.json" "$tokenizer/merges.txt" tokenizer/
cp "$root/samples/otters.jpg" "$root/samples/text.txt" "$root/bench/peers.py" .

if [[ ! -e spliced/config.json ]]; then
  rm -rf qwen3 smolvlm2
  "$root/smvl" init --preset qwen3-0.6b --output qwen3 --tokenizer tokenizer >&2
  "$root/smvl" init --preset smolvlm2-256m --output smolvlm2 >&2
  "$root/smvl" splice --vision smolvlm2 --text qwen3 --output spliced >&2
  rm -rf qwen3 smolvlm2
fi
if [[ ! -e gguf/text-f16.gguf ]]; then
  say llama.cpp: writing the model
  mkdir -p gguf
  "$peers/run.sh" python3 /shared/peers/gguf_ref.py gguf tokenizer >&2
fi

say SmVL
"$root/smvl" info spliced --json >info.json
"$root/smvl" bench --json --model spliced --threads "$threads" 2> >(tee header.txt >&2) >smvl.json || say 'not everything could be measured, see above'
say transformers: tile, prompt, generation
"$peers/run.sh" python3 -u /shared/peers/bench_infer.py --dtype fp32 --threads "$threads" | tee infer.txt >&2
say transformers: a step, connector only
"$peers/run.sh" python3 -u /shared/peers/bench_train.py --steps 1 --threads "$threads" | tee connector.txt >&2
say transformers: a step, everything
"$peers/run.sh" python3 -u /shared/peers/bench_train.py --train full --tiles 1 --pad 0 --threads "$threads" | tee full.txt >&2
say llama.cpp: prompt, generation
"$peers/run.sh" llama-bench -m gguf/text-f16.gguf -p 512 -n 32 -t "$threads" -o json >llama.json
say Pillow, tokenizers
"$peers/run.sh" python3 peers.py measure | tee small.json >&2
"$peers/run.sh" python3 peers.py table
