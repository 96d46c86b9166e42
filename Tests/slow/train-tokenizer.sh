# Trained tokenizers in Hugging Face's tokenizers (from PyPI): the same merges, the same ids.
. "$root/Tests/slow/common.sh"
folder=${BENCH_VENVS:-${XDG_CACHE_HOME:-$HOME/.cache}/shardify-bench}/tokenizers
python=$folder/bin/python
"$python" -c 'import tokenizers' 2>/dev/null || {
  python3 -m venv "$folder" && "$python" -m pip install --quiet tokenizers==0.23.3 ||
    skip "tokenizers cannot be installed"
}
corpus=$(corpus 4 3)
"$python" "$root/Tests/slow/check-trained.py" "$bin/shardify" "$corpus" "$work/trained" "$seed" ||
  fail "see above (seed $seed)"
