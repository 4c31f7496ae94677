# Sourced by the launcher and by scripts: how they fail, and how they get what is missing.

fail() { printf 'smvl: error: %s\n' "$1" >&2; exit 1; }

# apt_install WHY PACKAGE...: where it is allowed to; otherwise fails with WHY and the command to run.
apt_install() {
  local why=$1 sudo=()
  shift
  if [[ $(id -u) != 0 ]]; then
    sudo -n true 2>/dev/null || fail "$why; run: sudo apt-get install $*"
    sudo=(sudo)
  fi
  echo "smvl: installing: apt-get install $*" >&2
  { "${sudo[@]}" apt-get install -y -qq "$@" || { "${sudo[@]}" apt-get update -qq && "${sudo[@]}" apt-get install -y -qq "$@"; }; } >&2
}
