#!/usr/bin/env bash
# A real browser on the real program. Needs nothing but Debian: installs what is
# missing.
#
#   tests/browser/run.sh                     journeys, a few trials, each page once through the gates
#   tests/browser/run.sh journeys [FILTER]
#   tests/browser/run.sh trials [CUTS [KILLS]]  a family entered with the network cut, the browser killed: 3 and 1
#   tests/browser/run.sh gates [all]         all: every page x role x language x width
#   tests/browser/run.sh screenshots FOLDER  every page x role x language x width, and the print sheets
#   tests/browser/run.sh pictures FOLDER     the pictures of the README: docs/images
#
# MINGCE_BIN: the program to try; otherwise `cargo build` makes it.
set -euo pipefail
HERE="$PWD"
cd "$(dirname "$0")"

missing=()
have() { command -v "$1" >/dev/null || missing+=("$2"); }
have "${CHROMIUM:-chromium}" chromium
have node nodejs
have npm npm
have pdftotext poppler-utils
fc-list :lang=zh 2>/dev/null | grep -q . || missing+=(fonts-noto-cjk)
# Debian's own interpreter: its packages are not on another's path.
/usr/bin/python3 -c 'import openpyxl' 2>/dev/null || missing+=(python3-openpyxl)
if [ ${#missing[@]} -gt 0 ]; then
    apt-get update -qq
    DEBIAN_FRONTEND=noninteractive apt-get install -y -qq "${missing[@]}" >/dev/null
fi
# Exact versions with their digests; nothing is run on installation.
if [ ! -f node_modules/.lock ] || ! cmp -s package-lock.json node_modules/.lock; then
    npm ci --silent --ignore-scripts
    cp package-lock.json node_modules/.lock
fi
if [ -z "${MINGCE_BIN:-}" ]; then
    (cd ../.. && cargo build --locked --quiet)
    MINGCE_BIN="$(cargo metadata --format-version 1 --no-deps --locked |
        python3 -c 'import json, sys; print(json.load(sys.stdin)["target_directory"])')/debug/mingce"
fi
export MINGCE_BIN

# In memory where there is such a folder: the demo is thousands of commits.
WORK="$(mktemp -d "$([ -w /dev/shm ] && echo /dev/shm || echo /tmp)/mingce-browser.XXXXXX")"
trap 'rm -rf "$WORK"' EXIT
export TMPDIR="$WORK" MINGCE_DEMO="$WORK/demo"
mkdir "$MINGCE_DEMO"
"$MINGCE_BIN" --data "$MINGCE_DEMO/data" --json demo --residents 600 --no-serve \
    >"$MINGCE_DEMO/accounts.json" 2>"$WORK/demo.log" || { cat "$WORK/demo.log"; exit 1; }

journeys() { node --test --test-concurrency="${JOBS:-2}" --test-reporter=spec $(ls journeys/*"${1:-}"*.test.mjs); }
case "${1:-}" in
    "") journeys && node trials.mjs 3 1 && node gates.mjs ;;
    journeys) journeys "${2:-}" ;;
    trials) node trials.mjs "${2:-3}" "${3:-1}" ;;
    gates) node gates.mjs "${2:-}" ;;
    screenshots | pictures) node "$1.mjs" "$(cd "$HERE" && realpath -m "${2:?a folder}")" ;;
    *) sed -n 2,13p run.sh >&2; exit 2 ;;
esac
