#!/bin/sh
# Compile the stress test of the channel headers under each sanitizer and run it.
# Usage: run_sanitizers.sh [messages per round]
set -eu

here=$(cd "$(dirname "$0")" && pwd)
headers=$here/../../lava_actor/channels
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

run() {
    name=$1
    shift
    echo "== $name"
    "${CC:-cc}" -std=gnu11 -O1 -g -fno-omit-frame-pointer -Wall -Wextra -Werror \
        -Wno-unused-function "$@" -I"$headers" "$here/ring_stress.c" -o "$work/$name" -pthread
}

run plain -O3
"$work/plain" "${1:-20000}"

run address-undefined -fsanitize=address,undefined -fno-sanitize-recover=all
"$work/address-undefined" "${1:-5000}"

run thread -fsanitize=thread
# ThreadSanitizer maps its shadow at fixed addresses; some kernels randomise further than it knows.
if command -v setarch >/dev/null && setarch -R true 2>/dev/null; then
    TSAN_OPTIONS=halt_on_error=1 setarch -R "$work/thread" "${1:-3000}"
else
    TSAN_OPTIONS=halt_on_error=1 "$work/thread" "${1:-3000}"
fi
