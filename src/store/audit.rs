//! The audit log: append-only, one gap-free hash chain per street.

use chrono::NaiveDateTime;
use diesel::prelude::*;

use super::cipher::Cipher;
use super::connection::Db;
use super::db::per_backend;
use super::schema::{audit, chain_head};

/// What happened. No personal values: ids and names of fields only.
#[derive(Debug, Clone, Copy)]
pub struct Entry<'a> {
    /// Username, or `cli:` and the system user.
    pub actor: &'a str,
    /// Verb and noun, for example `run.approve`.
    pub action: &'a str,
    /// Kind of the object, for example `run`.
    pub object_kind: &'a str,
    /// Id of the object.
    pub object_id: Option<i64>,
    /// Why, if a reason was asked for.
    pub reason: Option<&'a str>,
    /// Names of fields, counts, digests.
    pub detail: Option<&'a str>,
}

/// One stored entry.
#[derive(Debug, Clone, PartialEq, Eq, Queryable, Selectable, Insertable)]
#[diesel(table_name = audit)]
pub struct AuditRow {
    /// Which chain.
    pub street_code: String,
    /// Gap-free, from 1.
    pub seq: i64,
    /// UTC.
    pub at: NaiveDateTime,
    /// Who.
    pub actor: String,
    /// What.
    pub action: String,
    /// To what.
    pub object_kind: String,
    /// To which one.
    pub object_id: Option<i64>,
    /// `ok` or `refused`.
    pub result: String,
    /// Why.
    pub reason: Option<String>,
    /// Fields, counts, digests.
    pub detail: Option<String>,
    /// Hash of the entry before.
    pub prev_hash: Vec<u8>,
    /// Hash of this entry over the one before.
    pub hash: Vec<u8>,
}

/// The end of a street's chain, locked for the length of a transaction.
#[derive(Debug, Clone, Queryable, Selectable, Insertable)]
#[diesel(table_name = chain_head)]
pub struct ChainHead {
    /// Which chain.
    pub street_code: String,
    /// Sequence number of the last entry; 0 if there is none.
    pub seq: i64,
    /// Its hash; 32 zero bytes if there is none.
    pub hash: Vec<u8>,
}

/// Locks the head of a street's chain; makes one for a new street.
pub(super) fn lock_head(conn: &mut Db, street: &str) -> QueryResult<ChainHead> {
    let fresh = ChainHead { street_code: street.to_owned(), seq: 0, hash: vec![0; 32] };
    if let Some(head) = find_head_for_update(conn, street)? {
        return Ok(head);
    }
    per_backend!(conn, |c| diesel::insert_into(chain_head::table)
        .values(&fresh)
        .on_conflict_do_nothing()
        .execute(c))?;
    find_head_for_update(conn, street)?.ok_or(diesel::result::Error::NotFound)
}

/// SQLite holds its write lock already; PostgreSQL locks the one row.
fn find_head_for_update(conn: &mut Db, street: &str) -> QueryResult<Option<ChainHead>> {
    match conn {
        Db::Lite(c) => {
            chain_head::table.find(street).select(ChainHead::as_select()).first(c).optional()
        }
        Db::Pg(c) => chain_head::table
            .find(street)
            .select(ChainHead::as_select())
            .for_update()
            .first(c)
            .optional(),
    }
}

/// Stores the head once, at the end of the transaction.
pub(super) fn save_head(conn: &mut Db, head: &ChainHead) -> QueryResult<()> {
    diesel::update(chain_head::table.find(&head.street_code))
        .set((chain_head::seq.eq(head.seq), chain_head::hash.eq(&head.hash)))
        .execute(conn)?;
    Ok(())
}

/// Appends an entry and moves the head on.
pub(super) fn append(
    conn: &mut Db,
    head: &mut ChainHead,
    cipher: &Cipher,
    at: NaiveDateTime,
    result: &str,
    entry: &Entry<'_>,
) -> QueryResult<i64> {
    let mut row = AuditRow {
        street_code: head.street_code.clone(),
        seq: head.seq + 1,
        at,
        actor: entry.actor.to_owned(),
        action: entry.action.to_owned(),
        object_kind: entry.object_kind.to_owned(),
        object_id: entry.object_id,
        result: result.to_owned(),
        reason: entry.reason.map(str::to_owned),
        detail: entry.detail.map(str::to_owned),
        prev_hash: head.hash.clone(),
        hash: Vec::new(),
    };
    row.hash = cipher.chain(&row.prev_hash, &canonical(&row)).to_vec();
    diesel::insert_into(audit::table).values(&row).execute(conn)?;
    head.seq = row.seq;
    head.hash = row.hash;
    Ok(row.seq)
}

/// The bytes that are hashed: every field with its length in front, so that
/// no two different entries look alike.
#[must_use]
pub fn canonical(row: &AuditRow) -> Vec<u8> {
    let at = row.at.and_utc().timestamp_micros().to_string();
    let object_id = row.object_id.map(|id| id.to_string());
    let seq = row.seq.to_string();
    let fields: [Option<&str>; 10] = [
        Some(&row.street_code),
        Some(&seq),
        Some(&at),
        Some(&row.actor),
        Some(&row.action),
        Some(&row.object_kind),
        object_id.as_deref(),
        Some(&row.result),
        row.reason.as_deref(),
        row.detail.as_deref(),
    ];
    let mut bytes = Vec::with_capacity(160);
    for field in fields {
        match field {
            Some(text) => {
                bytes.extend_from_slice(&(text.len() as u64 + 1).to_be_bytes());
                bytes.extend_from_slice(text.as_bytes());
            }
            None => bytes.extend_from_slice(&0_u64.to_be_bytes()),
        }
    }
    bytes
}

/// Names of all chains.
///
/// # Errors
/// The database failed.
pub fn list_heads(conn: &mut Db) -> QueryResult<Vec<ChainHead>> {
    chain_head::table.order(chain_head::street_code).select(ChainHead::as_select()).load(conn)
}

/// Up to `limit` entries of a chain after `seq`, in order.
///
/// # Errors
/// The database failed.
pub fn list_after(conn: &mut Db, street: &str, seq: i64, limit: i64) -> QueryResult<Vec<AuditRow>> {
    audit::table
        .filter(audit::street_code.eq(street).and(audit::seq.gt(seq)))
        .order(audit::seq)
        .limit(limit)
        .select(AuditRow::as_select())
        .load(conn)
}

/// Up to `limit` entries of one action after `seq`, in order.
///
/// # Errors
/// The database failed.
pub fn list_of_action(
    conn: &mut Db,
    street: &str,
    action: &str,
    seq: i64,
    limit: i64,
) -> QueryResult<Vec<AuditRow>> {
    audit::table
        .filter(audit::street_code.eq(street).and(audit::action.eq(action)))
        .filter(audit::seq.gt(seq))
        .order(audit::seq)
        .limit(limit)
        .select(AuditRow::as_select())
        .load(conn)
}

/// The last entry of an action.
///
/// # Errors
/// The database failed.
pub fn last_of_action(conn: &mut Db, street: &str, action: &str) -> QueryResult<Option<AuditRow>> {
    audit::table
        .filter(audit::street_code.eq(street).and(audit::action.eq(action)))
        .order(audit::seq.desc())
        .select(AuditRow::as_select())
        .first(conn)
        .optional()
}

/// How often somebody did something since an instant (UTC).
///
/// # Errors
/// The database failed.
pub fn count_since(
    conn: &mut Db,
    street: &str,
    actor: &str,
    action: &str,
    since: NaiveDateTime,
) -> QueryResult<i64> {
    audit::table
        .filter(audit::street_code.eq(street).and(audit::at.ge(since)))
        .filter(audit::actor.eq(actor).and(audit::action.eq(action)))
        .filter(audit::result.eq("ok"))
        .select(diesel::dsl::count_star())
        .get_result(conn)
}

/// Which entries of a chain.
#[derive(Debug, Clone)]
pub struct AuditFilter {
    /// Which chain.
    pub street: String,
    /// From this instant on, UTC.
    pub from: NaiveDateTime,
    /// Before this instant, UTC.
    pub to: NaiveDateTime,
    /// Who.
    pub actor: Option<String>,
    /// Beginning of the action, for example `resident.`.
    pub action: Option<String>,
    /// Id of the object.
    pub object_id: Option<i64>,
    /// Only entries before this one.
    pub before: Option<i64>,
}

/// A page of entries, the latest first.
///
/// # Errors
/// The database failed.
pub fn search(conn: &mut Db, filter: &AuditFilter, limit: i64) -> QueryResult<Vec<AuditRow>> {
    let mut query = audit::table
        .filter(audit::street_code.eq(filter.street.clone()))
        .filter(audit::at.ge(filter.from).and(audit::at.lt(filter.to)))
        .into_boxed();
    if let Some(actor) = &filter.actor {
        query = query.filter(audit::actor.eq(actor.clone()));
    }
    if let Some(action) = &filter.action {
        // An action's own underscore is no wildcard.
        let literal = action.replace('\\', "\\\\").replace('%', "\\%").replace('_', "\\_");
        query = query.filter(audit::action.like(format!("{literal}%")).escape('\\'));
    }
    if let Some(id) = filter.object_id {
        query = query.filter(audit::object_id.eq(id));
    }
    if let Some(before) = filter.before {
        query = query.filter(audit::seq.lt(before));
    }
    query.order(audit::seq.desc()).limit(limit).select(AuditRow::as_select()).load(conn)
}
