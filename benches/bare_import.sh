#!/usr/bin/env bash
# The yardstick of `cargo bench --bench import -- ROWS XLSX_ROWS KEEP_DIR`: the
# same rows into the same tables with the same indexes, bare. SQLite: one
# prepared statement per table, executed in C (Python's executemany), one
# transaction, the same pragmas. PostgreSQL: COPY.
set -euo pipefail
dir="${1:?KEEP_DIR of the benchmark}"
python3 - "$dir/data/mingce.db" "$dir/bare.db" <<'PY'
import os, sqlite3, sys, time
source, target = sys.argv[1:]
if os.path.exists(target):
    os.remove(target)
old = sqlite3.connect(source)
tables = ["resident", "identity_claim"]
new = sqlite3.connect(target, isolation_level=None)
for pragma in ["journal_mode=WAL", "synchronous=FULL", "cache_size=-32768", "mmap_size=268435456"]:
    new.execute("PRAGMA " + pragma)
for (sql,) in old.execute(
    "SELECT sql FROM sqlite_master WHERE tbl_name IN (?,?) AND sql IS NOT NULL ORDER BY type DESC", tables
):
    new.execute(sql)
rows = {table: old.execute(f"SELECT * FROM {table} ORDER BY rowid").fetchall() for table in tables}
started = time.monotonic()
new.execute("BEGIN IMMEDIATE")
for table in tables:
    marks = ",".join("?" * len(rows[table][0]))
    new.executemany(f"INSERT INTO {table} VALUES ({marks})", rows[table])
new.execute("COMMIT")
print('{"phase":"bare_prepared_insert","rows":%d,"seconds":%.3f}' % (len(rows["resident"]), time.monotonic() - started))
PY
