//! The worked cases of the reference (W01–W22) as data files in `tests/cases`,
//! played through the real store and services with their dates.

use chrono::NaiveDate;
use serde::Deserialize;

use mingce::domain::award::StopReason;
use mingce::domain::certificate::{Category, Grade};
use mingce::domain::code_table::Relation;
use mingce::domain::fact::{FactDates, FactKind};
use mingce::domain::household::JoinReason;
use mingce::domain::life_event::{Confidence, EventDates};
use mingce::domain::money::Fen;
use mingce::domain::month::Month;
use mingce::domain::payout::{AttemptState, ReturnReason};
use mingce::domain::temp_case::{CaseCaps, CaseKind, CaseLevel, Cause};
use mingce::error::{AppError, AppResult};
use mingce::services::award::{self, Beneficiary, ConfirmInput, StopInput};
use mingce::services::certificate::Issue;
use mingce::services::event::{
    self, DeathInput, DeathOutcome, DecideDeathInput, MoveOutInput, MoveWithinInput,
};
use mingce::services::household::{self, MemberDates, MemberInput, NewHead};
use mingce::services::payout::{self, NewClaim, ReturnedLine};
use mingce::services::temp_case::{self, CaseInput};
use mingce::store::{Backend, attempt, award as award_rows, claim};

use super::world::{EAST, THREE_GATES, World, yuan};
use crate::harness::{STREET, TestRegistry};

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Case {
    id: String,
    zh: String,
    #[expect(dead_code, reason = "for the reader of the file")]
    en: String,
    #[serde(default)]
    policy: Vec<(String, String)>,
    #[serde(default)]
    person: Vec<Person>,
    step: Vec<Step>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Person {
    name: String,
    born: NaiveDate,
}

/// One thing that happens on a day. `refused` names a text that the refusal
/// must contain.
#[derive(Debug, Deserialize)]
struct Step {
    on: NaiveDate,
    refused: Option<String>,
    #[serde(flatten)]
    act: Act,
}

#[derive(Debug, Deserialize)]
#[serde(tag = "do", rename_all = "snake_case", deny_unknown_fields)]
enum Act {
    /// Opens an assistance household.
    Home {
        name: String,
        members: Vec<String>,
        from: Month,
    },
    /// A member joins, counted from the month after the decision.
    Join {
        home: String,
        who: String,
        joined: NaiveDate,
        from: Option<Month>,
    },
    /// Yearly or monthly income.
    Income {
        who: String,
        year: Option<String>,
        month: Option<String>,
        from: Option<Month>,
    },
    /// Any other fact.
    Fact {
        who: String,
        kind: FactKind,
        code: Option<String>,
        from: Option<Month>,
        happened: Option<NaiveDate>,
        reported: Option<NaiveDate>,
        #[serde(default)]
        undecided: bool,
    },
    /// A disability certificate.
    Certificate {
        who: String,
        category: String,
        grade: String,
        valid_to: Option<NaiveDate>,
        #[serde(default)]
        renewal: bool,
        #[serde(default)]
        official_delay: bool,
    },
    /// Confirms an award.
    Confirm {
        program: String,
        who: String,
        from: Option<Month>,
        #[serde(default)]
        single_in: Option<String>,
    },
    Stop {
        award: String,
        reason: StopReason,
        from: Option<Month>,
    },
    AnnulStop {
        award: String,
    },
    Grace {
        award: String,
        months: u32,
    },
    Death {
        who: String,
        died: NaiveDate,
        reported: Option<NaiveDate>,
        #[serde(default)]
        decided: bool,
        confidence: Option<u8>,
        #[serde(default)]
        head: Option<String>,
    },
    /// A second person decides a reported death.
    DecideDeath {
        who: String,
        confirmed: bool,
    },
    /// The place of the rows changes.
    MoveWithin {
        who: Vec<String>,
        homes: Vec<String>,
        moved: NaiveDate,
    },
    MoveOut {
        who: Vec<String>,
        moved: NaiveDate,
    },
    TempCase {
        case_no: String,
        who: String,
        amount: String,
        cause: String,
        level: String,
    },
    Hold {
        award: String,
        from: Month,
    },
    Release {
        award: String,
    },
    /// A new account for an award.
    Account {
        award: String,
        who: String,
    },
    /// Puts another version of the policy in force.
    Policy {
        edits: Vec<(String, String)>,
    },
    /// Drafts, compares, submits, approves, pays and closes a month.
    Run {
        month: Month,
        #[serde(default)]
        programs: Vec<String>,
        #[serde(default)]
        expect: Vec<String>,
        /// Only draft and compare.
        #[serde(default)]
        draft_only: bool,
    },
    /// The bank returned the regular line of an award.
    Returned {
        award: String,
        month: Month,
        code: String,
    },
    /// What the month's bank file adds up to.
    Bank {
        month: Month,
        expect: String,
    },
    /// All claims: `award amount balance status`.
    Claims {
        expect: Vec<String>,
    },
    Claim {
        award: String,
        amount: String,
    },
    Plan {
        award: String,
        cap: u32,
        from: Month,
    },
    Repay {
        award: String,
        amount: String,
    },
    WriteOff {
        award: String,
    },
    /// Communities of an award's lines by month.
    Places {
        award: String,
        expect: Vec<String>,
    },
    /// Reasons of a month's lines that are not regular.
    Reasons {
        month: Month,
        expect: Vec<String>,
    },
}

fn play(backend: Backend) {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/cases");
    let mut files: Vec<_> = std::fs::read_dir(folder)
        .expect("the cases")
        .map(|entry| entry.expect("an entry").path())
        .filter(|path| path.extension().is_some_and(|e| e == "toml"))
        .collect();
    files.sort();
    assert!(!files.is_empty());
    let only = std::env::var("MINGCE_CASE").ok();
    let mut failures = Vec::new();
    let mut seen = Vec::new();
    for path in files {
        let text = std::fs::read_to_string(&path).expect("a file");
        let case: Case =
            toml::from_str(&text).unwrap_or_else(|e| panic!("{}: {e}", path.display()));
        if only.as_ref().is_some_and(|only| !case.id.starts_with(only.as_str())) {
            continue;
        }
        seen.push(case.id.clone());
        let registry = TestRegistry::new(backend);
        if let Err(what) = play_case(&registry, &case) {
            failures.push(format!("{} {}\n{what}", case.id, case.zh));
        }
    }
    assert!(
        failures.is_empty(),
        "{}\n{} of {} fail",
        failures.join("\n"),
        failures.len(),
        seen.len()
    );
}

#[test]
fn the_worked_cases_come_out_sqlite() {
    play(Backend::Sqlite);
}

#[test]
fn the_worked_cases_come_out_postgres() {
    play(Backend::Postgres);
}

fn play_case(registry: &TestRegistry, case: &Case) -> Result<(), String> {
    let mut world = World::new(registry, &case.policy);
    for person in &case.person {
        let born = person.born.max(super::world::day("1900-01-01"));
        if born > world.today() {
            world.on(born);
        }
        world.person(&person.name, born, EAST).map_err(|e| format!("{}: {e}", person.name))?;
        world.on(super::world::day("2022-12-01"));
    }
    for (at, step) in case.step.iter().enumerate() {
        world.on(step.on);
        let outcome = act(&mut world, &step.act);
        let said =
            |what: String| format!("  step {} ({}) {:?}:\n    {what}", at + 1, step.on, step.act);
        match (outcome, &step.refused) {
            (Ok(Ok(())), None) => {}
            (Ok(Ok(())), Some(_)) => return Err(said("was not refused".to_owned())),
            (Ok(Err(mismatch)), _) => return Err(said(mismatch)),
            (Err(error), Some(text)) if error.to_string().contains(text.as_str()) => {}
            (Err(error), _) => return Err(said(error.to_string())),
        }
    }
    Ok(())
}

type Seen = Result<(), String>;

fn same(expected: &[String], mut actual: Vec<String>) -> Seen {
    let mut expected = expected.to_vec();
    expected.sort();
    actual.sort();
    if expected == actual {
        return Ok(());
    }
    Err(format!("expected {expected:#?}\n    got {actual:#?}"))
}

fn act(world: &mut World<'_>, act: &Act) -> AppResult<Seen> {
    let today = world.today();
    let clerk = world.setup();
    let approver = world.approver();
    let store = world.registry.store.clone();
    match act {
        Act::Home { name, members, from } => {
            let members: Vec<&str> = members.iter().map(String::as_str).collect();
            world.home(name, &members, *from, EAST)?;
        }
        Act::Join { home, who, joined, from } => {
            let member =
                MemberInput::new(world.person_id(who), Relation::parse("20").expect("son"));
            let dates = MemberDates { decided_on: today, named_month: *from };
            let reason = JoinReason::Birth;
            household::add_member(
                &store,
                &clerk.authorize()?,
                world.homes[home],
                &member,
                *joined,
                reason,
                dates,
            )?;
        }
        Act::Income { who, year, month, from } => {
            let year = match (year, month) {
                (Some(year), None) => yuan(year),
                (None, Some(month)) => Fen(yuan(month).0 * 12),
                _ => panic!("year or month"),
            };
            world.income(who, year, *from)?;
        }
        Act::Fact { who, kind, code, from, happened, reported, undecided } => {
            let dates = FactDates {
                event_on: *happened,
                reported_on: *reported,
                decided_on: (!undecided).then_some(today),
                named_from: *from,
            };
            world.fact(who, *kind, code.as_deref(), dates)?;
        }
        Act::Certificate { who, category, grade, valid_to, renewal, official_delay } => {
            let issue = match renewal {
                true => Issue::Renewal { official_delay: *official_delay },
                false => Issue::Existing,
            };
            let category = Category::parse(category).expect("a category");
            let grade = Grade::parse(grade).expect("a grade");
            world.certificate(who, category, grade, *valid_to, issue, today)?;
        }
        Act::Confirm { program, who, from, single_in } => match single_in {
            None => {
                world.grant(program, who, *from)?;
            }
            Some(home) => {
                let account = world.account(who)?;
                let beneficiary = Beneficiary::Single {
                    household: world.homes[home],
                    member: world.person_id(who),
                };
                let input = ConfirmInput {
                    from_month: *from,
                    account_id: Some(account),
                    ..ConfirmInput::new(program, beneficiary, today)
                };
                world.confirm(&format!("{program} {who}"), &input)?;
            }
        },
        Act::Stop { award, reason, from } => {
            let input = StopInput {
                award: world.award_id(award),
                from_month: *from,
                decided_on: today,
                reason: *reason,
                doc_no: None,
            };
            award::stop(&store, &clerk.authorize()?, &input)?;
        }
        Act::AnnulStop { award } => {
            let stops = store.read(|conn| {
                Ok(mingce::store::decision::list_decisions_of(conn, STREET, world.award_id(award))?)
            })?;
            let stop = stops
                .iter()
                .rfind(|d| d.kind == mingce::domain::award::DecisionKind::Stop)
                .expect("a stop");
            award::annul_stop(&store, &clerk.authorize()?, stop.id, today, "错停", None)?;
        }
        Act::Grace { award, months } => {
            let award = world.award_id(award);
            award::grace(&store, &clerk.authorize()?, award, today, None, *months, None)?;
        }
        other => return events(world, other),
    }
    let _ = approver;
    Ok(Ok(()))
}

fn events(world: &mut World<'_>, act: &Act) -> AppResult<Seen> {
    let today = world.today();
    let clerk = world.setup();
    let store = world.registry.store.clone();
    match act {
        Act::Death { who, died, reported, decided, confidence, head } => {
            let heads = head.as_ref().map(|head| {
                let household = *world.homes.values().next().expect("a home");
                NewHead {
                    household,
                    head: world.person_id(head),
                    relations: others(world, who, head),
                }
            });
            let input = DeathInput {
                resident: world.person_id(who),
                dates: EventDates {
                    event_on: *died,
                    reported_on: reported.unwrap_or(today),
                    decided_on: decided.then_some(today),
                },
                confidence: Confidence::from_number(i32::from(confidence.unwrap_or(1)))
                    .expect("a confidence"),
                heads: heads.into_iter().collect(),
                note: None,
            };
            event::death(&store, &clerk.authorize()?, &input)?;
        }
        Act::DecideDeath { who, confirmed } => {
            let who = world.person_id(who);
            let rows = store.read(|conn| {
                Ok(mingce::store::life_event::list_life_events_of(conn, STREET, who)?)
            })?;
            let lead = rows.iter().rfind(|e| e.annulled_on.is_none()).expect("a report");
            let outcome = match confirmed {
                true => DeathOutcome::Confirmed { heads: Vec::new() },
                false => DeathOutcome::Rejected {
                    reason: "入户见到本人".to_owned(),
                    relations: Vec::new(),
                },
            };
            let input = DecideDeathInput { event: lead.id, on: today, outcome };
            let second = world.registry.actor("supervisor", mingce::domain::role::Role::Supervisor);
            event::decide_death(&store, &second.authorize()?, &input)?;
        }
        Act::MoveWithin { who, homes, moved } => {
            let input = MoveWithinInput {
                residents: who.iter().map(|w| world.person_id(w)).collect(),
                households: homes.iter().map(|h| world.homes[h]).collect(),
                to_area: THREE_GATES.to_owned(),
                address: "三门路2号".to_owned(),
                dates: EventDates { event_on: *moved, reported_on: today, decided_on: None },
            };
            event::move_within(&store, &clerk.authorize()?, &input)?;
        }
        Act::MoveOut { who, moved } => {
            let input = MoveOutInput {
                residents: who.iter().map(|w| world.person_id(w)).collect(),
                destination: "外街道".to_owned(),
                dates: EventDates { event_on: *moved, reported_on: today, decided_on: None },
                confidence: Confidence::Confirmed,
                heads: Vec::new(),
                note: None,
            };
            event::move_out(&store, &clerk.authorize()?, &input)?;
        }
        Act::TempCase { case_no, who, amount, cause, level } => {
            let account = world.account(who)?;
            let input = CaseInput {
                program: "temp".to_owned(),
                case_no: case_no.clone(),
                resident: world.person_id(who),
                household: None,
                kind: CaseKind::Expenditure,
                cause: Cause::parse(cause).expect("a cause"),
                level: CaseLevel::parse(level).expect("a level"),
                category: None,
                self_paid: None,
                asked: yuan(amount),
                approved: yuan(amount),
                applied_on: today,
                decided_on: today,
                doc_no: (level.as_str() == "district").then(|| "区〔2023〕1号".to_owned()),
                account_id: Some(account),
            };
            let caps = CaseCaps {
                street: yuan("2000.00"),
                district: yuan("9696.00"),
                same_cause_months: 12,
            };
            let made = temp_case::register(&store, &clerk.authorize()?, &input, &caps)?;
            world.awards.insert(format!("temp {case_no}"), made.award);
        }
        Act::Hold { award, from } => {
            let award = world.award_id(award);
            award::place_hold(&store, &clerk.authorize()?, award, *from, today, "待核实")?;
        }
        Act::Release { award } => {
            let award = world.award_id(award);
            let holds =
                store.read(|conn| Ok(mingce::store::hold::list_holds_of(conn, STREET, award)?))?;
            let open = holds.iter().find(|h| h.released_on.is_none()).expect("a hold");
            award::release_hold(&store, &clerk.authorize()?, open.id, today, "已核实")?;
        }
        Act::Account { award, who } => {
            let id = world.award_id(award);
            let account = world.account(who)?;
            let version = store.read(|conn| {
                Ok(award_rows::find_award(conn, STREET, id)?.expect("the award").version)
            })?;
            award::set_account(&store, &clerk.authorize()?, id, account, version, "退票更正")?;
        }
        Act::Policy { edits } => world.policy(edits),
        other => return money(world, other),
    }
    Ok(Ok(()))
}

/// Everybody else of the home, as other relatives of the new head.
fn others(
    world: &World<'_>,
    dead: &str,
    head: &str,
) -> Vec<(mingce::domain::ids::ResidentId, Relation)> {
    let relation = Relation::parse("97").expect("a relation");
    world
        .people
        .iter()
        .filter(|(name, _)| name.as_str() != dead && name.as_str() != head)
        .map(|(_, id)| (*id, relation))
        .collect()
}

fn money(world: &mut World<'_>, act: &Act) -> AppResult<Seen> {
    let today = world.today();
    let (clerk, approver) = (world.clerk(), world.approver());
    let store = world.registry.store.clone();
    match act {
        Act::Run { month, programs, expect, draft_only } => {
            return run(world, *month, programs, expect, *draft_only);
        }
        Act::Returned { award, month, code } => {
            let id = world.award_id(award);
            let line = world
                .lines(*month)
                .into_iter()
                .find(|l| l.award_id == id && l.kind.code() == "regular")
                .expect("a regular line");
            let returned = ReturnedLine {
                line: line.id,
                reason: ReturnReason::from_code(code).expect("a code"),
                returned_on: today,
            };
            payout::record_returns(&store, &clerk.authorize()?, line.run_id, &[returned])?;
        }
        Act::Bank { month, expect } => {
            let total = bank_total(world, *month)?;
            return Ok(same(std::slice::from_ref(expect), vec![total.to_plain()]));
        }
        Act::Claims { expect } => {
            let rows = store.read(|conn| {
                let mut said = Vec::new();
                for row in claim::list_claims(conn, STREET, false)? {
                    let balance = claim::balance(conn, STREET, row.id)?;
                    said.push(format!(
                        "{} {} {} {}",
                        world.key_of(row.award_id),
                        row.amount_fen.to_plain(),
                        balance.to_plain(),
                        row.status.code()
                    ));
                }
                Ok(said)
            })?;
            return Ok(same(expect, rows));
        }
        Act::Claim { award, amount } => {
            let new = NewClaim {
                award: world.award_id(award),
                amount: yuan(amount),
                reason: "多发",
                doc_no: "追〔2023〕1号",
            };
            payout::open_claim(&store, &clerk.authorize()?, &new)?;
        }
        Act::Plan { award, cap, from } => {
            let id = claim_of(world, award)?;
            payout::plan_claim(&store, &clerk.authorize()?, id, *cap, *from, "追〔2023〕1号")?;
        }
        Act::Repay { award, amount } => {
            let id = claim_of(world, award)?;
            payout::repay_claim(&store, &clerk.authorize()?, id, yuan(amount), "收据1")?;
        }
        Act::WriteOff { award } => {
            let id = claim_of(world, award)?;
            payout::write_off_claim(&store, &approver.authorize()?, id, "无法追回")?;
        }
        Act::Places { award, expect } => {
            let said = world
                .lines_of_award(award)
                .iter()
                .map(|l| format!("{} {}", l.month, l.area_code))
                .collect();
            return Ok(same(expect, said));
        }
        Act::Reasons { month, expect } => {
            let said = world
                .lines(*month)
                .iter()
                .filter(|l| l.kind.code() != "regular")
                .map(|l| format!("{} {}", l.month, l.reason.as_deref().unwrap_or("-")))
                .collect();
            return Ok(same(expect, said));
        }
        _ => unreachable!("handled before"),
    }
    Ok(Ok(()))
}

fn claim_of(world: &World<'_>, award: &str) -> AppResult<mingce::domain::ids::ClaimId> {
    let id = world.award_id(award);
    world.registry.store.read(|conn| {
        let open = claim::list_claims(conn, STREET, true)?;
        let found = open.iter().find(|c| c.award_id == id).map(|c| c.id);
        found.ok_or_else(|| AppError::not_found("追回", "claim"))
    })
}

fn run(
    world: &World<'_>,
    month: Month,
    programs: &[String],
    expect: &[String],
    draft_only: bool,
) -> AppResult<Seen> {
    world.draft_of(month, programs)?;
    let said = world.lines(month).iter().map(|line| world.say(line)).collect();
    if let Err(mismatch) = same(expect, said) {
        return Ok(Err(mismatch));
    }
    if draft_only {
        return Ok(Ok(()));
    }
    let before: Vec<_> = world.runs(month).iter().map(|r| r.content_hash.clone()).collect();
    world.draft_of(month, programs)?;
    let after: Vec<_> = world.runs(month).iter().map(|r| r.content_hash.clone()).collect();
    assert_eq!(before, after, "drafting again changed something");
    world.approve(month)?;
    world.pay(month)?;
    world.close(month)?;
    world.check(month);
    Ok(Ok(()))
}

/// What the bank is sent: everything paid in the month, less deductions, plus
/// what is sent again.
fn bank_total(world: &World<'_>, month: Month) -> AppResult<Fen> {
    let store = &world.registry.store;
    let mut total: Fen =
        world.lines(month).iter().filter(|l| l.kind.is_paid()).map(|l| l.amount_fen).sum();
    for run in world.runs(month) {
        let again = store.read(|conn| Ok(attempt::list_attempts_of_run(conn, STREET, run.id)?))?;
        for item in again.iter().filter(|a| a.attempt_no > 1 && a.state != AttemptState::Cancelled)
        {
            let line = store.read(|conn| {
                Ok(mingce::store::line::find_line(conn, STREET, item.line_id)?.expect("a line"))
            })?;
            total += line.amount_fen;
        }
    }
    Ok(total)
}
