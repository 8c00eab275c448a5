# Shared by the scripts of this folder: progress lines, places, packages. Sourced, never run.

WAF_CACHE="${WAF_CACHE:-$HOME/.cache/waf-operator}"
WAF_KUBERNETES_VERSION=1.20.2
WAF_KUBERNETES_BIN="${WAF_KUBERNETES_BIN:-$WAF_CACHE/kubernetes-$WAF_KUBERNETES_VERSION/bin}"
WAF_STARTED="${WAF_STARTED:-$(date +%s)}"
export WAF_CACHE WAF_STARTED

# step TEXT...: one progress line with the time since the command began.
step() {
  local elapsed=$(( $(date +%s) - WAF_STARTED ))
  printf '[%02d:%02d] %s\n' $((elapsed / 60)) $((elapsed % 60)) "$*" >&2
}

# fail TEXT...: says what is wrong (and, by convention, what to do next) and ends the script.
fail() {
  step "FAILED: $*"
  exit 1
}

need_root() {
  [ "$(id -u)" = 0 ] || fail "$1 needs root. Run it with sudo, or set KUBECONFIG to use an existing cluster."
}

# install_packages COMMAND=PACKAGE...: installs the packages whose command (or file, if it starts with /) is missing. Who brought a
# command does not matter: a kubectl of another package counts. One package that cannot be installed does not keep the others away.
install_packages() {
  local pair packages=() missing=()
  missing_packages "$@"
  [ ${#missing[@]} -gt 0 ] || return 0
  packages=("${missing[@]#*=}")
  need_root "Installing ${packages[*]}"
  step "installing Debian packages: ${packages[*]}"
  local log="$WAF_CACHE/apt.log"
  mkdir -p "$WAF_CACHE"
  apt_get install -y --no-install-recommends "${packages[@]}" >"$log" 2>&1 && return 0
  { apt_get update && apt_get install -y --no-install-recommends "${packages[@]}"; } >>"$log" 2>&1 && return 0
  for pair in "${missing[@]}"; do
    apt_get install -y --no-install-recommends "${pair#*=}" >>"$log" 2>&1 || true
  done
  missing_packages "${missing[@]}"
  [ ${#missing[@]} -gt 0 ] || return 0
  tail -n 15 "$log" >&2
  fail "apt-get could not install ${missing[*]#*=} (whole log: $log)"
}

# Sets the caller's missing to those of COMMAND=PACKAGE... whose command or file is not there.
missing_packages() {
  local pair
  missing=()
  for pair in "$@"; do
    case "$pair" in
      /*) [ -e "${pair%%=*}" ] || missing+=("$pair") ;;
      *) PATH="$PATH:/usr/sbin:/usr/bin:/sbin:/bin" command -v "${pair%%=*}" >/dev/null 2>&1 || missing+=("$pair") ;;
    esac
  done
}

# policy-rc.d would be the polite way to keep a package from starting its service; RUNLEVEL=1 does the same for
# invoke-rc.d without writing to /usr/sbin, and a service that is running already is left as it is.
apt_get() {
  RUNLEVEL=1 DEBIAN_FRONTEND=noninteractive apt-get -o DPkg::Lock::Timeout=600 -o Acquire::Retries=3 -q "$@"
}

# with_lock NAME COMMAND...: runs the command while holding a lock, so that two callers wait instead of colliding.
with_lock() {
  local name="$1" descriptor
  shift
  mkdir -p "$WAF_CACHE"
  exec {descriptor}>"$WAF_CACHE/$name.lock"
  if ! flock -n "$descriptor"; then
    step "another run is working on $name: waiting for it"
    flock "$descriptor"
  fi
  "$@"
  local status=$?
  exec {descriptor}>&-
  return $status
}

# debian_sources RELEASE: the addresses from which this machine's apt gets that release's main section, one a line.
debian_sources() {
  apt-get indextargets --format '$(RELEASE) $(COMPONENT) $(REPO_URI)' 'Created-By: Packages' \
    | awk -v release="$1" '$1 == release && $2 == "main" { print $3 }' | sort -u
}

# debian_source RELEASE: the first of them; ends the script with the next step where apt knows none.
debian_source() {
  local address
  address="$(debian_sources "$1" | head -n 1)"
  [ -n "$address" ] || fail "apt has no source for Debian $1: add one to /etc/apt and run apt-get update"
  echo "$address"
}
