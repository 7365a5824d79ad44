//! Records that may be two of one person: the same name and date of birth, or
//! an ID number that another record holds as another kind of document.

use crate::domain::citizen_id::CitizenId;
use crate::domain::code_table::{Ethnicity, Sex};
use crate::domain::ids::ResidentId;
use crate::domain::resident::{MergeField, ResidentStatus};
use crate::error::{AppError, AppResult, ErrorCode, Refusal};
use crate::services::auth::{Authorized, EditRegistry, ViewRegistry};
use crate::services::change::Words;
use crate::services::directory::{area_name, masked_number, masked_phone};
use crate::services::record::{check_required, open_opt};
use crate::store::audit::Entry;
use crate::store::merge::{self, NotDuplicateRow};
use crate::store::resident::{self as rows, DOC_INDEX, DOC_NO, ResidentRow};
use crate::store::{Db, Store, area};

/// Pairs shown at once; the rest comes when these are settled.
const SHOWN: i64 = 200;

/// Why two records may be one person's.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Likeness {
    /// The same name and date of birth.
    NameAndBirth,
    /// The same ID number.
    Number,
}

/// Two records that may be one person's.
#[derive(Debug, Clone)]
pub struct Pair {
    /// The older record.
    pub first: ResidentRow,
    /// The other.
    pub second: ResidentRow,
    /// Why.
    pub why: Likeness,
}

/// The pairs in scope that nobody has settled.
///
/// # Errors
/// A sealed value that does not open.
pub fn list_duplicates(store: &Store, by: &Authorized<'_, ViewRegistry>) -> AppResult<Vec<Pair>> {
    store.read(|conn| {
        let settled = merge::list_not_duplicates(conn, by.street())?;
        let mut pairs = numbers(conn, store, by)?;
        let alike = merge::list_namesakes(conn, by.scope(), SHOWN)?;
        for (at, first) in alike.iter().enumerate() {
            let same =
                |other: &&ResidentRow| other.name == first.name && other.birth_on == first.birth_on;
            for second in alike.iter().skip(at + 1).take_while(same) {
                let why = Likeness::NameAndBirth;
                pairs.push(Pair { first: first.clone(), second: second.clone(), why });
            }
        }
        let mut seen = settled;
        pairs.retain(|pair| {
            let ids = (pair.first.id, pair.second.id);
            let new = !seen.contains(&ids);
            seen.push(ids);
            new
        });
        Ok(pairs)
    })
}

/// ID numbers that stand on another kind of document.
fn numbers(
    conn: &mut Db,
    store: &Store,
    by: &Authorized<'_, ViewRegistry>,
) -> AppResult<Vec<Pair>> {
    let today = store.clock().today();
    let mut pairs = Vec::new();
    for other in rows::list_with_other_documents(conn, by.scope(), SHOWN)? {
        let number = open_opt(store.cipher(), DOC_NO, other.id.0, other.doc_no_enc.as_deref())?;
        let id = number.as_deref().and_then(|text| CitizenId::parse(text, today).ok());
        let Some(id) = id else { continue };
        let index = store.cipher().blind(DOC_INDEX, id.as_str());
        let found = rows::find_resident_by_document(conn, by.street(), &index)?
            .filter(|row| row.id != other.id && row.status != ResidentStatus::Merged)
            .filter(|row| by.scope().contains(&row.area_code));
        if let Some(row) = found {
            let (first, second) = if row.id < other.id { (row, other) } else { (other, row) };
            pairs.push(Pair { first, second, why: Likeness::Number });
        }
    }
    Ok(pairs)
}

/// A group of fields of two records, masked as on a person's page.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Compared {
    /// Which.
    pub field: MergeField,
    /// What the first record says.
    pub first: Words,
    /// What the second says.
    pub second: Words,
    /// Whether they differ, also where the masks look alike.
    pub differs: bool,
}

/// Two records side by side.
#[derive(Debug, Clone)]
pub struct Comparison {
    /// The older record.
    pub first: ResidentRow,
    /// The other.
    pub second: ResidentRow,
    /// Field by field.
    pub fields: Vec<Compared>,
    /// Whether money was drafted for each: such a record stays.
    pub paid: (bool, bool),
}

/// Two records in scope, side by side.
///
/// # Errors
/// One is not found, out of scope or merged already.
pub fn compare(
    store: &Store,
    by: &Authorized<'_, ViewRegistry>,
    ids: (ResidentId, ResidentId),
) -> AppResult<Comparison> {
    let not_found = || AppError::not_found("居民", "resident");
    store.read(|conn| {
        let mut load = |id| {
            rows::find_resident(conn, by.scope(), id)?
                .filter(|row| row.status != ResidentStatus::Merged)
                .ok_or_else(not_found)
        };
        let (first, second) = (load(ids.0.min(ids.1))?, load(ids.0.max(ids.1))?);
        if first.id == second.id {
            return Err(not_found());
        }
        let tree = area::load_tree(conn, store.clock().today())?;
        let mut fields = Vec::new();
        for field in MergeField::ALL.iter().copied() {
            let shown = |row: &ResidentRow| shown(store, &tree, field, row);
            let differs = differs(field, &first, &second);
            fields.push(Compared {
                field,
                first: shown(&first)?,
                second: shown(&second)?,
                differs,
            });
        }
        let paid = (
            merge::has_money(conn, by.street(), first.id)?,
            merge::has_money(conn, by.street(), second.id)?,
        );
        Ok(Comparison { first, second, fields, paid })
    })
}

/// A group of fields of a record in words.
pub(crate) fn shown(
    store: &Store,
    tree: &area::AreaTree,
    field: MergeField,
    row: &ResidentRow,
) -> AppResult<Words> {
    let none = || Words::same("—");
    Ok(match field {
        MergeField::Name => Words::same(&row.name),
        MergeField::Document => {
            let number = masked_number(store, row)?;
            let kind = row.doc_kind;
            Words::of(format!("{} {number}", kind.zh()), format!("{} {number}", kind.en()))
        }
        MergeField::Birth => {
            let (on, sex) = (row.birth_on, Sex::from_number(row.sex));
            let (zh, en) = sex.map_or(("—", "—"), |sex| (sex.zh(), sex.en()));
            Words::of(format!("{on} · {zh}"), format!("{on} · {en}"))
        }
        MergeField::Phone => Words::same(masked_phone(store, row)?),
        MergeField::Area => Words::same(area_name(tree, &row.area_code)),
        MergeField::Status => Words::of(row.residence_status.zh(), row.residence_status.en()),
        MergeField::Personal => {
            let ethnicity = row.ethnicity.as_deref().and_then(Ethnicity::parse);
            Words::join(vec![
                ethnicity.map_or_else(none, |e| Words::of(e.zh(), e.en())),
                row.marital.map_or_else(none, |m| Words::of(m.zh(), m.en())),
                row.education.map_or_else(none, |e| Words::of(e.zh(), e.en())),
            ])
        }
    })
}

fn differs(field: MergeField, a: &ResidentRow, b: &ResidentRow) -> bool {
    match field {
        MergeField::Name => a.name != b.name,
        MergeField::Document => {
            (a.doc_kind, &a.doc_no_index, &a.temp_no) != (b.doc_kind, &b.doc_no_index, &b.temp_no)
        }
        MergeField::Birth => (a.birth_on, a.sex) != (b.birth_on, b.sex),
        MergeField::Phone => a.phone_index != b.phone_index,
        MergeField::Area => a.area_code != b.area_code,
        MergeField::Status => a.residence_status != b.residence_status,
        MergeField::Personal => {
            (&a.ethnicity, a.marital, a.education) != (&b.ethnicity, b.marital, b.education)
        }
    }
}

/// Somebody says that two records are two people: the pair is not shown again.
///
/// # Errors
/// No reason; not found; below supervisor level; said already.
pub fn keep_apart(
    store: &Store,
    by: &Authorized<'_, EditRegistry>,
    ids: (ResidentId, ResidentId),
    reason: &str,
) -> AppResult<()> {
    if !by.role().is_second_person() {
        return Err(crate::services::record::below_supervisor());
    }
    store.write(by.street(), |tx| {
        let first = super::load(tx, by.scope(), ids.0.min(ids.1))?;
        let second = super::load(tx, by.scope(), ids.0.max(ids.1))?;
        let mut refusals: Vec<Refusal> = Vec::new();
        check_required(&mut refusals, "reason", reason);
        AppError::refused_unless_empty(refusals)?;
        if merge::list_not_duplicates(tx.conn, by.street())?.contains(&(first.id, second.id)) {
            return Err(AppError::coded(
                ErrorCode::Conflict,
                "已有人确认这是两个人。",
                "Somebody said already that these are two people.",
            ));
        }
        let row = NotDuplicateRow {
            street_code: by.street().to_owned(),
            first_id: first.id,
            second_id: second.id,
            decided_by: by.username().to_owned(),
            decided_at: tx.clock().now(),
            reason: reason.trim().to_owned(),
        };
        merge::insert_not_duplicate(tx.conn, &row)?;
        let other = format!("other={}", second.id);
        tx.audit(&Entry {
            actor: by.username(),
            action: "resident.keep_apart",
            object_kind: "resident",
            object_id: Some(first.id.0),
            reason: Some(reason),
            detail: Some(&other),
        })?;
        Ok(())
    })
}
