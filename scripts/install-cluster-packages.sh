#!/usr/bin/env bash
# Installs what `make test-cluster` needs and is missing: Slurm, munge, iproute2. Starts no service.
set -euo pipefail
needed=(slurmctld slurmd slurm-client munge iproute2 util-linux)
missing=()
for package in "${needed[@]}"; do
  dpkg-query -W -f '${Status}' "$package" 2>/dev/null | grep -q 'install ok installed' || missing+=("$package")
done
[ ${#missing[@]} -gt 0 ] || exit 0
echo "installing Debian packages: ${missing[*]}"
apt-get update -qq
# In run level 1 the packages' scripts start no daemons.
RUNLEVEL=1 DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "${missing[@]}" >/dev/null
