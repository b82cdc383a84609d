#!/bin/sh
# Builds the hub's images: MicroPython with our board, our files frozen, our C module in.
#
#   packaging/firmware.sh             results in build/firmware: qemu.elf, a Cortex-M3;
#                                     qemu-viper.elf, the same without the C module;
#                                     qemu-viper-m4.elf, that on a Cortex-M4F
#   packaging/firmware.sh qemu        only one of them
#   MICROPYTHON_SRC=folder ...        with a checkout of MicroPython instead of Debian's source package
#   TASUKI_ANCHORS=folder ...         with folder/tasuki_hub/anchors.py in place of the published keys;
#                                     the images go into that folder, none of the others is replaced
#   DEBIAN_MIRROR=url ...             where that package is fetched; this machine's own mirror unless given
#
# Run again, it builds only what has changed; all of it when that cannot be told.
set -eu
cd "$(dirname "$0")/.."
root=$PWD
build=$root/build/firmware
if [ -n "${TASUKI_ANCHORS:-}" ]; then
    [ -f "$TASUKI_ANCHORS/tasuki_hub/anchors.py" ] ||
        { echo "TASUKI_ANCHORS=$TASUKI_ANCHORS holds no tasuki_hub/anchors.py: tasuki hub anchors makes one" >&2; exit 1; }
    TASUKI_ANCHORS=$(cd "$TASUKI_ANCHORS" && pwd) # make runs elsewhere
fi
images_to=${TASUKI_ANCHORS:-$build}
mirror=${DEBIAN_MIRROR:-$(apt-get indextargets --format '$(REPO_URI)' | grep -v security | head -n 1)}
suite=trixie # the one after bookworm; bookworm has no MicroPython
jobs=$(nproc)
mkdir -p "$build"

# An apt of its own: neither root nor the machine's list of sources is touched,
# and apt checks the signatures with Debian's keys.
fetch() {
    apt=$build/apt
    mkdir -p "$apt/lists/partial" "$apt/cache/archives/partial" "$apt/empty"
    echo "deb-src [signed-by=/usr/share/keyrings/debian-archive-keyring.gpg] $mirror $suite main" >"$apt/sources.list"
    set -- -qq -o Dir::Etc::SourceList="$apt/sources.list" -o Dir::Etc::SourceParts="$apt/empty" \
        -o Dir::State::Lists="$apt/lists" -o Dir::Cache="$apt/cache" -o APT::Sandbox::User=
    apt-get "$@" update
    (cd "$apt" && apt-get "$@" source --download-only micropython)
}

source=${MICROPYTHON_SRC:-$build/micropython}
if [ ! -f "$source/py/mpconfig.h" ]; then
    [ -z "${MICROPYTHON_SRC:-}" ] || { echo "MICROPYTHON_SRC=$source holds no MicroPython" >&2; exit 1; }
    echo "fetching MicroPython's source package from Debian $suite" >&2
    fetch
    rm -rf "$source.new"
    mkdir "$source.new"
    tar -xf "$build"/apt/micropython_*.orig.tar.xz -C "$source.new" --strip-components=1
    mv "$source.new" "$source"
fi
source=$(cd "$source" && pwd)

# The banner names MicroPython's version, not our commit above it, and the same
# sources give the same image on any day.
export GIT_CEILING_DIRECTORIES="$build"
SOURCE_DATE_EPOCH=$(stat -c %Y "$source/py/mpconfig.h")
export SOURCE_DATE_EPOCH

# renew FOLDER: make goes on from what a build left there, unless that was in another place, by
# another compiler, with other flags or another list of C files. Its notes of what depends on
# what hold absolute paths, so in a copied folder objects would keep the numbers of old names.
renew() {
    facts=$(
        printf '%s\n' "$1" "$root" "$source" "$SOURCE_DATE_EPOCH" firmware/cmodule/*.[ch] firmware/boards/qemu/*.[ch]
        cc --version
        arm-none-eabi-gcc --version
        cat firmware/boards/qemu/mpconfigboard.mk firmware/cmodule/micropython.mk
    )
    [ "$(cat "$1/built-from" 2>/dev/null)" = "$facts" ] && return
    rm -rf "$1"
    mkdir -p "$1"
    printf '%s\n' "$facts" >"$1/built-from"
}

# What the checkout had before stays as it was: every result goes below build/.
renew "$build/mpy-cross"
make -C "$source/mpy-cross" -j"$jobs" BUILD="$build/mpy-cross" >"$build/mpy-cross.log" 2>&1 ||
    { tail -n 30 "$build/mpy-cross.log" >&2; exit 1; }

# MicroPython's own library is not in the package, and nothing of it is used.
mkdir -p "$build/no-library"
echo "Empty on purpose." >"$build/no-library/README.md"

# build NAME CPU FOLDER: one image of the qemu board, with the C modules below FOLDER, if any.
build() {
    renew "$build/$1"
    # compiled from whichever anchors.py is newest; never the keys of the build before
    rm -f "$build/$1/frozen_mpy/tasuki_hub/anchors.mpy"
    make -C "$source/ports/qemu" -j"$jobs" BOARD=TASUKI BOARD_DIR="$root/firmware/boards/qemu" \
        HUB_CPU="$2" BUILD="$build/$1" MICROPY_MPYCROSS="$build/mpy-cross/mpy-cross" \
        MICROPY_MPYCROSS_DEPENDENCY="$build/mpy-cross/mpy-cross" \
        MPY_LIB_DIR="$build/no-library" ${3:+USER_C_MODULES="$3"} >"$build/$1.log" 2>&1 ||
        { tail -n 30 "$build/$1.log" >&2; exit 1; }
    cmp -s "$build/$1/firmware.elf" "$images_to/$1.elf" || cp "$build/$1/firmware.elf" "$images_to/$1.elf"
    arm-none-eabi-size "$images_to/$1.elf"
}

# Our C module, which wants its library's sources laid out before.
modules=""
if [ -e firmware/cmodule/micropython.mk ]; then
    packaging/cmodule.sh sources
    modules=$root/firmware
fi

images=${*:-qemu qemu-viper qemu-viper-m4}
for image in $images; do
    case $image in
        qemu) build qemu m3 "$modules" ;;
        qemu-viper) build qemu-viper m3 "" ;;
        qemu-viper-m4) build qemu-viper-m4 m4 "" ;;
        *) echo "no image $image; there are qemu, qemu-viper and qemu-viper-m4" >&2; exit 2 ;;
    esac
done
