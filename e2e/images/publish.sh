# What goes into each image: programs, rules, models, and a hash of everything they are made of. Sourced.

ALL_IMAGES=(operator sidecar init shop inference console)

project_of() {
  case "$1" in
    operator) echo operator/Host ;;
    sidecar) echo sidecar/Host ;;
    shop) echo e2e/Shop ;;
    inference) echo models/Server ;;
    console) echo operator/Console ;;
  esac
}

# Folders whose content ends up in the image. Wider than needed is safe: it builds once too often.
inputs_of() {
  case "$1" in
    operator) echo operator crds models/packages ;;
    console) echo operator/Console operator/Kubernetes operator/Policies operator/Recordings sidecar crds models/Features models/OnnxRuntime models/packages ;;
    sidecar) echo sidecar crds operator/Policies models/Features models/OnnxRuntime models/packages ;;
    inference) echo models/Server models/Features models/OnnxRuntime models/packages sidecar/Listening crds ;;
    shop) echo e2e/Shop ;;
  esac
}

image_hash() {
  local name="$1" folders=() folder
  for folder in $(inputs_of "$name"); do [ ! -e "$ROOT/$folder" ] || folders+=("$folder"); done
  (
    cd "$ROOT"
    {
      if [ ${#folders[@]} -gt 0 ]; then
        find "${folders[@]}" \( -name bin -o -name obj -o -name golden -o -name TestResults \) -prune -o -type f -print0 \
          | sort -z | xargs -0 sha256sum
      fi
      sha256sum Directory.Build.props Directory.Packages.props e2e/images/base.sh e2e/images/publish.sh \
        "e2e/images/$name.Dockerfile" e2e/images/waf-redirect e2e/images/sbom.sh
      echo "${PLATFORM:-} ${GPU:-}"
      dotnet --version
      case "$name" in operator | sidecar | console) (cd "$(rules_folder)" && find . -type f -print0 | sort -z | xargs -0 sha256sum) ;; esac
    } | sha256sum | cut -c1-32
  )
}

# Ahead-of-time code needs a compiler package from NuGet; where it cannot be had, the programs start more slowly.
publish() {
  local project="$1" output="$2"
  shift 2
  rm -rf "$output"
  [ "${GPU:-no}" = no ] || set -- "$@" -p:WafGpu=true
  dotnet publish "$ROOT/$project" -c Release --nologo -v q -o "$output" -r "$PLATFORM" --self-contained false "$@"
}

# make_context IMAGE FOLDER: the folder that the image is built from.
make_context() {
  local name="$1" context="$2" project log
  rm -rf "$context"
  mkdir -p "$context"
  project="$(project_of "$name")"
  if [ -n "$project" ]; then
    log="$WAF_CACHE/publish-$name.log"
    publish "$project" "$context/app" -p:PublishReadyToRun=true >"$log" 2>&1 \
      || publish "$project" "$context/app" -p:PublishReadyToRun=false >>"$log" 2>&1 \
      || { tail -n 20 "$log" >&2; fail "could not publish $project (log: $log)"; }
    rm -f "$context"/app/*.pdb
  fi
  case "$name" in
    operator | sidecar | console)
      mkdir -p "$context/rules"
      cp -r "$(rules_folder)/." "$context/rules/"
      ;;
    init) cp "$IMAGES/waf-redirect" "$context/" ;;
  esac
  case "$name" in
    operator | sidecar | inference | console)
      mkdir -p "$context/models"
      [ ! -d "$ROOT/models/packages" ] || cp -r "$ROOT/models/packages/." "$context/models/"
      ;;
  esac
}
