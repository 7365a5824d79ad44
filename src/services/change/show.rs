//! A waiting change as its page shows it: what is registered now, what it would
//! become. Account numbers are masked; what the restricted domains keep is
//! absent without their right (SEC-199).

use chrono::NaiveDateTime;

use super::proposal::Proposal;
use super::words::{Words, account_words, certificate_words, fact_row_words, fact_words};
use super::{list_pending, open_text};
use crate::domain::code_table::Relation;
use crate::domain::ids::{HouseholdId, ResidentId};
use crate::domain::mask;
use crate::domain::pending::{ChangeKind, ChangeState};
use crate::domain::resident::MergeField;
use crate::domain::role::Rights;
use crate::domain::scope::Scope;
use crate::error::{AppError, AppResult};
use crate::services::auth::{Authorized, ViewRegistry};
use crate::services::certificate::open_detail;
use crate::services::household::{MemberDates, MemberInput};
use crate::services::resident::MergeRecords;
use crate::services::resident::duplicate::shown;
use crate::store::fact::FactRow;
use crate::store::pending_change::{self as rows, PendingChangeRow};
use crate::store::{
    Cipher, Db, Store, account, area, award, certificate, fact, household, membership, resident,
};

/// One thing that a change concerns, before and after it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ChangePart {
    /// Key of its name in the catalogue, below `review.part.`.
    pub key: &'static str,
    /// What is registered now; empty for nothing.
    pub before: Words,
    /// What it would become; empty for nothing.
    pub after: Words,
}

/// A waiting or decided change as its page shows it.
#[derive(Debug, Clone)]
pub struct ChangeLine {
    /// Its id.
    pub id: i64,
    /// Kind.
    pub kind: ChangeKind,
    /// About whom.
    pub resident: ResidentId,
    /// Their name.
    pub name: String,
    /// Who entered it.
    pub proposed_by: String,
    /// UTC.
    pub proposed_at: NaiveDateTime,
    /// What became of it.
    pub state: ChangeState,
    /// Before and after.
    pub parts: Vec<ChangePart>,
}

/// What waits, oldest first, of people in scope and of the rights given.
///
/// # Errors
/// A stored proposal does not open.
pub fn list_changes(
    store: &Store,
    by: &Authorized<'_, ViewRegistry>,
    rights: Rights,
) -> AppResult<Vec<ChangeLine>> {
    let pending = list_pending(store, by)?;
    store.read(|conn| {
        let mut look = Look { conn, store, cipher: store.cipher(), street: by.street() };
        let mut lines = Vec::new();
        for change in pending {
            if look.may_see(&change.proposal, rights)? {
                lines.push(look.line(&change.row, &change.proposal)?);
            }
        }
        Ok(lines)
    })
}

/// One change of somebody in scope, decided ones too.
///
/// # Errors
/// Not found, out of scope, or of a domain without its right.
pub fn load_change(
    store: &Store,
    by: &Authorized<'_, ViewRegistry>,
    id: i64,
    rights: Rights,
) -> AppResult<ChangeLine> {
    let not_found = || AppError::not_found("待确认变更", "pending change");
    store.read(|conn| {
        let row = rows::find_pending_change(conn, by.street(), id)?.ok_or_else(not_found)?;
        let found = resident::find_resident(conn, by.scope(), row.resident_id)?;
        found.ok_or_else(not_found)?;
        let proposal = open_text(store.cipher(), &row)?;
        let mut look = Look { conn, store, cipher: store.cipher(), street: by.street() };
        if look.may_see(&proposal, rights)? { look.line(&row, &proposal) } else { Err(not_found()) }
    })
}

/// Looks up what a proposal is about.
struct Look<'a> {
    conn: &'a mut Db,
    store: &'a Store,
    cipher: &'a Cipher,
    street: &'a str,
}

impl Look<'_> {
    fn may_see(&mut self, proposal: &Proposal, rights: Rights) -> AppResult<bool> {
        let kind = match proposal {
            Proposal::Fact(input) => Some(input.kind),
            Proposal::FactAnnul { fact: id, .. } => {
                fact::find_fact(self.conn, self.street, *id)?.map(|row| row.kind)
            }
            _ => None,
        };
        Ok(kind.is_none_or(|kind| kind.is_open_to(rights)))
    }

    fn line(&mut self, row: &PendingChangeRow, proposal: &Proposal) -> AppResult<ChangeLine> {
        Ok(ChangeLine {
            id: row.id,
            kind: row.kind,
            resident: row.resident_id,
            name: self.name(row.resident_id)?,
            proposed_by: row.proposed_by.clone(),
            proposed_at: row.proposed_at,
            state: row.state,
            parts: self.parts(proposal)?,
        })
    }

    fn name(&mut self, id: ResidentId) -> AppResult<String> {
        let found = resident::list_residents_by_id(self.conn, self.street, &[id])?;
        Ok(found.into_iter().next().map(|row| row.name).unwrap_or_default())
    }

    fn parts(&mut self, proposal: &Proposal) -> AppResult<Vec<ChangePart>> {
        let part = |key, before, after| vec![ChangePart { key, before, after }];
        let none = Words::default;
        let day = |on: chrono::NaiveDate| Words::same(on.to_string());
        Ok(match proposal {
            Proposal::Fact(input) => {
                let after = fact_words(input.kind, input.code.as_deref(), input.amount, None);
                let mut parts = part("fact", self.fact_now(input)?, after);
                let decided = input.dates.decided_on.or(input.dates.reported_on);
                parts.extend(part("decided_on", none(), decided.map(day).unwrap_or_default()));
                let from = input.dates.named_from.map(|m| Words::same(m.to_string()));
                parts.extend(part("from_month", none(), from.unwrap_or_default()));
                parts
            }
            Proposal::FactAnnul { fact: id, reason, .. } => {
                let row = fact::find_fact(self.conn, self.street, *id)?;
                let before = row.as_ref().map(fact_row_words).unwrap_or_default();
                let mut parts = part("fact", before, Words::of("撤销", "annulled"));
                parts.extend(part("reason", none(), Words::same(reason)));
                parts
            }
            Proposal::MemberAdd { household, member, from_on, reason, dates } => {
                let mut parts = vec![self.members(*household, |now| now.push(*member), None)?];
                parts.extend(part("from_on", none(), day(*from_on)));
                parts.extend(part("reason", none(), Words::of(reason.zh(), reason.en())));
                parts.extend(self.home(*household, *dates)?);
                parts
            }
            Proposal::MemberRemove { household, resident, to_on, reason, dates, .. } => {
                let leaving = *resident;
                let mut parts = vec![self.members(
                    *household,
                    |now| now.retain(|m| m.resident != leaving),
                    None,
                )?];
                parts.extend(part("to_on", none(), day(*to_on)));
                parts.extend(part("reason", none(), Words::of(reason.zh(), reason.en())));
                parts.extend(self.home(*household, *dates)?);
                parts
            }
            Proposal::Certificate(input) => {
                let mut parts = part(
                    "certificate",
                    self.certificates(input.resident)?,
                    certificate_words(&input.detail),
                );
                parts.extend(part("issued_on", none(), day(input.issued_on)));
                parts.extend(part("valid_to", none(), input.valid_to.map(day).unwrap_or_default()));
                parts
            }
            Proposal::CertificateCancel { certificate: id, cancelled_on, reason, .. } => {
                let row = certificate::find_certificate(self.conn, self.street, *id)?;
                let before = match &row {
                    Some(row) => certificate_words(&open_detail(self.cipher, row)?),
                    None => none(),
                };
                let ended = Words::of(
                    format!("{cancelled_on} 注销"),
                    format!("cancelled on {cancelled_on}"),
                );
                let mut parts = part("certificate", before, ended);
                parts.extend(part("reason", none(), Words::same(reason)));
                parts
            }
            Proposal::Account(input) => {
                let holder = match &input.holder_name {
                    Some(name) => name.clone(),
                    None => self.name(input.owner)?,
                };
                let number = mask::bank_card(&input.account_no);
                let after = Words::same(format!("{} {number} {holder}", input.bank_name));
                part("account", self.accounts(input.owner)?, after)
            }
            Proposal::AwardAccount { award: id, account: to, reason, .. } => {
                let row = award::find_award(self.conn, self.street, *id)?;
                let now = row.and_then(|row| row.account_id);
                let before = now.map(|id| self.account(id)).transpose()?.unwrap_or_default();
                let mut parts = part("paid_into", before, self.account(*to)?);
                parts.extend(part("reason", none(), Words::same(reason)));
                parts
            }
            Proposal::Split(input) => {
                let gone: Vec<ResidentId> = input.movers.iter().map(|m| m.resident).collect();
                let old = self.members(
                    input.household,
                    |now| now.retain(|m| !gone.contains(&m.resident)),
                    None,
                )?;
                let new = self.people(&input.movers)?;
                let number = Words::same(&input.household_no);
                let mut parts = vec![old];
                parts.extend(part("new_household", none(), number));
                parts.extend(part("members_there", none(), new));
                parts
            }
            Proposal::Merge(input) => {
                let joining = input.members.clone();
                let target = self.members(input.target, |now| now.extend(joining), None)?;
                let source = self.members(input.source, Vec::clear, Some("members_ending"))?;
                vec![target, source]
            }
            Proposal::MoveOut(input) => {
                let people: Vec<MemberInput> = input
                    .residents
                    .iter()
                    .map(|id| MemberInput::new(*id, Relation::HEAD))
                    .collect();
                let mut names = Vec::new();
                for member in &people {
                    names.push(Words::same(self.name(member.resident)?));
                }
                let mut parts =
                    part("leaving", Words::join(names), Words::same(&input.destination));
                parts.extend(part("from_on", none(), day(input.dates.event_on)));
                parts
            }
            Proposal::PersonMerge(input) => self.records(input)?,
        })
    }

    /// Which household, when it was decided and from which month it counts.
    fn home(&mut self, id: HouseholdId, dates: MemberDates) -> AppResult<[ChangePart; 3]> {
        let whole = Scope::street(self.street);
        let row = household::find_household(self.conn, &whole, id)?;
        let home = row.map(|row| row.household_no);
        let from = dates.counts()?.month;
        let part = |key, after: String| {
            let (before, after) = (Words::default(), Words::same(after));
            ChangePart { key, before, after }
        };
        Ok([
            part("household", home.unwrap_or_default()),
            part("decided_on", dates.decided_on.to_string()),
            part("from_month", from.to_string()),
        ])
    }

    /// The record that stays, and what it takes from the one that ends.
    fn records(&mut self, input: &MergeRecords) -> AppResult<Vec<ChangePart>> {
        let ids = [input.keep, input.gone];
        let rows = resident::list_residents_by_id(self.conn, self.street, &ids)?;
        let find = |id| rows.iter().find(|row| row.id == id);
        let (Some(keep), Some(gone)) = (find(input.keep), find(input.gone)) else {
            return Ok(Vec::new());
        };
        let tree = area::load_tree(self.conn, self.store.clock().today())?;
        let shown = |field, row| shown(self.store, &tree, field, row);
        let number = MergeField::Document;
        let mut parts = vec![ChangePart {
            key: "record_ending",
            before: shown(number, gone)?,
            after: shown(number, keep)?,
        }];
        for field in input.take.iter().copied() {
            let key = field.code();
            parts.push(ChangePart { key, before: shown(field, keep)?, after: shown(field, gone)? });
        }
        let (before, after) = (Words::default(), Words::same(&input.reason));
        parts.push(ChangePart { key: "reason", before, after });
        Ok(parts)
    }

    /// What a fact of the same kind says now.
    fn fact_now(&mut self, input: &crate::services::fact::FactInput) -> AppResult<Words> {
        let known = fact::list_facts_of(self.conn, self.street, input.resident)?;
        let same_code = |row: &FactRow| !input.kind.has_amount() || row.code == input.code;
        let latest = known
            .iter()
            .filter(|row| row.kind == input.kind && row.annulled_on.is_none() && same_code(row))
            .max_by_key(|row| (row.known_on, row.id));
        Ok(latest.map(fact_row_words).unwrap_or_default())
    }

    /// A household's members now and after the change.
    fn members(
        &mut self,
        id: HouseholdId,
        change: impl FnOnce(&mut Vec<MemberInput>),
        key: Option<&'static str>,
    ) -> AppResult<ChangePart> {
        let open = membership::list_open_members(self.conn, self.street, id)?;
        let mut now: Vec<MemberInput> = open
            .iter()
            .map(|m| MemberInput {
                resident: m.resident_id,
                relation: Relation::parse(&m.relation_code).unwrap_or(Relation::HEAD),
                counted: m.counted,
            })
            .collect();
        let before = self.people(&now)?;
        change(&mut now);
        let after = self.people(&now)?;
        Ok(ChangePart { key: key.unwrap_or("members"), before, after })
    }

    fn people(&mut self, members: &[MemberInput]) -> AppResult<Words> {
        let mut words = Vec::new();
        for member in members {
            let name = self.name(member.resident)?;
            let relation = member.relation;
            words.push(Words::of(
                format!("{name}({})", relation.zh()),
                format!("{name} ({})", relation.en()),
            ));
        }
        Ok(Words::join(words))
    }

    fn certificates(&mut self, owner: ResidentId) -> AppResult<Words> {
        let mut words = Vec::new();
        for row in certificate::list_certificates_of(self.conn, self.street, owner)? {
            if row.cancelled_on.is_none() {
                words.push(certificate_words(&open_detail(self.cipher, &row)?));
            }
        }
        Ok(words.pop().unwrap_or_default())
    }

    fn accounts(&mut self, owner: ResidentId) -> AppResult<Words> {
        let rows = account::list_accounts_of(self.conn, self.street, owner)?;
        let open = rows.iter().filter(|row| row.closed_on.is_none());
        Ok(Words::join(
            open.map(|row| account_words(self.cipher, row)).collect::<AppResult<Vec<_>>>()?,
        ))
    }

    fn account(&mut self, id: i64) -> AppResult<Words> {
        match account::find_account(self.conn, self.street, id)? {
            Some(row) => account_words(self.cipher, &row),
            None => Ok(Words::default()),
        }
    }
}
