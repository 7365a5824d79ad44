//! Who did what, and who looked at whom.

use actix_web::web::Data;
use chrono::{Duration, NaiveDate};

use super::operation::Api;
use super::reply::{Queued, Read, Reply};
use super::shape::{Id, Instant, Limit, Query, shapes};
use crate::domain::role::Permission;
use crate::http::{Access, Allowed, AppState};
use crate::jobs::verify::VerifyRegistry;
use crate::services::audit_search::{self, AuditQuery};
use crate::services::auth::ReadAudit;
use crate::services::job;
use crate::services::view_log::{self, Flag, View, ViewQuery, Viewed, WatchedDay};
use crate::store::audit::AuditRow;

/// Registers the operations.
pub fn routes(api: &mut Api<'_>) {
    let read = Access::Needs(Permission::ReadAudit);
    api.get("/api/v1/audit", read, list, "The audit log, the latest first");
    api.get("/api/v1/audit/views", read, views, "Who looked at whom, the latest first");
    api.get("/api/v1/audit/watch", read, watch, "Days of views that stand out first");
    api.post("/api/v1/audit/verify", read, verify, "Hold the registry against itself, as a job");
}

shapes! {
    /// Which entries; without days the last week.
    request AuditAsked {
        /// First day, in Shanghai.
        from: Option<NaiveDate>,
        /// Last day; at most 31 days.
        to: Option<NaiveDate>,
        /// Who.
        actor: Option<String>,
        /// Beginning of the action, for example `resident.`.
        action: Option<String>,
        /// Id of the object.
        object: Option<Id>,
        /// The chain of accounts and policies instead of the street's.
        registry: Option<bool>,
        /// Only entries before this number.
        before: Option<i64>,
        /// Rows of the page.
        limit: Option<Limit>,
    }

    /// A page of the audit log.
    answer AuditPage {
        /// The entries.
        items: Vec<AuditItem>,
        /// `before` of the next page; none on the last one.
        next: Option<i64>,
    }

    /// An entry.
    answer AuditItem {
        /// Number in its chain.
        seq: i64,
        /// When.
        at: Instant,
        /// Who.
        actor: String,
        /// What.
        action: String,
        /// To what kind of object.
        object_kind: String,
        /// To which one.
        object: Option<String>,
        /// `ok` or `refused`.
        result: String,
        /// Why.
        reason: Option<String>,
        /// Names of fields, counts, digests.
        detail: Option<String>,
    }

    /// Which views; without days the last week.
    request ViewsAsked {
        /// First day, in Shanghai.
        from: Option<NaiveDate>,
        /// Last day; at most 31 days.
        to: Option<NaiveDate>,
        /// Who looked.
        actor: Option<String>,
        /// At whom, households that the person is or was in included.
        resident: Option<Id>,
        /// Only views before this one: `next` of the page before.
        before: Option<Id>,
        /// Rows of the page.
        limit: Option<Limit>,
    }

    /// A page of views.
    answer ViewPage {
        /// The views.
        items: Vec<ViewItem>,
        /// `before` of the next page; none on the last one.
        next: Option<Id>,
    }

    /// A view.
    answer ViewItem {
        /// When.
        at: Instant,
        /// Whether the office was closed.
        off_hours: bool,
        /// Who.
        actor: String,
        /// The resident that was looked at.
        resident: Option<Id>,
        /// The household that was looked at.
        household: Option<Id>,
        /// Masked name, or the household's number.
        name: String,
    }

    /// Which days; without them the last week.
    request WatchAsked {
        /// First day, in Shanghai.
        from: Option<NaiveDate>,
        /// Last day; at most 31 days.
        to: Option<NaiveDate>,
    }

    /// Days of views.
    answer WatchList {
        /// Those that stand out first.
        items: Vec<WatchItem>,
    }

    /// What somebody looked at on a day.
    answer WatchItem {
        /// Who.
        actor: String,
        /// The day, in Shanghai.
        day: NaiveDate,
        /// Views.
        views: i64,
        /// People and households.
        objects: i64,
        /// Views while the office was closed.
        off_hours: i64,
        /// Residents who have the name of another account.
        namesakes: i64,
        /// Why it stands out: `many`, `off_hours`, `namesake`.
        flags: Vec<String>,
    }
}

/// The last week, where nothing else is asked for.
fn days(
    state: &AppState,
    from: Option<NaiveDate>,
    to: Option<NaiveDate>,
) -> (NaiveDate, NaiveDate) {
    let to = to.unwrap_or_else(|| state.store.clock().today());
    let week = Duration::days(6);
    (from.or_else(|| to.checked_sub_signed(week)).unwrap_or(to), to)
}

impl From<AuditRow> for AuditItem {
    fn from(row: AuditRow) -> AuditItem {
        AuditItem {
            seq: row.seq,
            at: Instant(row.at),
            actor: row.actor,
            action: row.action,
            object_kind: row.object_kind,
            object: row.object_id.map(|id| id.to_string()),
            result: row.result,
            reason: row.reason,
            detail: row.detail,
        }
    }
}

async fn list(
    user: Allowed<ReadAudit>,
    state: Data<AppState>,
    query: Query<AuditAsked>,
) -> Reply<Read<AuditPage>> {
    let asked = query.0;
    let (from, to) = days(&state, asked.from, asked.to);
    let query = AuditQuery {
        from,
        to,
        actor: asked.actor,
        action: asked.action,
        object_id: asked.object.map(|id| id.0),
        registry: asked.registry.unwrap_or_default(),
        before: asked.before,
        limit: Limit::or_usual(asked.limit),
    };
    let (rows, more) =
        state.run(move |store| audit_search::search(store, &user.authorized()?, &query)).await?;
    let next = rows.last().filter(|_| more).map(|row| row.seq);
    Ok(Read(AuditPage { items: rows.into_iter().map(AuditItem::from).collect(), next }))
}

impl From<View> for ViewItem {
    fn from(view: View) -> ViewItem {
        let (resident, household) = match view.viewed {
            Viewed::Resident(id) => (Some(id.into()), None),
            Viewed::Household(id) => (None, Some(id.into())),
        };
        ViewItem {
            at: Instant(view.at),
            off_hours: view.off_hours,
            actor: view.actor,
            resident,
            household,
            name: view.name,
        }
    }
}

async fn views(
    user: Allowed<ReadAudit>,
    state: Data<AppState>,
    query: Query<ViewsAsked>,
) -> Reply<Read<ViewPage>> {
    let asked = query.0;
    let (from, to) = days(&state, asked.from, asked.to);
    let query = ViewQuery {
        from,
        to,
        actor: asked.actor,
        resident: asked.resident.map(Into::into),
        before: asked.before.map(|id| id.0),
        limit: Limit::or_usual(asked.limit),
    };
    let (found, more) =
        state.run(move |store| view_log::search(store, &user.authorized()?, &query)).await?;
    let next = found.last().filter(|_| more).map(|view| Id(view.id));
    Ok(Read(ViewPage { items: found.into_iter().map(ViewItem::from).collect(), next }))
}

impl From<WatchedDay> for WatchItem {
    fn from(watched: WatchedDay) -> WatchItem {
        let WatchedDay { day, flags } = watched;
        WatchItem {
            actor: day.actor,
            day: day.on_day,
            views: day.views,
            objects: day.objects,
            off_hours: day.off_hours,
            namesakes: day.namesakes,
            flags: flags.into_iter().map(Flag::code).map(str::to_owned).collect(),
        }
    }
}

async fn watch(
    user: Allowed<ReadAudit>,
    state: Data<AppState>,
    query: Query<WatchAsked>,
) -> Reply<Read<WatchList>> {
    let (from, to) = days(&state, query.0.from, query.0.to);
    let found =
        state.run(move |store| view_log::watch(store, &user.authorized()?, from, to)).await?;
    Ok(Read(WatchList { items: found.into_iter().map(WatchItem::from).collect() }))
}

async fn verify(user: Allowed<ReadAudit>, state: Data<AppState>) -> Reply<Queued> {
    let id =
        state.run(move |store| job::enqueue(store, user.session(), &VerifyRegistry::ask())).await?;
    state.jobs.wake();
    Ok(Queued { job: Id(id) })
}
