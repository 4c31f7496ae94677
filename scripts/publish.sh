#!/usr/bin/env bash
# smvl publish: one self-contained native binary, by .NET's ahead-of-time compiler. What it can and cannot: docs/native.md
#   --cpu LEVEL      x86-64-v2, x86-64-v3 or x86-64-v4: what the binary computes with, and what it needs to start; default: this machine's
#   --output DIR     where the binary goes; default: artifacts/RID
#   --framework F    net10.0 or net9.0; default: net10.0 where its ahead-of-time runtime restores, else net9.0
set -euo pipefail
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
source "$root/scripts/install.sh"

usage() { printf 'smvl: usage: %s\n' "$1" >&2; exit 2; }

this_rid() {
  case "$(uname -s) $(uname -m)" in
    'Linux x86_64') echo linux-x64 ;;
    'Linux aarch64') echo linux-arm64 ;;
    'Darwin arm64') echo osx-arm64 ;;
    *) fail "no native binary is made on $(uname -s) $(uname -m); docs/native.md says where" ;;
  esac
}

# The widest vectors that the engine has code for and this machine has; nothing where there is no choice.
this_cpu() {
  [[ $1 == linux-x64 ]] || return 0
  local flags
  flags=" $(grep -m1 '^flags' /proc/cpuinfo) "
  has() { local flag; for flag in "$@"; do [[ $flags == *" $flag "* ]] || return 1; done; }
  if ! has avx2 fma bmi1 bmi2 f16c movbe abm; then echo x86-64-v2
  elif ! has avx512f avx512bw avx512cd avx512dq avx512vl; then echo x86-64-v3
  else echo x86-64-v4
  fi
}

# Prints a C compiler that links.
compiler() {
  local cc
  for cc in gcc clang; do
    if command -v "$cc" >/dev/null && echo 'int main(void) { return 0; }' | "$cc" -x c -o /dev/null - 2>/dev/null; then
      echo "$cc"
      return
    fi
  done
}

need_linker() {
  linker=$(compiler)
  if [[ $(uname) == Darwin ]]; then
    [[ -n $linker ]] || fail "no linker; run: xcode-select --install"
  elif [[ -z $linker ]] || ! command -v objcopy >/dev/null; then
    command -v apt-get >/dev/null || fail 'no linker; install gcc, the C library'\''s headers and binutils'
    apt_install 'no linker' gcc libc6-dev binutils
    linker=$(compiler)
    [[ -n $linker ]] || fail 'gcc is there and does not link: try gcc on a program of one line'
  fi
}

rid=$(this_rid)
cpu='' output='' framework=''
while (($#)); do
  case $1 in
    --cpu | --output | --framework) [[ -n ${2:-} ]] || usage "$1 needs a value" ;;
    *) usage "$1 is no option of publish; see the head of scripts/publish.sh" ;;
  esac
  case $1 in
    --cpu) cpu=$2 ;;
    --output) output=$2 ;;
    --framework) framework=$2 ;;
  esac
  shift 2
done
if [[ -n $cpu ]]; then
  [[ $rid == *-x64 ]] || usage "--cpu is for x64; $rid has one level"
  [[ $cpu =~ ^x86-64-v[234]$ ]] || usage "--cpu must be x86-64-v2, x86-64-v3 or x86-64-v4, not $cpu"
fi
[[ -z $framework || $framework =~ ^net(9|10)\.0$ ]] || usage "--framework must be net10.0 or net9.0, not $framework"
cpu=${cpu:-$(this_cpu "$rid")}
output=${output:-$root/artifacts/$rid}
need_linker

# Folders of their own: an ordinary build is not disturbed, and has nothing to compile again. What an ordinary build checks is not
# checked again; the ahead-of-time compiler's own warnings are errors.
native() {
  local verb=$1
  shift
  dotnet "$verb" "$root/src/Smvl.Cli" -r "$rid" --artifacts-path "$root/artifacts/$framework" -v quiet -p:SmvlFramework="$framework" \
    -p:PublishAot=true -p:SmvlInstructionSet="$cpu" -p:CppCompilerAndLinker="$linker" \
    -p:RunAnalyzers=false -p:EnforceCodeStyleInBuild=false -p:GenerateDocumentationFile=false "$@"
}

if [[ -z $framework ]]; then
  framework=net10.0
  if ! native restore >/dev/null 2>&1; then
    echo "smvl: net10.0's ahead-of-time runtime for $rid does not restore, net9.0's is taken" >&2
    framework=net9.0
  fi
fi
echo "smvl: publishing for $rid${cpu:+, $cpu} ($framework), a minute or two" >&2
native publish -c Release -o "$root/artifacts/$framework/program" >&2 || fail 'the native build failed, see above'
mkdir -p "$output"
cp "$root/artifacts/$framework/program/Smvl.Cli" "$output/smvl.new"
mv "$output/smvl.new" "$output/smvl"
# SQLite, which writes the database of swanlab watch; everything else works without it
for library in "$root/artifacts/$framework/program/"*e_sqlite3.{so,dylib}; do
  [[ ! -e $library ]] || cp "$library" "$output/"
done
echo "$output/smvl: $(wc -c <"$output/smvl" | tr -d ' ') bytes"
