#!/usr/bin/env bash
# The yardstick of `cargo bench --bench payout`: the lines of the measured month
# once more into the same table, with its history, indexes and triggers, bare.
# Argument: the SQLite file that the benchmark named, or the PostgreSQL address
# it was given. SQLite: one prepared statement executed in C (Python's
# executemany) in one transaction, the same pragmas. PostgreSQL: binary COPY.
set -euo pipefail
target="${1:?SQLite file or postgres:// address of the benchmark}"
month="(SELECT MAX(month) FROM line)"
case "$target" in
postgres://*)
    file="$(mktemp /tmp/mingce-lines.XXXXXX)"
    trap 'rm -f "$file"' EXIT
    psql -q "$target" -c "\\copy (SELECT * FROM line WHERE month = $month ORDER BY id) TO '$file' (FORMAT binary)"
    psql -q "$target" -c "DELETE FROM line WHERE month = $month" -c "VACUUM line" -c "CHECKPOINT"
    started="$(date +%s.%N)"
    psql -q "$target" -c "\\copy line FROM '$file' (FORMAT binary)"
    ended="$(date +%s.%N)"
    rows="$(psql -qAt "$target" -c "SELECT COUNT(*) FROM line WHERE month = $month")"
    python3 -c "print('{\"phase\":\"bare_copy\",\"rows\":%d,\"seconds\":%.3f}' % ($rows, $ended - $started))"
    ;;
*)
    python3 - "$target" <<'PY'
import sqlite3, sys, time
db = sqlite3.connect(sys.argv[1], isolation_level=None)
for pragma in ["journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON", "cache_size=-32768", "mmap_size=268435456"]:
    db.execute("PRAGMA " + pragma)
(month,) = db.execute("SELECT MAX(month) FROM line").fetchone()
rows = db.execute("SELECT * FROM line WHERE month = ? ORDER BY id", (month,)).fetchall()
db.execute("DELETE FROM line WHERE month = ?", (month,))
db.execute("PRAGMA wal_checkpoint(TRUNCATE)")
marks = ",".join("?" * len(rows[0]))
started = time.monotonic()
db.execute("BEGIN IMMEDIATE")
db.executemany(f"INSERT INTO line VALUES ({marks})", rows)
db.execute("COMMIT")
print('{"phase":"bare_prepared_insert","rows":%d,"seconds":%.3f}' % (len(rows), time.monotonic() - started))
PY
    ;;
esac
