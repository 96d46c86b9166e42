#!/usr/bin/env bash
# Installs the Debian packages that the build needs and that are missing; says which.
set -euo pipefail
needed=(
  libzstd-dev libsqlite3-dev libicu-dev zlib1g-dev libssl-dev # shardify
  libopenblas-dev libopenmpi-dev openmpi-bin                  # train-from-manifest
  pkg-config zstd python3                                     # build and tests
)
missing=()
for package in "${needed[@]}"; do
  # A Python that was not installed as a package serves as well.
  if [ "$package" = python3 ] && command -v python3 >/dev/null; then continue; fi
  dpkg-query -W -f '${Status}' "$package" 2>/dev/null | grep -q 'install ok installed' ||
    missing+=("$package")
done
if [ ${#missing[@]} -eq 0 ]; then exit 0; fi
echo "installing Debian packages: ${missing[*]}"
run=()
if [ "$(id -u)" != 0 ]; then
  command -v sudo >/dev/null || {
    echo "error: not root and no sudo; run as root: apt-get install ${missing[*]}" >&2
    exit 1
  }
  run=(sudo)
fi
"${run[@]}" apt-get update -qq
"${run[@]}" env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends \
  "${missing[@]}" >/dev/null
