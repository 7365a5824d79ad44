//! The restricted file of a child or a patient: class and ground, guardians,
//! protection visits (`rulings.md` P6, SEC-199). Without the right there is no
//! such file: not found, as if nobody had one.

use chrono::NaiveDate;

use super::auth::{Authorized, ViewRegistry};
use super::record::{open_opt, sealed};
use crate::domain::citizen_id::age_on;
use crate::domain::fact::FactKind;
use crate::domain::guardian::{GuardianBasis, GuardianKind};
use crate::domain::ids::ResidentId;
use crate::domain::mask;
use crate::domain::month::Month;
use crate::domain::role::Rights;
use crate::domain::visit::{Purpose, VisitResult, VisitStatus};
use crate::error::{AppError, AppResult};
use crate::store::audit::Entry;
use crate::store::guardian::{NAME, PHONE, list_guardians_of};
use crate::store::{Store, directory, fact, resident};

/// A guardian, the telephone masked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GuardianLine {
    /// Id.
    pub id: i64,
    /// Name.
    pub name: String,
    /// Masked telephone.
    pub phone: String,
    /// Who.
    pub kind: GuardianKind,
    /// On what ground.
    pub basis: GuardianBasis,
    /// First day.
    pub from_on: NaiveDate,
    /// Last day.
    pub to_on: Option<NaiveDate>,
}

/// A restricted fact.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FactLine {
    /// What about.
    pub kind: FactKind,
    /// Class, or pass and fail.
    pub code: String,
    /// First month.
    pub from_month: Month,
    /// First month that is no longer covered.
    pub to_month: Option<Month>,
}

/// A protection visit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ProtectionVisit {
    /// Its id.
    pub id: i64,
    /// The day.
    pub on: Option<NaiveDate>,
    /// What for.
    pub purpose: Purpose,
    /// What came of it.
    pub result: Option<VisitResult>,
    /// State.
    pub status: VisitStatus,
}

/// What the caller's rights show of a person.
#[derive(Debug, Clone)]
pub struct ProtectionFile {
    /// Who.
    pub resident: ResidentId,
    /// Name.
    pub name: String,
    /// Guardians, of a child with `child`, of an adult with `mental`.
    pub guardians: Vec<GuardianLine>,
    /// Facts not annulled, the latest first.
    pub facts: Vec<FactLine>,
    /// Visits.
    pub visits: Vec<ProtectionVisit>,
}

/// A person's restricted file; that it was opened is logged.
///
/// # Errors
/// Not found, out of scope, or without a right.
pub fn load_file(
    store: &Store,
    by: &Authorized<'_, ViewRegistry>,
    id: ResidentId,
    rights: Rights,
) -> AppResult<ProtectionFile> {
    let not_found = || AppError::not_found("居民", "resident");
    if rights == Rights::default() {
        return Err(not_found());
    }
    let today = store.clock().today();
    let file = store.read(|conn| {
        let person = resident::find_resident(conn, by.scope(), id)?.ok_or_else(not_found)?;
        let minor = age_on(person.birth_on, today) < 18;
        let mut file = ProtectionFile {
            resident: id,
            name: person.name,
            guardians: Vec::new(),
            facts: Vec::new(),
            visits: Vec::new(),
        };
        if if minor { rights.child } else { rights.mental } {
            for row in list_guardians_of(conn, by.street(), id)? {
                let open = |field: &str, value: Option<&[u8]>| {
                    open_opt(store.cipher(), field, row.id, value)
                };
                let phone = open(PHONE, row.phone_enc.as_deref())?.unwrap_or_default();
                file.guardians.push(GuardianLine {
                    id: row.id,
                    name: store.cipher().open_text(NAME, row.id, &row.name_enc).map_err(sealed)?,
                    phone: mask::phone(&phone),
                    kind: row.kind,
                    basis: row.basis,
                    from_on: row.from_on,
                    to_on: row.to_on,
                });
            }
        }
        let restricted =
            |kind: FactKind| kind.is_open_to(rights) && !kind.is_open_to(Rights::default());
        file.facts = fact::list_facts_of(conn, by.street(), id)?
            .into_iter()
            .rev()
            .filter(|row| row.annulled_on.is_none() && restricted(row.kind))
            .map(|row| FactLine {
                kind: row.kind,
                code: row.code.unwrap_or_default(),
                from_month: row.from_month,
                to_month: row.to_month,
            })
            .collect();
        file.visits = directory::list_visits_of(conn, by.street(), id)?
            .into_iter()
            .filter(|row| match row.purpose {
                Purpose::Child => rights.child,
                Purpose::Mental => rights.mental,
                _ => false,
            })
            .map(|row| ProtectionVisit {
                id: row.id,
                on: row.done_on.or(row.planned_on),
                purpose: row.purpose,
                result: row.result,
                status: row.status,
            })
            .collect();
        Ok(file)
    })?;
    store.write(by.street(), |tx| {
        tx.audit(&Entry {
            actor: by.username(),
            action: "protection.view",
            object_kind: "resident",
            object_id: Some(id.0),
            reason: None,
            detail: None,
        })?;
        Ok(())
    })?;
    Ok(file)
}
