//! The read log (`rulings.md` P3): who looked at whom. Views wait in memory and
//! are written in groups; each group's digest is an entry of the audit chain.

use std::sync::{Condvar, Mutex};
use std::time::Duration;

use chrono::{NaiveDate, NaiveDateTime};
use diesel::prelude::*;
use diesel::sql_types::{BigInt, Date, Text};
use sha2::{Digest, Sha256};

use super::Db;
use super::coded::insert_batches;
use super::schema::view_log;

/// One view as stored.
#[derive(Debug, Clone, PartialEq, Eq, Queryable, Selectable, Insertable)]
#[diesel(table_name = view_log, treat_none_as_default_value = false)]
pub struct ViewRow {
    /// Own id, by time.
    pub id: i64,
    /// Which street.
    pub street_code: String,
    /// The audit entry of its group.
    pub audit_seq: i64,
    /// UTC.
    pub at: NaiveDateTime,
    /// The day in Shanghai.
    pub on_day: NaiveDate,
    /// Whether the office was closed.
    pub off_hours: bool,
    /// Who.
    pub actor: String,
    /// `resident` or `household`.
    pub object_kind: String,
    /// Whom.
    pub object_id: i64,
}

/// Digest of a group, over its rows in id order.
#[must_use]
pub fn digest(rows: &[ViewRow]) -> String {
    let mut hash = Sha256::new();
    for row in rows {
        let at = row.at.and_utc().timestamp_micros().to_string();
        let (id, object) = (row.id.to_string(), row.object_id.to_string());
        for part in [&id, &at, &row.actor, &row.object_kind, &object] {
            hash.update((part.len() as u64).to_be_bytes());
            hash.update(part.as_bytes());
        }
    }
    hash.finalize().iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Views that are not written yet.
#[derive(Debug, Default)]
pub struct Waiting {
    rows: Mutex<Vec<ViewRow>>,
    full: Condvar,
}

impl Waiting {
    /// Adds a view; returns how many wait.
    pub fn push(&self, row: ViewRow) -> usize {
        let Ok(mut rows) = self.rows.lock() else { return 0 };
        rows.push(row);
        let count = rows.len();
        if count == super::view_log::GROUP {
            self.full.notify_all();
        }
        count
    }

    /// Takes everything that waits.
    pub fn take(&self) -> Vec<ViewRow> {
        self.rows.lock().map(|mut rows| std::mem::take(&mut *rows)).unwrap_or_default()
    }

    /// Puts back what could not be written.
    pub fn put_back(&self, mut unwritten: Vec<ViewRow>) {
        if let Ok(mut rows) = self.rows.lock() {
            unwritten.append(&mut rows);
            *rows = unwritten;
        }
    }

    /// Until a group is full, at most this long.
    pub fn wait(&self, most: Duration) {
        if let Ok(rows) = self.rows.lock() {
            // Woken or not: whoever waits here looks for itself.
            let _ = self.full.wait_timeout_while(rows, most, |rows| rows.len() < GROUP);
        }
    }
}

/// Rows of a group at most.
pub const GROUP: usize = 500;

/// Inserts the rows of a group.
///
/// # Errors
/// The database failed.
pub fn insert_views(conn: &mut Db, rows: &[ViewRow]) -> QueryResult<usize> {
    insert_batches!(conn, view_log::table, rows)
}

/// Which views.
#[derive(Debug, Clone)]
pub struct ViewFilter {
    /// Which street.
    pub street: String,
    /// First day.
    pub from: NaiveDate,
    /// Last day.
    pub to: NaiveDate,
    /// Who looked.
    pub actor: Option<String>,
    /// At a resident, or at one of these households.
    pub whom: Option<(i64, Vec<i64>)>,
    /// Only views before this one.
    pub before: Option<i64>,
}

/// A page of views, the latest first.
///
/// # Errors
/// The database failed.
pub fn search(conn: &mut Db, filter: &ViewFilter, limit: i64) -> QueryResult<Vec<ViewRow>> {
    let mut query = view_log::table
        .filter(view_log::street_code.eq(filter.street.clone()))
        .filter(view_log::on_day.ge(filter.from).and(view_log::on_day.le(filter.to)))
        .into_boxed();
    if let Some(actor) = &filter.actor {
        query = query.filter(view_log::actor.eq(actor.clone()));
    }
    if let Some((resident, homes)) = &filter.whom {
        let person = view_log::object_kind.eq("resident").and(view_log::object_id.eq(*resident));
        let home =
            view_log::object_kind.eq("household").and(view_log::object_id.eq_any(homes.clone()));
        query = query.filter(person.or(home));
    }
    if let Some(before) = filter.before {
        query = query.filter(view_log::id.lt(before));
    }
    query.order(view_log::id.desc()).limit(limit).select(ViewRow::as_select()).load(conn)
}

/// The rows of a group, in id order.
///
/// # Errors
/// The database failed.
pub fn list_group(conn: &mut Db, street: &str, audit_seq: i64) -> QueryResult<Vec<ViewRow>> {
    view_log::table
        .filter(view_log::street_code.eq(street).and(view_log::audit_seq.eq(audit_seq)))
        .order(view_log::id)
        .select(ViewRow::as_select())
        .load(conn)
}

/// How many rows a street has.
///
/// # Errors
/// The database failed.
pub fn count(conn: &mut Db, street: &str) -> QueryResult<i64> {
    view_log::table.filter(view_log::street_code.eq(street)).count().get_result(conn)
}

/// What somebody looked at on a day.
#[derive(Debug, Clone, PartialEq, Eq, QueryableByName)]
pub struct DayOfViews {
    /// Who.
    #[diesel(sql_type = Text)]
    pub actor: String,
    /// The day.
    #[diesel(sql_type = Date)]
    pub on_day: NaiveDate,
    /// Views.
    #[diesel(sql_type = BigInt)]
    pub views: i64,
    /// People and households.
    #[diesel(sql_type = BigInt)]
    pub objects: i64,
    /// Views while the office was closed.
    #[diesel(sql_type = BigInt)]
    pub off_hours: i64,
    /// Residents who have the name of another account.
    #[diesel(sql_type = BigInt)]
    pub namesakes: i64,
}

/// Views per person and day.
///
/// # Errors
/// The database failed.
pub fn list_days(
    conn: &mut Db,
    street: &str,
    from: NaiveDate,
    to: NaiveDate,
) -> QueryResult<Vec<DayOfViews>> {
    let (street_at, from_at, to_at) = match conn {
        Db::Lite(_) => ("?1", "?2", "?3"),
        Db::Pg(_) => ("$1", "$2", "$3"),
    };
    let query = format!(
        "SELECT v.actor AS actor, v.on_day AS on_day, count(*) AS views,
                count(DISTINCT v.object_id) AS objects,
                sum(CASE WHEN v.off_hours THEN 1 ELSE 0 END) AS off_hours,
                count(DISTINCT CASE WHEN u.id IS NOT NULL THEN v.object_id END) AS namesakes
         FROM view_log v
         LEFT JOIN resident r ON v.object_kind = 'resident' AND r.id = v.object_id
                             AND r.street_code = v.street_code
         LEFT JOIN user_account u ON u.display_name = r.name AND u.username <> v.actor
         WHERE v.street_code = {street_at} AND v.on_day >= {from_at} AND v.on_day <= {to_at}
         GROUP BY v.actor, v.on_day ORDER BY v.on_day DESC, v.actor"
    );
    diesel::sql_query(query)
        .bind::<Text, _>(street)
        .bind::<Date, _>(from)
        .bind::<Date, _>(to)
        .load(conn)
}
