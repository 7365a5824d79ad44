//! Facts, certificates, accounts, cases, awards, decisions, and the ledger's
//! beginning.

use std::collections::HashMap;

use super::names::{HouseholdName, Names, day, flag, pages, zh};
use super::writer::Writer;
use crate::domain::award::{AwardMode, BeneficiaryKind, StopReason};
use crate::domain::ids::{AwardId, HouseholdId, ResidentId};
use crate::domain::payout::RunOrigin;
use crate::error::AppResult;
use crate::services::certificate::open_detail;
use crate::services::import::book::{
    ACCOUNT, AWARD, CERTIFICATE, DECISION, FACT, OPENING, START, TEMP_CASE,
};
use crate::services::record::{open_opt, sealed};
use crate::store::award::AwardRow;
use crate::store::book;

pub(super) fn facts(names: &mut Names<'_>, writer: &mut Writer) -> AppResult<()> {
    use crate::store::fact::DETAIL;
    writer.sheet(&FACT, |row| {
        pages!(names, book::page_facts, 0, |rows| {
            let people = names.people(rows.iter().map(|f| f.resident_id))?;
            for fact in &rows {
                let Some(person) = people.get(&fact.resident_id) else { continue };
                row(vec![
                    Some(person.clone()),
                    zh(fact.kind.zh()),
                    fact.code.clone(),
                    fact.amount_fen.map(|fen| fen.to_plain()),
                    open_opt(names.cipher, DETAIL, fact.id, fact.detail_enc.as_deref())?,
                    Some(fact.from_month.to_string()),
                    fact.to_month.map(|m| m.to_string()),
                    day(fact.event_on),
                    day(fact.reported_on),
                    day(fact.decided_on),
                    day(Some(fact.known_on)),
                    day(fact.annulled_on),
                    fact.doc_no.clone(),
                ])?;
            }
        });
        Ok(())
    })
}

pub(super) fn certificates(names: &mut Names<'_>, writer: &mut Writer) -> AppResult<()> {
    use crate::store::certificate::CERT_NO;
    writer.sheet(&CERTIFICATE, |row| {
        pages!(names, book::page_certificates, 0, |rows| {
            let people = names.people(rows.iter().map(|c| c.resident_id))?;
            for cert in &rows {
                let Some(person) = people.get(&cert.resident_id) else { continue };
                let detail = open_detail(names.cipher, cert)?;
                let parts = detail
                    .parts
                    .iter()
                    .map(|part| format!("{}{}", part.category.code(), part.grade.code()))
                    .collect::<Vec<_>>()
                    .join(";");
                let number = names.cipher.open_text(CERT_NO, cert.id, &cert.cert_no_enc);
                row(vec![
                    Some(person.clone()),
                    Some(number.map_err(sealed)?),
                    zh(detail.category.zh()),
                    zh(detail.grade.zh()),
                    (!parts.is_empty()).then_some(parts),
                    flag(cert.first_issue),
                    day(Some(cert.issued_on)),
                    day(cert.valid_to),
                    Some(cert.from_month.to_string()),
                    day(Some(cert.known_on)),
                    day(cert.cancelled_on),
                    day(cert.cancel_known_on),
                ])?;
            }
        });
        Ok(())
    })
}

pub(super) fn accounts(names: &mut Names<'_>, writer: &mut Writer) -> AppResult<()> {
    use crate::store::account::{ACCOUNT_NO, HOLDER_DOC};
    writer.sheet(&ACCOUNT, |row| {
        pages!(names, book::page_accounts, 0, |rows| {
            let people = names.people(rows.iter().map(|a| a.owner_id))?;
            for account in &rows {
                let Some(person) = people.get(&account.owner_id) else { continue };
                let cipher = names.cipher;
                let number = cipher.open_text(ACCOUNT_NO, account.id, &account.account_enc);
                row(vec![
                    Some(person.clone()),
                    Some(account.holder_name.clone()),
                    open_opt(cipher, HOLDER_DOC, account.id, account.holder_doc_enc.as_deref())?,
                    zh(account.relation.zh()),
                    Some(account.bank_name.clone()),
                    account.bank_cnaps.clone(),
                    Some(number.map_err(sealed)?),
                    day(Some(account.opened_on)),
                    day(account.closed_on),
                    account.agreement_no.clone(),
                ])?;
            }
        });
        Ok(())
    })
}

pub(super) fn cases(names: &mut Names<'_>, writer: &mut Writer) -> AppResult<()> {
    writer.sheet(&TEMP_CASE, |row| {
        pages!(names, book::page_cases, 0, |rows| {
            let people = names.people(rows.iter().map(|c| c.resident_id))?;
            let homes = names.households(rows.iter().filter_map(|c| c.household_id))?;
            for case in &rows {
                let Some(person) = people.get(&case.resident_id) else { continue };
                row(vec![
                    Some(case.case_no.clone()),
                    Some(person.clone()),
                    case.household_id.and_then(|id| homes.get(&id)).map(|(_, no)| no.clone()),
                    Some(case.area_code.clone()),
                    zh(case.kind.zh()),
                    zh(case.cause.zh()),
                    zh(case.level.zh()),
                    case.category.map(|c| c.zh().to_owned()),
                    case.self_paid_fen.map(|fen| fen.to_plain()),
                    Some(case.asked_fen.to_plain()),
                    Some(case.approved_fen.to_plain()),
                    day(Some(case.applied_on)),
                    day(Some(case.decided_on)),
                    case.doc_no.clone(),
                ])?;
            }
        });
        Ok(())
    })
}

/// The numbers that name the beneficiaries of some awards.
struct Named {
    people: HashMap<ResidentId, String>,
    homes: HashMap<HouseholdId, HouseholdName>,
    cases: HashMap<i64, String>,
}

impl Named {
    fn of<'r>(
        names: &mut Names<'_>,
        awards: impl Iterator<Item = &'r AwardRow> + Clone,
    ) -> AppResult<Named> {
        let cases = awards.clone().filter(|a| a.beneficiary_kind == BeneficiaryKind::Case);
        Ok(Named {
            people: names.people(awards.clone().map(|a| a.resident_id))?,
            homes: names.households(awards.clone().filter_map(|a| a.household_id))?,
            cases: names.cases(cases.map(|a| a.beneficiary_id.0))?,
        })
    }

    fn home(&self, award: &AwardRow) -> Option<String> {
        award.household_id.and_then(|id| self.homes.get(&id)).map(|(_, number)| number.clone())
    }

    fn case(&self, award: &AwardRow) -> Option<String> {
        let case = award.beneficiary_kind == BeneficiaryKind::Case;
        case.then(|| self.cases.get(&award.beneficiary_id.0).cloned()).flatten()
    }

    /// Program, kind, person, household and case of the award's beneficiary.
    fn beneficiary(&self, award: &AwardRow) -> Option<Vec<Option<String>>> {
        let person = self.people.get(&award.resident_id)?.clone();
        let kind = award.beneficiary_kind;
        Some(vec![
            Some(award.program.clone()),
            zh(kind.zh()),
            (kind == BeneficiaryKind::Person).then_some(person),
            if kind == BeneficiaryKind::Household { self.home(award) } else { None },
            self.case(award),
        ])
    }
}

pub(super) fn awards(names: &mut Names<'_>, writer: &mut Writer) -> AppResult<()> {
    use crate::store::account::ACCOUNT_NO;
    writer.sheet(&AWARD, |row| {
        pages!(names, book::page_awards, AwardId(0), |rows| {
            let named = Named::of(names, rows.iter())?;
            let ids = super::names::distinct(rows.iter().filter_map(|a| a.account_id));
            let mut accounts = HashMap::new();
            for account in book::accounts_by_id(names.conn, names.street, &ids)? {
                let number = names.cipher.open_text(ACCOUNT_NO, account.id, &account.account_enc);
                accounts.insert(account.id, number.map_err(sealed)?);
            }
            for award in &rows {
                let Some(person) = named.people.get(&award.resident_id) else { continue };
                row(vec![
                    Some(award.program.clone()),
                    zh(award.beneficiary_kind.zh()),
                    Some(person.clone()),
                    named.home(award),
                    named.case(award),
                    (award.mode != AwardMode::Standard).then(|| award.mode.zh().to_owned()),
                    award.cert_no.clone(),
                    award.account_id.and_then(|id| accounts.get(&id).cloned()),
                    award.review_class.map(|c| c.zh().to_owned()),
                    flag(award.near_relative),
                    day(Some(award.opened_on)),
                ])?;
            }
        });
        Ok(())
    })
}

pub(super) fn decisions(names: &mut Names<'_>, writer: &mut Writer) -> AppResult<()> {
    writer.sheet(&DECISION, |row| {
        pages!(names, book::page_decisions, 0, |rows| {
            let awards = names.awards(rows.iter().map(|d| d.award_id))?;
            let named = Named::of(names, awards.values())?;
            let annulled = super::names::distinct(rows.iter().filter_map(|d| d.annuls));
            let stops: HashMap<i64, String> =
                book::decisions_by_id(names.conn, names.street, &annulled)?
                    .into_iter()
                    .map(|stop| (stop.id, stop.from_month.to_string()))
                    .collect();
            for decision in &rows {
                let award = awards.get(&decision.award_id);
                let Some(mut cells) = award.and_then(|a| named.beneficiary(a)) else { continue };
                let reason = decision.reason.as_deref().map(|code| {
                    StopReason::from_code(code)
                        .map_or_else(|| code.to_owned(), |r| r.zh().to_owned())
                });
                cells.extend([
                    zh(decision.kind.zh()),
                    Some(decision.from_month.to_string()),
                    decision.to_month.map(|m| m.to_string()),
                    day(Some(decision.decided_on)),
                    day(decision.applied_on),
                    day(Some(decision.known_on)),
                    decision.amount_fen.map(|fen| fen.to_plain()),
                    reason,
                    decision.doc_no.clone(),
                    decision.annuls.and_then(|id| stops.get(&id).cloned()),
                ]);
                row(cells)?;
            }
        });
        Ok(())
    })
}

pub(super) fn starts(names: &mut Names<'_>, writer: &mut Writer) -> AppResult<()> {
    writer.sheet(&START, |row| {
        let starts = crate::store::program_start::list_program_starts(names.conn, names.street)?;
        for (program, month) in starts {
            row(vec![Some(program), Some(month.to_string())])?;
        }
        Ok(())
    })
}

/// The opening runs; later runs are moved by a backup, not by a book.
pub(super) fn openings(names: &mut Names<'_>, writer: &mut Writer) -> AppResult<()> {
    use crate::store::line::list_lines_of_run;
    use crate::store::run::list_runs;
    writer.sheet(&OPENING, |row| {
        let mut runs = list_runs(names.conn, names.street)?;
        runs.retain(|run| run.origin == RunOrigin::Opening);
        runs.sort_by(|a, b| (a.month, &a.program).cmp(&(b.month, &b.program)));
        for run in runs {
            let lines = list_lines_of_run(names.conn, names.street, run.id, None, i64::MAX)?;
            let awards = names.awards(lines.iter().map(|line| line.award_id))?;
            let named = Named::of(names, awards.values())?;
            let mut rows = Vec::with_capacity(lines.len());
            for line in &lines {
                let award = awards.get(&line.award_id);
                let Some(mut cells) = award.and_then(|a| named.beneficiary(a)) else { continue };
                cells.extend([
                    Some(run.month.to_string()),
                    Some(line.amount_fen.to_plain()),
                    Some(line.base_fen.to_plain()),
                    Some(line.supplement_fen.to_plain()),
                    Some(line.persons.to_string()),
                    Some(line.area_code.clone()),
                    line.tier.clone(),
                ]);
                rows.push(cells);
            }
            // Ids differ from one registry to the next; numbers do not.
            rows.sort();
            rows.into_iter().try_for_each(&mut *row)?;
        }
        Ok(())
    })
}
