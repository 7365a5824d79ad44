//! Correction of a resident's record: the old values stay in the history.

use chrono::NaiveDate;

use super::build::phone;
use super::{claim, load, outside_scope};
use crate::domain::code_table::{Education, Ethnicity, Marital, ResidenceStatus, Sex};
use crate::domain::document::{DocKind, Document};
use crate::domain::ids::ResidentId;
use crate::domain::life_event::{Confidence, EventKind};
use crate::domain::month::Month;
use crate::domain::resident::ResidentStatus;
use crate::domain::{normalise, pinyin, resident};
use crate::error::{AppError, AppResult, ErrorCode, Refusal};
use crate::services::auth::{Authorized, EditRegistry};
use crate::services::record::{
    Act, Changes, check_required, check_version, one_row, open_opt, seal, seal_opt,
};
use crate::store::life_event::{self, LifeEventRow};
use crate::store::resident::{
    self as rows, DOC_INDEX, DOC_NO, PHONE, PHONE_INDEX, ResidentRow, delete_claim,
};
use crate::store::{Store, Tx, area};

/// What is to be changed; `None` leaves a field alone.
#[derive(Debug, Clone, Default)]
pub struct ResidentPatch {
    /// Name.
    pub name: Option<String>,
    /// Kind and number of the document.
    pub document: Option<(DocKind, String)>,
    /// Sex.
    pub sex: Option<Sex>,
    /// Date of birth.
    pub birth_on: Option<NaiveDate>,
    /// Telephone; an empty text removes it.
    pub phone: Option<String>,
    /// Ethnicity.
    pub ethnicity: Option<Ethnicity>,
    /// Marital status.
    pub marital: Option<Marital>,
    /// Education.
    pub education: Option<Education>,
    /// R1–R7.
    pub residence_status: Option<ResidenceStatus>,
    /// Community or grid (a wrong entry; a move is an event).
    pub area_code: Option<String>,
}

/// Corrects a record. `version` is the one that was read. Returns the new one.
///
/// # Errors
/// Every wrong field at once; a stale version; a number that is registered.
pub fn correct(
    store: &Store,
    by: &Authorized<'_, EditRegistry>,
    id: ResidentId,
    version: i32,
    patch: &ResidentPatch,
    reason: &str,
) -> AppResult<i32> {
    store.write(by.street(), |tx| {
        let old = load(tx, by.scope(), id)?;
        check_version(old.version, Some(version))?;
        if old.status == ResidentStatus::Merged {
            return Err(AppError::coded(
                ErrorCode::Conflict,
                "该记录已合并到另一条记录,请修改那一条。",
                "This record was merged into another one. Correct that one.",
            ));
        }
        let mut refusals = Vec::new();
        check_required(&mut refusals, "reason", reason);
        let new = patched(tx, by, &old, patch, &mut refusals)?;
        AppError::refused_unless_empty(refusals)?;
        let mut changes = Changes::default();
        diff(tx, &old, &new, &mut changes)?;
        if changes.is_empty() {
            return Ok(version);
        }
        if old.doc_no_index != new.doc_no_index {
            claim(tx, &new)?;
            if let Some(index) = &old.doc_no_index {
                delete_claim(tx.conn, index, id)?;
            }
        }
        one_row(rows::mark_resident(tx.conn, &new, version)?)?;
        register_event(tx, &old, &new, &mut changes)?;
        changes.write(
            tx,
            &Act {
                street: by.street(),
                actor: by.username(),
                action: "resident.correct",
                object_kind: "resident",
                object_id: id.0,
                reason: Some(reason),
            },
        )?;
        Ok(new.version)
    })
}

fn patched(
    tx: &mut Tx<'_>,
    by: &Authorized<'_, EditRegistry>,
    old: &ResidentRow,
    patch: &ResidentPatch,
    refusals: &mut Vec<Refusal>,
) -> AppResult<ResidentRow> {
    let today = tx.clock().today();
    let mut new = old.clone();
    new.version += 1;
    new.updated_at = tx.clock().now();
    if let Some(name) = &patch.name {
        match normalise::name(name) {
            Ok(name) => {
                let sound = pinyin::of_name(&name);
                (new.name, new.name_pinyin, new.name_initials) = (name, sound.full, sound.initials);
            }
            Err(e) => refusals.push(Refusal::field("name", e.zh(), e.en())),
        }
    }
    if let Some((kind, number)) = &patch.document {
        match Document::parse(*kind, number, today) {
            Ok(document) => set_document(tx, &mut new, &document, patch)?,
            Err(e) => refusals.push(Refusal::field("doc_no", e.zh(), e.en())),
        }
    }
    if let Some(sex) = patch.sex {
        new.sex = sex.number();
    }
    if let Some(born) = patch.birth_on {
        if born > today {
            refusals.push(Refusal::field(
                "birth_on",
                "出生日期不能晚于今天。",
                "The date of birth must not be in the future.",
            ));
        }
        new.birth_on = born;
    }
    if let Some(text) = &patch.phone {
        let phone = phone(Some(text), refusals);
        new.phone_enc =
            phone.as_deref().map(|p| seal(tx.cipher(), PHONE, new.id.0, p)).transpose()?;
        new.phone_index = phone.as_deref().map(|p| tx.cipher().blind(PHONE_INDEX, p));
    }
    if let Some(code) = &patch.area_code {
        let tree = area::load_tree(tx.conn, today)?;
        refusals.extend(crate::services::area::check_place(
            &tree,
            by.street(),
            "area",
            code,
            today,
        ));
        if !by.scope().contains(code) {
            refusals.push(outside_scope("area"));
        }
        new.area_code.clone_from(code);
    }
    new.ethnicity = patch.ethnicity.map(|e| e.code().to_owned()).or(new.ethnicity);
    new.marital = patch.marital.or(new.marital);
    new.education = patch.education.or(new.education);
    new.residence_status = patch.residence_status.unwrap_or(new.residence_status);
    Ok(new)
}

/// A new number brings its sex and birth along unless they are given too.
fn set_document(
    tx: &Tx<'_>,
    new: &mut ResidentRow,
    document: &Document,
    patch: &ResidentPatch,
) -> AppResult<()> {
    new.doc_kind = document.kind();
    new.doc_no_enc = seal_opt(tx.cipher(), DOC_NO, new.id.0, document.number())?;
    new.doc_no_index = document.index_text().map(|text| tx.cipher().blind(DOC_INDEX, &text));
    if let Some(id) = document.id() {
        for mismatch in resident::mismatches(id, Sex::from_number(new.sex), Some(new.birth_on)) {
            match mismatch {
                resident::Mismatch::Birth(born) if patch.birth_on.is_none() => new.birth_on = born,
                resident::Mismatch::Sex(sex) if patch.sex.is_none() => new.sex = sex.number(),
                _ => {}
            }
        }
    }
    Ok(())
}

/// Every field that differs, in plain (the history seals them).
pub(super) fn diff(
    tx: &Tx<'_>,
    old: &ResidentRow,
    new: &ResidentRow,
    changes: &mut Changes,
) -> AppResult<()> {
    let record = ("resident", old.id.0);
    let open = |field: &str, value: &Option<Vec<u8>>| {
        open_opt(tx.cipher(), field, old.id.0, value.as_deref())
    };
    let mut field = |name, old: Option<String>, new: Option<String>| {
        changes.field(record, name, old, new);
    };
    field("name", Some(old.name.clone()), Some(new.name.clone()));
    field("doc_kind", Some(old.doc_kind.code().into()), Some(new.doc_kind.code().into()));
    field("doc_no", open(DOC_NO, &old.doc_no_enc)?, open(DOC_NO, &new.doc_no_enc)?);
    field("phone", open(PHONE, &old.phone_enc)?, open(PHONE, &new.phone_enc)?);
    field("sex", Some(old.sex.to_string()), Some(new.sex.to_string()));
    field("birth_on", Some(old.birth_on.to_string()), Some(new.birth_on.to_string()));
    field("ethnicity", old.ethnicity.clone(), new.ethnicity.clone());
    field("marital", old.marital.map(|m| m.code().into()), new.marital.map(|m| m.code().into()));
    field(
        "education",
        old.education.map(|e| e.code().into()),
        new.education.map(|e| e.code().into()),
    );
    field(
        "residence_status",
        Some(old.residence_status.code().into()),
        Some(new.residence_status.code().into()),
    );
    field("area_code", Some(old.area_code.clone()), Some(new.area_code.clone()));
    Ok(())
}

/// A correction of who somebody is stands among their events; one of the date
/// of birth can change what was due from that month on.
pub(super) fn register_event(
    tx: &mut Tx<'_>,
    old: &ResidentRow,
    new: &ResidentRow,
    changes: &mut Changes,
) -> AppResult<()> {
    let identity =
        |row: &ResidentRow| (row.name.clone(), row.doc_no_index.clone(), row.sex, row.birth_on);
    if identity(old) == identity(new) {
        return Ok(());
    }
    let today = tx.clock().today();
    if old.birth_on != new.birth_on || old.sex != new.sex {
        changes.mark(new.unit_id, Month::of(old.birth_on.min(new.birth_on)), today);
    }
    let event = LifeEventRow {
        id: tx.next_id(),
        street_code: new.street_code.clone(),
        resident_id: Some(new.id),
        household_id: None,
        unit_id: new.unit_id,
        kind: EventKind::Correction,
        event_on: today,
        reported_on: today,
        decided_on: Some(today),
        confidence: Confidence::Confirmed.number(),
        from_area: None,
        to_area: None,
        note: None,
        annulled_on: None,
        import_id: None,
    };
    life_event::insert_life_events(tx.conn, &[event])?;
    Ok(())
}

/// Puts somebody into another area.
pub(crate) fn set_area(
    tx: &mut Tx<'_>,
    person: &ResidentRow,
    area_code: &str,
    changes: &mut Changes,
) -> AppResult<()> {
    let new = ResidentRow {
        area_code: area_code.to_owned(),
        version: person.version + 1,
        updated_at: tx.clock().now(),
        ..person.clone()
    };
    one_row(rows::mark_resident(tx.conn, &new, person.version)?)?;
    let record = ("resident", person.id.0);
    changes.field(record, "area_code", Some(person.area_code.clone()), Some(new.area_code));
    Ok(())
}
