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
laid_out=2 # counts up with what is taken

# What a sealed box is made of. These files ask for headers one folder up, so they stand in one below.
lay_out_box() {
    for name in "crypto_onetimeauth/poly1305/onetimeauth_poly1305.h" \
        "crypto_scalarmult/curve25519/scalarmult_curve25519.h" "crypto_stream/salsa20/stream_salsa20.h"; do
        take "$name" "$out"
    done
    for name in crypto_core/hsalsa20/ref2/core_hsalsa20_ref2.c crypto_core/salsa/ref/core_salsa_ref.c \
        crypto_generichash/blake2b/ref/blake2.h crypto_generichash/blake2b/ref/blake2b-compress-ref.c \
        crypto_generichash/blake2b/ref/blake2b-ref.c crypto_onetimeauth/poly1305/donna/poly1305_donna.c \
        crypto_onetimeauth/poly1305/donna/poly1305_donna.h crypto_onetimeauth/poly1305/donna/poly1305_donna32.h \
        crypto_scalarmult/curve25519/ref10/x25519_ref10.c crypto_scalarmult/curve25519/ref10/x25519_ref10.h \
        crypto_secretbox/crypto_secretbox_easy.c crypto_stream/salsa20/ref/salsa20_ref.c \
        crypto_stream/salsa20/ref/salsa20_ref.h; do
        take "$name" "$out/box"
    done
    for header in "$out"/*.h; do
        ln -s "../${header##*/}" "$out/box/${header##*/}"
    done
}

# One file of libsodium, by its path, into a folder.
take() {
    tar -xzf "$package" -C "$2" --transform 's|.*/||' "$lib/$1"
}

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
    [ "$(cat "$out/complete" 2> /dev/null)" = "$sha256 $laid_out" ] && return
    rm -rf "$out"
    mkdir -p "$out/fe_25_5" "$out/box"
    ln -s . "$out/private"
    ln -s .. "$out/box/private"
    root=pynacl-$pynacl/src/libsodium
    lib=$root/src/libsodium
    tar -xzf "$package" -C "$out" --strip-components=3 "$root/LICENSE"
    tar -xzf "$package" -C "$out" --strip-components=8 --exclude=fe_51 --exclude=obsolete.c \
        "$lib/crypto_sign/ed25519/ref10" "$lib/crypto_hash/sha512/cp" "$lib/crypto_core/ed25519/ref10"
    tar -xzf "$package" -C "$out" --strip-components=6 "$lib/crypto_verify/verify.c"
    for header in core crypto_core_hsalsa20 crypto_core_salsa20 crypto_core_salsa2012 crypto_core_salsa208 \
        crypto_generichash_blake2b crypto_hash_sha512 crypto_onetimeauth_poly1305 crypto_scalarmult_curve25519 \
        crypto_secretbox crypto_secretbox_xsalsa20poly1305 crypto_sign_ed25519 crypto_stream_salsa20 \
        crypto_stream_xsalsa20 crypto_verify_16 crypto_verify_32 crypto_verify_64 export randombytes runtime utils; do
        tar -xzf "$package" -C "$out" --strip-components=7 "$lib/include/sodium/$header.h"
    done
    for header in common ed25519_ref10 ed25519_ref10_fe_25_5; do
        tar -xzf "$package" -C "$out" --strip-components=8 "$lib/include/sodium/private/$header.h"
    done
    lay_out_box
    echo "$sha256 $laid_out" > "$out/complete"
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
