//! People, households and decisions by name, entered through the services that
//! a user would use, on the days on which the clock is set.

use std::collections::HashMap;

use chrono::NaiveDate;

use mingce::domain::certificate::{Category, CertificateDetail, Grade};
use mingce::domain::code_table::Relation;
use mingce::domain::fact::{FactDates, FactKind};
use mingce::domain::household::{HouseholdKind, JoinReason};
use mingce::domain::ids::{AwardId, HouseholdId, ResidentId, RunId};
use mingce::domain::money::Fen;
use mingce::domain::month::Month;
use mingce::domain::policy::{Policy, run_cases};
use mingce::domain::role::Role;
use mingce::error::AppResult;
use mingce::services::Actor;
use mingce::services::account::{self, AccountInput};
use mingce::services::area::{AreaInput, add_areas};
use mingce::services::award::{self, Beneficiary, ConfirmInput};
use mingce::services::certificate::{self, CertificateInput, Issue};
use mingce::services::fact::{self, FactInput};
use mingce::services::household::{self, HouseholdInput, MemberDates, MemberInput};
use mingce::services::payout::{self, DraftOptions};
use mingce::services::policy;
use mingce::services::resident::{self, ResidentInput};
use mingce::store::line::{LineRow, list_lines_of_run};
use mingce::store::run::RunRow;
use mingce::store::{award as award_rows, line};

use crate::harness::{STREET, TestRegistry};

/// Two communities of the test street.
pub const EAST: &str = "320899001001";
pub const THREE_GATES: &str = "320899001002";

/// A registry with areas, a policy in force, and names for what is in it.
pub struct World<'a> {
    pub registry: &'a TestRegistry,
    pub people: HashMap<String, ResidentId>,
    pub numbers: HashMap<String, String>,
    pub homes: HashMap<String, HouseholdId>,
    pub awards: HashMap<String, AwardId>,
    serial: u32,
}

pub fn day(text: &str) -> NaiveDate {
    text.parse().unwrap_or_else(|_| panic!("{text} is not a date"))
}

pub fn month(text: &str) -> Month {
    text.parse().unwrap_or_else(|_| panic!("{text} is not a month"))
}

pub fn yuan(text: &str) -> Fen {
    Fen::parse_yuan(text).unwrap_or_else(|_| panic!("{text} is not an amount"))
}

/// A citizen ID number of the unassigned region 320899.
pub fn id_number(born: NaiveDate, serial: u32) -> String {
    let body = format!("320899{}{:03}", born.format("%Y%m%d"), serial % 1_000);
    let weights = [7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2];
    let sum: u32 = body.chars().zip(weights).map(|(c, w)| c.to_digit(10).expect("digit") * w).sum();
    let check = b"10X98765432"[(sum % 11) as usize];
    format!("{body}{}", char::from(check))
}

impl<'a> World<'a> {
    /// Areas, and a policy: the example with some texts replaced.
    pub fn new(registry: &'a TestRegistry, edits: &[(String, String)]) -> World<'a> {
        registry.clock.move_to(day("2022-12-01"));
        let operator = Actor::operator("test", STREET);
        let areas: Vec<AreaInput> = [
            ("320000", "江苏省"),
            ("320800", "淮安市"),
            ("320899", "测试区"),
            (STREET, "测试街道"),
            (EAST, "东长街社区"),
            (THREE_GATES, "三门社区"),
        ]
        .map(|(code, name)| AreaInput {
            code: code.to_owned(),
            name: name.to_owned(),
            parent: None,
            opened_on: day("2020-01-01"),
        })
        .to_vec();
        let by = operator.authorize().expect("operator");
        // Provinces and cities are not stored by every version of the tree.
        if add_areas(&registry.store, &by, &areas).is_err() {
            add_areas(&registry.store, &by, &areas[2..]).expect("areas");
        }
        let world = World {
            registry,
            people: HashMap::new(),
            numbers: HashMap::new(),
            homes: HashMap::new(),
            awards: HashMap::new(),
            serial: 0,
        };
        world.policy(edits);
        world
    }

    /// Puts the example policy in force, with texts replaced.
    pub fn policy(&self, edits: &[(String, String)]) {
        let mut text = policy::EXAMPLE.to_owned();
        for (find, put) in edits {
            assert!(text.contains(find.as_str()), "the policy does not contain {find}");
            text = text.replacen(find.as_str(), put, 1);
        }
        if !edits.is_empty() {
            text = without_contradicted_cases(&text);
        }
        let store = &self.registry.store;
        let maker = self.registry.actor("policymaker", Role::Clerk);
        let boss = self.registry.actor("boss", Role::Approver);
        let id = policy::propose(store, &maker.authorize().expect("propose"), &text)
            .unwrap_or_else(|e| panic!("{e}"));
        policy::activate(store, &boss.authorize().expect("activate"), id).expect("in force");
    }

    pub fn clerk(&self) -> Actor {
        self.registry.actor("clerk", Role::Clerk)
    }

    /// The operator at the machine: what a benefit depends on takes effect
    /// without a second person.
    pub fn setup(&self) -> Actor {
        Actor::operator("test", STREET)
    }

    pub fn approver(&self) -> Actor {
        self.registry.actor("approver", Role::Approver)
    }

    /// Sets the clock.
    pub fn on(&self, date: NaiveDate) {
        self.registry.clock.move_to(date);
    }

    pub fn today(&self) -> NaiveDate {
        self.registry.clock.today()
    }

    pub fn person_id(&self, name: &str) -> ResidentId {
        *self.people.get(name).unwrap_or_else(|| panic!("nobody is called {name}"))
    }

    pub fn award_id(&self, key: &str) -> AwardId {
        *self.awards.get(key).unwrap_or_else(|| panic!("no award {key}"))
    }

    /// Registers somebody.
    pub fn person(&mut self, name: &str, born: NaiveDate, area: &str) -> AppResult<ResidentId> {
        self.serial += 1;
        let number = id_number(born, self.serial * 2 + 1);
        let actor = self.clerk();
        // Case files call people 甲 and 乙; a name has at least two characters.
        let input = ResidentInput::citizen(&format!("赵{name}"), &number, area);
        let id = resident::register(&self.registry.store, &actor.authorize()?, &input)?;
        self.people.insert(name.to_owned(), id);
        self.numbers.insert(name.to_owned(), number);
        Ok(id)
    }

    /// Opens an assistance household that counts from `counts`.
    pub fn home(
        &mut self,
        name: &str,
        members: &[&str],
        counts: Month,
        area: &str,
    ) -> AppResult<()> {
        let actor = self.clerk();
        let members = members
            .iter()
            .enumerate()
            .map(|(at, who)| {
                let relation = if at == 0 { "02" } else { "97" };
                MemberInput::new(self.person_id(who), Relation::parse(relation).expect("relation"))
            })
            .collect();
        let input = HouseholdInput {
            kind: HouseholdKind::Assist,
            household_no: format!("A{}", self.homes.len() + 1),
            area_code: area.to_owned(),
            address: "测试路1号".to_owned(),
            opened_on: self.today(),
            members,
            reason: JoinReason::Opening,
            dates: MemberDates { decided_on: self.today(), named_month: Some(counts) },
        };
        let id = household::open(&self.registry.store, &actor.authorize()?, &input)?;
        self.homes.insert(name.to_owned(), id);
        Ok(())
    }

    /// Records an income a year, known today.
    pub fn income(&self, who: &str, year: Fen, from: Option<Month>) -> AppResult<i64> {
        let input = FactInput {
            code: Some("wage".to_owned()),
            amount: Some(year),
            dates: FactDates {
                decided_on: Some(self.today()),
                named_from: from,
                ..FactDates::default()
            },
            ..FactInput::decided(self.person_id(who), FactKind::Income, self.today())
        };
        let actor = self.setup();
        fact::record(&self.registry.store, &actor.authorize()?, &input)
    }

    /// Records another fact.
    pub fn fact(
        &self,
        who: &str,
        kind: FactKind,
        code: Option<&str>,
        dates: FactDates,
    ) -> AppResult<i64> {
        let input = FactInput {
            code: code.map(str::to_owned),
            dates,
            ..FactInput::decided(self.person_id(who), kind, self.today())
        };
        let actor = self.setup();
        fact::record(&self.registry.store, &actor.authorize()?, &input)
    }

    /// Registers a certificate.
    pub fn certificate(
        &self,
        who: &str,
        category: Category,
        grade: Grade,
        valid_to: Option<NaiveDate>,
        issue: Issue,
        issued_on: NaiveDate,
    ) -> AppResult<i64> {
        let number = self.numbers.get(who).expect("a number");
        let suffix = if matches!(issue, Issue::Renewal { .. }) { "B1" } else { "" };
        let input = CertificateInput {
            resident: self.person_id(who),
            number: format!("{number}{}{}{suffix}", category.code(), grade.code()),
            detail: CertificateDetail { category, grade, parts: Vec::new() },
            issued_on,
            valid_to,
            known_on: self.today(),
            issue,
        };
        let actor = self.setup();
        certificate::issue(&self.registry.store, &actor.authorize()?, &input)
    }

    /// A fresh account of somebody's own.
    pub fn account(&mut self, who: &str) -> AppResult<i64> {
        self.serial += 1;
        let number = format!("62299900000{:08}", self.serial);
        let actor = self.setup();
        let input = AccountInput::own(self.person_id(who), "测试银行", &number, self.today());
        account::add(&self.registry.store, &actor.authorize()?, &input)
    }

    /// Confirms an award under the key `program who`.
    pub fn confirm(&mut self, key: &str, input: &ConfirmInput) -> AppResult<AwardId> {
        let actor = self.clerk();
        let made = award::confirm(&self.registry.store, &actor.authorize()?, input)?;
        self.awards.insert(key.to_owned(), made.award);
        Ok(made.award)
    }

    /// Confirms a household's or a person's award with an account, decided today.
    pub fn grant(&mut self, program: &str, who: &str, from: Option<Month>) -> AppResult<AwardId> {
        let beneficiary = match self.homes.get(who).copied() {
            Some(household) => {
                let head = self.head_of(household);
                Beneficiary::Household { household, applicant: head }
            }
            None => Beneficiary::Person(self.person_id(who)),
        };
        let owner = self.name_of(beneficiary.person());
        let account = self.account(&owner)?;
        let input = ConfirmInput {
            from_month: from,
            applied_on: Some(self.today()),
            account_id: Some(account),
            ..ConfirmInput::new(program, beneficiary, self.today())
        };
        self.confirm(&format!("{program} {who}"), &input)
    }

    pub fn head_of(&self, household: HouseholdId) -> ResidentId {
        self.registry
            .store
            .read(|conn| {
                let members = mingce::store::membership::list_members(conn, STREET, household)?;
                Ok(members.iter().find(|m| m.relation_code == "02").expect("a head").resident_id)
            })
            .expect("members")
    }

    pub fn name_of(&self, id: ResidentId) -> String {
        self.people.iter().find(|(_, v)| **v == id).expect("a name").0.clone()
    }

    /// Drafts a month, all programs.
    pub fn draft(&self, month: Month) -> AppResult<Vec<payout::Drafted>> {
        let clerk = self.clerk();
        payout::draft(&self.registry.store, &clerk.authorize()?, month, DraftOptions::default())
    }

    /// Drafts some programs; all if none is named.
    pub fn draft_of(&self, month: Month, programs: &[String]) -> AppResult<Vec<payout::Drafted>> {
        let clerk = self.clerk();
        let programs: Vec<&str> = programs.iter().map(String::as_str).collect();
        let options = DraftOptions {
            programs: (!programs.is_empty()).then_some(&programs),
            ..DraftOptions::default()
        };
        payout::draft(&self.registry.store, &clerk.authorize()?, month, options)
    }

    /// Submits and approves all drafted runs of a month.
    pub fn approve(&self, month: Month) -> AppResult<()> {
        let (clerk, approver) = (self.clerk(), self.approver());
        let store = &self.registry.store;
        for run in self.runs(month) {
            payout::submit(store, &clerk.authorize()?, run.id, None)?;
            let hash = run.content_hash.clone().unwrap_or_default();
            payout::approve(store, &approver.authorize()?, run.id, &hash)?;
        }
        Ok(())
    }

    /// Records the payment of all runs of a month, today.
    pub fn pay(&self, month: Month) -> AppResult<()> {
        let clerk = self.clerk();
        for run in self.runs(month) {
            payout::record_payment(
                &self.registry.store,
                &clerk.authorize()?,
                run.id,
                self.today(),
            )?;
        }
        Ok(())
    }

    /// Closes a month.
    pub fn close(&self, month: Month) -> AppResult<Vec<RunRow>> {
        let approver = self.approver();
        payout::close_month(&self.registry.store, &approver.authorize()?, month)
    }

    /// The visible runs of a month.
    pub fn runs(&self, month: Month) -> Vec<RunRow> {
        self.registry.store.read(|conn| payout::list_month(conn, STREET, month)).expect("runs")
    }

    pub fn run_of(&self, program: &str, month: Month) -> RunRow {
        let runs = self.runs(month);
        runs.into_iter()
            .find(|r| r.program == program)
            .unwrap_or_else(|| panic!("no {program} run"))
    }

    pub fn lines_of(&self, run: RunId) -> Vec<LineRow> {
        self.registry
            .store
            .read(|conn| Ok(list_lines_of_run(conn, STREET, run, None, 1_000_000)?))
            .expect("lines")
    }

    /// All lines of a month's runs.
    pub fn lines(&self, month: Month) -> Vec<LineRow> {
        self.runs(month).iter().flat_map(|run| self.lines_of(run.id)).collect()
    }

    /// The ledger adds up, and every line of a month explains itself.
    pub fn check(&self, which: Month) {
        let cipher = self.registry.store.cipher();
        let faults = self
            .registry
            .store
            .read(|conn| {
                let mut faults = payout::check_ledger(conn, cipher, STREET)?;
                for run in payout::list_month(conn, STREET, which)? {
                    faults.extend(payout::check_lines(conn, cipher, &run)?);
                }
                Ok(faults)
            })
            .expect("checked");
        assert!(faults.is_empty(), "{which}: {faults:#?}");
    }

    /// All lines of an award, in order.
    pub fn lines_of_award(&self, key: &str) -> Vec<LineRow> {
        let id = self.award_id(key);
        self.registry
            .store
            .read(|conn| {
                let award = award_rows::find_award(conn, STREET, id)?.expect("the award");
                Ok(line::list_lines_of_award(conn, STREET, &award.program, award.beneficiary_id)?)
            })
            .expect("lines")
    }

    /// The key of an award.
    pub fn key_of(&self, id: AwardId) -> &str {
        self.awards.iter().find(|(_, v)| **v == id).map_or("?", |(k, _)| k.as_str())
    }

    /// A line as the case files write it: `dibao 甲家 2023-08 regular 808.00`.
    pub fn say(&self, line: &LineRow) -> String {
        let amount = line.amount_fen.to_plain();
        format!("{} {} {} {amount}", self.key_of(line.award_id), line.month, line.kind.code())
    }
}

/// The example's own cases describe the example: an edited copy keeps those
/// that still come out.
fn without_contradicted_cases(text: &str) -> String {
    let parsed = Policy::parse(text).unwrap_or_else(|e| panic!("{e:?}"));
    let failing: Vec<String> =
        run_cases(&parsed).into_iter().filter(|c| !c.passed).map(|c| c.id).collect();
    let mut parts = text.split("[[case]]");
    let mut kept = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        if !failing.iter().any(|id| part.contains(&format!("id = \"{id}\""))) {
            kept.push_str("[[case]]");
            kept.push_str(part);
        }
    }
    kept
}
