//! Awards.

use super::people::Person;
use super::settle::{Field, Record, Settling, day};
use super::{Load, distinct};
use crate::domain::award::{AwardMode, BeneficiaryKind, ReviewClass};
use crate::domain::household::HouseholdKind;
use crate::domain::ids::{AwardId, BeneficiaryId, HouseholdId, UnitId};
use crate::domain::month::Month;
use crate::domain::policy::Policy;
use crate::error::{AppError, AppResult, ErrorCode};
use crate::services::import::book::AWARD;
use crate::services::import::rows::Row;
use crate::services::import::source::BookSource;
use crate::store::account::ACCOUNT_INDEX;
use crate::store::award::{self as rows, AwardRow};
use crate::store::report::list_active_policies;
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

    pub(super) fn load_awards_of(&mut self, ids: &[BeneficiaryId]) -> AppResult<()> {
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
        if !self.programs.is_empty() && !self.programs.contains(&program) {
            let known = self.programs.join("、");
            row.fault(
                "program",
                format!("现行政策没有项目“{program}”。可填:{known}。"),
                format!("The policy in force has no program \"{program}\". Use one of: {known}."),
            );
            return None;
        }
        Some(program)
    }
}

/// Codes of the programs of the policies in force.
///
/// # Errors
/// The database failed; a stored policy cannot be read.
pub(super) fn program_codes(conn: &mut Db) -> AppResult<Vec<String>> {
    let mut codes = Vec::new();
    for (id, body, _) in list_active_policies(conn)? {
        let policy = Policy::parse(&body).map_err(|_| {
            AppError::coded(
                ErrorCode::Integrity,
                format!("已存的政策 {id} 无法读取。"),
                format!("The stored policy {id} cannot be read."),
            )
        })?;
        codes.extend(policy.programs.into_iter().map(|program| program.code));
    }
    Ok(codes)
}

/// An award before birth or after death gets a fault.
pub(super) fn check_living(
    row: &mut Row,
    key: &str,
    person: &Person,
    from: Month,
    kind: BeneficiaryKind,
) {
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
