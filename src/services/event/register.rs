//! Entry in the mental-health register: it ends when the patient dies or
//! leaves, and with it what it pays.

use chrono::NaiveDate;

use super::super::household::home::Counts;
use crate::domain::fact::FactKind;
use crate::domain::life_event::EventDates;
use crate::error::AppResult;
use crate::services::record::{Changes, one_row};
use crate::store::Tx;
use crate::store::fact::{self, FactRow};
use crate::store::life_event::LifeEventRow;
use crate::store::resident::ResidentRow;

/// Ends the person's entry from the month of `counts` on, if there is one: by an
/// assertion of its own, so that a run that did not know of it replays.
pub(super) fn end(
    tx: &mut Tx<'_>,
    person: &ResidentRow,
    dates: &EventDates,
    counts: Counts,
    changes: &mut Changes,
) -> AppResult<()> {
    let rows = fact::list_facts_of(tx.conn, &person.street_code, person.id)?;
    let last = rows
        .iter()
        .filter(|f| f.kind == FactKind::MentalRegister && f.annulled_on.is_none())
        .filter(|f| f.to_month.is_none_or(|to| to > counts.month))
        .max_by_key(|f| (f.known_on, f.id));
    let Some(last) = last.filter(|f| f.code.as_deref() != Some(FactKind::ENDED)) else {
        return Ok(());
    };
    let row = FactRow {
        id: tx.next_id(),
        unit_id: person.unit_id,
        code: Some(FactKind::ENDED.to_owned()),
        detail_enc: None,
        from_month: counts.month,
        to_month: None,
        event_on: Some(dates.event_on),
        reported_on: Some(dates.reported_on),
        decided_on: None,
        known_on: counts.known_on.max(last.known_on),
        annulled_on: None,
        doc_no: None,
        import_id: None,
        ..last.clone()
    };
    fact::insert_facts(tx.conn, std::slice::from_ref(&row))?;
    changes.created("fact", row.id);
    changes.mark(person.unit_id, row.from_month, row.known_on);
    Ok(())
}

/// The event turned out to be wrong: so did the end of the entry.
pub(super) fn restore(
    tx: &mut Tx<'_>,
    person: &ResidentRow,
    event: &LifeEventRow,
    on: NaiveDate,
    changes: &mut Changes,
) -> AppResult<()> {
    let rows = fact::list_facts_of(tx.conn, &person.street_code, person.id)?;
    let ended = rows.iter().filter(|f| {
        f.kind == FactKind::MentalRegister
            && f.code.as_deref() == Some(FactKind::ENDED)
            && f.event_on == Some(event.event_on)
            && f.annulled_on.is_none()
    });
    for row in ended {
        one_row(fact::mark_fact_annulled(tx.conn, &person.street_code, row.id, on)?)?;
        changes.field(("fact", row.id), "annulled_on", None, Some(on.to_string()));
        changes.mark(person.unit_id, row.from_month, on);
    }
    Ok(())
}
