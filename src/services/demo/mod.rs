//! The demo: an invented sub-district whose year 2023 is played through the
//! services that a user would use (`rulings.md` S8). What comes out at its end
//! is what those services computed; no figure stands in this code.

mod act_award;
mod act_claim;
mod act_event;
pub mod book;
pub mod cast;
mod cast_person;
pub mod district;
pub mod home;
pub mod office;
pub mod people;
mod perform;
mod play;
pub mod policy;
pub mod random;
pub mod story;

use chrono::NaiveDate;

use cast::{Scale, day};
use district::{District, VisitPlan};
use home::STREET;
use office::{Login, Office};
use random::Random;

use crate::domain::ids::LineId;
use crate::domain::money::Fen;
use crate::domain::month::Month;
use crate::domain::payout::LineKind;
use crate::domain::policy::Policy;
use crate::domain::role::Role;
use crate::error::{AppError, AppResult, ErrorCode};
use crate::services::import::{ImportOptions, MemoryBook, import_book};
use crate::services::{Actor, Scope, policy as policies};
use crate::store::audit::Entry;
use crate::store::{REGISTRY_CHAIN, Store, line, meta, run};

/// The day on which the office begins with the new registry.
#[must_use]
pub fn first_day() -> NaiveDate {
    day("2022-12-31")
}

/// The day on which the story ends.
#[must_use]
pub fn last_day() -> NaiveDate {
    day("2023-11-30")
}

/// The first month that the registry pays.
#[must_use]
pub fn first_month() -> Month {
    Month::of(first_day()).next()
}

/// The last month of the story.
#[must_use]
pub fn through() -> Month {
    Month::of(last_day())
}

/// What to build.
#[derive(Debug, Clone, Copy)]
pub struct Options {
    /// Residents whom visits verify.
    pub residents: usize,
    /// Seed of everything that is invented.
    pub seed: u64,
}

/// What was built.
#[derive(Debug)]
pub struct Built {
    /// One account per role.
    pub logins: Vec<Login>,
    /// People in the registry at the end of 2022.
    pub people: usize,
}

/// How far the building is.
pub trait Progress {
    /// Step `done` of `of` begins.
    fn step(&mut self, done: usize, of: usize, zh: &str, en: &str);
}

/// What the registry is, as the demo sees it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mark {
    /// Nobody has used it.
    Unused,
    /// A finished demo.
    Demo,
    /// A demo that was interrupted.
    Broken,
    /// An office's registry.
    Real,
}

/// Reads the mark.
///
/// # Errors
/// The database failed.
pub fn mark(store: &Store) -> AppResult<Mark> {
    store.read(|conn| {
        Ok(match meta::find_meta(conn, meta::DEMO)?.as_deref() {
            Some("ready") => Mark::Demo,
            Some(_) => Mark::Broken,
            None if meta::is_unused(conn)? => Mark::Unused,
            None => Mark::Real,
        })
    })
}

fn set_mark(store: &Store, operator: &Actor, value: &str) -> AppResult<()> {
    store.write(REGISTRY_CHAIN, |tx| {
        meta::save_meta(tx.conn, meta::DEMO, value)?;
        tx.audit(&Entry {
            actor: operator.username(),
            action: "demo.mark",
            object_kind: "meta",
            object_id: None,
            reason: None,
            detail: Some(value),
        })?;
        Ok(())
    })
}

/// Builds the demo in an unused registry whose clock can be set.
///
/// # Errors
/// The registry is in use; whatever a service refuses.
pub fn build(store: &Store, options: Options, progress: &mut dyn Progress) -> AppResult<Built> {
    match mark(store)? {
        Mark::Unused => {}
        Mark::Real | Mark::Demo => return Err(in_use()),
        Mark::Broken => return Err(broken()),
    }
    let operator = Actor::operator("demo", STREET);
    set_mark(store, &operator, "building")?;
    let policy = begin(store)?;
    let mut steps = play::Steps::new(progress);
    steps.next("导入期初台账", "importing the opening state");
    let mut district = import_opening(store, &operator, &policy, options)?;
    let mut random = Random::part(options.seed, 2);
    let (staff, logins) = office::hire(store, &operator.authorize()?, &mut random)?;
    let people = district.people;
    let visits = std::mem::take(&mut district.visits);
    let office = Office::new(store, &staff, policy, district, random);
    play::year(office, &operator, &visits, &mut steps)?;
    store.refresh_statistics()?;
    set_mark(store, &operator, "ready")?;
    Ok(Built { logins, people })
}

fn in_use() -> AppError {
    AppError::coded(
        ErrorCode::Conflict,
        "这个数据目录里已有台账,演示不会写入。请用 --data 指定一个新目录。",
        "There is a registry here already; the demo does not write into it. Name a new folder \
         with --data.",
    )
}

fn broken() -> AppError {
    AppError::coded(
        ErrorCode::Conflict,
        "上次演示没有完成。请删除该数据目录(或该数据库)后重试。",
        "An earlier demo was interrupted. Delete that data folder (or that database) and try again.",
    )
}

/// The policy of the year's beginning is put in force, by those whose accounts
/// follow: the opening book needs it, and accounts need the book's areas.
fn begin(store: &Store) -> AppResult<Policy> {
    store.clock().move_to(first_day());
    let text = policy::text(false)?;
    let actor = |name: &str, role| Actor::new(name.to_owned(), role, Scope::street(STREET));
    let id = policies::propose(store, &actor("jingban", Role::Clerk).authorize()?, &text)?;
    policies::activate(store, &actor("shenpi", Role::Approver).authorize()?, id)?;
    policies::check(&text)
}

/// The opening state, through the import.
fn import_opening(
    store: &Store,
    operator: &Actor,
    policy: &Policy,
    options: Options,
) -> AppResult<District> {
    let programs: Vec<String> = policy.programs.iter().map(|p| p.code.clone()).collect();
    let grids = district::grids(options.residents);
    import(store, operator, book::area_book(&grids, &programs, first_month()))?;
    let mut flush = |homes: &[home::Home]| import(store, operator, book::registry_book(homes));
    district::build(options.seed, options.residents, scale(policy), &mut flush)
}

/// The amounts that December was paid by.
fn scale(policy: &Policy) -> Scale {
    let (month, on) = (Month::of(first_day()), first_day());
    let amount = |code: &str| {
        let at = policy.standards.iter().position(|s| s.code == code);
        let index = at.and_then(|at| u16::try_from(at).ok());
        index.and_then(|ix| policy.standard_value(ix, month, on)).unwrap_or(Fen::ZERO)
    };
    Scale {
        dibao: amount("dibao"),
        orphan: amount("orphan"),
        care: [amount("care_g1"), amount("care_g2")],
    }
}

fn import(store: &Store, operator: &Actor, mut book: MemoryBook) -> AppResult<()> {
    let report = import_book(store, &operator.authorize()?, &mut book, &ImportOptions::default())?;
    AppError::refused_unless_empty(report.refusals)
}

/// A line worth an explanation: arrears that the raise of September brought.
///
/// # Errors
/// The database failed.
pub fn example_line(store: &Store) -> AppResult<Option<LineId>> {
    store.read(|conn| {
        let Some(month) = Month::new(2023, 9) else { return Ok(None) };
        let Some(run) = run::find_run_of(conn, STREET, "dibao", month)? else { return Ok(None) };
        let lines = line::list_lines_of_kind(conn, STREET, run.id, LineKind::Arrears)?;
        Ok(lines.first().map(|line| line.id))
    })
}

/// The visits done in a period, through the import.
fn import_visits(
    store: &Store,
    operator: &Actor,
    visits: &[VisitPlan],
    (from, to): (NaiveDate, NaiveDate),
) -> AppResult<()> {
    let first = visits.iter().filter(|v| v.reviewed_on <= from).count() + 1;
    let done: Vec<&VisitPlan> =
        visits.iter().filter(|v| v.reviewed_on > from && v.reviewed_on <= to).collect();
    if done.is_empty() {
        return Ok(());
    }
    import(store, operator, book::visit_book(&done, first))
}
