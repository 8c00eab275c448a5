# OWASP CRS from Debian's package modsecurity-crs, installed or not. Sourced. WAF_RULES names a folder with *.conf and *.data
# files to use instead.

CRS_VERSION=3.3.4

# Says a folder that holds rule sets, each in a folder of its own: crs-3.3.4, with crs-setup.conf beside the rules.
rules_folder() {
  local target="$WAF_CACHE/rules/crs-$CRS_VERSION" source="" partial
  if [ -n "${WAF_RULES:-}" ]; then
    target="$WAF_CACHE/rules-own/crs-$CRS_VERSION"
    rm -rf "$target"
  fi
  if [ ! -e "$target/crs-setup.conf" ]; then
    partial="$target.partial.$$"
    rm -rf "$partial" "$target"
    mkdir -p "$partial"
    if [ -n "${WAF_RULES:-}" ]; then
      cp -rL "$WAF_RULES/." "$partial/"
    else
      [ -e /usr/share/modsecurity-crs/rules ] && [ -e /etc/modsecurity/crs/crs-setup.conf ] || source="$(unpacked_crs)"
      cp -L "$source"/usr/share/modsecurity-crs/rules/*.conf "$source"/usr/share/modsecurity-crs/rules/*.data "$partial/"
      cp -L "$source"/etc/modsecurity/crs/crs-setup.conf "$partial/"
      cp -L "$source"/usr/share/doc/modsecurity-crs/copyright "$partial/COPYRIGHT"
    fi
    mv "$partial" "$target"
  fi
  dirname "$target"
}

# The package's files without installing it (it would bring a web server's module): no root needed.
unpacked_crs() {
  local folder="$WAF_CACHE/packages/modsecurity-crs"
  mkdir -p "$folder"
  if [ ! -e "$folder/files/usr" ]; then
    step "fetching OWASP CRS $CRS_VERSION (Debian's modsecurity-crs)"
    (cd "$folder" && apt-get -q -o APT::Sandbox::User="$(id -un)" download modsecurity-crs >"$WAF_CACHE/apt-download.log" 2>&1) \
      || fail "could not download modsecurity-crs: install it, or set WAF_RULES to a folder with CRS (log: $WAF_CACHE/apt-download.log)"
    dpkg-deb -x "$(ls "$folder"/modsecurity-crs_*.deb | tail -n 1)" "$folder/files"
  fi
  echo "$folder/files"
}
