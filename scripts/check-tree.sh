#!/usr/bin/env bash
# Checks what swift format does not: no traps on paths that input reaches, no unfinished marks.
set -euo pipefail
cd "$(dirname "$0")/.."
status=0
refuse() { # what, pattern, paths...
  local what=$1 pattern=$2
  shift 2
  if grep -rnE "$pattern" --include='*.swift' "$@"; then
    echo "error: $what" >&2
    status=1
  fi
}
refuse "a trap on a path that input may reach" '(fatalError\(|try!|as! |preconditionFailure\()' Sources
refuse "an unfinished mark without an issue" '\b(TODO|FIXME)\b([^(]|$)' Sources Tests
refuse "randomness that is not seeded" \
  '(hashValue|\.randomElement\(\)|\.shuffled\(\)|SystemRandomNumberGenerator)' Sources
for module in Sources/*/; do
  case $module in Sources/C[A-Z]*) continue ;; esac
  [ -f "$module/README.md" ] || { echo "error: no $module/README.md" >&2; status=1; }
done
exit $status
