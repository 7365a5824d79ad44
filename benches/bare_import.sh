#!/usr/bin/env bash
# The yardstick of `cargo bench --bench import -- ROWS XLSX_ROWS KEEP_DIR`: the
# same rows into the same tables with the same indexes, bare. SQLite: one
# prepared statement per table, executed in C (Python's executemany), one
# transaction, the same pragmas. PostgreSQL, when the argument is its address:
# binary COPY.
set -euo pipefail
dir="${1:?KEEP_DIR of the benchmark, or its postgres:// address}"
case "$dir" in
postgres://*)
    work="$(mktemp -d /tmp/mingce-import.XXXXXX)"
    trap 'rm -rf "$work"' EXIT
    for table in resident identity_claim name_part; do
        psql -q "$dir" -c "DROP TABLE IF EXISTS bare_$table" -c "CREATE TABLE bare_$table (LIKE $table INCLUDING ALL)" \
            -c "\\copy $table TO '$work/$table' (FORMAT binary)"
    done
    psql -q "$dir" -c CHECKPOINT
    started="$(date +%s.%N)"
    for table in resident identity_claim name_part; do
        psql -q "$dir" -c "\\copy bare_$table FROM '$work/$table' (FORMAT binary)"
    done
    ended="$(date +%s.%N)"
    rows="$(psql -qAt "$dir" -c 'SELECT COUNT(*) FROM bare_resident')"
    python3 -c "print('{\"phase\":\"bare_copy\",\"rows\":%d,\"seconds\":%.3f}' % ($rows, $ended - $started))"
    exit
    ;;
esac
python3 - "$dir/data/mingce.db" "$dir/bare.db" <<'PY'
import os, sqlite3, sys, time
source, target = sys.argv[1:]
if os.path.exists(target):
    os.remove(target)
old = sqlite3.connect(source)
tables = ["resident", "identity_claim", "name_part"]
new = sqlite3.connect(target, isolation_level=None)
for pragma in ["journal_mode=WAL", "synchronous=FULL", "cache_size=-32768", "mmap_size=268435456"]:
    new.execute("PRAGMA " + pragma)
for (sql,) in old.execute(
    "SELECT sql FROM sqlite_master WHERE tbl_name IN (?,?,?) AND sql IS NOT NULL ORDER BY type DESC", tables
):
    new.execute(sql)
rows = {table: old.execute(f"SELECT * FROM {table} ORDER BY 1").fetchall() for table in tables}
started = time.monotonic()
new.execute("BEGIN IMMEDIATE")
for table in tables:
    marks = ",".join("?" * len(rows[table][0]))
    new.executemany(f"INSERT INTO {table} VALUES ({marks})", rows[table])
new.execute("COMMIT")
print('{"phase":"bare_prepared_insert","rows":%d,"seconds":%.3f}' % (len(rows["resident"]), time.monotonic() - started))
PY
