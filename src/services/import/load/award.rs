//! Awards and the decisions on them.

use std::collections::{HashMap, HashSet};

use chrono::NaiveDate;

use super::people::Person;
use super::settle::{Field, Record, Settling, day};
use super::{Load, distinct};
use crate::domain::award::{
    AwardMode, BeneficiaryKind, DecisionKind, DecisionSpan, ReviewClass, first_covered,
};
use crate::domain::household::HouseholdKind;
use crate::domain::ids::{AwardId, BeneficiaryId, HouseholdId, UnitId};
use crate::domain::month::Month;
use crate::error::AppResult;
use crate::services::import::book::{AWARD, DECISION};
use crate::services::import::rows::Row;
use crate::services::import::source::BookSource;
use crate::store::account::ACCOUNT_INDEX;
use crate::store::award::{self as rows, AwardRow};
use crate::store::decision::{self, DecisionRow};
use crate::store::{Cipher, Db, book};

/// What is kept of an award.
#[derive(Debug, Clone, Copy)]
pub(super) struct Award {
    pub id: AwardId,
    pub unit: UnitId,
}

/// The beneficiary that a row names.
pub(super) struct Beneficiary {
    pub kind: BeneficiaryKind,
    pub id: BeneficiaryId,
    pub unit: UnitId,
    pub household: Option<HouseholdId>,
    /// Who is looked at for birth and death; not for households.
    pub person: Option<Person>,
}

impl Record for AwardRow {
    const KIND: &'static str = "award";
    const MUTABLE: &'static [&'static str] =
        &["person", "cert_no", "account", "review_class", "near_relative"];
    type Key = (String, BeneficiaryId);

    fn key(&self) -> Self::Key {
        (self.program.clone(), self.beneficiary_id)
    }

    fn id(&self) -> i64 {
        self.id.0
    }

    fn fields(&self, _: &Cipher) -> AppResult<Vec<Field>> {
        Ok(vec![
            ("beneficiary", Some(self.beneficiary_kind.code().to_owned())),
            ("person", Some(self.resident_id.to_string())),
            ("household_no", self.household_id.map(|id| id.to_string())),
            ("mode", Some(self.mode.code().to_owned())),
            ("cert_no", self.cert_no.clone()),
            ("account", self.account_id.map(|id| id.to_string())),
            ("review_class", self.review_class.map(|c| c.code().to_owned())),
            ("near_relative", Some(self.near_relative.to_string())),
            ("opened_on", day(Some(self.opened_on))),
        ])
    }

    fn adopt(&mut self, new: &Self, _: &Cipher) -> AppResult<()> {
        self.resident_id = new.resident_id;
        self.cert_no = new.cert_no.clone().or(self.cert_no.take());
        self.account_id = new.account_id.or(self.account_id);
        self.review_class = new.review_class.or(self.review_class);
        self.near_relative = new.near_relative;
        Ok(())
    }

    fn insert(conn: &mut Db, new: &[Self]) -> AppResult<()> {
        rows::insert_awards(conn, new)?;
        Ok(())
    }

    fn update(&self, conn: &mut Db) -> AppResult<()> {
        let mut next = self.clone();
        next.version += 1;
        crate::services::record::one_row(rows::mark_award(conn, &next, self.version)?)
    }
}

impl Record for DecisionRow {
    const KIND: &'static str = "decision";
    // A wrong decision is answered by another.
    const MUTABLE: &'static [&'static str] = &[];
    type Key = (AwardId, DecisionKind, Month, NaiveDate);

    fn key(&self) -> Self::Key {
        (self.award_id, self.kind, self.from_month, self.known_on)
    }

    fn id(&self) -> i64 {
        self.id
    }

    fn fields(&self, _: &Cipher) -> AppResult<Vec<Field>> {
        Ok(vec![
            ("to_month", self.to_month.map(|m| m.to_string())),
            ("decided_on", day(Some(self.decided_on))),
            ("applied_on", day(self.applied_on)),
            ("amount", self.amount_fen.map(|fen| fen.to_plain())),
            ("reason", self.reason.clone()),
            ("doc_no", self.doc_no.clone()),
            ("annuls_month", self.annuls.map(|id| id.to_string())),
        ])
    }

    fn adopt(&mut self, _: &Self, _: &Cipher) -> AppResult<()> {
        Ok(())
    }

    fn insert(conn: &mut Db, new: &[Self]) -> AppResult<()> {
        decision::insert_decisions(conn, new)?;
        Ok(())
    }

    fn update(&self, _: &mut Db) -> AppResult<()> {
        Ok(())
    }

    fn marks(&self) -> Vec<(UnitId, Month, NaiveDate)> {
        vec![(self.unit_id, self.from_month, self.known_on)]
    }
}

impl Load<'_, '_> {
    /// Loads what the rows need to name their beneficiaries.
    pub(super) fn load_beneficiaries(&mut self, batch: &[Row]) -> AppResult<()> {
        self.load_homes(batch, "kind_of_household", "household_no")?;
        if self.fresh {
            return Ok(());
        }
        let numbers = distinct(batch.iter().filter_map(|row| row.owned("case_no")));
        for case in book::cases_by_no(self.conn, &self.street, &numbers)? {
            let kept = super::case::Case { id: case.id, resident: case.resident_id };
            self.cases.entry(case.case_no).or_insert(kept);
        }
        Ok(())
    }

    /// The beneficiary that a row names.
    pub(super) fn beneficiary(
        &mut self,
        row: &mut Row,
        person: Option<Person>,
    ) -> Option<Beneficiary> {
        let kind = row.code("beneficiary", BeneficiaryKind::from_code)?;
        let home = self.assist_home(row);
        let household = home.map(|(id, _)| id);
        match kind {
            BeneficiaryKind::Person => {
                if person.is_none() && row.person("person").is_none() {
                    row.fault(
                        "person",
                        "受益对象为个人,必须填证件号码。",
                        "The beneficiary is a person: enter the number.",
                    );
                }
                let person = person?;
                let id = BeneficiaryId(person.id.0);
                Some(Beneficiary { kind, id, unit: person.unit, household, person: Some(person) })
            }
            BeneficiaryKind::Household => {
                if home.is_none() && row.text("household_no").is_none() {
                    row.fault(
                        "household_no",
                        "受益对象为家庭,必须填户号。",
                        "The beneficiary is a household: enter its number.",
                    );
                }
                let (id, unit) = home?;
                Some(Beneficiary { kind, id: BeneficiaryId(id.0), unit, household, person: None })
            }
            BeneficiaryKind::Case => {
                let number = row.owned("case_no");
                let case = number.as_deref().and_then(|number| self.cases.get(number)).copied();
                let Some(case) = case else {
                    row.fault(
                        "case_no",
                        "没有这个案号。请先在“临时救助”里登记。",
                        "There is no such case. Register it in the sheet of temporary assistance.",
                    );
                    return None;
                };
                if person.is_some_and(|person| person.id != case.resident) {
                    row.fault(
                        "person",
                        "证件号码不是该案的申请人。",
                        "This is not the applicant of the case.",
                    );
                }
                let unit = person.map_or(UnitId(case.resident.0), |person| person.unit);
                Some(Beneficiary { kind, id: BeneficiaryId(case.id), unit, household, person })
            }
        }
    }

    pub(super) fn awards(
        &mut self,
        source: &mut dyn BookSource,
        places: &[usize],
    ) -> AppResult<()> {
        let mut settling = Settling::<AwardRow>::new(&AWARD, "program");
        self.stream(
            source,
            (&AWARD, places),
            |row| row,
            |load, mut batch| {
                let people = load.resolve(&mut batch, "person")?;
                load.load_beneficiaries(&batch)?;
                load.load_accounts(&batch, &people)?;
                let made: Vec<Option<AwardRow>> = batch
                    .iter_mut()
                    .zip(people)
                    .map(|(row, person)| load.award(row, person))
                    .collect();
                let ids = distinct(made.iter().flatten().map(|award| award.beneficiary_id));
                let existing = match load.fresh {
                    true => Vec::new(),
                    false => book::awards_of(load.conn, &load.street, &ids)?,
                };
                let settled = load.settle(&mut settling, &mut batch, made, existing)?;
                for award in settled.into_iter().flatten() {
                    let kept = Award { id: award.id, unit: award.unit_id };
                    load.awards.insert((award.program, award.beneficiary_id), kept);
                }
                Ok(())
            },
        )
    }

    fn load_awards_of(&mut self, ids: &[BeneficiaryId]) -> AppResult<()> {
        for award in book::awards_of(self.conn, &self.street, ids)? {
            let kept = Award { id: award.id, unit: award.unit_id };
            self.awards.entry((award.program, award.beneficiary_id)).or_insert(kept);
        }
        Ok(())
    }

    /// Loads the registry's awards of whomever the rows can name.
    pub(super) fn load_awards(
        &mut self,
        batch: &[Row],
        people: &[Option<Person>],
    ) -> AppResult<()> {
        if self.fresh {
            return Ok(());
        }
        let mut ids: Vec<BeneficiaryId> =
            people.iter().flatten().map(|person| BeneficiaryId(person.id.0)).collect();
        for row in batch {
            let home = row
                .text("household_no")
                .and_then(|number| self.homes.find(HouseholdKind::Assist, number))
                .and_then(|at| self.homes.list.get(at));
            ids.extend(home.map(|home| BeneficiaryId(home.row.id.0)));
            let case = row.text("case_no").and_then(|number| self.cases.get(number));
            ids.extend(case.map(|case| BeneficiaryId(case.id)));
        }
        self.load_awards_of(&distinct(ids))
    }

    /// The registry's accounts of the people of a batch.
    fn load_accounts(&mut self, batch: &[Row], people: &[Option<Person>]) -> AppResult<()> {
        if self.fresh {
            return Ok(());
        }
        let wanted = batch.iter().zip(people).filter(|(row, _)| row.text("account").is_some());
        let owners = distinct(wanted.filter_map(|(_, person)| person.map(|p| p.id)));
        for account in book::accounts_of(self.conn, &self.street, &owners)? {
            let key = (account.owner_id, account.account_index);
            if account.closed_on.is_none() {
                self.accounts.entry(key).or_insert(account.id);
            }
        }
        Ok(())
    }

    fn award(&mut self, row: &mut Row, person: Option<Person>) -> Option<AwardRow> {
        let program = self.program(row)?;
        let to = self.beneficiary(row, person)?;
        let (person, opened_on) = (person?, row.date("opened_on")?);
        check_living(row, "opened_on", &person, Month::of(opened_on), to.kind);
        if opened_on < person.birth_on && row.is_sound() {
            row.fault(
                "opened_on",
                format!("待遇开始日期不能早于出生日期({})。", person.birth_on),
                format!("The award must not begin before birth ({}).", person.birth_on),
            );
        }
        if opened_on > self.today {
            row.fault("opened_on", "日期不能晚于今天。", "The date must not be in the future.");
        }
        if let (BeneficiaryKind::Household, Some(household)) = (to.kind, to.household)
            && !self.assisted.contains(&(household, person.id))
        {
            row.fault(
                "person",
                "申请人不是该救助家庭的成员。",
                "The applicant is no member of this household.",
            );
        }
        let account_id = self.account_of(row, &person);
        let mode = row.code("mode", AwardMode::from_code).unwrap_or(AwardMode::Standard);
        if mode == AwardMode::Single
            && (to.kind != BeneficiaryKind::Person || to.household.is_none())
        {
            row.fault(
                "mode",
                "单人保的受益对象应为个人,并填所在救助家庭的户号。",
                "A single-person enrolment is a person's, with the number of the household.",
            );
        }
        Some(AwardRow {
            id: AwardId(self.store.next_id()),
            street_code: self.street.clone(),
            program,
            beneficiary_kind: to.kind,
            beneficiary_id: to.id,
            resident_id: person.id,
            household_id: to.household,
            unit_id: to.unit,
            mode,
            cert_no: row.owned("cert_no"),
            account_id,
            review_class: row.code("review_class", ReviewClass::from_code),
            near_relative: row.flag("near_relative").unwrap_or(false),
            opened_on,
            import_id: Some(self.import_id),
            version: 1,
        })
    }

    fn account_of(&self, row: &mut Row, person: &Person) -> Option<i64> {
        let number = row.owned("account")?;
        let index = self.cipher().blind(ACCOUNT_INDEX, &number);
        let found = self.accounts.get(&(person.id, index)).copied();
        if found.is_none() {
            row.fault(
                "account",
                "该人名下没有这个账号。请先在“账户”里登记。",
                "This person has no such account. Register it in the sheet of accounts.",
            );
        }
        found
    }

    /// The code of a program: lower-case letters, digits, `_` and `-`.
    pub(super) fn program(&self, row: &mut Row) -> Option<String> {
        let program = row.owned("program")?;
        let fits = program.len() >= 2
            && program
                .bytes()
                .all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_' || b == b'-');
        if !fits {
            row.fault(
                "program",
                "项目代码应为小写字母,如 dibao、children、care、living。",
                "A program's code is lower case, such as dibao, children, care, living.",
            );
            return None;
        }
        Some(program)
    }

    pub(super) fn decisions(
        &mut self,
        source: &mut dyn BookSource,
        places: &[usize],
    ) -> AppResult<()> {
        let mut settling = Settling::<DecisionRow>::new(&DECISION, "kind");
        let mut earlier = Earlier::default();
        self.stream(
            source,
            (&DECISION, places),
            |row| row,
            |load, mut batch| load.decision_batch(&mut settling, &mut earlier, &mut batch),
        )
    }

    fn decision_batch(
        &mut self,
        settling: &mut Settling<DecisionRow>,
        earlier: &mut Earlier,
        batch: &mut [Row],
    ) -> AppResult<()> {
        let people = self.resolve(batch, "person")?;
        self.load_beneficiaries(batch)?;
        let beneficiaries: Vec<Option<Beneficiary>> = batch
            .iter_mut()
            .zip(people)
            .map(|(row, person)| self.beneficiary(row, person))
            .collect();
        let ids = distinct(beneficiaries.iter().flatten().map(|to| to.id));
        let mut existing = Vec::new();
        if !self.fresh {
            self.load_awards_of(&ids)?;
            let awards = self.awards.iter().filter(|((_, id), _)| ids.contains(id));
            let awards: Vec<AwardId> = awards.map(|(_, award)| award.id).collect();
            existing = book::decisions_of(self.conn, &self.street, &awards)?;
        }
        earlier.registry(&existing);
        let mut made: Vec<Option<DecisionRow>> = Vec::with_capacity(batch.len());
        for (row, to) in batch.iter_mut().zip(beneficiaries) {
            made.push(to.and_then(|to| self.decision(row, &to, earlier)));
        }
        earlier.check_confirms(batch, &made, &existing);
        self.settle(settling, batch, made, existing).map(|_| ())
    }

    fn decision(
        &mut self,
        row: &mut Row,
        to: &Beneficiary,
        earlier: &mut Earlier,
    ) -> Option<DecisionRow> {
        let program = self.program(row)?;
        let Some(award) = self.awards.get(&(program, to.id)).copied() else {
            row.fault(
                "program",
                "该受益对象没有这个项目的待遇。请先在“待遇”里登记。",
                "This beneficiary has no award of the program. Register it in the sheet of awards.",
            );
            return None;
        };
        let kind = row.code("kind", DecisionKind::from_code)?;
        let (from_month, decided_on) = (row.month("from_month")?, row.date("decided_on")?);
        if let (DecisionKind::Confirm, Some(person)) = (kind, &to.person) {
            check_living(row, "from_month", person, from_month, to.kind);
        }
        if decided_on > self.today {
            row.fault("decided_on", "日期不能晚于今天。", "The date must not be in the future.");
        }
        if row.date("applied_on").is_some_and(|applied| applied > decided_on) {
            row.fault(
                "applied_on",
                "申请日期不能晚于决定日期。",
                "The application must not lie after the decision.",
            );
        }
        let to_month = row.month("to_month");
        if to_month.is_some_and(|to| to <= from_month) {
            row.fault(
                "to_month",
                "终止月必须晚于起始月。",
                "The end must lie after the first month.",
            );
        }
        let id = self.store.next_id();
        let mut annuls = None;
        match kind {
            DecisionKind::Stop => {
                if row.text("reason").is_none() && !row.has_fault("reason") {
                    row.fault("reason", "停发必须填原因。", "A stop needs a reason.");
                }
                earlier.stops.entry((award.id, from_month)).or_insert(id);
            }
            DecisionKind::AnnulStop => {
                let month = row.month("annuls_month").unwrap_or(from_month);
                annuls = earlier.stops.get(&(award.id, month)).copied();
                if annuls.is_none() {
                    row.fault(
                        "annuls_month",
                        format!("该待遇没有从 {month} 起的停发决定。"),
                        format!("There is no stop of this award from {month}."),
                    );
                }
            }
            DecisionKind::Confirm | DecisionKind::Grace => {}
        }
        Some(DecisionRow {
            id,
            street_code: self.street.clone(),
            award_id: award.id,
            unit_id: self.people.unit(award.unit),
            kind,
            from_month,
            to_month,
            decided_on,
            applied_on: row.date("applied_on"),
            known_on: row.date("known_on").unwrap_or(decided_on),
            amount_fen: row.money("amount"),
            reason: row.owned("reason"),
            doc_no: row.owned("doc_no"),
            annuls,
            import_id: Some(self.import_id),
        })
    }
}

/// An award before birth or after death gets a fault.
fn check_living(row: &mut Row, key: &str, person: &Person, from: Month, kind: BeneficiaryKind) {
    let born = Month::of(person.birth_on);
    if from < born {
        row.fault(
            key,
            format!("待遇起始月不能早于出生月({born})。"),
            format!("The award must not begin before the month of birth ({born})."),
        );
    }
    // A household goes on when its applicant dies.
    if kind == BeneficiaryKind::Household {
        return;
    }
    match person.death_on {
        Some(died) if from > Month::of(died) => row.fault(
            key,
            format!("该居民已于 {died} 死亡,不能再确认待遇。"),
            format!("This resident died on {died}; nothing can be confirmed after that."),
        ),
        None if person.status == crate::domain::resident::ResidentStatus::Dead => row.fault(
            "person",
            "该居民的状态是“死亡”,但没有死亡日期。请在“事件”里补录。",
            "The resident is dead, but without a date of death. Add it to the sheet of events.",
        ),
        _ => {}
    }
}

/// Decisions on the awards that occur, of the registry and of the book so far.
#[derive(Default)]
struct Earlier {
    spans: HashMap<AwardId, Vec<DecisionSpan>>,
    stops: HashMap<(AwardId, Month), i64>,
}

impl Earlier {
    /// Takes in what the registry holds.
    fn registry(&mut self, existing: &[DecisionRow]) {
        for decision in existing {
            if decision.kind == DecisionKind::Stop {
                self.stops.insert((decision.award_id, decision.from_month), decision.id);
            }
            let spans = self.spans.entry(decision.award_id).or_default();
            if spans.iter().all(|span| span.id != decision.id) {
                spans.push(decision.span());
            }
        }
    }

    /// A confirmation may not overlap one that is in force already.
    fn check_confirms(
        &mut self,
        batch: &mut [Row],
        made: &[Option<DecisionRow>],
        existing: &[DecisionRow],
    ) {
        let known: HashSet<_> = existing.iter().map(Record::key).collect();
        let mut order: Vec<(usize, &DecisionRow)> = made
            .iter()
            .enumerate()
            .filter_map(|(at, d)| d.as_ref().map(|d| (at, d)))
            .filter(|(_, d)| !known.contains(&d.key()))
            .collect();
        order.sort_by_key(|(at, d)| (d.known_on, *at));
        for (at, decision) in order {
            let spans = self.spans.entry(decision.award_id).or_default();
            let covered = match decision.kind {
                DecisionKind::Confirm => {
                    first_covered(spans, decision.from_month, decision.to_month)
                }
                _ => None,
            };
            if let (Some(month), Some(row)) = (covered, batch.get_mut(at)) {
                row.fault(
                    "from_month",
                    format!("该对象从 {month} 起已享受同一待遇,时间不能重叠。"),
                    format!(
                        "This benefit is already being received in {month}. Periods cannot overlap."
                    ),
                );
            }
            spans.push(decision.span());
        }
    }
}
