# A full disk is told in one line, keeps what is finished, and does not change the outcome.
. "$root/Tests/slow/common.sh"
[ "$(id -u)" = 0 ] || skip "not root, cannot mount a small disk"
disk=$work/disk
mkdir "$disk"
mount -t tmpfs -o size=256k tmpfs "$disk" 2>/dev/null || skip "cannot mount a small disk"
trap 'umount "$disk"' EXIT
corpus=$(corpus 40 14)
expected=$(expected "$corpus")

ingest=("$bin/shardify" ingest "$corpus" --to "$disk/store" "${ingest_options[@]}" --memory 48MB)
balance=("$bin/shardify" balance "$work/expected-${corpus##*/}.store" --to "$disk/data"
  "${balance_options[@]}")

refused() { # command...
  local status=0
  "$@" 2>"$work/disk-full.error" || status=$?
  [ "$status" = 1 ] || fail "exit status $status on a full disk, expected 1"
  [ "$(wc -l <"$work/disk-full.error")" = 1 ] || fail "not one line: $(cat "$work/disk-full.error")"
  grep -qiE 'no space left|disk is full' "$work/disk-full.error" ||
    fail "message: $(cat "$work/disk-full.error")"
}

# A part of what the finished thing takes, in kB.
part() { echo $(($(du -sk "$1" | cut -f1) / $2 + 64)); }

store=$work/expected-${corpus##*/}.store data=$work/expected-${corpus##*/}.data
for fraction in 20 3; do
  mount -o remount,size="$(part "$store" $fraction)k" "$disk"
  refused "${ingest[@]}"
done
mount -o remount,size=200m "$disk"
"${ingest[@]}"
"$bin/shardify" balance "$disk/store" --to "$work/disk-full.data" "${balance_options[@]}"
same "ingest after a full disk" "$(digests "$work/disk-full.data")" "$expected"
rm -rf "$disk/store" "$work/disk-full.data"
for fraction in 20 2; do
  mount -o remount,size="$(part "$data" $fraction)k" "$disk"
  refused "${balance[@]}"
done
mount -o remount,size=200m "$disk"
"${balance[@]}"
same "balance after a full disk" "$(digests "$disk/data")" "$expected"
