#!/usr/bin/env bash
# Build the fuzz targets with clang and run each for a while; what breaks one is left in build/fuzz/.
# usage: scripts/fuzz.sh SECONDS [TARGET...]
set -euo pipefail
cd "$(dirname "$0")/.."
seconds=$1
shift
[ $# -gt 0 ] || set -- jpeg block
compiler=${CLANGXX:-clang++}
command -v "$compiler" >/dev/null || {
    echo "fuzzing needs clang and its libFuzzer: apt-get install clang libclang-rt-dev (or set CLANGXX)" >&2
    exit 1
}
dir=build/fuzz
.venv/bin/python -m cmake -S . -B "$dir" -G Ninja -DCMAKE_MAKE_PROGRAM="$PWD/.venv/bin/ninja" --log-level=WARNING \
    -DCMAKE_CXX_COMPILER="$compiler" -DCMAKE_BUILD_TYPE=RelWithDebInfo -DAUGSTREAM_FUZZ=ON \
    -DAUGSTREAM_SANITIZE=address,undefined,float-cast-overflow >/dev/null
echo "Building the fuzz targets"
.venv/bin/python -m cmake --build "$dir" -- --quiet
.venv/bin/python fuzz/seeds.py ../shared/data/nasty_dev "$dir/seeds"
for target in "$@"; do
    echo "Fuzzing $target for $seconds s"
    mkdir -p "$dir/corpus/$target"
    UBSAN_OPTIONS=print_stacktrace=1 "$dir/fuzz/fuzz_$target" -max_total_time="$seconds" -max_len=65536 -timeout=20 \
        -rss_limit_mb=2048 -print_final_stats=1 -verbosity=0 -artifact_prefix="$dir/$target-" \
        "$dir/corpus/$target" "$dir/seeds/$target" >"$dir/$target.log" 2>&1 || {
        tail -n 60 "$dir/$target.log"
        exit 1
    }
    grep 'executed_units' "$dir/$target.log"
done
