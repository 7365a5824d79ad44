//! What a role sees first: its own counts, its own queue.

use super::access::Session;
use super::auth::ViewRegistry;
use super::report::programs::load_in_force;
use super::visit::round::{self, Day};
use super::{change, event};
use crate::domain::month::Month;
use crate::domain::role::{Permission, Role};
use crate::domain::summary::ProgramLabel;
use crate::error::AppResult;
use crate::store::overview::{self, RunPart};
use crate::store::{Store, access, job};

/// One area with its counts.
#[derive(Debug, Clone)]
pub struct AreaCount {
    /// Code.
    pub code: String,
    /// Name.
    pub name: String,
    /// Open households.
    pub households: i64,
    /// Present residents.
    pub residents: i64,
}

/// The start page's figures; what the role may not see stays empty.
#[derive(Debug, Clone, Default)]
pub struct Overview {
    /// Per area of the scope.
    pub areas: Vec<AreaCount>,
    /// Events that wait for a decision.
    pub undecided_events: usize,
    /// Changes that wait for a second person.
    pub pending_changes: usize,
    /// What a field worker's day holds.
    pub day: Option<Day>,
    /// Runs of this month.
    pub runs: Vec<RunPart>,
    /// Runs that wait for approval.
    pub submitted: Vec<RunPart>,
    /// Names of the programs of these runs.
    pub labels: Vec<ProgramLabel>,
    /// Closed months, the latest first, with their regular amounts in fen.
    pub closed_months: Vec<(Month, i64)>,
    /// Entries per audit chain.
    pub chains: Vec<(String, i64)>,
    /// Accounts by status.
    pub users: Vec<(String, i64)>,
    /// Jobs by state.
    pub jobs: Vec<(String, i64)>,
}

/// The figures for the session's role and scope.
///
/// # Errors
/// The database failed.
pub fn load(store: &Store, session: &Session) -> AppResult<Overview> {
    let role = session.actor.role();
    let scope = session.actor.scope();
    let this_month = Month::of(store.clock().today());
    let mut found = Overview::default();
    if let Ok(by) = session.actor.authorize::<ViewRegistry>() {
        found.undecided_events = event::list_undecided(store, &by)?.len();
        if matches!(role, Role::Grid | Role::Supervisor) {
            found.day = Some(round::day(store, &by)?);
        }
        if role.may(Permission::EditRegistry) {
            found.pending_changes = change::list_changes(store, &by, session.extra())?.len();
        }
    }
    store.read(|conn| {
        if role.may(Permission::ViewRegistry) {
            found.areas = areas(conn, session)?;
        }
        if role.may(Permission::ReadReport) || role.may(Permission::MakeRun) {
            found.runs = overview::list_runs(conn, scope.street_code(), this_month)?;
            found.closed_months = overview::list_closed_months(conn, scope.street_code())?;
        }
        if role.may(Permission::ApproveRun) {
            found.submitted = overview::list_submitted(conn, scope.street_code())?;
        }
        if !found.runs.is_empty() || !found.submitted.is_empty() {
            found.labels = load_in_force(conn)?.labels().to_vec();
        }
        if role.may(Permission::ReadAudit) {
            found.chains = overview::list_chain_lengths(conn)?;
        }
        if role == Role::Admin {
            found.users = access::count_users(conn)?;
            found.jobs = job::count_by_state(conn)?;
        }
        Ok(found)
    })
}

fn areas(conn: &mut crate::store::Db, session: &Session) -> AppResult<Vec<AreaCount>> {
    let scope = session.actor.scope();
    let households = overview::count_households(conn, scope)?;
    let residents = overview::count_residents(conn, scope)?;
    let mut codes: Vec<String> =
        households.iter().chain(&residents).map(|(code, _)| code.clone()).collect();
    codes.extend(scope.area_codes().unwrap_or_default().iter().cloned());
    codes.sort_unstable();
    codes.dedup();
    let names = overview::list_area_names(conn, &codes)?;
    let count = |counts: &[(String, i64)], code: &str| {
        counts.iter().find(|(other, _)| other == code).map_or(0, |(_, count)| *count)
    };
    Ok(codes
        .into_iter()
        .map(|code| AreaCount {
            name: names
                .iter()
                .find(|(other, _)| *other == code)
                .map_or_else(|| code.clone(), |(_, name)| name.clone()),
            households: count(&households, &code),
            residents: count(&residents, &code),
            code,
        })
        .filter(|area| area.households + area.residents > 0)
        .collect())
}

/// Whether this registry is a demonstration, marked for ever when it was made.
///
/// # Errors
/// The database failed.
pub fn is_demo(store: &Store) -> AppResult<bool> {
    store.read(|conn| Ok(overview::is_marked(conn, "demo")?))
}
