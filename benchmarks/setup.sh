#!/usr/bin/env bash
# Make .venv-bench: the peers, and augstream as an installed wheel built by .venv, so that .venv stays as it is.
set -euo pipefail
cd "$(dirname "$0")/.."
export PIP_DISABLE_PIP_VERSION_CHECK=1
builder=.venv/bin/python venv=.venv-bench python=.venv-bench/bin/python

if [ ! -e "$venv/.peers" ] || [ benchmarks/requirements.txt -nt "$venv/.peers" ]; then
    echo "Installing the peers into $venv"
    "$builder" -m venv --clear "$venv"
    echo '*' >"$venv/.gitignore"
    "$python" -m pip install -qq --requirement benchmarks/requirements.txt
    # Builds of torch for GPUs bring gigabytes along, and the benchmark has no use for them.
    wanted=torch==2.13.0
    found=$("$python" -m pip install -qq --dry-run --no-deps --report - "$wanted" 2>/dev/null |
        "$python" -c 'import json, sys; print(json.load(sys.stdin)["install"][0]["download_info"]["url"])') || found=
    case $found in
        *cpu* | *macosx*)
            # torchvision asks for a torch of its own build; its transforms on Pillow images do without.
            "$python" -m pip install -qq "$wanted" && "$python" -m pip install -qq --no-deps torchvision ||
                echo "torch or torchvision could not be installed; what needs them is left out"
            ;;
        *) echo "No CPU build of torch in the package index; what needs it is left out" ;;
    esac
    touch "$venv/.peers"
fi

rm -rf build/bench
"$builder" -m pip wheel -qq --no-build-isolation --no-deps --wheel-dir build/bench .
"$python" -m pip install -qq --no-warn-conflicts build/bench/*.whl
"$python" -m pip install -qq --force-reinstall --no-deps build/bench/*.whl
