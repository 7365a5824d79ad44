//! Every encrypted column, in one list: what a verification opens and a change
//! of keys seals anew.

use diesel::prelude::*;
use diesel::sql_types::{BigInt, Binary, Nullable, Text};

use super::connection::Db;
use super::{REGISTRY_CHAIN, access, account, certificate, draft_key, export_log, fact, guardian};
use super::{history, import_upload, line, pending_change, resident, token, visit_photo};

/// One encrypted column.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SealedColumn {
    /// Table.
    pub table: &'static str,
    /// The number that values are bound to and found by.
    pub owner: &'static str,
    /// Whether the table is kept by street (`(id, street_code)`); otherwise
    /// its rows belong to the registry as a whole.
    pub by_street: bool,
    /// Column.
    pub column: &'static str,
    /// What the value is bound to, besides its record's id.
    pub field: &'static str,
    /// Column and kind of the blind index over the same value.
    pub index: Option<(&'static str, &'static str)>,
    /// Protected by trigger: its values keep the key that sealed them.
    pub append_only: bool,
}

const fn open(table: &'static str, column: &'static str, field: &'static str) -> SealedColumn {
    let owner = "id";
    SealedColumn { table, owner, by_street: true, column, field, index: None, append_only: false }
}

const fn office(
    table: &'static str,
    owner: &'static str,
    column: &'static str,
    field: &'static str,
) -> SealedColumn {
    SealedColumn { owner, by_street: false, ..open(table, column, field) }
}

const fn indexed(sealed: SealedColumn, column: &'static str, kind: &'static str) -> SealedColumn {
    SealedColumn { index: Some((column, kind)), ..sealed }
}

const fn fixed(sealed: SealedColumn) -> SealedColumn {
    SealedColumn { append_only: true, ..sealed }
}

impl SealedColumn {
    /// SQL of the chain that guards the row.
    fn street(&self) -> String {
        if self.by_street { "street_code".to_owned() } else { format!("'{REGISTRY_CHAIN}'") }
    }
}

/// All columns of the registers. A test compares the list with the columns called `…_enc`.
pub const SEALED: &[SealedColumn] = &[
    indexed(open("resident", "doc_no_enc", resident::DOC_NO), "doc_no_index", resident::DOC_INDEX),
    indexed(open("resident", "phone_enc", resident::PHONE), "phone_index", resident::PHONE_INDEX),
    open("fact", "detail_enc", fact::DETAIL),
    indexed(
        open("certificate", "cert_no_enc", certificate::CERT_NO),
        "cert_no_index",
        certificate::CERT_INDEX,
    ),
    open("certificate", "detail_enc", certificate::DETAIL),
    open("guardian", "name_enc", guardian::NAME),
    open("guardian", "phone_enc", guardian::PHONE),
    open("account", "holder_doc_enc", account::HOLDER_DOC),
    indexed(
        open("account", "account_enc", account::ACCOUNT_NO),
        "account_index",
        account::ACCOUNT_INDEX,
    ),
    open("export_file", "body_enc", export_log::BODY),
    open("import_upload", "body_enc", import_upload::BODY),
    open("import_upload", "preview_enc", import_upload::PREVIEW),
    open("import_upload", "report_enc", import_upload::REPORT),
    open("pending_change", "proposal_enc", pending_change::PROPOSAL),
    open("visit_photo", "photo_enc", visit_photo::PHOTO),
    fixed(open("history", "old_enc", history::OLD)),
    fixed(open("history", "new_enc", history::NEW)),
];

/// Secrets of accounts and of the service itself, which belong to no street.
pub const OFFICE_SEALED: &[SealedColumn] = &[
    office("user_access", "user_id", "totp_secret", access::TOTP_SECRET),
    office("token_key", "id", "sealed", token::SEALED_SEED),
    office("draft_key", "id", "private_key", draft_key::PRIVATE),
];

/// The inputs of payout lines: fixed with the line, and opened by recomputing
/// it (`verify --full`) rather than one by one.
pub const LINE_INPUTS: SealedColumn = fixed(open("line", "inputs", line::INPUTS));

/// One encrypted value.
#[derive(Debug, Clone, QueryableByName)]
pub struct SealedValue {
    /// Its record.
    #[diesel(sql_type = BigInt)]
    pub id: i64,
    /// The record's street.
    #[diesel(sql_type = Text)]
    pub street_code: String,
    /// The value.
    #[diesel(sql_type = Binary)]
    pub sealed: Vec<u8>,
    /// Blind index beside it.
    #[diesel(sql_type = Nullable<Binary>)]
    pub blind: Option<Vec<u8>>,
    /// Kind of document, for `resident.doc_no_enc`.
    #[diesel(sql_type = Nullable<Text>)]
    pub doc_kind: Option<String>,
}

/// Up to `limit` values of a column with ids after `after`, in order.
///
/// # Errors
/// The database failed.
pub fn list_sealed(
    conn: &mut Db,
    column: &SealedColumn,
    after: i64,
    limit: i64,
) -> QueryResult<Vec<SealedValue>> {
    let blind = column.index.map_or("NULL".to_owned(), |(name, _)| format!("\"{name}\""));
    let doc_kind = if column.field == resident::DOC_NO { "doc_kind" } else { "NULL" };
    let street = column.street();
    let SealedColumn { table, owner, column, .. } = column;
    let query = format!(
        "SELECT {owner} AS id, {street} AS street_code, \"{column}\" AS sealed,
                {blind} AS blind, {doc_kind} AS doc_kind
         FROM \"{table}\" WHERE \"{column}\" IS NOT NULL AND {owner} > {after}
         ORDER BY {owner} LIMIT {limit}"
    );
    diesel::sql_query(query).load(conn)
}

#[derive(QueryableByName)]
struct KeyCount {
    #[diesel(sql_type = Text)]
    key: String,
    #[diesel(sql_type = BigInt)]
    rows: i64,
}

/// How many values of a column each data key seals (key id → values). What is
/// too short to name a key was sealed by none.
///
/// # Errors
/// The database failed.
pub fn count_by_key(conn: &mut Db, column: &SealedColumn) -> QueryResult<Vec<(u16, i64)>> {
    let key = match conn {
        Db::Lite(_) => format!("lower(hex(substr(\"{}\", 2, 2)))", column.column),
        Db::Pg(_) => format!("encode(substring(\"{}\" from 2 for 2), 'hex')", column.column),
    };
    let query = format!(
        "SELECT {key} AS key, count(*) AS rows FROM \"{}\" WHERE length(\"{}\") >= 3 GROUP BY 1",
        column.table, column.column
    );
    let rows: Vec<KeyCount> = diesel::sql_query(query).load(conn)?;
    rows.into_iter()
        .map(|row| {
            let id = u16::from_str_radix(&row.key, 16)
                .map_err(|error| diesel::result::Error::DeserializationError(Box::new(error)))?;
            Ok((id, row.rows))
        })
        .collect()
}

/// Up to `limit` values of a street that another key than `key` sealed.
///
/// # Errors
/// The database failed.
pub fn list_outdated(
    conn: &mut Db,
    column: &SealedColumn,
    street: &str,
    key: u16,
    after: i64,
    limit: i64,
) -> QueryResult<Vec<SealedValue>> {
    let place = column.street();
    let SealedColumn { table, owner, column, .. } = column;
    let other = match conn {
        Db::Lite(_) => format!("hex(substr(\"{column}\", 2, 2)) <> '{key:04X}'"),
        Db::Pg(_) => format!("encode(substring(\"{column}\" from 2 for 2), 'hex') <> '{key:04x}'"),
    };
    let mark = if matches!(conn, Db::Lite(_)) { "?" } else { "$1" };
    let query = format!(
        "SELECT {owner} AS id, {place} AS street_code, \"{column}\" AS sealed,
                NULL AS blind, NULL AS doc_kind
         FROM \"{table}\" WHERE {place} = {mark} AND \"{column}\" IS NOT NULL
           AND {owner} > {after} AND {other}
         ORDER BY {owner} LIMIT {limit}"
    );
    diesel::sql_query(query).bind::<Text, _>(street).load(conn)
}

/// Replaces a value if it is still `old`. Returns the row count.
///
/// # Errors
/// The database failed.
pub fn mark_resealed(
    conn: &mut Db,
    column: &SealedColumn,
    value: &SealedValue,
    new: &[u8],
) -> QueryResult<usize> {
    let place = column.street();
    let SealedColumn { table, owner, column, .. } = column;
    let marks =
        if matches!(conn, Db::Lite(_)) { ["?", "?", "?", "?"] } else { ["$1", "$2", "$3", "$4"] };
    let [to, id, street, old] = marks;
    let statement = format!(
        "UPDATE \"{table}\" SET \"{column}\" = {to}
         WHERE {owner} = {id} AND {place} = {street} AND \"{column}\" = {old}"
    );
    diesel::sql_query(statement)
        .bind::<Binary, _>(new)
        .bind::<BigInt, _>(value.id)
        .bind::<Text, _>(&value.street_code)
        .bind::<Binary, _>(&value.sealed)
        .execute(conn)
}

/// Replaces the blind index beside a value. Returns the row count.
///
/// # Errors
/// The database failed; another record has this index.
pub fn mark_index(
    conn: &mut Db,
    column: &SealedColumn,
    value: &SealedValue,
    new: &[u8],
) -> QueryResult<usize> {
    let Some((name, _)) = column.index else { return Ok(0) };
    let marks = if matches!(conn, Db::Lite(_)) { ["?", "?", "?"] } else { ["$1", "$2", "$3"] };
    let [to, id, street] = marks;
    let (place, SealedColumn { table, owner, .. }) = (column.street(), column);
    let statement = format!(
        "UPDATE \"{table}\" SET \"{name}\" = {to} WHERE {owner} = {id} AND {place} = {street}"
    );
    diesel::sql_query(statement)
        .bind::<Binary, _>(new)
        .bind::<BigInt, _>(value.id)
        .bind::<Text, _>(&value.street_code)
        .execute(conn)
}
