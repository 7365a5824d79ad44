#!/usr/bin/env bash
# Runs every test. Installs and starts what they need: a throw-away PostgreSQL
# on loopback, a browser, schemathesis. Arguments go to `cargo test`, and then
# only that runs.
set -euo pipefail
cd "$(dirname "$0")/.."

if [ $# -eq 0 ]; then
    # What is linked: licences, sources, bans; the list of it for a release.
    python3 supply/check.py
    python3 supply/sbom.py
fi

pg_bin() {
    find /usr/lib/postgresql -maxdepth 2 -name bin 2>/dev/null | sort -V | tail -1
}

if [ -z "$(pg_bin)" ] || [ ! -x "$(pg_bin)/initdb" ]; then
    apt-get update -qq
    DEBIAN_FRONTEND=noninteractive apt-get install -y -qq postgresql >/dev/null
fi
BIN="$(pg_bin)"

# In memory where there is room for it: the tests commit all the time, and what
# they leave lives for one run.
ROOM="$(df --output=avail -k /dev/shm 2>/dev/null | tail -1 || true)"
if [ -w /dev/shm ] && [ "${ROOM:-0}" -gt 4000000 ]; then BASE=/dev/shm; else BASE=/tmp; fi
DIR="$(mktemp -d "$BASE/mingce-pg.XXXXXX")"
PORT="$(python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])')"
# PostgreSQL refuses to run as root.
if [ "$(id -u)" = 0 ]; then
    chown postgres "$DIR"
    as() { runuser -u postgres -- "$@"; }
else
    as() { "$@"; }
fi
stop() {
    as "$BIN/pg_ctl" -D "$DIR/data" -m immediate stop >/dev/null 2>&1 || true
    rm -rf "$DIR"
}
trap stop EXIT
as "$BIN/initdb" -D "$DIR/data" -U mingce --auth=trust --encoding=UTF8 --locale=C.UTF-8 >/dev/null
# A self-signed certificate, so that the statically linked client can prove
# that it speaks TLS and refuses a server it cannot verify.
openssl req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=mingce-test \
    -addext "subjectAltName=IP:127.0.0.1" -keyout "$DIR/server.key" -out "$DIR/server.crt" 2>/dev/null
chmod 600 "$DIR/server.key"
chmod 644 "$DIR/server.crt"
if [ "$(id -u)" = 0 ]; then chown postgres "$DIR/server.key" "$DIR/server.crt"; fi
# The cluster lives for one test run: nothing in it needs to survive a crash.
as "$BIN/pg_ctl" -D "$DIR/data" -w -l "$DIR/log" -o \
    "-p $PORT -c listen_addresses=127.0.0.1 -c unix_socket_directories=$DIR -c fsync=off -c max_connections=200 \
    -c ssl=on -c ssl_cert_file=$DIR/server.crt -c ssl_key_file=$DIR/server.key" \
    start >/dev/null

# Only tests/it/tls.rs asks for TLS; the others save the handshakes.
export PGSSLMODE=disable
export MINGCE_TEST_PG_CA="$DIR/server.crt"
chmod 755 "$DIR"
export MINGCE_TEST_PG="postgres://mingce@127.0.0.1:$PORT"
mkdir -m 1777 "$DIR/tmp"
TMPDIR="$DIR/tmp" cargo test --locked "$@"
if [ $# -eq 0 ]; then
    # The program as the tests have it: `cargo build` would compile it once more,
    # without what the tests' own dependencies add to the features of others.
    MINGCE_BIN="$(cargo metadata --format-version 1 --no-deps --locked |
        python3 -c 'import json, sys; print(json.load(sys.stdin)["target_directory"])')/debug/mingce"
    export MINGCE_BIN
    tests/schemathesis.sh
    tests/browser/run.sh
fi
