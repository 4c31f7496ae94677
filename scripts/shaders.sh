#!/usr/bin/env bash
# Compiles every kernel of src/Smvl/Tensors/Gpu/Shaders/variants.txt to SPIR-V, which is committed and embedded: a build needs no
# compiler. Needs glslc (Debian: glslc, shaderc 2023.2). --output DIR writes there instead; --name NAME compiles that one alone.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../src/Smvl/Tensors/Gpu/Shaders"
output=Spirv
only=
while (($# > 0)); do
  case $1 in
    --output) output=$2 ;;
    --name) only=$2 ;;
    *) echo "shaders.sh: unknown option $1" >&2; exit 2 ;;
  esac
  shift 2
done
command -v glslc >/dev/null || { echo 'shaders.sh: glslc is missing (Debian: apt-get install glslc)' >&2; exit 1; }
mkdir -p "$output"
while read -r name source defines; do
  [[ -z $name || $name == \#* || (-n $only && $name != "$only") ]] && continue
  # shellcheck disable=SC2086
  glslc --target-env=vulkan1.2 -O -Werror $defines -o "$output/$name.spv" "$source"
done <variants.txt
