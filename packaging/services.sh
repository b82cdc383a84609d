#!/bin/sh
# What only Debian packages bring. A part that cannot be installed fails this script.
set -eu
packages="chromium gcc-arm-none-eabi libnewlib-arm-none-eabi qemu-system-arm libasan8 libubsan1 mosquitto postgresql softhsm2 zbar-tools"
missing=""
for package in $packages; do
    dpkg-query -W -f='${Status}' "$package" 2>/dev/null | grep -q 'install ok installed' || missing="$missing $package"
done
[ -z "$missing" ] && exit 0
run=""
[ "$(id -u)" -eq 0 ] || run=sudo
$run apt-get update -qq
# shellcheck disable=SC2086
DEBIAN_FRONTEND=noninteractive $run apt-get install -y -qq --no-install-recommends $missing
