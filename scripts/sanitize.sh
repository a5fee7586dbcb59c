#!/usr/bin/env bash
# Run the tests on a core built with sanitizers, in an environment of its own under build/.
# usage: scripts/sanitize.sh address,undefined|thread [PYTEST ARGUMENT...]
set -euo pipefail
cd "$(dirname "$0")/.."
sanitizers=$1
shift
# A sanitized core has no speed worth measuring.
[ $# -gt 0 ] || set -- tests --ignore=tests/test_benchmarks.py
dir=build/sanitize-${sanitizers//,/-}
VENV=$dir/venv scripts/setup.sh build test
python=$dir/venv/bin/python
echo "Building the native core with -fsanitize=$sanitizers"
"$python" -m pip install -qq --no-build-isolation --no-deps --force-reinstall . \
    --config-settings=build-dir="$dir/core" \
    --config-settings=cmake.build-type=RelWithDebInfo \
    --config-settings=cmake.define.AUGSTREAM_SANITIZE="$sanitizers" \
    --config-settings=install.strip=false

# Python itself is not built with sanitizers, so their libraries must be there before it starts; and libstdc++, or a
# throw cannot be followed.
library() { "${CXX:-c++}" -print-file-name="$1"; }
launch=(env PYTHONMALLOC=malloc)
case $sanitizers in
    *address*)
        # Python frees little at exit, so leaks cannot be told from what is still in use.
        launch+=(ASAN_OPTIONS=detect_leaks=0:allocator_may_return_null=1 UBSAN_OPTIONS=print_stacktrace=1
            LD_PRELOAD="$(library libasan.so) $(library libubsan.so) $(library libstdc++.so)")
        ;;
    thread)
        # NumPy's matrix product keeps its threads in step by means that ThreadSanitizer does not see.
        launch+=(OPENBLAS_NUM_THREADS=1 TSAN_OPTIONS=halt_on_error=1:second_deadlock_stack=1:die_after_fork=0:suppressions=$PWD/scripts/tsan.supp
            LD_PRELOAD="$(library libtsan.so) $(library libstdc++.so)")
        # ThreadSanitizer cannot place its shadow where addresses are drawn from a wide range.
        setarch -R true 2>/dev/null && launch=(setarch -R "${launch[@]}")
        ;;
esac
# Python's own output is captured and no more, or the report of a dying process would be lost.
AUGSTREAM_SANITIZED=$sanitizers "${launch[@]}" "$python" -m pytest -p no:cacheprovider --capture=sys "$@"
