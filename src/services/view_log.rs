//! Who looked at whom: noted by every read of a person or household, written
//! in groups, searched by the auditor (`rulings.md` P3, SEC-119).

use chrono::{Datelike, Duration, NaiveDate, NaiveDateTime, Timelike, Weekday};

use super::auth::{Authorized, ReadAudit, ViewRegistry};
use crate::domain::ids::{HouseholdId, ResidentId};
use crate::domain::mask;
use crate::domain::scope::Scope;
use crate::error::{AppError, AppResult, Refusal};
use crate::services::audit_search::MAX_DAYS;
use crate::store::audit::Entry;
use crate::store::view_log::{self as rows, DayOfViews, GROUP, ViewFilter, ViewRow};
use crate::store::{Store, household, membership, resident};

/// Above this whoever looks writes the log itself: nothing is shown that could
/// not be noted.
const MOST_WAITING: usize = 4 * GROUP;

/// What was looked at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Viewed {
    /// A person's record.
    Resident(ResidentId),
    /// A household with its members.
    Household(HouseholdId),
}

/// Notes a view. It is written within a second, with others.
///
/// # Errors
/// Too many wait and they cannot be written: then nothing is shown.
pub fn note(store: &Store, by: &Authorized<'_, ViewRegistry>, viewed: Viewed) -> AppResult<()> {
    let at = store.clock().now();
    let here = at + Duration::hours(8);
    let (kind, object_id) = match viewed {
        Viewed::Resident(id) => ("resident", id.0),
        Viewed::Household(id) => ("household", id.0),
    };
    let waiting = store.views().push(ViewRow {
        id: store.next_id(),
        street_code: by.street().to_owned(),
        audit_seq: 0,
        at,
        on_day: here.date(),
        off_hours: is_closed(here),
        actor: by.username().to_owned(),
        object_kind: kind.to_owned(),
        object_id,
    });
    if waiting < MOST_WAITING { Ok(()) } else { flush(store).map(|_| ()) }
}

/// Whether an office is closed: before 7, from 20 on, on weekends.
fn is_closed(here: NaiveDateTime) -> bool {
    !(7..20).contains(&here.hour()) || matches!(here.weekday(), Weekday::Sat | Weekday::Sun)
}

/// Writes what waits, a group per transaction. Returns how many views.
///
/// # Errors
/// The database failed; what was not written waits on.
pub fn flush(store: &Store) -> AppResult<usize> {
    let mut waiting = store.views().take();
    let all = waiting.len();
    waiting.sort_by(|a, b| (&a.street_code, a.id).cmp(&(&b.street_code, b.id)));
    while let Some(first) = waiting.first() {
        let street = first.street_code.clone();
        let group = waiting.iter().take(GROUP).take_while(|row| row.street_code == street).count();
        let written = write_group(store, &street, waiting.get_mut(..group).unwrap_or_default());
        if let Err(error) = written {
            store.views().put_back(waiting);
            return Err(error);
        }
        waiting.drain(..group);
    }
    Ok(all)
}

fn write_group(store: &Store, street: &str, group: &mut [ViewRow]) -> AppResult<()> {
    let detail = format!("rows={} digest={}", group.len(), rows::digest(group));
    store.write(street, |tx| {
        let seq = tx.audit(&Entry {
            actor: "service",
            action: GROUP_ACTION,
            object_kind: "view_log",
            object_id: None,
            reason: None,
            detail: Some(&detail),
        })?;
        group.iter_mut().for_each(|row| row.audit_seq = seq);
        rows::insert_views(tx.conn, group)?;
        Ok(())
    })
}

/// Action of a group's audit entry.
pub(crate) const GROUP_ACTION: &str = "view_log.group";

/// What is asked for.
#[derive(Debug, Clone)]
pub struct ViewQuery {
    /// First day.
    pub from: NaiveDate,
    /// Last day.
    pub to: NaiveDate,
    /// Who looked.
    pub actor: Option<String>,
    /// At whom: also the households that the person is or was in.
    pub resident: Option<ResidentId>,
    /// Only views before this one.
    pub before: Option<i64>,
    /// Rows per page.
    pub limit: i64,
}

/// A view with whom it showed, masked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct View {
    /// Its id; the key of the next page.
    pub id: i64,
    /// UTC.
    pub at: NaiveDateTime,
    /// Whether the office was closed.
    pub off_hours: bool,
    /// Who looked.
    pub actor: String,
    /// At what.
    pub viewed: Viewed,
    /// Masked name, or the household's number.
    pub name: String,
}

fn check_days(from: NaiveDate, to: NaiveDate) -> AppResult<()> {
    if (0..MAX_DAYS).contains(&to.signed_duration_since(from).num_days()) {
        return Ok(());
    }
    Err(AppError::refuse(Refusal::field(
        "from",
        "时间范围应为 1 至 31 天。",
        "Choose a range of 1 to 31 days.",
    )))
}

/// A page of views, the latest first, and whether there are older ones. What
/// waits in this process is written first.
///
/// # Errors
/// More than 31 days; no such resident.
pub fn search(
    store: &Store,
    by: &Authorized<'_, ReadAudit>,
    query: &ViewQuery,
) -> AppResult<(Vec<View>, bool)> {
    check_days(query.from, query.to)?;
    flush(store)?;
    let street = by.street();
    store.read(|conn| {
        let whom = match query.resident {
            None => None,
            Some(id) => {
                resident::find_resident(conn, by.scope(), id)?
                    .ok_or_else(|| AppError::not_found("居民", "resident"))?;
                let homes = membership::list_memberships_of(conn, street, id)?;
                Some((id.0, homes.into_iter().map(|m| m.household_id.0).collect()))
            }
        };
        let filter = ViewFilter {
            street: street.to_owned(),
            from: query.from,
            to: query.to,
            actor: query.actor.clone(),
            whom,
            before: query.before,
        };
        let mut found = rows::search(conn, &filter, query.limit + 1)?;
        let wanted = usize::try_from(query.limit).unwrap_or(usize::MAX);
        let more = found.len() > wanted;
        found.truncate(wanted);
        let mut views = Vec::with_capacity(found.len());
        for row in found {
            views.push(named(conn, by.scope(), row)?);
        }
        Ok((views, more))
    })
}

fn named(conn: &mut crate::store::Db, scope: &Scope, row: ViewRow) -> AppResult<View> {
    let (viewed, name) = if row.object_kind == "resident" {
        let id = ResidentId(row.object_id);
        let found = resident::find_resident(conn, scope, id)?;
        (Viewed::Resident(id), found.map(|person| mask::name(&person.name)))
    } else {
        let id = HouseholdId(row.object_id);
        let found = household::find_household(conn, scope, id)?;
        (Viewed::Household(id), found.map(|home| home.household_no))
    };
    let ViewRow { id, at, off_hours, actor, .. } = row;
    Ok(View { id, at, off_hours, actor, viewed, name: name.unwrap_or_default() })
}

/// Why a day stands out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Flag {
    /// Far more people than colleagues look at in a day.
    Many,
    /// While the office was closed.
    OffHours,
    /// People who have the name of a colleague.
    Namesake,
}

impl Flag {
    /// The code, for programs and for the catalogue.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Flag::Many => "many",
            Flag::OffHours => "off_hours",
            Flag::Namesake => "namesake",
        }
    }
}

/// What somebody looked at on a day, and why it stands out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WatchedDay {
    /// The counts.
    pub day: DayOfViews,
    /// None: an ordinary day.
    pub flags: Vec<Flag>,
}

/// People in a day from which [`Flag::Many`] is thought of at all.
const MANY: i64 = 60;
/// Views out of hours from which a day stands out.
const OFF_HOURS: i64 = 5;

/// Every person's days of views, those that stand out first.
///
/// # Errors
/// More than 31 days.
pub fn watch(
    store: &Store,
    by: &Authorized<'_, ReadAudit>,
    from: NaiveDate,
    to: NaiveDate,
) -> AppResult<Vec<WatchedDay>> {
    check_days(from, to)?;
    flush(store)?;
    let days = store.read(|conn| Ok(rows::list_days(conn, by.street(), from, to)?))?;
    Ok(flagged(days))
}

/// A day of many is one with thrice the usual (median) number of people.
fn flagged(days: Vec<DayOfViews>) -> Vec<WatchedDay> {
    let mut counts: Vec<i64> = days.iter().map(|day| day.objects).collect();
    counts.sort_unstable();
    let usual = counts.get(counts.len() / 2).copied().unwrap_or(0);
    let mut watched: Vec<WatchedDay> = days
        .into_iter()
        .map(|day| {
            let reasons = [
                (Flag::Many, day.objects >= MANY && (counts.len() == 1 || day.objects > 3 * usual)),
                (Flag::OffHours, day.off_hours >= OFF_HOURS),
                (Flag::Namesake, day.namesakes > 0),
            ];
            let flags = reasons.into_iter().filter(|(_, is)| *is).map(|(flag, _)| flag).collect();
            WatchedDay { day, flags }
        })
        .collect();
    watched.sort_by_key(|watched| std::cmp::Reverse(watched.flags.len()));
    watched
}

#[cfg(test)]
mod tests {
    use super::*;

    fn day(actor: &str, objects: i64, off_hours: i64, namesakes: i64) -> DayOfViews {
        let on_day = NaiveDate::from_ymd_opt(2023, 11, 20).expect("a date");
        DayOfViews {
            actor: actor.to_owned(),
            on_day,
            views: objects,
            objects,
            off_hours,
            namesakes,
        }
    }

    #[test]
    fn a_day_stands_out_against_the_usual_one() {
        let days = vec![day("a", 20, 0, 0), day("b", 25, 4, 0), day("c", 80, 9, 1)];
        let found = flagged(days);
        assert_eq!(found[0].day.actor, "c");
        assert_eq!(found[0].flags, [Flag::Many, Flag::OffHours, Flag::Namesake]);
        assert!(found[1].flags.is_empty() && found[2].flags.is_empty());
        // Where everybody looks at many, nobody stands out.
        assert!(
            flagged(vec![day("a", 80, 0, 0), day("b", 90, 0, 0)])
                .iter()
                .all(|d| d.flags.is_empty())
        );
    }

    #[test]
    fn offices_close_at_night_and_on_weekends() {
        let at = |text: &str| text.parse::<NaiveDateTime>().expect("an instant");
        assert!(!is_closed(at("2023-11-20T07:00:00")) && !is_closed(at("2023-11-20T19:59:59")));
        assert!(is_closed(at("2023-11-20T20:00:00")) && is_closed(at("2023-11-19T10:00:00")));
    }
}
