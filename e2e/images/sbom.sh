# What is in an image, as SPDX 2.3 (JSON) at /usr/share/sbom/NAME.spdx.json: the NuGet packages of the program, the rules, the model
# packages, and the Debian packages of a base that was made here. Sorted, without times of its own: the same content gives the
# same file. Sourced.

# json TEXT: quoted for JSON.
json() { printf '"%s"' "$(printf '%s' "$1" | sed -e 's/\\/\\\\/g' -e 's/"/\\"/g')"; }

# nuget_packages DEPS: NAME VERSION SHA512 (hexadecimal), one a line, of a program's deps.json.
nuget_packages() {
  awk '
    /^  "libraries"/ { inside = 1; next }
    inside && /^    "[^"]+": / { split($0, quoted, "\""); split(quoted[2], name, "/"); type = ""; hash = "" }
    inside && /"type":/ { split($0, quoted, "\""); type = quoted[4] }
    inside && /"sha512":/ { split($0, quoted, "\""); hash = quoted[4]; sub(/^sha512-/, "", hash) }
    # A package whose assembly is referenced by file (YARP) is a reference here.
    inside && /^    }/ && (type == "package" || type == "reference") { print name[1], name[2], (hash == "" ? "-" : hash) }
  ' "$1" | sort | while read -r name version hash; do
    [ "$hash" = - ] || hash="$(printf '%s' "$hash" | base64 -d | od -An -v -tx1 | tr -d ' \n')"
    echo "$name $version $hash"
  done
}

# sbom_parts IMAGE CONTEXT: lines of KIND NAME VERSION ALGORITHM CHECKSUM, - where there is none.
sbom_parts() {
  local name="$1" context="$2" deps file
  for deps in "$context"/app/*.deps.json; do
    [ ! -e "$deps" ] || nuget_packages "$deps" | awk '{ print "nuget", $1, $2, ($3 == "-" ? "-" : "SHA512"), $3 }'
  done
  for file in "$context"/models/*.tar; do
    [ -e "$file" ] || continue
    basename "$file" .tar | sed -E 's/^(.*)-([0-9]+\.[0-9]+\.[0-9]+.*)$/model \1 \2/' | tr '\n' ' '
    echo "SHA256 $(sha256sum "$file" | cut -d' ' -f1)"
  done
  for file in "$context"/app/*.so "$context"/app/*.so.*; do
    [ ! -e "$file" ] || echo "native $(basename "$file") - SHA256 $(sha256sum "$file" | cut -d' ' -f1)"
  done
  [ ! -d "$context/rules" ] || echo "rules crs $CRS_VERSION - -"
  if [ "$BUILDER" = buildah ] && [ -z "$BASE$INIT_BASE" ]; then
    local packages=("${BASE_PACKAGES[@]}")
    if [ "$name" = init ]; then packages=("${INIT_PACKAGES[@]}")
    else echo "dotnet Microsoft.AspNetCore.App $(runtime_version Microsoft.AspNetCore.App) - -"; fi
    for file in "${packages[@]}"; do
      file="$(find "$WAF_CACHE/packages" -maxdepth 1 -name "${file}_*.deb" | sort -V | tail -n 1)"
      [ -z "$file" ] || echo "deb $(dpkg-deb -W --showformat='${Package} ${Version}' "$file") SHA256 $(sha256sum "$file" | cut -d' ' -f1)"
    done
  fi
}

# purl KIND NAME VERSION: the package's URL, or nothing.
purl() {
  case "$1" in
    nuget | dotnet) echo "pkg:nuget/$2@$3" ;;
    deb) echo "pkg:deb/debian/$2@$(printf '%s' "$3" | sed -e 's/:/%3A/g' -e 's/+/%2B/g')" ;;
    rules) echo "pkg:github/coreruleset/coreruleset@v$3" ;;
  esac
}

# write_sbom IMAGE CONTEXT TAG
write_sbom() {
  local name="$1" context="$2" tag="$3" parts kind part version algorithm checksum url number=0 digest
  mkdir -p "$context/sbom"
  # A base is made before it is described: its packages are fetched by then.
  base_of "$name" >/dev/null
  parts="$(sbom_parts "$name" "$context" | sort -u)"
  digest="$(printf '%s' "$parts" | sha256sum | cut -c1-32)"
  {
    printf '{\n"spdxVersion": "SPDX-2.3",\n"dataLicense": "CC0-1.0",\n"SPDXID": "SPDXRef-DOCUMENT",\n"name": %s,\n' "$(json "$tag")"
    printf '"documentNamespace": "https://wafoperator.dev/sbom/%s-%s",\n' "$name" "$digest"
    printf '"creationInfo": {"created": "%s", "creators": ["Tool: waf-operator-images"]},\n' "$(date -u -d "@$SOURCE_DATE_EPOCH" +%Y-%m-%dT%H:%M:%SZ)"
    printf '"packages": [\n{"SPDXID": "SPDXRef-image", "name": %s, "downloadLocation": "NOASSERTION", "licenseDeclared": "Apache-2.0"}' "$(json "$name")"
    while read -r kind part version algorithm checksum; do
      [ -n "$kind" ] || continue
      number=$((number + 1))
      printf ',\n{"SPDXID": "SPDXRef-%d", "name": %s, "versionInfo": %s, "downloadLocation": "NOASSERTION"' \
        "$number" "$(json "$part")" "$(json "$version")"
      [ "$algorithm" = - ] || printf ', "checksums": [{"algorithm": "%s", "checksumValue": "%s"}]' "$algorithm" "$checksum"
      url="$(purl "$kind" "$part" "$version")"
      [ -z "$url" ] || printf ', "externalRefs": [{"referenceCategory": "PACKAGE-MANAGER", "referenceType": "purl", "referenceLocator": %s}]' "$(json "$url")"
      printf '}'
    done <<<"$parts"
    printf '\n],\n"relationships": [\n{"spdxElementId": "SPDXRef-DOCUMENT", "relationshipType": "DESCRIBES", "relatedSpdxElement": "SPDXRef-image"}'
    while [ "$number" -gt 0 ]; do
      printf ',\n{"spdxElementId": "SPDXRef-image", "relationshipType": "CONTAINS", "relatedSpdxElement": "SPDXRef-%d"}' "$number"
      number=$((number - 1))
    done
    printf '\n]\n}\n'
  } >"$context/sbom/$name.spdx.json"
}
