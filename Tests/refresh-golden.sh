#!/usr/bin/env bash
# Writes the golden files in fixtures/golden and python/tests/golden anew; a person looks at the difference.
#   refresh-golden.sh BINARIES
set -euo pipefail
root=$(cd "$(dirname "$0")/.." && pwd)
bin=$(cd "${1:?usage: refresh-golden.sh BINARIES}" && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
seed=0
export root bin work seed
(
  . "$root/Tests/slow/common.sh"
  golden_lines >"$work/shards-v1.tsv"
)
mv "$work/shards-v1.tsv" "$root/fixtures/golden/shards-v1.tsv"
"$root/python/tests/make-golden.sh" "$bin"
cd "$root"
SHARDIFY_REFRESH_GOLDEN=1 swift test --filter Golden
git --no-pager diff --stat -- fixtures/golden python/tests/golden || true
