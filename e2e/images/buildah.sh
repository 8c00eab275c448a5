# buildah with storage of its own, so that images of this project never mix with the user's. Sourced.

# The kernel's overlay file system needs no help from FUSE; where it cannot be used, files are copied.
local_buildah() {
  local command="$1"
  shift
  if [ -z "${WAF_BUILDAH_DRIVER:-}" ]; then
    WAF_BUILDAH_DRIVER=vfs
    mkdir -p "$WAF_CACHE/overlay-try/"{lower,upper,work,merged}
    if mount -t overlay overlay -o "lowerdir=$WAF_CACHE/overlay-try/lower,upperdir=$WAF_CACHE/overlay-try/upper,workdir=$WAF_CACHE/overlay-try/work" \
        "$WAF_CACHE/overlay-try/merged" 2>/dev/null; then
      umount "$WAF_CACHE/overlay-try/merged"
      WAF_BUILDAH_DRIVER=overlay
    fi
    rm -rf "$WAF_CACHE/overlay-try"
    export WAF_BUILDAH_DRIVER
  fi
  STORAGE_DRIVER="$WAF_BUILDAH_DRIVER" CONTAINERS_STORAGE_CONF="$(storage_conf)" \
    buildah --root "$WAF_CACHE/buildah/storage" --runroot "$WAF_CACHE/buildah/run" "$command" "$@"
}

storage_conf() {
  local file="$WAF_CACHE/buildah/storage.conf"
  mkdir -p "$WAF_CACHE/buildah"
  [ -e "$file" ] || printf '[storage]\ndriver = "%s"\ngraphroot = "%s"\nrunroot = "%s"\n' \
    "$WAF_BUILDAH_DRIVER" "$WAF_CACHE/buildah/storage" "$WAF_CACHE/buildah/run" >"$file"
  echo "$file"
}
