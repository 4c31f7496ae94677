#!/bin/bash
# Checks by hand that llama.cpp runs what smvl export gguf writes: check_gguf.sh PEERS TOKENIZER FULL
#
# PEERS      a command that runs llama.cpp's tools, and Python with numpy, safetensors and Pillow, and sees the folder it is called in
# TOKENIZER  a folder with Qwen's vocab.json and merges.txt
# FULL       a full-size spliced folder
#
# A tiny model with the real vocabulary as F32, and FULL as F16: the same 16 greedy tokens from llama-completion as from us
# (smvl export --verify compares them), and the same answer from llama-mtmd-cli about a picture of exactly one tile.
set -euo pipefail
[[ $# == 3 ]] || { sed -n '2,/^set/p' "$0" | grep '^#' | sed 's/^# \?//' >&2; exit 2; }
smvl=$(cd "$(dirname "$0")/.." && pwd)/smvl
peers=$(realpath "$1") tokenizer=$(realpath "$2") full=$(realpath "$3")
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"

# llama-completion where the peers see it: beside the model
cat > llama-completion <<END
#!/bin/bash
args=("\$@")
for i in "\${!args[@]}"; do [[ \${args[i]} == -m ]] && { cd "\$(dirname "\${args[i+1]}")"; args[i+1]=\$(basename "\${args[i+1]}"); }; done
exec "$peers" llama-completion "\${args[@]}"
END
chmod +x llama-completion
export SMVL_LLAMA_COMPLETION=$work/llama-completion

"$smvl" init --preset smolvlm2-tiny --output vision
"$smvl" init --preset qwen3-tiny --output text
cp "$tokenizer"/{vocab.json,merges.txt} .
cat > widen.py <<'END'
import json, os
import numpy as np
from PIL import Image
from safetensors.numpy import save_file
from safetensors import safe_open

# the tiny text model with the real vocabulary, and weights large enough that tokens differ
config = json.load(open("text/config.json"))
config.update(vocab_size=151936, bos_token_id=151643, eos_token_id=151645, torch_dtype="float32")
json.dump(config, open("text/config.json", "w"))
json.dump(dict(bos_token_id=151643, eos_token_id=[151645, 151643], pad_token_id=151643), open("text/generation_config.json", "w"))
rng = np.random.default_rng(0)
with safe_open("text/model.safetensors", "numpy") as file:
    shapes = {name: file.get_slice(name).get_shape() for name in file.keys()}
shapes["model.embed_tokens.weight"] = [151936, config["hidden_size"]]
save_file({name: (1 + 0.1 * rng.standard_normal(shape) if len(shape) == 1 else 0.1 * rng.standard_normal(shape)).astype(np.float32)
           for name, shape in shapes.items()}, "text/model.safetensors", {"format": "pt"})
for name in ("tokenizer.json", "tokenizer_config.json"):
    os.remove("text/" + name)
for name in ("vocab.json", "merges.txt"):
    os.replace(name, "text/" + name)
for edge in (64, 512):
    y, x = np.mgrid[0:edge, 0:edge]
    Image.fromarray(np.stack([x * 255 // edge, y * 255 // edge, (x * y) % 256], -1).astype(np.uint8)).save(f"picture-{edge}.png")
END
"$peers" python3 widen.py
"$smvl" splice --vision vision --text text --output tiny

failed=0
check() { # name, folder, type, edge of a tile
    "$smvl" export gguf "$2" --type "$3" --tiles off --verify --output out
    local model mmproj
    model=$(basename "$2")-${3^^}.gguf mmproj=mmproj-$(basename "$2")-${3^^}.gguf
    local question="图中有什么？"
    # --thinking on: llama-mtmd-cli leaves the think block to the model
    "$smvl" chat "out/$model" --mmproj "out/$mmproj" --image "picture-$4.png" "$question" --thinking on --temperature 0 --max_new_tokens 16 > ours.txt
    "$peers" llama-mtmd-cli -m "out/$model" --mmproj "out/$mmproj" --image "picture-$4.png" -p "$question" -n 16 --temp 0 --jinja \
        -ctk f32 -ctv f32 -fa off -t 2 > theirs.txt 2> log.txt || { tail -3 log.txt >&2; failed=1; return; }
    # without the white space and the end mark around the answer
    if [[ "$(tr -d '[:space:]' < ours.txt)" == "$(tr -d '[:space:]' < theirs.txt)" ]]; then
        echo "$1: llama-mtmd-cli gives our answer: $(tr '\n' ' ' < ours.txt)"
    else
        echo "$1: llama-mtmd-cli answers otherwise:"; head -c 400 ours.txt; echo; head -c 400 theirs.txt; failed=1
    fi
    rm -r out
}
check "tiny, F32" "$work/tiny" f32 64
check "full size, F16" "$full" f16 512
exit $failed
