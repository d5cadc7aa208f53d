#!/usr/bin/env bash
# Installs the system packages that the tests need, and only those that are missing.
#
#   bash deployments/system_packages.sh
#
# postgresql      the second database: a private cluster is started from its programs
# postfix         a real relay, against which the delivery guarantee is tested
# chromium        looks at the pages as a visitor does
# fonts-noto-cjk  without it, Japanese pages are rows of empty boxes
# strace          kills a process, or fails its writes, at a chosen system call
#
# No daemon is started: the tests start what they need themselves, on loopback, and stop it again.
set -euo pipefail

packages=(postgresql postfix chromium fonts-noto-cjk strace)

if ! command -v dpkg-query >/dev/null || ! command -v apt-get >/dev/null; then
    echo "system packages: this is not Debian or Ubuntu; install by hand: ${packages[*]}" >&2
    exit 0
fi

missing=()
for package in "${packages[@]}"; do
    state=$(dpkg-query --show --showformat='${db:Status-Status}' "$package" 2>/dev/null || true)
    [ "$state" = installed ] || missing+=("$package")
done
if [ ${#missing[@]} -eq 0 ]; then
    echo "system packages: all here (${packages[*]})"
    exit 0
fi

as_root=()
if [ "$(id -u)" -ne 0 ]; then
    if ! command -v sudo >/dev/null; then
        echo "system packages: ${missing[*]} are missing, and only root can install them." >&2
        echo "Ask an administrator for: apt-get install ${missing[*]}" >&2
        exit 1
    fi
    as_root=(sudo)
fi

# Debian asks this program whether a freshly installed daemon may start. 101 means no.
policy=/usr/sbin/policy-rc.d
if [ ! -e "$policy" ]; then
    printf '#!/bin/sh\nexit 101\n' | "${as_root[@]}" tee "$policy" >/dev/null
    "${as_root[@]}" chmod 755 "$policy"
    trap '"${as_root[@]}" rm -f "$policy"' EXIT
fi

echo "system packages: installing ${missing[*]} (no daemon is started)"
# "No configuration": the tests write their own main.cf into a folder of their own.
echo "postfix postfix/main_mailer_type select No configuration" |
    "${as_root[@]}" debconf-set-selections
"${as_root[@]}" apt-get -qq update
"${as_root[@]}" env DEBIAN_FRONTEND=noninteractive RUNLEVEL=1 \
    apt-get -qq install --yes --no-install-recommends -o Dpkg::Use-Pty=0 "${missing[@]}" >/dev/null
echo "system packages: done"
