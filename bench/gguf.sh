#!/usr/bin/env bash
# SmVL beside llama.cpp on the same GGUF files, on one machine in one run: generation, prompt, one tile, memory of a chat.
#   gguf.sh PEERS [WORK]
# PEERS: the folder with run.sh. WORK keeps the models between runs (4 GB; default: a temporary folder, removed afterwards); a spliced
# folder that peers.sh left there is taken. SMVL_QWEN_TOKENIZER names a folder with Qwen's vocab.json and merges.txt (default:
# qwen-tokenizer beside PEERS). Prints one Markdown table. Run by hand on a machine that does nothing else; it takes about 10 minutes.
# Results go into bench/RESULTS.md.
set -euo pipefail
[[ $# -ge 1 ]] || { sed -n '2,7s/^# \{0,1\}//p' "$0" >&2; exit 2; }
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

if [[ ! -e spliced/config.json ]]; then
  rm -rf qwen3 smolvlm2
  "$root/smvl" init --preset qwen3-0.6b --output qwen3 --tokenizer "$tokenizer" >&2
  "$root/smvl" init --preset smolvlm2-256m --output smolvlm2 >&2
  "$root/smvl" splice --vision smolvlm2 --text qwen3 --output spliced >&2
  rm -rf qwen3 smolvlm2
fi
for type in q4_0 q8_0; do
  "$root/smvl" export gguf spliced --type "$type" --mmproj_type q8_0 --tiles off --output pair --force >&2
done
"$root/smvl" export gguf spliced --type q4_0 --mmproj_type f16 --tiles off --output pair-f16 --force >&2

# a picture of one tile; run.sh shows the peers this folder only
cp "$root/bench/gguf.py" .
"$peers/run.sh" python3 gguf.py picture
projector=pair/mmproj-spliced-Q8_0.gguf
for type in Q4_0 Q8_0; do
  "$root/smvl" bench --json --model "pair/spliced-$type.gguf" --mmproj "$projector" --threads "$threads" \
    --only limit.read,prompt512,generate,tile,chat,peak.chat,load 2> >(tee header.txt >&2) >"smvl-$type.json"
done
"$peers/run.sh" python3 gguf.py measure "$threads" >&2
"$peers/run.sh" python3 gguf.py table
