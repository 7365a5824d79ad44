//! The registers of people who move to another street are copied there: every
//! value is sealed anew for its new owner.

use super::Moving;
use crate::domain::ids::{ResidentId, UnitId};
use crate::domain::resident::ResidentStatus;
use crate::error::AppResult;
use crate::services::record::{Changes, one_row, open_opt, seal, seal_opt, sealed};
use crate::store::account::{self, AccountRow};
use crate::store::certificate::{self, CertificateRow};
use crate::store::fact::{self, FactRow};
use crate::store::guardian::{self, GuardianRow};
use crate::store::resident::{self as residents, DOC_NO, IdentityClaim, PHONE, ResidentRow};
use crate::store::{Cipher, Tx};

/// Which account there replaces which one here.
#[derive(Debug, Default)]
pub(super) struct Copies {
    accounts: Vec<(i64, i64)>,
}

impl Copies {
    /// The copy of an account.
    pub(super) fn account(&self, old: i64) -> Option<i64> {
        self.accounts.iter().find(|(from, _)| *from == old).map(|(_, to)| *to)
    }
}

/// A value sealed for one record, sealed for another.
fn reseal(
    cipher: &Cipher,
    field: &str,
    (from, to): (i64, i64),
    value: Option<&[u8]>,
) -> AppResult<Option<Vec<u8>>> {
    let plain = open_opt(cipher, field, from, value)?;
    seal_opt(cipher, field, to, plain.as_deref())
}

/// As [`reseal`], for a value that is always there.
fn reseal_must(
    cipher: &Cipher,
    field: &str,
    (from, to): (i64, i64),
    value: &[u8],
) -> AppResult<Vec<u8>> {
    let plain = cipher.open_text(field, from, value).map_err(sealed)?;
    seal(cipher, field, to, &plain)
}

/// The person's record in the other street; the claim on the number moves.
pub(super) fn resident(
    tx: &mut Tx<'_>,
    old: &ResidentRow,
    street: &str,
    area_code: &str,
) -> AppResult<ResidentRow> {
    let id = ResidentId(tx.next_id());
    let owners = (old.id.0, id.0);
    let now = tx.clock().now();
    let cipher = tx.cipher();
    let new = ResidentRow {
        id,
        street_code: street.to_owned(),
        unit_id: UnitId(id.0),
        area_code: area_code.to_owned(),
        doc_no_enc: reseal(cipher, DOC_NO, owners, old.doc_no_enc.as_deref())?,
        phone_enc: reseal(cipher, PHONE, owners, old.phone_enc.as_deref())?,
        status: ResidentStatus::Active,
        merged_into: None,
        import_id: None,
        version: 1,
        created_at: now,
        updated_at: now,
        ..old.clone()
    };
    if let Some(index) = &new.doc_no_index {
        let claim = IdentityClaim {
            blind_index: index.clone(),
            street_code: street.to_owned(),
            resident_id: id,
        };
        // An old record of the person there gives way (it is in state 迁出).
        if let Some(stale) = residents::find_resident_by_document(tx.conn, street, index)? {
            let gone = ResidentRow {
                doc_no_index: None,
                status: ResidentStatus::Merged,
                merged_into: Some(id.0),
                version: stale.version + 1,
                updated_at: now,
                ..stale.clone()
            };
            one_row(residents::mark_resident(tx.conn, &gone, stale.version)?)?;
        }
        one_row(residents::mark_claim_moved(tx.conn, old.id, &claim)?)?;
    }
    residents::insert_residents(tx.conn, std::slice::from_ref(&new))?;
    Ok(new)
}

/// Facts, certificates, guardians and accounts of everybody who moves.
pub(super) fn registers(
    tx: &mut Tx<'_>,
    moving: &[Moving],
    changes: &mut Changes,
) -> AppResult<Copies> {
    let mut copies = Copies::default();
    for one in moving {
        facts(tx, one, changes)?;
        certificates(tx, one, changes)?;
        guardians(tx, one, moving, changes)?;
        accounts(tx, one, &mut copies, changes)?;
    }
    Ok(copies)
}

fn facts(tx: &mut Tx<'_>, one: &Moving, changes: &mut Changes) -> AppResult<()> {
    let rows = fact::list_facts_of(tx.conn, &one.old.street_code, one.old.id)?;
    let mut fresh = Vec::new();
    for row in rows.into_iter().filter(|row| row.annulled_on.is_none()) {
        let id = tx.next_id();
        let owners = (row.id, id);
        changes.created("fact", id);
        fresh.push(FactRow {
            id,
            street_code: one.new.street_code.clone(),
            resident_id: one.new.id,
            unit_id: one.new.unit_id,
            detail_enc: reseal(tx.cipher(), fact::DETAIL, owners, row.detail_enc.as_deref())?,
            import_id: None,
            ..row
        });
    }
    fact::insert_facts(tx.conn, &fresh)?;
    Ok(())
}

fn certificates(tx: &mut Tx<'_>, one: &Moving, changes: &mut Changes) -> AppResult<()> {
    let rows = certificate::list_certificates_of(tx.conn, &one.old.street_code, one.old.id)?;
    // The person may have lived there before: their certificates came along then.
    let mut fresh = Vec::new();
    for row in rows {
        let known = certificate::list_certificates_by_no(
            tx.conn,
            &one.new.street_code,
            &row.cert_no_index,
        )?;
        if known.iter().any(|c| c.from_month == row.from_month) {
            continue;
        }
        let id = tx.next_id();
        let owners = (row.id, id);
        changes.created("certificate", id);
        let cipher = tx.cipher();
        fresh.push(CertificateRow {
            id,
            street_code: one.new.street_code.clone(),
            resident_id: one.new.id,
            unit_id: one.new.unit_id,
            cert_no_enc: reseal_must(cipher, certificate::CERT_NO, owners, &row.cert_no_enc)?,
            detail_enc: reseal_must(cipher, certificate::DETAIL, owners, &row.detail_enc)?,
            // It was counted as a first issue where it was issued.
            first_issue: false,
            import_id: None,
            ..row
        });
    }
    certificate::insert_certificates(tx.conn, &fresh)?;
    Ok(())
}

fn guardians(
    tx: &mut Tx<'_>,
    one: &Moving,
    moving: &[Moving],
    changes: &mut Changes,
) -> AppResult<()> {
    let rows = guardian::list_guardians_of(tx.conn, &one.old.street_code, one.old.id)?;
    let mut fresh = Vec::new();
    for row in rows.into_iter().filter(|row| row.to_on.is_none()) {
        let id = tx.next_id();
        let owners = (row.id, id);
        changes.created("guardian", id);
        let along = |was: ResidentId| moving.iter().find(|m| m.old.id == was).map(|m| m.new.id);
        let cipher = tx.cipher();
        fresh.push(GuardianRow {
            id,
            street_code: one.new.street_code.clone(),
            ward_id: one.new.id,
            guardian_id: row.guardian_id.and_then(along),
            name_enc: reseal_must(cipher, guardian::NAME, owners, &row.name_enc)?,
            phone_enc: reseal(cipher, guardian::PHONE, owners, row.phone_enc.as_deref())?,
            import_id: None,
            ..row
        });
    }
    guardian::insert_guardians(tx.conn, &fresh)?;
    Ok(())
}

fn accounts(
    tx: &mut Tx<'_>,
    one: &Moving,
    copies: &mut Copies,
    changes: &mut Changes,
) -> AppResult<()> {
    let rows = account::list_accounts_of(tx.conn, &one.old.street_code, one.old.id)?;
    let mut fresh = Vec::new();
    for row in rows.into_iter().filter(|row| row.closed_on.is_none()) {
        let id = tx.next_id();
        let owners = (row.id, id);
        changes.created("account", id);
        copies.accounts.push((row.id, id));
        let cipher = tx.cipher();
        let holder = row.holder_doc_enc.as_deref();
        fresh.push(AccountRow {
            id,
            street_code: one.new.street_code.clone(),
            owner_id: one.new.id,
            holder_doc_enc: reseal(cipher, account::HOLDER_DOC, owners, holder)?,
            account_enc: reseal_must(cipher, account::ACCOUNT_NO, owners, &row.account_enc)?,
            import_id: None,
            ..row
        });
    }
    account::insert_accounts(tx.conn, &fresh)?;
    Ok(())
}
