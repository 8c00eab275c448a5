# The Go that draws charts where helm is missing: Debian's Go with packaged libraries, in GOPATH mode. Sourced.

RENDER="$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)"

go_for_charts() {
  install_packages go=golang-go \
    /usr/share/gocode/src/github.com/Masterminds/sprig=golang-github-masterminds-sprig-dev \
    /usr/share/gocode/src/sigs.k8s.io/yaml=golang-k8s-sigs-yaml-dev \
    /usr/share/gocode/src/github.com/xeipuuv/gojsonschema=golang-github-xeipuuv-gojsonschema-dev
  (cd "$RENDER" && GO111MODULE=off CGO_ENABLED=0 GOFLAGS= GOPATH=/usr/share/gocode GOCACHE="$WAF_CACHE/go-build" go "$@")
}

# Says where the program is, building it when its source is new.
render_program() {
  local program
  program="$WAF_CACHE/tools/render-$(sha256sum "$RENDER/render.go" | cut -c1-16)"
  if [ ! -x "$program" ]; then
    mkdir -p "$WAF_CACHE/tools"
    step "building the chart renderer (helm is not on PATH)"
    go_for_charts build -o "$program.partial" render.go || fail "could not build charts/render"
    mv "$program.partial" "$program"
  fi
  echo "$program"
}
