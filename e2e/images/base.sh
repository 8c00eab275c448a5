# Base images made of this machine's Debian packages and .NET runtime, for machines that reach no registry. Sourced.
# Users of a registry pass --base instead.

# What ASP.NET Core needs besides itself, and a shell (busybox) to look around in a container.
BASE_PACKAGES=(base-files netbase libc6 libgcc-s1 libstdc++6 libssl3 zlib1g ca-certificates busybox-static)
INIT_PACKAGES=(base-files netbase libc6 busybox-static iptables libip4tc2 libip6tc2 libxtables12 libmnl0 libnftnl11
  libnetfilter-conntrack3 libnfnetlink0)

# unpack_packages ROOT PACKAGE...: a root folder from the files of the packages; nothing is installed or configured.
unpack_packages() {
  local root="$1" archives="$WAF_CACHE/packages" package file
  shift
  mkdir -p "$root" "$archives"
  # Debian 12 has /bin and /lib in /usr; the links must exist before a package creates folders in their place.
  mkdir -p "$root"/usr/{bin,sbin,lib,lib64} "$root"/{tmp,etc,proc,sys,dev,run}
  ln -sfn usr/bin "$root/bin"; ln -sfn usr/sbin "$root/sbin"; ln -sfn usr/lib "$root/lib"; ln -sfn usr/lib64 "$root/lib64"
  chmod 1777 "$root/tmp"
  for package in "$@"; do
    file="$(find "$archives" -name "${package}_*.deb" | sort -V | tail -n 1)"
    if [ -z "$file" ]; then
      (cd "$archives" && apt_download "$package") || fail "could not download the Debian package $package"
      file="$(find "$archives" -name "${package}_*.deb" | sort -V | tail -n 1)"
    fi
    dpkg-deb --fsys-tarfile "$file" | tar -x -C "$root" --keep-directory-symlink
  done
  rm -rf "$root"/usr/share/{doc,man,info,locale,lintian,bash-completion}
  local applet
  for applet in sh ls cat ps wget nc netstat grep sed awk head tail sleep env id date vi nslookup; do
    [ -e "$root/usr/bin/$applet" ] || ln -s busybox "$root/usr/bin/$applet"
  done
  printf 'root:x:0:0:root:/:/bin/sh\nnonroot:x:65532:65532:nonroot:/tmp:/bin/sh\n' >"$root/etc/passwd"
  printf 'root:x:0:\nnonroot:x:65532:\n' >"$root/etc/group"
}

apt_download() {
  apt-get -q -o APT::Sandbox::User=root download "$1" >"$WAF_CACHE/apt-download.log" 2>&1 && return 0
  apt_get update >>"$WAF_CACHE/apt-download.log" 2>&1
  apt-get -q -o APT::Sandbox::User=root download "$1" >>"$WAF_CACHE/apt-download.log" 2>&1
}

dotnet_folder() { dirname "$(readlink -f "$(command -v dotnet)")"; }

# The newest 10.x of each framework that is installed; the ASP.NET one decides the tag.
runtime_version() {
  dotnet --list-runtimes | awk -v name="$1" '$1 == name && $2 ~ /^10\./ {print $2}' | sort -V | tail -n 1
}

# Says the tag of the .NET base on stdout, building it when it is not there.
dotnet_base() {
  local aspnet tag
  aspnet="$(runtime_version Microsoft.AspNetCore.App)"
  [ -n "$aspnet" ] || fail "no ASP.NET Core 10 runtime found: install the .NET 10 SDK"
  tag="registry.local/waf-operator/dotnet-base:$aspnet-1"
  if ! local_buildah inspect --type image "$tag" >/dev/null 2>&1; then
    step "building the .NET base image"
    local root="$WAF_CACHE/base-root" core fxr
    rm -rf "$root"
    unpack_packages "$root" "${BASE_PACKAGES[@]}"
    mkdir -p "$root/etc/ssl/certs"
    cat "$root"/usr/share/ca-certificates/mozilla/*.crt >"$root/etc/ssl/certs/ca-certificates.crt"
    core="$(runtime_version Microsoft.NETCore.App)"
    fxr="$(ls "$(dotnet_folder)/host/fxr" | sort -V | tail -n 1)"
    mkdir -p "$root"/usr/share/dotnet/{host/fxr,shared/Microsoft.NETCore.App,shared/Microsoft.AspNetCore.App}
    cp -a "$(dotnet_folder)/dotnet" "$root/usr/share/dotnet/"
    cp -a "$(dotnet_folder)/host/fxr/$fxr" "$root/usr/share/dotnet/host/fxr/"
    cp -a "$(dotnet_folder)/shared/Microsoft.NETCore.App/$core" "$root/usr/share/dotnet/shared/Microsoft.NETCore.App/"
    cp -a "$(dotnet_folder)/shared/Microsoft.AspNetCore.App/$aspnet" "$root/usr/share/dotnet/shared/Microsoft.AspNetCore.App/"
    ln -sfn ../share/dotnet/dotnet "$root/usr/bin/dotnet"
    image_from_root "$root" "$tag" --env DOTNET_RUNNING_IN_CONTAINER=true --env DOTNET_EnableDiagnostics=0 \
      --env DOTNET_SYSTEM_GLOBALIZATION_INVARIANT=true
  fi
  echo "$tag"
}

init_base() {
  local tag="registry.local/waf-operator/init-base:1"
  if ! local_buildah inspect --type image "$tag" >/dev/null 2>&1; then
    step "building the base image of the init container"
    local root="$WAF_CACHE/init-root"
    rm -rf "$root"
    unpack_packages "$root" "${INIT_PACKAGES[@]}"
    # update-alternatives would choose these; iptables-nft talks to the kernel interface that Debian uses.
    local name
    for name in iptables ip6tables; do ln -sfn xtables-nft-multi "$root/usr/sbin/$name"; done
    image_from_root "$root" "$tag"
  fi
  echo "$tag"
}

# image_from_root ROOT TAG [buildah config options]
image_from_root() {
  local root="$1" tag="$2" container
  shift 2
  container="$(local_buildah from scratch)"
  local_buildah copy -q "$container" "$root" / >/dev/null
  local_buildah config --env PATH=/usr/local/bin:/usr/bin:/usr/sbin:/bin:/sbin "$@" "$container"
  local_buildah commit -q --rm --timestamp "$SOURCE_DATE_EPOCH" "$container" "$tag" >/dev/null
  rm -rf "$root"
}
