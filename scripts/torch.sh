#!/usr/bin/env bash
# torch and torchdata for the tests, only where the package index offers a build for CPUs: the others bring gigabytes of CUDA along.
# The tests that need torch are skipped without it.
set -euo pipefail
cd "$(dirname "$0")/.."
python=.venv/bin/python
# Without what it depends on: torch is all that its stateful DataLoader needs.
torchdata() { "$python" -m pip install -qq --no-deps torchdata==0.11.0 || echo "torchdata could not be installed"; }
"$python" -c 'import torchdata' 2>/dev/null && exit
if "$python" -c 'import torch' 2>/dev/null; then
    torchdata
    exit
fi
wanted=torch==2.13.0
found=$("$python" -m pip install -qq --dry-run --no-deps --report - "$wanted" 2>/dev/null |
    "$python" -c 'import json, sys; print(json.load(sys.stdin)["install"][0]["download_info"]["url"])') || found=
case $found in
    *cpu* | *macosx*)
        echo "Installing torch for the tests"
        if "$python" -m pip install -qq "$wanted"; then
            torchdata
        else
            echo "torch could not be installed; its tests will be skipped"
        fi
        ;;
    *) echo "No CPU build of torch in the package index; its tests will be skipped" ;;
esac
