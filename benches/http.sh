#!/usr/bin/env bash
# The service under load, all in one run: http.sh MINGCE DATA PASSWORD [SECONDS] [MIXED_SECONDS]
#
# DATA is a demo (`mingce --data DATA demo --no-serve --residents N`, with DATABASE_URL for PostgreSQL), PASSWORD that of
# its clerk. Needs wrk and python3. With PEERS (a folder with a venv of Django REST, the `drf` site and its database)
# the same household is also asked of Django REST. MIXED_SECONDS = 300 is the full trial of 200 clients.
set -eu
bin=$(realpath "$1") data=$2 password=$3 seconds=${4:-8} mixed=${5:-20}
here=$(realpath "$(dirname "$0")") port=${PORT:-8097}
export DIR; DIR=$(mktemp -d)
service=
cleanup() { [ -n "$service" ] && kill "$service" 2>/dev/null; wait 2>/dev/null; rm -rf "$DIR"; }
trap cleanup EXIT

memory() { awk -v key="$1" '$1 == key ":" { printf "%d MB", $2 / 1024 }' "/proc/$service/status"; }
# load MODE CLIENTS [SECONDS] [PAUSE]: prints and keeps the last line
load() {
  MODE=$1 PAUSE=${4:-0} wrk -t1 -c"$2" -d"${3:-$seconds}s" --timeout 10s -s "$here/http/load.lua" \
    "http://127.0.0.1:$port" | grep "^$1 " | tee "$DIR/last"
}
rate() { sed 's/.*rps=\([0-9.]*\).*/\1/' "$DIR/last"; }
ratio() { awk -v a="$2" -v b="$3" -v name="$1" 'BEGIN { printf "  %s = %.3f\n", name, a / b }'; }

began=$(date +%s%N)
"$bin" --data "$data" serve --listen "127.0.0.1:$port" >"$DIR/log" 2>&1 & service=$!
until curl -fs "http://127.0.0.1:$port/health" >/dev/null 2>&1; do sleep 0.005; done
echo "start to ready: $((($(date +%s%N) - began) / 1000000)) ms; memory idle: $(memory VmRSS)"
python3 "$here/http/prepare.py" "http://127.0.0.1:$port" "${CLERK:-jingban}" "$password" "$DIR"

load hello 8; hello=$(rate)
load json 8; json=$(rate); ratio "household JSON / hello" "$json" "$hello"
if [ -n "${PEERS:-}" ]; then
  (cd "$PEERS/drf/site" && exec "$PEERS/venv/bin/gunicorn" -w 2 -k gthread --threads 4 --keep-alive 30 \
    -b 127.0.0.1:18081 drf_wsgi:application --log-level error) & peer=$!
  sleep 3
  drf() { MODE=$1 N=40000 wrk -t1 -c8 -d"${seconds}s" -s "$PEERS/drf/wrk.lua" http://127.0.0.1:18081 | grep RESULT | tee "$DIR/last"; }
  drf household; ratio "household JSON / Django REST" "$json" "$(rate)"
  drf contains; contains=$(rate)
  kill "$peer"; wait "$peer" 2>/dev/null || true
fi
load html 8; html=$(rate)
pause=$(awk -v r="$html" 'BEGIN { p = 1000 * 8 / (r / 2) - 1000 * 8 / r; print (p < 1) ? 1 : int(p + 0.5) }')
echo "household page at about half of that:"; load html 8 "$seconds" "$pause"
for kind in prefix substring initials; do
  load "$kind" 1
  load "$kind" 8
  [ "$kind" = substring ] && [ -n "${contains:-}" ] && ratio "substring search / Django REST" "$(rate)" "$contains"
done
load save 1; save=$(rate)
python3 - "$DIR/bare.db" "$seconds" <<'PY' | tee "$DIR/last"
import sqlite3, sys, time
db = sqlite3.connect(sys.argv[1], isolation_level=None)
db.execute("PRAGMA journal_mode=WAL"); db.execute("PRAGMA synchronous=FULL")
db.execute("CREATE TABLE bare(id INTEGER PRIMARY KEY, text TEXT)")
n, began = 0, time.monotonic()
while time.monotonic() - began < float(sys.argv[2]):
    db.execute("BEGIN IMMEDIATE"); db.execute("INSERT INTO bare(text) VALUES (?)", ("x" * 200,)); db.execute("COMMIT"); n += 1
print(f"bare SQLite commit rps={n / (time.monotonic() - began):.1f}")
PY
ratio "saving / bare SQLite commit" "$save" "$(rate)"
echo "200 clients, $mixed s:"; before=$(memory VmRSS); load mixed 200 "$mixed"
echo "memory before: $before, after: $(memory VmRSS), peak: $(memory VmHWM)"
