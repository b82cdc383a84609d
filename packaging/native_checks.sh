#!/bin/sh
# The C core, checked apart from Python: warnings are errors, it compiles for a
# bare Cortex-M0+, its tests run under AddressSanitizer and UBSan.
#
#   packaging/native_checks.sh [pytest arguments]
set -eu
cd "$(dirname "$0")/.."

python=$PWD/.venv/bin/python
strict="-std=c99 -Wall -Wextra -Wconversion -Werror -ffp-contract=off -ffreestanding -Inative/include -Inative/src"
work=$(mktemp -d)
mkdir "$work/arm"
trap 'rm -rf "$work"' EXIT

echo "warnings: host"
for source in native/src/*.c; do
    gcc $strict -O3 -c "$source" -o "$work/host.o"
done

if command -v arm-none-eabi-gcc > /dev/null; then
    echo "warnings: Cortex-M0+, then code size and the deepest stack frame of each file"
    for source in native/src/*.c; do
        object=$work/arm/$(basename "$source" .c).o
        arm-none-eabi-gcc $strict -Os -mcpu=cortex-m0plus -mthumb -fstack-usage -c "$source" -o "$object"
        stack=$(sort -t "$(printf '\t')" -k 2 -n "${object%.o}.su" | tail -n 1 | cut -f 2)
        echo "$(arm-none-eabi-size "$object" | awk 'NR == 2 { print $1 }') bytes, stack ${stack:-0}: $source"
    done
    # What a freestanding compiler calls by itself, arithmetic helpers of the ABI, and our own names.
    arm-none-eabi-nm --undefined-only "$work"/arm/*.o | awk '$1 == "U" { print $2 }' \
        | grep -vE '^(mem(cpy|set|move|cmp)|__aeabi_.*|tsk_.*|__gnu_.*)$' > "$work/foreign" || true
    if [ -s "$work/foreign" ]; then
        echo "the C core calls what a bare board does not have:" >&2
        sort -u "$work/foreign" >&2
        exit 1
    fi
else
    echo "arm-none-eabi-gcc is not here: make services brings it" >&2
    [ -z "${CI:-}" ] || exit 1
fi

echo "sanitizers: the native tests against an instrumented build"
mkdir "$work/tree"
cp -r host protocol firmware native tests pyproject.toml "$work/tree"
if [ -d ../shared ]; then  # the recordings, where tests look for them
    ln -s "$(cd ../shared && pwd)" "$work/shared"
fi
cd "$work/tree"
find host/tasuki -name '_native*.so' -delete
CFLAGS="-O1 -g -fno-omit-frame-pointer -fsanitize=address,undefined -fno-sanitize-recover=all" \
    LDFLAGS="-fsanitize=address,undefined" "$python" native/build.py > build.log 2>&1 || { cat build.log; exit 1; }
mv tasuki/_native*.so host/tasuki/
LD_PRELOAD="$(gcc -print-file-name=libasan.so) $(gcc -print-file-name=libubsan.so)" \
    PYTHONMALLOC=malloc ASAN_OPTIONS=detect_leaks=0 "$python" -m pytest -q -p no:cacheprovider -p no:faulthandler --capture=sys \
    "${@:-tests/native}"
