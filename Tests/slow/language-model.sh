#!/usr/bin/env bash
# The embedded language model is the one its card describes, with the labels of the frozen split; where the gathered text is at
# hand (LID_SOURCES, written by models/gather.py), the split is made again and must be the frozen one.
set -euo pipefail
model=$root/Sources/CLanguageModel/model.bin
sum=$(sha256sum "$model" | cut -d' ' -f1)
bytes=$(stat -c %s "$model")
grep -q "\`$sum\`" "$root/models/MODEL.md" || {
  echo "model card: models/MODEL.md: no sha256 $sum; write the figures of the new model into the card" >&2
  exit 1
}
[ "$bytes" -le 8000000 ] || {
  echo "model: $model: $bytes bytes, expected at most 8000000" >&2
  exit 1
}
labels() { # the labels of the model file, by models/FORMAT.md
  python3 -c '
import struct, sys
data = open(sys.argv[1], "rb").read()
count = struct.unpack_from("<I", data, 12)[0]
print("\n".join(sorted(data[224 + 8 * i : 232 + 8 * i].decode() for i in range(count))))' "$1"
}
labels "$model" >"$work/labels"
tail -n +2 "$root/models/split.tsv" | cut -f1 | LC_ALL=C sort >"$work/frozen"
diff "$work/frozen" "$work/labels" || {
  echo "model: $model: its labels are not those of models/split.tsv" >&2
  exit 1
}
if [ -z "${LID_SOURCES:-}" ]; then
  echo "split not made again: LID_SOURCES names no folder of models/gather.py"
  exit 0
fi
python3 -B "$root/models/split.py" "$LID_SOURCES" "$work/split" check
