#!/usr/bin/env bash
# Holds a running service against its own description: every operation, all
# checks, chains of requests along its links too. Installs schemathesis in a
# folder of its own.
#
#   tests/schemathesis.sh                     one role, short (in tests/run.sh)
#   tests/schemathesis.sh 40 clerk approver   40 examples per operation, as these
#   tests/schemathesis.sh 40 all              as every role
set -euo pipefail
cd "$(dirname "$0")/.."

EXAMPLES="${1:-2}"
shift || true
ROLES=("${@:-clerk}")
if [ "${ROLES[0]}" = all ]; then ROLES=(grid supervisor clerk approver auditor admin); fi

VERSION=4.32.5
VENV="${MINGCE_TEST_TOOLS:-${XDG_CACHE_HOME:-$HOME/.cache}/mingce-test}/schemathesis-$VERSION"
if [ ! -x "$VENV/bin/schemathesis" ]; then
    echo "installing schemathesis $VERSION" >&2
    rm -rf "$VENV"
    if ! python3 -c 'import ensurepip, venv' 2>/dev/null; then
        apt-get update -qq
        DEBIAN_FRONTEND=noninteractive apt-get install -y -qq python3-venv >/dev/null
    fi
    python3 -m venv "$VENV"
    "$VENV/bin/pip" install --quiet --disable-pip-version-check "schemathesis==$VERSION"
fi

if [ -z "${MINGCE_BIN:-}" ]; then
    cargo build --locked --quiet
    MINGCE_BIN="$(cargo metadata --format-version 1 --no-deps --locked |
        python3 -c 'import json, sys; print(json.load(sys.stdin)["target_directory"])')/debug/mingce"
fi
# In memory where there is such a folder: the demo is thousands of commits.
DIR="$(mktemp -d "$([ -w /dev/shm ] && echo /dev/shm || echo /tmp)/mingce-api.XXXXXX")"
SERVER=
stop() {
    if [ -n "$SERVER" ]; then kill "$SERVER" 2>/dev/null && wait "$SERVER" 2>/dev/null || true; fi
    rm -rf "$DIR"
}
trap stop EXIT

"$MINGCE_BIN" --data "$DIR/data" --json demo --residents 600 --no-serve >"$DIR/demo.json" 2>"$DIR/log" ||
    { cat "$DIR/log" >&2; exit 1; }
PORT="$(python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])')"
URL="http://127.0.0.1:$PORT"
"$MINGCE_BIN" --data "$DIR/data" serve --listen "127.0.0.1:$PORT" 2>"$DIR/log" &
SERVER=$!
for _ in $(seq 100); do curl -fsS "$URL/health" >/dev/null 2>&1 && break || sleep 0.1; done
curl -fsS "$URL/health" >/dev/null || { cat "$DIR/log" >&2; exit 1; }
sed "s/^max-examples = .*/max-examples = $((EXAMPLES * 20))/" tests/schemathesis.toml >"$DIR/schemathesis.toml"

# A token of a role of the demo.
token() {
    python3 - "$DIR/demo.json" "$1" <<'PY' |
import json, sys
for account in json.load(open(sys.argv[1]))["accounts"]:
    if account["role"] == sys.argv[2]:
        print(json.dumps({key: account[key] for key in ("username", "password")}))
        break
PY
        curl -fsS -H 'content-type: application/json' --data @- "$URL/api/v1/session" |
        python3 -c 'import json, sys; print(json.load(sys.stdin)["access_token"])'
}

run() {
    "$VENV/bin/schemathesis" --config-file "$DIR/schemathesis.toml" run "$DIR/openapi.json" \
        --url "$URL" --header "Authorization: Bearer $TOKEN" --checks all --seed 1 \
        --generation-database none --warnings off --no-color "$@"
}

# One process makes its requests on one core: three of them take a half of the
# operations each, and the chains.
HALF='^/api/v1/[a-e]'
each() {
    run --max-examples "$EXAMPLES" --exclude-operation-id delete_session "$@"
}
for ROLE in "${ROLES[@]}"; do
    echo "== $ROLE"
    TOKEN="$(token "$ROLE")"
    curl -fsS -H "Authorization: Bearer $TOKEN" "$URL/api/v1/openapi.json" >"$DIR/openapi.json"
    each --phases examples,coverage,fuzzing --include-path-regex "$HALF" >"$DIR/out.1" 2>&1 & FIRST=$!
    each --phases examples,coverage,fuzzing --exclude-path-regex "$HALF" >"$DIR/out.2" 2>&1 & SECOND=$!
    each --phases stateful >"$DIR/out.3" 2>&1 & CHAINS=$!
    FAILED=
    for PART in "$FIRST" "$SECOND" "$CHAINS"; do wait "$PART" || FAILED=yes; done
    cat "$DIR"/out.[123]
    cat "$DIR/out.3" >>"$DIR/out"
    if [ -n "$FAILED" ]; then exit 1; fi
    # Signing out ends the token of the run: it goes last, alone.
    run --max-examples 1 --phases coverage,fuzzing --include-operation-id delete_session
done
# A link that nothing can follow is no promise: the chains would check nothing.
if ! grep -E 'API Links: +[1-9][0-9]* covered' "$DIR/out" >/dev/null; then
    echo "no link of the description was followed" >&2
    exit 1
fi
if grep -c '"panic"' "$DIR/log"; then
    echo "a handler panicked" >&2
    exit 1
fi
