//! What an import leaves behind besides the records.

use std::collections::BTreeMap;

use chrono::NaiveDate;

use crate::domain::ids::UnitId;
use crate::domain::month::Month;
use crate::error::AppResult;
use crate::services::auth::{Authorized, Import};
use crate::services::payout::{OpeningLine, post_opening_in};
use crate::store::history::{self, HistoryRow};
use crate::store::recheck::{self, RecheckRow};
use crate::store::{Store, Tx};

/// What has to be written after the audit entry.
pub(in crate::services::import) struct Trail {
    pub(super) history: Vec<HistoryRow>,
    pub(super) marks: BTreeMap<(UnitId, NaiveDate), Month>,
    pub(super) openings: BTreeMap<Month, Vec<OpeningLine>>,
}

impl Trail {
    /// Writes the history of changed fields and the marks, once the audit
    /// entry has its number.
    pub(in crate::services::import) fn write(
        self,
        tx: &mut Tx<'_>,
        store: &Store,
        by: &Authorized<'_, Import>,
        seq: i64,
    ) -> AppResult<()> {
        let street = by.street();
        for (month, lines) in &self.openings {
            post_opening_in(tx, street, by.username(), *month, &[], lines)?;
        }
        let conn = &mut *tx.conn;
        let mut rows = self.history;
        for row in &mut rows {
            row.audit_seq = seq;
        }
        history::insert_history(conn, &rows)?;
        let marks: Vec<RecheckRow> = self
            .marks
            .into_iter()
            .map(|((unit_id, known_on), from_month)| RecheckRow {
                id: store.next_id(),
                street_code: street.to_owned(),
                unit_id,
                from_month,
                known_on,
            })
            .collect();
        recheck::insert_rechecks(conn, &marks)?;
        Ok(())
    }
}
