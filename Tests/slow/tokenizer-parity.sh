#!/usr/bin/env bash
# Ids equal those of tokenizers, tiktoken and sentencepiece from PyPI on random strings, for every tokenizer of the shared data and for
# freshly trained ones of random settings. PARITY_STRINGS (2,000) a tokenizer; the full count is 100,000. PARITY_TRAINED (20) tokenizers.
set -euo pipefail
command -v python3 >/dev/null || { echo "tokenizer-parity: no python3"; exit 77; }
venv=${BENCH_VENVS:-${XDG_CACHE_HOME:-$HOME/.cache}/shardify-bench}/tokenizers
if [ ! -x "$venv/bin/python" ]; then
  python3 -m venv "$venv" && "$venv/bin/pip" install --quiet --disable-pip-version-check \
    tokenizers==0.23.3 tiktoken==0.14.0 sentencepiece==0.2.3 || {
    rm -rf "$venv"
    echo "tokenizer-parity: the references cannot be installed from PyPI"
    exit 77
  }
fi
folder=$work/tokenizer-parity
mkdir -p "$folder"
"$venv/bin/python" -B "$root/Tests/slow/tokenizer-parity.py" "$bin/shardify" \
  "${SHARED_DATA:-$root/../shared/data}/tokenizers" "$root/fixtures/corpus/letters.jsonl" "$folder" "$seed" \
  "${PARITY_STRINGS:-2000}" "${PARITY_TRAINED:-20}"
