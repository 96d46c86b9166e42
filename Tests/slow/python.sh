# The Python reader: its tests in a fresh environment, and a dataset of the release binary read whole.
# The torch tests run where pip finds the CPU build of torch, which PyPI alone does not offer: its own is
# gigabytes of CUDA. Give PIP_FIND_LINKS or PIP_EXTRA_INDEX_URL, or a python that has torch as PYTHON.
. "$root/Tests/slow/common.sh"
venv=$work/venv
export PYTHONDONTWRITEBYTECODE=1 PIP_DISABLE_PIP_VERSION_CHECK=1 SEED=$seed
"${PYTHON:-python3}" -m venv --system-site-packages "$venv" 2>/dev/null || skip "python3 -m venv does not work"
python=$venv/bin/python
"$python" -m pip install --quiet numpy==2.4.6 zstandard==0.25.0 pytest==9.2.0 mypy==2.4.1 \
  2>"$work/pip.log" || skip "pip cannot install numpy, zstandard, pytest and mypy: $(tail -1 "$work/pip.log")"
"$python" -c 'import torch' 2>/dev/null ||
  "$python" -m pip install --quiet --only-binary :all: torch==2.13.0+cpu torchdata==0.11.0 2>/dev/null ||
  echo "    torch tests skipped: pip finds no torch==2.13.0+cpu"
cp -r "$root/python" "$work/python"
"$python" -m pip install --quiet --no-deps "$work/python" || fail "the package does not install"
cd "$root/python"
"$python" -m mypy --cache-dir "$work/mypy" || fail "types: see above"
"$python" -m pytest -p no:cacheprovider -rs || fail "see above"

dataset=$(demo)
"$python" -m shardify verify "$dataset" >&2 || fail "see above"
"$python" "$root/python/tests/compare_live.py" "$bin/shardify" "$dataset" "$seed" >&2 || fail "see above"
# The comparison must also see when something is wrong: an order turned by one token.
"$python" - <<'PYTHON'
import sysconfig
path = sysconfig.get_paths()["purelib"] + "/shardify/order.py"
text = open(path).read()
assert "turn = below(" in text
open(path, "w").write(text.replace("turn = below(", "turn = 1 + below("))
PYTHON
if "$python" "$root/python/tests/compare_live.py" "$bin/shardify" "$dataset" "$seed" 5 2>/dev/null; then
  fail "another order was not noticed"
fi
