//! Acts of the story about benefits: decisions, facts, certificates, accounts.

use chrono::NaiveDate;

use super::office::{Office, missing};
use super::story::Who;
use crate::domain::account::HolderRelation;
use crate::domain::award::StopReason;
use crate::domain::certificate::{Category, CertificateDetail, Grade};
use crate::domain::code_table::Relation;
use crate::domain::fact::{FactDates, FactKind};
use crate::domain::household::{HouseholdKind, JoinReason};
use crate::domain::ids::HouseholdId;
use crate::domain::money::Fen;
use crate::domain::month::Month;
use crate::domain::temp_case::{CaseKind, CaseLevel, Cause, FamilyCategory};
use crate::error::AppResult;
use crate::services::account::{self, AccountInput};
use crate::services::auth::EditRegistry;
use crate::services::award::{self, Beneficiary, ConfirmInput, StopInput};
use crate::services::certificate::{CertificateInput, Issue};
use crate::services::change::Proposal;
use crate::services::fact::FactInput;
use crate::services::household::{self, HouseholdInput, MemberDates, MemberInput};
use crate::services::temp_case::{self, CaseInput};

impl Office<'_> {
    /// Opens the assistance household of a home.
    fn assess(&mut self, label: &str, on: NaiveDate) -> AppResult<HouseholdId> {
        let people = self.everybody(label)?;
        let home = self.home(label)?;
        let members = home
            .members
            .iter()
            .zip(people)
            .filter_map(|(member, id)| {
                Relation::parse(member.person.relation).map(|r| MemberInput::new(id, r))
            })
            .collect();
        let input = HouseholdInput {
            kind: HouseholdKind::Assist,
            household_no: home.household_no(),
            area_code: home.grid_code(),
            address: home.address(),
            opened_on: on,
            members,
            reason: JoinReason::Opening,
            dates: MemberDates::decided(on),
        };
        let by = self.staff.clerk.authorize::<EditRegistry>()?;
        household::open(self.store, &by, &input)
    }

    /// A household is assessed and confirmed for dibao.
    pub(super) fn support(&mut self, label: &str, on: NaiveDate) -> AppResult<()> {
        let household = self.assess(label, on)?;
        let applicant = self.person(label, 0)?;
        let beneficiary = Beneficiary::Household { household, applicant };
        let input = ConfirmInput {
            account_id: self.account(label, 0)?,
            cert_no: Some(format!("DB{}", self.home(label)?.household_no())),
            ..ConfirmInput::new("dibao", beneficiary, on)
        };
        award::confirm(self.store, &self.decides()?, &input)?;
        Ok(())
    }

    /// A household above the line is assessed; one member is enrolled alone.
    pub(super) fn single(&mut self, (label, at): Who, on: NaiveDate) -> AppResult<()> {
        let household = self.assess(label, on)?;
        let member = self.person(label, at)?;
        let input = ConfirmInput {
            account_id: self.account(label, at)?,
            ..ConfirmInput::new("dibao", Beneficiary::Single { household, member }, on)
        };
        award::confirm(self.store, &self.decides()?, &input)?;
        Ok(())
    }

    /// A personal award, from the month that the policy's start rule gives.
    pub(super) fn confirm(
        &mut self,
        (label, at): Who,
        program: &str,
        (applied, on): (NaiveDate, NaiveDate),
    ) -> AppResult<()> {
        let person = self.person(label, at)?;
        let rule = self.policy.program_index(program).and_then(|ix| self.policy.program(ix));
        let from = rule.ok_or_else(|| missing(program))?.first_month(applied, on);
        let input = ConfirmInput {
            applied_on: Some(applied),
            from_month: Some(from),
            account_id: self.account(label, at)?,
            ..ConfirmInput::new(program, Beneficiary::Person(person), on)
        };
        award::confirm(self.store, &self.decides()?, &input)?;
        Ok(())
    }

    /// An award stops from the month after.
    pub(super) fn stop(
        &mut self,
        who: Who,
        program: &str,
        reason: StopReason,
        on: NaiveDate,
    ) -> AppResult<()> {
        let award = self.award(who, program)?.id;
        let input = StopInput { award, from_month: None, decided_on: on, reason, doc_no: None };
        award::stop(self.store, &self.decides()?, &input)?;
        Ok(())
    }

    /// The last stop of an award was wrong.
    pub(super) fn annul_stop(&mut self, who: Who, program: &str, on: NaiveDate) -> AppResult<()> {
        use crate::domain::award::DecisionKind;
        let award = self.award(who, program)?;
        let by = self.staff.clerk.authorize()?;
        let file = award::load_award(self.store, &by, award.id)?;
        let stop = file.decisions.iter().rfind(|d| d.kind == DecisionKind::Stop);
        let stop = stop.ok_or_else(|| missing(who.0))?.id;
        let reason = "比对有误,本人健在 / wrong match, the person is alive";
        award::annul_stop(self.store, &self.decides()?, stop, on, reason, None)?;
        Ok(())
    }

    /// A grace period from the month after.
    pub(super) fn grace(
        &mut self,
        label: &'static str,
        months: u32,
        on: NaiveDate,
    ) -> AppResult<()> {
        let award = self.award((label, 0), "dibao")?.id;
        award::grace(self.store, &self.decides()?, award, on, None, months, None)?;
        Ok(())
    }

    /// Another income: the latest of its kind counts.
    pub(super) fn income(
        &mut self,
        (label, at): Who,
        yuan: i64,
        named: Option<Month>,
        on: NaiveDate,
    ) -> AppResult<()> {
        let known = self.home(label)?.members.get(at).and_then(|m| m.income);
        let kind = known.map_or("wage", |(kind, _)| kind);
        let input = FactInput {
            code: Some(kind.to_owned()),
            amount: Some(Fen::from_yuan(yuan * 12)),
            ..FactInput::decided(self.person(label, at)?, FactKind::Income, on)
        };
        self.record(input, named)
    }

    /// A fact with a code.
    pub(super) fn fact(
        &mut self,
        (label, at): Who,
        kind: &str,
        code: &str,
        named: Option<Month>,
        on: NaiveDate,
    ) -> AppResult<()> {
        let kind = FactKind::from_code(kind).ok_or_else(|| missing(kind))?;
        let input = FactInput {
            code: (!code.is_empty()).then(|| code.to_owned()),
            ..FactInput::decided(self.person(label, at)?, kind, on)
        };
        self.record(input, named)
    }

    fn record(&mut self, mut input: FactInput, named: Option<Month>) -> AppResult<()> {
        input.dates.named_from = named;
        self.change(&Proposal::Fact(input))
    }

    /// Somebody is registered as a patient; the award begins with the month
    /// that the start rule gives.
    pub(super) fn register_patient(&mut self, label: &'static str, on: NaiveDate) -> AppResult<()> {
        let input = FactInput {
            dates: FactDates {
                event_on: Some(on),
                reported_on: Some(on),
                decided_on: Some(on),
                named_from: None,
            },
            ..FactInput::decided(self.person(label, 0)?, FactKind::MentalRegister, on)
        };
        self.record(input, None)?;
        self.confirm((label, 0), "guardian", (on, on))
    }

    /// The appraisal of a quarter (by its last month).
    pub(super) fn appraise(
        &mut self,
        label: &str,
        quarter: Month,
        code: &str,
        on: NaiveDate,
    ) -> AppResult<()> {
        let input = FactInput {
            code: Some(code.to_owned()),
            ..FactInput::decided(self.person(label, 0)?, FactKind::Appraisal, on)
        };
        self.record(input, Some(quarter))
    }

    /// A harmful incident of the quarter in which it happened.
    pub(super) fn incident(&mut self, label: &str, on: NaiveDate) -> AppResult<()> {
        let mut input = FactInput::decided(self.person(label, 0)?, FactKind::Incident, on);
        input.dates.event_on = Some(on);
        self.record(input, Some(Month::of(on)))
    }

    /// A certificate of the category and grade.
    fn issue(
        &mut self,
        (label, at): Who,
        (category, grade): (u8, u8),
        suffix: &str,
        (issued_on, known_on): (NaiveDate, NaiveDate),
        issue: Issue,
    ) -> AppResult<()> {
        let coded = Category::from_code(&category.to_string())
            .zip(Grade::from_code(&grade.to_string()))
            .ok_or_else(|| missing(label))?;
        let number = self.number(label, at)?;
        let input = CertificateInput {
            resident: self.person(label, at)?,
            number: format!("{number}{category}{grade}{suffix}"),
            detail: CertificateDetail { category: coded.0, grade: coded.1, parts: Vec::new() },
            issued_on,
            valid_to: issued_on.checked_add_months(chrono::Months::new(120)),
            known_on,
            issue,
        };
        self.change(&Proposal::Certificate(input))
    }

    /// A first certificate, and care from the month of the application.
    pub(super) fn first_certificate(
        &mut self,
        label: &'static str,
        on: NaiveDate,
    ) -> AppResult<()> {
        let issued = on - chrono::Days::new(3);
        // The cast is counted by grade: the first of a community have grade 1.
        self.issue((label, 0), (4, 1), "", (issued, on), Issue::First)?;
        self.confirm((label, 0), "care", (issued, on))
    }

    /// A certificate is renewed as it was.
    pub(super) fn renew(&mut self, (label, at): Who, on: NaiveDate) -> AppResult<()> {
        let old = self.home(label)?.members.get(at).and_then(|m| m.certificate.clone());
        let old = old.ok_or_else(|| missing(label))?;
        let kind = (old.category, old.grade);
        let issue = Issue::Renewal { official_delay: false };
        self.issue((label, at), kind, "B1", (on, on), issue)
    }

    /// The certificate in hand is cancelled.
    pub(super) fn cancel_certificate(&mut self, (label, at): Who, on: NaiveDate) -> AppResult<()> {
        let person = self.person(label, at)?;
        let rows = self.store.read(|conn| {
            let street = super::home::STREET;
            Ok(crate::store::certificate::list_certificates_of(conn, street, person)?)
        })?;
        let reason = "经复评不再符合 / no longer fits on reassessment";
        self.change(&Proposal::CertificateCancel {
            certificate: rows.last().ok_or_else(|| missing(label))?.id,
            cancelled_on: on,
            known_on: on,
            reason: reason.to_owned(),
        })
    }

    /// A case of temporary assistance of the applicant with this number.
    pub(super) fn temporary(
        &mut self,
        at: usize,
        level: CaseLevel,
        cause: Cause,
        yuan: i64,
        on: NaiveDate,
    ) -> AppResult<()> {
        let labels = self.labels("T-");
        let label = labels.get(at).ok_or_else(|| missing("T"))?.clone();
        let approved = Fen::from_yuan(yuan);
        let kind = match cause {
            Cause::Education => CaseKind::Expenditure,
            _ => CaseKind::Emergency,
        };
        let input = CaseInput {
            program: "temp".to_owned(),
            case_no: format!("LS2023-{:03}", at + 1),
            resident: self.person(&label, 0)?,
            household: None,
            kind,
            cause,
            level,
            category: Some(FamilyCategory::Sudden),
            self_paid: Some(Fen::from_yuan(yuan * 3)),
            asked: Fen::from_yuan(yuan + 500),
            approved,
            applied_on: on - chrono::Days::new(6),
            decided_on: on,
            doc_no: None,
            account_id: self.account(&label, 0)?,
        };
        let caps = temp_case::caps_of(&self.policy, on)?;
        temp_case::register(self.store, &self.decides()?, &input, &caps)?;
        Ok(())
    }

    /// The bank closed the account: a new one is registered and used from now
    /// on; the next approved run sends the returned payment again.
    pub(super) fn new_account(&mut self, (label, at): Who, on: NaiveDate) -> AppResult<()> {
        let owner = self.person(label, at)?;
        let old = self.account(label, at)?;
        let number = self.maker.account();
        let by = self.decides()?;
        let reason = "银行已销户 / the bank closed it";
        if let Some(old) = old {
            account::close(self.store, &by, old, on, reason)?;
        }
        let input = AccountInput {
            relation: HolderRelation::Oneself,
            ..AccountInput::own(owner, "示例农商银行", &number, on)
        };
        self.change(&Proposal::Account(input))?;
        let award = self.award((label, at), "dibao")?;
        let account = self.account(label, at)?.ok_or_else(|| missing(label))?;
        self.change(&Proposal::AwardAccount {
            award: award.id,
            account,
            version: award.version,
            reason: reason.to_owned(),
        })
    }
}
