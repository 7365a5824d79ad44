//! Changes that wait for a second person (`rulings.md` P10).

use chrono::NaiveDateTime;
use diesel::prelude::*;

use super::Db;
use super::schema::pending_change;
use crate::domain::ids::ResidentId;
use crate::domain::pending::{ChangeKind, ChangeState};

/// Binds the sealed proposal to its field.
pub const PROPOSAL: &str = "pending_change.proposal";

/// One proposed change.
#[derive(Debug, Clone, PartialEq, Eq, Queryable, Selectable, Insertable)]
#[diesel(table_name = pending_change, primary_key(id, street_code))]
#[diesel(treat_none_as_default_value = false)]
pub struct PendingChangeRow {
    /// Its id.
    pub id: i64,
    /// Never changes in a row.
    pub street_code: String,
    /// About whom.
    pub resident_id: ResidentId,
    /// What.
    pub kind: ChangeKind,
    /// The typed input, sealed with [`PROPOSAL`].
    pub proposal_enc: Vec<u8>,
    /// Who entered it.
    pub proposed_by: String,
    /// UTC.
    pub proposed_at: NaiveDateTime,
    /// What became of it.
    pub state: ChangeState,
    /// Who confirmed, rejected or withdrew it.
    pub decided_by: Option<String>,
    /// UTC.
    pub decided_at: Option<NaiveDateTime>,
    /// Why it was rejected or withdrawn.
    pub reason: Option<String>,
}

/// Stores a proposal.
///
/// # Errors
/// The database failed.
pub fn insert_pending_change(conn: &mut Db, row: &PendingChangeRow) -> QueryResult<usize> {
    diesel::insert_into(pending_change::table).values(row).execute(conn)
}

/// A proposal by id.
///
/// # Errors
/// The database failed.
pub fn find_pending_change(
    conn: &mut Db,
    street: &str,
    id: i64,
) -> QueryResult<Option<PendingChangeRow>> {
    pending_change::table
        .find((id, street))
        .select(PendingChangeRow::as_select())
        .first(conn)
        .optional()
}

/// The proposals of a street that nobody has decided, oldest first.
///
/// # Errors
/// The database failed.
pub fn list_pending_changes(conn: &mut Db, street: &str) -> QueryResult<Vec<PendingChangeRow>> {
    pending_change::table
        .filter(pending_change::street_code.eq(street))
        .filter(pending_change::state.eq(ChangeState::Pending))
        .order(pending_change::id)
        .select(PendingChangeRow::as_select())
        .load(conn)
}

/// Decides a proposal that is still pending. Returns the row count: 0 means
/// somebody was faster.
///
/// # Errors
/// The database failed, or the proposer confirms or rejects.
pub fn mark_change_decided(
    conn: &mut Db,
    (street, id): (&str, i64),
    state: ChangeState,
    by: &str,
    at: NaiveDateTime,
    reason: Option<&str>,
) -> QueryResult<usize> {
    diesel::update(
        pending_change::table
            .find((id, street))
            .filter(pending_change::state.eq(ChangeState::Pending)),
    )
    .set((
        pending_change::state.eq(state),
        pending_change::decided_by.eq(by),
        pending_change::decided_at.eq(at),
        pending_change::reason.eq(reason),
    ))
    .execute(conn)
}
