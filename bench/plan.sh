#!/usr/bin/env bash
# What smvl plan says of a run beside what the run then takes: peak of memory and seconds, as often as asked, the median of the seconds below.
#   plan.sh [--runs N] [CONFIG] [--key value...]
# Everything but --runs (3) goes to smvl plan and smvl train as it is; give --max_steps for a run of a minute or so. Without anything:
# configs/demo_train.yaml. Run by hand on a machine that does nothing else; results go into bench/RESULTS.md.
set -euo pipefail
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
runs=3
if [[ ${1:-} == --runs ]]; then
  runs=${2:?}
  shift 2
fi
[[ $# -gt 0 ]] || set -- "$root/configs/demo_train.yaml"
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

echo '| run | peak expected | was | | seconds expected | were | |'
echo '|---|---:|---:|---:|---:|---:|---:|'
for ((i = 1; i <= runs; i++)); do
  "$root/smvl" plan "$@" --json >"$work/plan.json" 2>"$work/plan.err" || { cat "$work/plan.err" >&2; exit 1; }
  "$root/smvl" train "$@" --output_dir "$work/run" --report_to none >"$work/train.txt" 2>&1 || { tail -n 5 "$work/train.txt" >&2; exit 1; }
  python3 - "$i" "$work" <<'PYTHON'
import json, sys
run, work = sys.argv[1:]
plan, forecast = json.load(open(f"{work}/plan.json")), json.load(open(f"{work}/run/forecast.json"))
took = next(entry["train_runtime"] for entry in reversed([json.loads(line) for line in open(f"{work}/run/log.jsonl")]) if "train_runtime" in entry)
peak, was = plan["peak_memory_bytes"], forecast["peak_memory_bytes"]["measured"]
print(f"| {run} | {peak / 2**20:.0f} MiB | {was / 2**20:.0f} MiB | {100 * (peak / was - 1):+.1f} % | {plan['seconds']:.1f} | {took:.1f} | {100 * (plan['seconds'] / took - 1):+.1f} % |")
with open(f"{work}/seconds", "a") as seconds:
    print(plan["seconds"] / took, file=seconds)
PYTHON
  rm -rf "$work/run"
done
python3 -c 'import statistics, sys; print(f"median of the seconds: {100 * (statistics.median(map(float, open(sys.argv[1]))) - 1):+.1f} %")' "$work/seconds"
