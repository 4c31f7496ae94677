#!/usr/bin/env bash
# Everything about one GPU in one command, in less than ten minutes: is what it computes right, how fast is it, and how fast are PyTorch and
# transformers beside it. Takes the native binary (SMVL_NATIVE, else artifacts/RID/smvl, else it publishes one), and of the machine a
# Vulkan driver alone. Prints what was checked, then one Markdown table; exits with 1 when a check failed.
#   gpu-suite.sh [--device gpu:N] [--preset full|tiny] [--work DIR] [--seconds N]
#   --device   as smvl devices counts; default: gpu, the first
#   --preset   tiny: small models, to see that the suite itself works; its figures say nothing
#   --work     keeps weights and outputs (3 GB; default: a temporary folder, removed afterwards)
#   --seconds  for everything (570); what is left by then is told and not done
# Checked are every operation against the CPU (smvl devices --check) and the golden answers and trainings of tests/fixtures: with the .NET 10
# SDK by the tests, without it through the binary by bench/gpu_suite.py, for which any Python 3 does. SMVL_PYTHON is a Python with torch
# and transformers (default: python3, where it has them); it sees the work folder only. SMVL_TESTS=0 leaves the SDK alone.
set -euo pipefail
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)

device=gpu preset=full work='' most=570
while (($#)); do
  case $1 in
    --device) device=${2:?} ;;
    --preset) preset=${2:?} ;;
    --work) work=${2:?} ;;
    --seconds) most=${2:?} ;;
    *) sed -n '2,14s/^# \{0,1\}//p' "$0" >&2; exit 2 ;;
  esac
  shift 2
done
case $preset in
  full) text=qwen3-0.6b vision=smolvlm2-256m ;;
  tiny) text=qwen3-tiny vision=smolvlm2-tiny ;;
  *) echo "gpu-suite.sh: --preset must be full or tiny, not $preset" >&2; exit 2 ;;
esac

# what happens goes to the terminal, not to where a step's stderr goes
exec 3>&2
say() { printf '== %3d s: %s\n' "$SECONDS" "$*" >&3; }
fail() { printf 'gpu-suite.sh: %s\n' "$*" >&2; exit 1; }

# Runs a command while there is time; one that fails or has none is told, and the suite goes on.
failed=0
step() {
  local what=$1 left=$((most - SECONDS)) status=0
  shift
  if ((left < 5)); then
    say "$what: no time left"
    failed=1
    return 1
  fi
  say "$what"
  timeout "$left" "$@" || status=$?
  ((status == 0)) && return
  say "$what: failed with $status"
  failed=1
  return 1
}

has_sdk() { [[ ${SMVL_TESTS:-1} != 0 ]] && command -v dotnet >/dev/null && dotnet --list-sdks | grep -q '^10\.'; }

binary=${SMVL_NATIVE:-$(compgen -G "$root/artifacts/*-*/smvl" | head -n 1 || true)}
if [[ -z $binary ]]; then
  command -v dotnet >/dev/null || fail 'no native binary: make one with ./smvl publish where there is a .NET SDK, and name it with SMVL_NATIVE'
  say 'publishing the native binary'
  binary=$("$root/smvl" publish | sed -n 's/: [0-9]* bytes$//p')
fi
[[ -x $binary ]] || fail "SMVL_NATIVE: $binary is no program"
binary=$(cd "$(dirname "$binary")" && pwd)/$(basename "$binary")

if [[ -n $work ]]; then
  mkdir -p "$work"
  cd "$work"
else
  made=$(mktemp -d)
  trap 'rm -rf "$made"' EXIT
  cd "$made"
fi
cp "$root/bench/gpu_suite.py" .

"$binary" devices
step 'every operation against the CPU' "$binary" devices --check --device "$device" || true
if has_sdk; then
  step 'the tests' env SMVL_NATIVE="$binary" SMVL_DEVICE="$device" "$root/smvl" test --filter \
    'FullyQualifiedName~Tensors.Gpu|FullyQualifiedName~NativeProgramTests.GreedyAnswersMatch|FullyQualifiedName~NativeProgramTests.TrainingMatches' || true
elif command -v python3 >/dev/null; then
  step 'golden answers and trainings' python3 gpu_suite.py goldens "$binary" "$device" "$root/tests/fixtures" || true
else
  say 'golden answers and trainings: not compared, as there is neither an SDK nor python3'
fi

if [[ ! -e spliced/config.json ]]; then
  rm -rf text vision spliced
  step 'making weights' "$binary" init --preset "$text" --output text >&2 &&
    step 'making weights' "$binary" init --preset "$vision" --output vision >&2 &&
    step 'splicing them' "$binary" splice --vision vision --text text --output spliced >&2 || exit 1
  rm -rf text vision
fi
step SmVL "$binary" bench --json --preset "$preset" --device "$device" --model spliced >smvl.json 2> >(tee header.txt >&2) || true
"$binary" bench --preset "$preset" --shapes >shapes.json

rm -f peers.json
read -ra python <<<"${SMVL_PYTHON:-python3}"
if "${python[@]}" -c 'import torch, transformers' 2>/dev/null; then
  step 'PyTorch and transformers' "${python[@]}" gpu_suite.py measure "$preset" || true
else
  say 'PyTorch and transformers: not measured, as this machine has none (SMVL_PYTHON)'
fi
if command -v python3 >/dev/null; then
  python3 gpu_suite.py table "$preset"
else
  cat header.txt
fi
say "done, $( ((failed)) && echo 'not everything is right, see above' || echo 'nothing failed')"
exit "$failed"
