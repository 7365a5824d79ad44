//! Photos of a visit, and the record that they belong to. A photo is personal
//! data of whoever lives there: sealed, shown to who keeps the records, each
//! look noted.

use sha2::{Digest, Sha256};

use super::picture;
use crate::domain::ids::{HouseholdId, ResidentId};
use crate::domain::role::Rights;
use crate::domain::visit::Purpose;
use crate::error::{AppError, AppResult, ErrorCode, Refusal};
use crate::services::auth::{Authorized, EditRegistry, Permit, ViewRegistry};
use crate::services::directory::{sees_names, shown_address, shown_name};
use crate::services::record::{Act, Changes, one_row, sealed};
use crate::services::view_log::{self, Viewed};
use crate::store::visit::{self as visits, VisitRow};
use crate::store::visit_photo::{self as rows, NewPhoto, PhotoLine};
use crate::store::{Db, Store, household, resident};

/// Photos of one visit.
pub const MOST: usize = 3;

/// A visit's page.
#[derive(Debug, Clone)]
pub struct VisitPage {
    /// The record.
    pub row: VisitRow,
    /// The home and its address, if it is of the scope.
    pub home: Option<(HouseholdId, String)>,
    /// Whom it is about; names masked for readers.
    pub people: Vec<(ResidentId, String)>,
    /// Photos; for readers none.
    pub photos: Vec<PhotoLine>,
}

fn not_found() -> AppError {
    AppError::not_found("走访", "visit")
}

/// A visit of the scope with whom it is about; one of a restricted purpose only
/// with its right.
fn find<P: Permit>(
    conn: &mut Db,
    by: &Authorized<'_, P>,
    rights: Rights,
    id: i64,
) -> AppResult<(VisitRow, Vec<(ResidentId, String)>)> {
    let row = visits::find_visit(conn, by.street(), id)?.ok_or_else(not_found)?;
    let open = match row.purpose {
        Purpose::Child => rights.child,
        Purpose::Mental => rights.mental,
        _ => true,
    };
    let ids = visits::list_visit_persons(conn, by.street(), id)?;
    if !open || ids.is_empty() {
        return Err(not_found());
    }
    let mut people = Vec::new();
    for id in ids {
        let person = resident::find_resident(conn, by.scope(), id)?.ok_or_else(not_found)?;
        people.push((id, shown_name(&person.name, sees_names(by))));
    }
    Ok((row, people))
}

/// A visit's page. That it was looked at is noted at everybody it is about.
///
/// # Errors
/// Not found or out of scope.
pub fn load_visit(
    store: &Store,
    by: &Authorized<'_, ViewRegistry>,
    rights: Rights,
    id: i64,
) -> AppResult<VisitPage> {
    let page = store.read(|conn| {
        let (row, people) = find(conn, by, rights, id)?;
        let home = match row.household_id {
            Some(home) => household::find_household(conn, by.scope(), home)?,
            None => None,
        };
        let home = home.map(|home| (home.id, shown_address(&home.address, sees_names(by))));
        let photos =
            if sees_names(by) { rows::list_photos(conn, by.street(), id)? } else { Vec::new() };
        Ok(VisitPage { row, home, people, photos })
    })?;
    note(store, by, &page.people)?;
    Ok(page)
}

fn note(
    store: &Store,
    by: &Authorized<'_, ViewRegistry>,
    people: &[(ResidentId, String)],
) -> AppResult<()> {
    people.iter().try_for_each(|(id, _)| view_log::note(store, by, Viewed::Resident(*id)))
}

/// A photo as JPEG; the look is noted.
///
/// # Errors
/// Not found or out of scope; for readers, who see masked records only, there
/// is none.
pub fn load_photo(
    store: &Store,
    by: &Authorized<'_, ViewRegistry>,
    rights: Rights,
    (visit, photo): (i64, i64),
) -> AppResult<Vec<u8>> {
    if !sees_names(by) {
        return Err(not_found());
    }
    let (people, sealed_photo) = store.read(|conn| {
        let (_, people) = find(conn, by, rights, visit)?;
        let found = rows::find_photo(conn, by.street(), visit, photo)?.ok_or_else(not_found)?;
        Ok((people, found))
    })?;
    note(store, by, &people)?;
    store.cipher().open(rows::PHOTO, photo, &sealed_photo).map_err(sealed)
}

fn act<'a>(by: &'a Authorized<'_, EditRegistry>, action: &'a str, visit: i64) -> Act<'a> {
    Act {
        street: by.street(),
        actor: by.username(),
        action,
        object_kind: "visit",
        object_id: visit,
        reason: None,
    }
}

/// Adds a photo to a visit that took place. The same picture once more is the
/// same photo. Returns its id. Decodes: for a pool that is made for it.
///
/// # Errors
/// Not found or out of scope; not yet visited; a fourth photo; no picture.
pub fn add_photo(
    store: &Store,
    by: &Authorized<'_, EditRegistry>,
    rights: Rights,
    visit: i64,
    bytes: &[u8],
) -> AppResult<i64> {
    // Whoever may not add a photo has none decoded for them.
    store.read(|conn| find(conn, by, rights, visit))?;
    let picture = picture::read(bytes)?;
    let id = store.next_id();
    let new = NewPhoto {
        id,
        street_code: by.street().to_owned(),
        visit_id: visit,
        photo_enc: store.cipher().seal(rows::PHOTO, id, &picture.jpeg).map_err(sealed)?,
        digest: Sha256::digest(&picture.jpeg).to_vec(),
        width: i32::try_from(picture.width).unwrap_or(i32::MAX),
        height: i32::try_from(picture.height).unwrap_or(i32::MAX),
        added_by: by.username().to_owned(),
        added_at: store.clock().now(),
    };
    store.write(by.street(), |tx| {
        let (row, _) = find(tx.conn, by, rights, visit)?;
        if !row.status.is_past() {
            return Err(AppError::coded(
                ErrorCode::Conflict,
                "请先登记走访结果,再添加照片。",
                "Enter what came of the visit first, then add photos.",
            ));
        }
        let photos = rows::list_photos(tx.conn, by.street(), visit)?;
        if let Some(same) = photos.iter().find(|photo| photo.digest == new.digest) {
            return Ok(same.id);
        }
        if photos.len() >= MOST {
            return Err(AppError::refuse(Refusal::field(
                "photo",
                format!("每次走访最多 {MOST} 张照片。请先删去一张。"),
                format!("A visit has at most {MOST} photos. Remove one first."),
            )));
        }
        rows::insert_photo(tx.conn, &new)?;
        let mut changes = Changes::default();
        changes.created("visit_photo", id);
        changes.write(tx, &act(by, "visit.photo_add", visit))?;
        Ok(id)
    })
}

/// Takes a photo out that should not be there.
///
/// # Errors
/// Not found or out of scope.
pub fn remove_photo(
    store: &Store,
    by: &Authorized<'_, EditRegistry>,
    rights: Rights,
    (visit, photo): (i64, i64),
) -> AppResult<()> {
    store.write(by.street(), |tx| {
        find(tx.conn, by, rights, visit)?;
        rows::find_photo(tx.conn, by.street(), visit, photo)?.ok_or_else(not_found)?;
        one_row(rows::delete_photo(tx.conn, by.street(), visit, photo)?)?;
        let mut changes = Changes::default();
        changes.field(("visit", visit), "photo", Some(photo.to_string()), None);
        changes.write(tx, &act(by, "visit.photo_remove", visit))
    })
}
