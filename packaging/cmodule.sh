#!/bin/sh
# The hub's C module as native .mpy files: build/cmodule/<processor>/_tasuki.mpy.
#
#   packaging/cmodule.sh sources                   libsodium's files alone
#   packaging/cmodule.sh all [processor ...]       and the .mpy of each
#   MICROPYTHON_SRC=folder ...                     with this tree of MicroPython's
#
# libsodium comes as PyNaCl's source package carries it, and only when its hash
# is the one below. What is taken of it is not changed.
set -eu
cd "$(dirname "$0")/.."

pynacl=1.6.2
sha256=018494d6d696ae03c7e656e5e74cdfd8ea1326962cc401bcf018f1ed8436811c
python=${PYTHON:-$PWD/.venv/bin/python}
[ -x "$python" ] || python=$(command -v "${PYTHON:-python3}")
out=build/libsodium

# Everything in one folder, with a `private` that is the folder itself: so each
# include of these files is found beside the file that asks for it.
lay_out() {
    package=build/pynacl-$pynacl.tar.gz
    mkdir -p build
    [ -f "$package" ] || "$python" -m pip download --quiet --no-binary :all: --no-deps --no-build-isolation \
        --dest build "pynacl==$pynacl"
    echo "$sha256  $package" | sha256sum --check --status || {
        echo "$package is not the package that was reviewed" >&2
        exit 1
    }
    [ "$(cat "$out/complete" 2> /dev/null)" = "$sha256" ] && return
    rm -rf "$out"
    mkdir -p "$out/fe_25_5"
    ln -s . "$out/private"
    root=pynacl-$pynacl/src/libsodium
    lib=$root/src/libsodium
    tar -xzf "$package" -C "$out" --strip-components=3 "$root/LICENSE"
    tar -xzf "$package" -C "$out" --strip-components=8 --exclude=fe_51 --exclude=obsolete.c \
        "$lib/crypto_sign/ed25519/ref10" "$lib/crypto_hash/sha512/cp" "$lib/crypto_core/ed25519/ref10"
    tar -xzf "$package" -C "$out" --strip-components=6 "$lib/crypto_verify/verify.c"
    for header in crypto_hash_sha512 crypto_scalarmult_curve25519 crypto_sign_ed25519 crypto_verify_16 \
        crypto_verify_32 crypto_verify_64 export randombytes utils; do
        tar -xzf "$package" -C "$out" --strip-components=7 "$lib/include/sodium/$header.h"
    done
    for header in common ed25519_ref10 ed25519_ref10_fe_25_5; do
        tar -xzf "$package" -C "$out" --strip-components=8 "$lib/include/sodium/private/$header.h"
    done
    echo "$sha256" > "$out/complete"
}

native_mpy() {
    folder=build/cmodule/$1
    mkdir -p "$folder"
    make -C firmware/cmodule MPY_DIR="$MICROPYTHON_SRC" ARCH="$1" PYTHON="$python" BUILD="../../$folder" \
        "../../$folder/_tasuki.native.mpy" > "$folder/log" 2>&1 || {
        cat "$folder/log" >&2
        exit 1
    }
    cp "$folder/_tasuki.native.mpy" "$folder/_tasuki.mpy"
    echo "$(wc -c < "$folder/_tasuki.mpy") bytes: $folder/_tasuki.mpy"
}

lay_out
[ "${1:-sources}" = all ] || exit 0
shift
MICROPYTHON_SRC=${MICROPYTHON_SRC:-$PWD/build/firmware/micropython} # where firmware.sh puts it
[ -f "$MICROPYTHON_SRC/py/dynruntime.mk" ] || {
    echo "no MicroPython in $MICROPYTHON_SRC: make firmware fetches it, or give MICROPYTHON_SRC" >&2
    exit 1
}
[ $# -gt 0 ] || set -- armv6m armv7m armv7emsp x64
for processor in "$@"; do native_mpy "$processor"; done
