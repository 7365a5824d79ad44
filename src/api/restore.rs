//! An earlier value comes back: an entry of a record's history is undone, with a
//! reason of its own. By a supervisor or above.

use actix_web::web::Data;

use super::headers::IfMatch;
use super::operation::Api;
use super::reply::{Reply, Saved};
use super::shape::{Id, shapes};
use crate::domain::role::Permission;
use crate::http::{Access, Allowed, AppState, Json, Path};
use crate::services::auth::EditRegistry;
use crate::services::{household, resident};

/// Registers the operations.
pub fn routes(api: &mut Api<'_>) {
    let edit = Access::Needs(Permission::EditRegistry);
    let words = "Bring the value before an entry of the history back";
    api.post("/api/v1/residents/{id}/restore", edit, of_resident, words);
    let words = "Bring the address before an entry of the history back";
    api.post("/api/v1/households/{id}/restore", edit, of_household, words);
}

shapes! {
    /// What comes back.
    request Restored {
        /// The entry of the history whose change is undone.
        entry: Id,
        /// Why.
        reason: String,
    }
}

async fn of_resident(
    user: Allowed<EditRegistry>,
    state: Data<AppState>,
    path: Path<Id>,
    version: IfMatch,
    body: Json<Restored>,
) -> Reply<Saved> {
    let (id, Restored { entry, reason }) = (path.0, body.0);
    let version = state
        .run(move |store| {
            let by = user.authorized()?;
            resident::restore(store, &by, id.into(), entry.0, version.0, &reason)
        })
        .await?;
    Ok(Saved { id, version })
}

async fn of_household(
    user: Allowed<EditRegistry>,
    state: Data<AppState>,
    path: Path<Id>,
    version: IfMatch,
    body: Json<Restored>,
) -> Reply<Saved> {
    let (id, Restored { entry, reason }) = (path.0, body.0);
    let version = state
        .run(move |store| {
            let by = user.authorized()?;
            household::restore(store, &by, id.into(), entry.0, version.0, &reason)
        })
        .await?;
    Ok(Saved { id, version })
}
