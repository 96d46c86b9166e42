#!/usr/bin/env bash
# Trains on real nodes under Slurm: three, then two after one is killed.
#   run.sh BINARIES
# Nodes are processes in namespaces of their own, all of them below one process namespace that ends with this script, whatever ends it:
# daemons, networks and mounts are gone with it. Nothing outside is changed but a folder in TMPDIR, which is removed. Exit status 77: skipped.
# TEST_CLUSTER_SECONDS bounds the whole (400); TEST_CLUSTER_KEEP=1 keeps the folder.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
root=$(cd "$here/../.." && pwd)
bin=$(cd "${1:?usage: run.sh BINARIES}" && pwd)

skip() {
  echo "test-cluster: skipped: $*" >&2
  exit 77
}

[ -x "$bin/train-from-manifest" ] && [ -x "$bin/shardify" ] || {
  echo "error: no shardify and train-from-manifest in $bin; run make build" >&2
  exit 1
}
[ "$(id -u)" = 0 ] || skip "namespaces and nodes need root"
namespaces=(--mount --propagation private --net --uts --ipc --pid --fork --kill-child=KILL --mount-proc)
unshare "${namespaces[@]}" true 2>/dev/null || skip "this machine does not allow namespaces"
"$root/scripts/install-cluster-packages.sh" || skip "Slurm cannot be installed here"
compgen -G "/usr/lib/*/slurm-wlm/mpi_pmix*.so" >/dev/null || skip "Slurm without PMIx"

work=$(mktemp -d "${TMPDIR:-/tmp}/shardify-cluster.XXXXXX")
child=
cleanup() {
  [ -z "$child" ] || { kill -KILL "$child" && wait "$child"; } 2>/dev/null || true
  if [ "${TEST_CLUSTER_KEEP:-}" = 1 ]; then echo "test-cluster: kept $work"; else rm -rf "$work"; fi
}
trap cleanup EXIT
trap 'exit 130' INT TERM HUP
# Should this script be killed, so is unshare, and with it process 1 of the namespace and all that is in it.
status=0
setpriv --pdeathsig KILL unshare "${namespaces[@]}" \
  timeout "${TEST_CLUSTER_SECONDS:-400}" bash "$here/inside.sh" "$root" "$bin" "$work" &
child=$!
wait "$child" || status=$?
child=
[ "$status" != 124 ] || echo "test-cluster: FAILED: not over in time" >&2
exit "$status"
