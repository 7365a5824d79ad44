//! Whole tables as rows of plain cells, the same on both backends: what a
//! backup reads and a restore writes.
//!
//! Columns come from the database's own catalogue, so a new column needs no
//! code here. A row travels as a JSON array between SQL and Rust and as
//! [`Cell`]s everywhere else; instants always have six decimals, bytes are
//! bytes, booleans are 0 and 1. One table in memory never exists: rows stream.

mod tables;

use diesel::pg::PgRowByRowLoadingMode;
use diesel::prelude::*;
use diesel::sql_types::{BigInt, Integer, Text};
use serde::{Deserialize, Serialize};

use super::connection::Db;

pub use tables::{NOT_BACKED_UP, TABLES};

/// One value.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Cell {
    /// NULL.
    Null,
    /// Whole number or boolean.
    Int(i64),
    /// Text, date `YYYY-MM-DD` or instant `YYYY-MM-DD HH:MM:SS.ffffff`.
    Text(String),
    /// Bytes.
    Bytes(Vec<u8>),
}

/// What a column holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum ColumnKind {
    /// 32 or 64 bits.
    Int,
    /// Text.
    Text,
    /// Boolean.
    Bool,
    /// Day.
    Date,
    /// UTC, microseconds.
    Instant,
    /// Bytes.
    Bytes,
}

/// One column.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Column {
    /// Its name.
    pub name: String,
    /// What it holds.
    pub kind: ColumnKind,
    /// Place in the primary key, from 1; 0 if not part of it.
    pub key: i32,
}

#[derive(QueryableByName)]
struct CatalogueRow {
    #[diesel(sql_type = Text)]
    name: String,
    #[diesel(sql_type = Text)]
    kind: String,
    #[diesel(sql_type = Integer)]
    key: i32,
}

#[derive(QueryableByName)]
struct RowText {
    #[diesel(sql_type = Text)]
    row: String,
}

#[derive(QueryableByName)]
struct CountRow {
    #[diesel(sql_type = BigInt)]
    rows: i64,
}

/// Money of one program, month and kind: what a restore must reproduce.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, QueryableByName)]
pub struct LineSum {
    /// Street.
    #[diesel(sql_type = Text)]
    pub street_code: String,
    /// Program.
    #[diesel(sql_type = Text)]
    pub program: String,
    /// Month as an index.
    #[diesel(sql_type = Integer)]
    pub month: i32,
    /// Kind of line.
    #[diesel(sql_type = Text)]
    pub kind: String,
    /// How many lines.
    #[diesel(sql_type = BigInt)]
    pub lines: i64,
    /// Σ amount in fen.
    #[diesel(sql_type = BigInt)]
    pub fen: i64,
}

/// The columns of a table, from the catalogue.
///
/// # Errors
/// The database failed; a column of an unexpected type.
pub fn columns(conn: &mut Db, table: &str) -> QueryResult<Vec<Column>> {
    let rows: Vec<CatalogueRow> = match conn {
        Db::Lite(c) => diesel::sql_query(
            "SELECT name, lower(type) AS kind, pk AS key FROM pragma_table_info(?) ORDER BY cid",
        )
        .bind::<Text, _>(table)
        .load(c)?,
        Db::Pg(c) => diesel::sql_query(
            "SELECT a.attname::text AS name,
                    format_type(a.atttypid, a.atttypmod)::text AS kind,
                    coalesce(array_position(i.indkey::int2[], a.attnum) + 1, 0)::int AS key
             FROM pg_attribute a
             LEFT JOIN pg_index i ON i.indrelid = a.attrelid AND i.indisprimary
             WHERE a.attrelid = $1::regclass AND a.attnum > 0 AND NOT a.attisdropped
             ORDER BY a.attnum",
        )
        .bind::<Text, _>(table)
        .load(c)?,
    };
    rows.into_iter()
        .map(|row| {
            let kind = match row.kind.as_str() {
                "integer" | "bigint" => ColumnKind::Int,
                "text" => ColumnKind::Text,
                "boolean" => ColumnKind::Bool,
                "date" => ColumnKind::Date,
                "timestamp" | "timestamp without time zone" => ColumnKind::Instant,
                "blob" | "bytea" => ColumnKind::Bytes,
                other => return Err(broken(&format!("{table}.{} is {other}", row.name))),
            };
            Ok(Column { name: row.name, kind, key: row.key })
        })
        .collect()
}

/// Number of rows.
///
/// # Errors
/// The database failed.
pub fn count(conn: &mut Db, table: &str) -> QueryResult<i64> {
    let query = format!("SELECT count(*) AS rows FROM \"{table}\"");
    let row: CountRow = diesel::sql_query(query).get_result(conn)?;
    Ok(row.rows)
}

/// Hands over all rows of a table in the order of its primary key.
///
/// # Errors
/// The database failed, or what `each` returns.
pub fn for_each_row<E: From<diesel::result::Error>>(
    conn: &mut Db,
    table: &str,
    columns: &[Column],
    mut each: impl FnMut(Vec<Cell>) -> Result<(), E>,
) -> Result<(), E> {
    let query = diesel::sql_query(select(conn, table, columns));
    let mut handle = |row: QueryResult<RowText>| each(cells(&row?.row, columns)?);
    match conn {
        Db::Lite(c) => query
            .load_iter::<RowText, diesel::connection::DefaultLoadingMode>(c)?
            .try_for_each(&mut handle),
        Db::Pg(c) => {
            query.load_iter::<RowText, PgRowByRowLoadingMode>(c)?.try_for_each(&mut handle)
        }
    }
}

fn select(conn: &Db, table: &str, columns: &[Column]) -> String {
    let lite = matches!(conn, Db::Lite(_));
    let values: Vec<String> = columns
        .iter()
        .map(|column| {
            let name = format!("\"{}\"", column.name);
            match (lite, column.kind) {
                (true, ColumnKind::Instant) => format!(
                    "{name} || CASE length({name}) WHEN 19 THEN '.000000' WHEN 23 THEN '000' ELSE '' END"
                ),
                (true, ColumnKind::Bytes) => {
                    format!("CASE WHEN {name} IS NULL THEN NULL ELSE lower(hex({name})) END")
                }
                (false, ColumnKind::Instant) => {
                    format!("to_char({name}, 'YYYY-MM-DD HH24:MI:SS.US')")
                }
                (false, ColumnKind::Bytes) => format!("encode({name}, 'hex')"),
                (false, ColumnKind::Bool) => format!("{name}::int"),
                _ => name,
            }
        })
        .collect();
    let array = if lite { "json_array" } else { "json_build_array" };
    let mut key: Vec<&Column> = columns.iter().filter(|column| column.key > 0).collect();
    key.sort_by_key(|column| column.key);
    let order: Vec<String> = key
        .iter()
        .map(|column| match (lite, column.kind) {
            // The order of bytes, whatever the database's language.
            (false, ColumnKind::Text) => format!("\"{}\" COLLATE \"C\"", column.name),
            _ => format!("\"{}\"", column.name),
        })
        .collect();
    format!(
        "SELECT CAST({array}({}) AS TEXT) AS row FROM \"{table}\" ORDER BY {}",
        values.join(", "),
        order.join(", ")
    )
}

fn cells(row: &str, columns: &[Column]) -> QueryResult<Vec<Cell>> {
    let values: Vec<serde_json::Value> =
        serde_json::from_str(row).map_err(|error| broken(&error.to_string()))?;
    values
        .into_iter()
        .zip(columns)
        .map(|(value, column)| match (value, column.kind) {
            (serde_json::Value::Null, _) => Ok(Cell::Null),
            (serde_json::Value::Number(n), ColumnKind::Int | ColumnKind::Bool) => {
                n.as_i64().map(Cell::Int).ok_or_else(|| broken("a number is not whole"))
            }
            (serde_json::Value::String(hex), ColumnKind::Bytes) => {
                from_hex(&hex).map(Cell::Bytes).ok_or_else(|| broken("bytes are not hex"))
            }
            (serde_json::Value::String(text), _) => Ok(Cell::Text(text)),
            (_, kind) => Err(broken(&format!("{} does not hold a {kind:?}", column.name))),
        })
        .collect()
}

/// Inserts rows that [`for_each_row`] handed over.
///
/// # Errors
/// The database failed.
pub fn insert_rows(
    conn: &mut Db,
    table: &str,
    columns: &[Column],
    rows: &[Vec<Cell>],
) -> QueryResult<()> {
    let lite = matches!(conn, Db::Lite(_));
    let names: Vec<String> = columns.iter().map(|column| format!("\"{}\"", column.name)).collect();
    let values: Vec<String> = columns
        .iter()
        .enumerate()
        .map(
            |(at, column)| {
                if lite { lite_value(at, column.kind) } else { pg_value(at, column.kind) }
            },
        )
        .collect();
    let source = if lite { "json_each(?)" } else { "json_array_elements($1::json) AS j(value)" };
    let statement = format!(
        "INSERT INTO \"{table}\" ({}) SELECT {} FROM {source}",
        names.join(", "),
        values.join(", ")
    );
    let json: Vec<Vec<serde_json::Value>> =
        rows.iter().map(|row| row.iter().map(json_value).collect()).collect();
    let json = serde_json::to_string(&json).map_err(|error| broken(&error.to_string()))?;
    let query = diesel::sql_query(statement).bind::<Text, _>(json);
    match conn {
        Db::Lite(c) => query.execute(c)?,
        Db::Pg(c) => query.execute(c)?,
    };
    Ok(())
}

fn lite_value(at: usize, kind: ColumnKind) -> String {
    let value = format!("value ->> {at}");
    match kind {
        // As diesel writes instants: no more decimals than needed.
        ColumnKind::Instant => format!(
            "CASE WHEN {value} LIKE '%.000000' THEN substr({value}, 1, 19)
                  WHEN {value} LIKE '%000' THEN substr({value}, 1, 23) ELSE {value} END"
        ),
        ColumnKind::Bytes => format!("unhex({value})"),
        _ => value,
    }
}

fn pg_value(at: usize, kind: ColumnKind) -> String {
    let value = format!("(value ->> {at})");
    match kind {
        ColumnKind::Int => format!("{value}::bigint"),
        ColumnKind::Text => value,
        ColumnKind::Bool => format!("{value}::int::boolean"),
        ColumnKind::Date => format!("{value}::date"),
        ColumnKind::Instant => format!("{value}::timestamp"),
        ColumnKind::Bytes => format!("decode({value}, 'hex')"),
    }
}

fn json_value(cell: &Cell) -> serde_json::Value {
    match cell {
        Cell::Null => serde_json::Value::Null,
        Cell::Int(number) => (*number).into(),
        Cell::Text(text) => text.as_str().into(),
        Cell::Bytes(bytes) => to_hex(bytes).into(),
    }
}

/// Sets the state of a run whose lines are in place (its triggers refuse lines
/// once it is approved).
///
/// # Errors
/// The database failed.
pub fn mark_restored_state(
    conn: &mut Db,
    id: i64,
    street: &str,
    state: &str,
) -> QueryResult<usize> {
    use super::schema::run;
    diesel::update(run::table.filter(run::id.eq(id).and(run::street_code.eq(street))))
        .set(run::state.eq(state))
        .execute(conn)
}

/// Lines and money per street, program, month and kind.
///
/// # Errors
/// The database failed.
pub fn line_sums(conn: &mut Db) -> QueryResult<Vec<LineSum>> {
    let mut sums: Vec<LineSum> = diesel::sql_query(
        "SELECT street_code, program, month, kind, CAST(count(*) AS BIGINT) AS lines,
                CAST(coalesce(sum(amount_fen), 0) AS BIGINT) AS fen
         FROM line GROUP BY street_code, program, month, kind",
    )
    .load(conn)?;
    let key =
        |sum: &LineSum| (sum.street_code.clone(), sum.program.clone(), sum.month, sum.kind.clone());
    sums.sort_by_key(key);
    Ok(sums)
}

/// Lower-case hexadecimal digits.
#[must_use]
pub fn to_hex(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    let digit = |nibble: u8| DIGITS.get(usize::from(nibble)).copied().unwrap_or(b'?') as char;
    bytes.iter().flat_map(|byte| [digit(byte >> 4), digit(byte & 15)]).collect()
}

/// Reads hexadecimal digits.
#[must_use]
pub fn from_hex(text: &str) -> Option<Vec<u8>> {
    let digit = |c: u8| (c as char).to_digit(16).and_then(|d| u8::try_from(d).ok());
    text.as_bytes()
        .chunks(2)
        .map(|pair| match pair {
            [high, low] => Some(digit(*high)? << 4 | digit(*low)?),
            _ => None,
        })
        .collect()
}

fn broken(what: &str) -> diesel::result::Error {
    diesel::result::Error::DeserializationError(what.into())
}
