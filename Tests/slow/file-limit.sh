# A file-size limit is told in one line like a full disk, and the rerun goes on.
. "$root/Tests/slow/common.sh"
corpus=$(corpus 10 4)
expected=$(expected "$corpus")

limited() { # kilobytes, command...
  local status=0
  (
    ulimit -f "$1"
    shift
    exec "$@"
  ) 2>"$work/file-limit.error" || status=$?
  [ "$status" = 1 ] || fail "exit status $status under ulimit -f, expected 1"
  grep -qi 'file too large' "$work/file-limit.error" ||
    fail "message: $(cat "$work/file-limit.error")"
}

ingest=("$bin/shardify" ingest "$corpus" --to "$work/file-limit.store" "${ingest_options[@]}")
balance=("$bin/shardify" balance "$work/file-limit.store" --to "$work/file-limit.data"
  "${balance_options[@]}")
limited 100 "${ingest[@]}"
"${ingest[@]}"
limited 100 "${balance[@]}"
"${balance[@]}"
same "after a file-size limit" "$(digests "$work/file-limit.data")" "$expected"
