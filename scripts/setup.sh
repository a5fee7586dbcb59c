#!/usr/bin/env bash
# Make .venv (or $VENV), with the system headers the core needs, and install the extras named (see pyproject.toml).
# usage: scripts/setup.sh [EXTRA...]
set -euo pipefail
cd "$(dirname "$0")/.."
export PIP_DISABLE_PIP_VERSION_CHECK=1
venv=${VENV:-.venv}

find_python() {
    local name
    for name in python3.13 python3.12 python3.11 python3 python3.14; do
        if "$name" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then
            echo "$name"
            return
        fi
    done
}

# Prints what is missing, as lines of "apt dnf brew" package names ("-": comes with something else).
missing() {
    local python=$1 version
    if [ -z "$python" ]; then
        echo "python3 python3 python@3.13"
        echo "python3-venv - -"
        echo "python3-dev python3-devel -"
    else
        version=$("$python" -c 'import sys; print("%d.%d" % sys.version_info[:2])')
        "$python" -c 'import ensurepip, venv' 2>/dev/null || echo "python$version-venv - -"
        "$python" -c 'import os, sys, sysconfig; sys.exit(not os.path.exists(sysconfig.get_path("include") + "/Python.h"))' ||
            echo "python$version-dev python3-devel -"
    fi
    command -v "${CXX:-c++}" >/dev/null || echo "g++ gcc-c++ gcc"
    command -v pkg-config >/dev/null || echo "pkg-config pkgconf-pkg-config pkgconf"
    pkg-config --exists libjpeg 2>/dev/null || echo "libjpeg-dev libjpeg-turbo-devel jpeg-turbo"
    pkg-config --exists libhwy 2>/dev/null || echo "libhwy-dev highway-devel highway"
    pkg-config --exists libwebp 2>/dev/null || echo "libwebp-dev libwebp-devel webp"
}

column() { awk -v column="$1" '$column != "-" { printf " %s", $column }' <<<"$2"; }

say_and_stop() {
    echo "augstream needs system packages; install them and run this again:" \
        "apt-get install$(column 1 "$1")  |  dnf install$(column 2 "$1")  |  brew install$(column 3 "$1")" >&2
    exit 1
}

install_missing() {
    local sudo=()
    command -v apt-get >/dev/null || say_and_stop "$1"
    if [ "$(id -u)" != 0 ]; then
        sudo -n true 2>/dev/null || say_and_stop "$1"
        sudo=(sudo -n)
    fi
    echo "Installing with apt-get:$(column 1 "$1")"
    # shellcheck disable=SC2046
    { ${sudo[@]+"${sudo[@]}"} apt-get update -qq &&
        ${sudo[@]+"${sudo[@]}"} env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq $(column 1 "$1"); } >/dev/null ||
        say_and_stop "$1"
}

python=$(find_python)
packages=$(missing "$python")
if [ -n "$packages" ]; then
    install_missing "$packages"
    python=$(find_python)
    packages=$(missing "$python")
    [ -z "$packages" ] || say_and_stop "$packages"
fi

"$venv/bin/python" -m pip --version >/dev/null 2>&1 || "$python" -m venv --clear "$venv"
echo "Installing Python packages into $venv (${*:-runtime})"
"$venv/bin/python" scripts/requirements.py "$@" | "$venv/bin/python" -m pip install -qq --requirement /dev/stdin
