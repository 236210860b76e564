#!/usr/bin/env bash
# Make the README's picture: the page that the README's first command writes, as a PNG.
# Run that command first, then: scripts/screenshot.sh [PAGE] [PICTURE]
# Needs Chromium; CHROMIUM names another binary, SIZE another size in pixels.
set -euo pipefail
cd "$(dirname "$0")/.."

page=$(realpath "${1:-out/examples.html}")
picture=${2:-docs/images/examples.png}
profile=$(mktemp -d)
trap 'rm -rf "$profile"' EXIT
"${CHROMIUM:-chromium}" --headless --no-sandbox --disable-gpu --disable-quic --no-first-run \
    --disable-background-networking --disable-component-update --disable-sync --hide-scrollbars \
    --user-data-dir="$profile" --window-size="${SIZE:-1000,640}" \
    --screenshot="$picture" "file://$page"
