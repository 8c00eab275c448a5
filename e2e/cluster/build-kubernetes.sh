#!/usr/bin/env bash
# Builds the Kubernetes programs of the local cluster from Debian's source package, once, into a cache outside the
# checkout. Safe to interrupt and to run twice at the same time.
#
#   build-kubernetes.sh                 all five programs (about 10 minutes on 2 cores)
#   build-kubernetes.sh kube-apiserver  that program only (tests that need an API server and etcd)
#
# Prints nothing on stdout but the folder that holds the programs. Set WAF_KUBERNETES_BIN to bring your own.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")"
. ./lib.sh

ALL=(kube-apiserver kube-controller-manager kube-scheduler kubelet kube-proxy)
HOME_DIR="$WAF_CACHE/kubernetes-$WAF_KUBERNETES_VERSION"
GOPATH_DIR="$HOME_DIR/gopath"
TREE="$GOPATH_DIR/src/k8s.io/kubernetes"
# --version prints the first; the API server's /version, by which clients choose features, is the second.
VERSION_PACKAGES=(k8s.io/kubernetes/vendor/k8s.io/{component-base/version,client-go/pkg/version})

# Programs of a cache that was filled before the correction below are unsafe and count as missing.
missing_programs() {
  local program
  if [ "$WAF_KUBERNETES_BIN" = "$HOME_DIR/bin" ] && [ ! -e "$HOME_DIR/corrected" ]; then
    rm -f "$HOME_DIR/bin"/*
  fi
  for program in "$@"; do
    # An API server of a cache that was filled before /version was set is missing too.
    if [ ! -x "$WAF_KUBERNETES_BIN/$program" ]; then echo "$program"
    elif [ "$program:$WAF_KUBERNETES_BIN" = "kube-apiserver:$HOME_DIR/bin" ] && [ ! -e "$HOME_DIR/version-served" ]; then
      echo "$program"
    fi
  done
}

# Downloads with apt folders of our own, so that the machine's sources stay as they are.
fetch_source() {
  [ -e "$HOME_DIR/fetched" ] && return 0
  local apt="$HOME_DIR/apt"
  rm -rf "$HOME_DIR/download"
  mkdir -p "$apt/lists/partial" "$apt/cache/archives/partial" "$HOME_DIR/download"
  local address
  address="$(debian_source bookworm)" || exit 1
  echo "deb-src $address bookworm main" >"$apt/sources.list"
  local options=(-q -o "Dir::Etc::SourceList=$apt/sources.list" -o Dir::Etc::SourceParts=/dev/null
    -o "Dir::State::Lists=$apt/lists" -o "Dir::Cache=$apt/cache" -o Acquire::Retries=3
    -o APT::Sandbox::User=root)
  step "fetching the kubernetes source package"
  apt-get "${options[@]}" update >"$HOME_DIR/fetch.log" 2>&1 \
    && (cd "$HOME_DIR/download" && apt-get "${options[@]}" source --download-only kubernetes) >>"$HOME_DIR/fetch.log" 2>&1 \
    || { tail -n 15 "$HOME_DIR/fetch.log" >&2; fail "could not fetch the kubernetes source package (log: $HOME_DIR/fetch.log)"; }
  touch "$HOME_DIR/fetched"
}

unpack_source() {
  [ -e "$HOME_DIR/unpacked" ] && return 0
  local archive
  archive="$(ls "$HOME_DIR"/download/kubernetes_*.orig.tar.* | head -n 1)"
  step "unpacking $(basename "$archive")"
  rm -rf "$TREE"
  mkdir -p "$TREE"
  tar -xf "$archive" -C "$TREE" --strip-components=1
  touch "$HOME_DIR/unpacked"
}

# The vendored reflect2 1.0.1 reaches into the Go runtime, and since Go 1.18 the runtime wants the caller to bring the map
# iterator's memory. Uncorrected, encoding an object with a non-empty map (an unlucky PATCH) crashes the API server.
correct_reflect2() {
  local folder="$TREE/vendor/github.com/modern-go/reflect2"
  [ -e "$HOME_DIR/corrected" ] && return 0
  sed -i -e '/^func mapiterinit(/s/.*/func mapiterinit(rtype unsafe.Pointer, m unsafe.Pointer, it *hiter)/' \
    -e 's|^\t// rest fields are ignored$|\tpointers [6]unsafe.Pointer\n\trest [8]uintptr|' "$folder/unsafe_link.go"
  sed -i -e 's/^\treturn &UnsafeMapIterator{$/\tit := new(hiter)\n\tmapiterinit(type2.rtype, *(*unsafe.Pointer)(obj), it)\n&/' \
    -e 's/^\t\thiter: .*mapiterinit(.*/\t\thiter: it,/' "$folder/unsafe_map.go"
  grep -q 'm unsafe.Pointer, it \*hiter' "$folder/unsafe_link.go" && grep -q 'pointers \[6\]' "$folder/unsafe_link.go" \
    && grep -q 'hiter: it,' "$folder/unsafe_map.go" || fail "reflect2 is not the version that this script corrects"
  touch "$HOME_DIR/corrected"
}

go_env() {
  env GO111MODULE=off CGO_ENABLED=0 GOFLAGS= GOPATH="$GOPATH_DIR" GOCACHE="$HOME_DIR/go-build" "$@"
}

# Every package with a hand-written file that asks for OpenAPI definitions, by its import path.
openapi_packages() {
  local staging="api apimachinery apiextensions-apiserver apiserver client-go component-base kube-aggregator metrics
    kube-proxy kubelet kube-scheduler kube-controller-manager cloud-provider controller-manager"
  local folders=(pkg) name
  for name in $staging; do folders+=("staging/src/k8s.io/$name"); done
  grep -rl --include='*.go' --exclude='zz_generated*' '+k8s:openapi-gen=' "${folders[@]}" \
    | xargs -n 1 dirname | sort -u \
    | sed -e 's#^staging/src/#k8s.io/kubernetes/vendor/#' -e 's#^pkg#k8s.io/kubernetes/pkg#'
}

generate_openapi() {
  [ -e "$HOME_DIR/openapi-generated" ] && return 0
  step "generating the API server's OpenAPI definitions"
  cd "$TREE"
  mkdir -p "$HOME_DIR/tools"
  go_env go build -o "$HOME_DIR/tools/openapi-gen" k8s.io/kubernetes/vendor/k8s.io/kube-openapi/cmd/openapi-gen
  go_env "$HOME_DIR/tools/openapi-gen" \
    --output-file-base zz_generated.openapi \
    --output-package k8s.io/kubernetes/pkg/generated/openapi \
    --go-header-file hack/boilerplate/boilerplate.generatego.txt \
    --input-dirs "$(openapi_packages | paste -sd,)" >"$HOME_DIR/openapi.log" 2>&1 \
    || { tail -n 15 "$HOME_DIR/openapi.log" >&2; fail "openapi-gen failed (log: $HOME_DIR/openapi.log)"; }
  [ -s pkg/generated/openapi/zz_generated.openapi.go ] || fail "openapi-gen wrote no file (log: $HOME_DIR/openapi.log)"
  touch "$HOME_DIR/openapi-generated"
}

build_program() {
  local program="$1" started
  started=$(date +%s)
  step "building $program (a few minutes)"
  cd "$TREE"
  mkdir -p "$WAF_KUBERNETES_BIN"
  local flags="-s -w" package
  for package in "${VERSION_PACKAGES[@]}"; do
    flags+=" -X $package.gitVersion=v$WAF_KUBERNETES_VERSION -X $package.gitMajor=1 -X $package.gitMinor=20"
  done
  go_env nice -n "${WAF_BUILD_NICE:-5}" go build -o "$WAF_KUBERNETES_BIN/.$program.partial" -ldflags "$flags" \
    "k8s.io/kubernetes/cmd/$program" || fail "go build of $program failed"
  mv "$WAF_KUBERNETES_BIN/.$program.partial" "$WAF_KUBERNETES_BIN/$program"
  [ "$program" != kube-apiserver ] || touch "$HOME_DIR/version-served"
  step "built $program in $(( $(date +%s) - started )) s"
}

build() {
  local programs
  mapfile -t programs < <(missing_programs "$@")
  [ ${#programs[@]} -gt 0 ] || return 0
  install_packages go=golang-go dpkg-source=dpkg-dev
  fetch_source
  unpack_source
  correct_reflect2
  (generate_openapi)
  local program
  for program in "${programs[@]}"; do (build_program "$program"); done
  # The compiler's cache is larger than everything else and is of no use once all programs exist.
  if [ -z "$(missing_programs "${ALL[@]}")" ]; then rm -rf "$HOME_DIR/go-build" "$HOME_DIR/apt"; fi
}

wanted=("$@")
[ ${#wanted[@]} -gt 0 ] || wanted=("${ALL[@]}")
if [ -n "$(missing_programs "${wanted[@]}")" ]; then
  mkdir -p "$HOME_DIR"
  with_lock "kubernetes-$WAF_KUBERNETES_VERSION" build "${wanted[@]}"
fi
echo "$WAF_KUBERNETES_BIN"
