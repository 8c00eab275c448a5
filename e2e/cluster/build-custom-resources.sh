#!/usr/bin/env bash
# Builds today's custom-resource API server (Debian sid's library k8s.io/apiextensions-apiserver has its main program), to test
# manifests of our kinds, their CEL rules and server-side apply against what users' clusters run. Once, into a cache outside the
# checkout (about 8 minutes on 2 cores, 350 MB of packages). Prints the program's path on stdout.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")"
. ./lib.sh

HOME_DIR="$WAF_CACHE/custom-resources"
PROGRAM="$HOME_DIR/bin/apiextensions-apiserver"
ROOT_DIR="$HOME_DIR/root"

# sid's packages in folders of their own, with an empty status file: the machine's apt does not see them.
sid() {
  local apt="$HOME_DIR/apt"
  mkdir -p "$apt/lists/partial" "$apt/cache/archives/partial" "$apt/etc"
  : >"$apt/status"
  # sid is served beside bookworm, wherever this machine gets that from.
  local address
  address="$(debian_source bookworm)" || exit 1
  echo "deb [signed-by=/usr/share/keyrings/debian-archive-keyring.gpg] $address sid main" >"$apt/etc/sources.list"
  apt-get -q -o "Dir::Etc::SourceList=$apt/etc/sources.list" -o Dir::Etc::SourceParts=/dev/null -o "Dir::State::Lists=$apt/lists" \
    -o "Dir::State::status=$apt/status" -o "Dir::Cache=$apt/cache" -o Acquire::Retries=3 -o APT::Sandbox::User=root \
    -o Debug::NoLocking=1 -o APT::Get::List-Cleanup=0 "$@"
}

fetch() {
  [ -e "$HOME_DIR/fetched" ] && return 0
  step "fetching the custom-resource server's source from Debian sid"
  { sid update && sid install -y --no-install-recommends --download-only golang-k8s-apiextensions-apiserver-dev golang-go; } \
    >"$HOME_DIR/fetch.log" 2>&1 || { tail -n 12 "$HOME_DIR/fetch.log" >&2; fail "could not fetch from Debian sid (log: $HOME_DIR/fetch.log)"; }
  touch "$HOME_DIR/fetched"
}

unpack() {
  [ -e "$HOME_DIR/unpacked" ] && return 0
  step "unpacking"
  rm -rf "$ROOT_DIR"
  mkdir -p "$ROOT_DIR"
  local archive
  for archive in "$HOME_DIR"/apt/cache/archives/golang-*.deb; do dpkg -x "$archive" "$ROOT_DIR"; done
  touch "$HOME_DIR/unpacked"
}

build() {
  [ -x "$PROGRAM" ] && return 0
  fetch
  unpack
  local go
  go="$(ls -d "$ROOT_DIR"/usr/lib/go-*/bin/go | sort -V | tail -n 1)"
  step "building apiextensions-apiserver with $("$go" version | awk '{print $3}') (several minutes)"
  mkdir -p "$(dirname "$PROGRAM")"
  # GOROOT's src is a link into usr/share, absolute in the package.
  local goroot
  goroot="$(dirname "$(dirname "$go")")"
  local link
  for link in "$goroot"/*; do
    if [ -L "$link" ] && [ ! -e "$link" ]; then
      case "$(readlink "$link")" in /*) ln -sfn "$ROOT_DIR$(readlink "$link")" "$link" ;; esac
    fi
  done
  env GOROOT="$goroot" GO111MODULE=off CGO_ENABLED=0 GOTOOLCHAIN=local GOFLAGS= GOPATH="$ROOT_DIR/usr/share/gocode" \
    GOCACHE="$HOME_DIR/go-build" nice -n "${WAF_BUILD_NICE:-5}" \
    "$go" build -ldflags "-s -w" -o "$PROGRAM.partial" k8s.io/apiextensions-apiserver || fail "go build of apiextensions-apiserver failed"
  mv "$PROGRAM.partial" "$PROGRAM"
  rm -rf "$HOME_DIR/go-build" "$HOME_DIR/apt/cache"
  step "built apiextensions-apiserver"
}

if [ ! -x "$PROGRAM" ]; then
  mkdir -p "$HOME_DIR"
  with_lock custom-resources build
fi
echo "$PROGRAM"
