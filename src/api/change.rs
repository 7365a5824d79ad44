//! Changes that a benefit depends on: entered by one person, made when a
//! second confirms (`rulings.md` P10). What each kind needs is in `proposal`.

use actix_web::web::Data;

use super::operation::Api;
use super::proposal;
use super::reply::{Done, Read, Reply};
use super::shape::{Id, Instant, shapes};
use crate::domain::pending::{ChangeKind, ChangeState};
use crate::domain::role::Permission;
use crate::http::{Access, Allowed, AppState, Json, Path};
use crate::services::auth::{EditRegistry, ViewRegistry};
use crate::services::change::{self, ChangeLine, ChangePart};

/// Registers the operations.
pub fn routes(api: &mut Api<'_>) {
    let view = Access::Needs(Permission::ViewRegistry);
    let edit = Access::Needs(Permission::EditRegistry);
    api.get("/api/v1/changes", view, list, "Changes that wait for a second person");
    api.get("/api/v1/changes/{id}", view, show, "A change, before and after");
    api.post("/api/v1/changes/{id}/confirm", edit, confirm, "Confirm another's change");
    api.post("/api/v1/changes/{id}/reject", edit, reject, "Reject another's change");
    api.post("/api/v1/changes/{id}/withdraw", edit, withdraw, "Take one's own change back");
    proposal::routes(api, edit);
}

shapes! {
    /// Changes.
    answer ChangeList {
        /// Oldest first.
        items: Vec<ChangeItem>,
    }

    /// A change.
    answer ChangeItem {
        /// Id.
        id: Id,
        /// Kind.
        kind: ChangeKind,
        /// About whom.
        resident: Id,
        /// Who entered it.
        proposed_by: String,
        /// When.
        proposed_at: Instant,
        /// What became of it.
        state: ChangeState,
        /// Before and after.
        parts: Vec<ChangedPart>,
    }

    /// One thing that a change concerns.
    answer ChangedPart {
        /// Its name.
        part: String,
        /// What is registered now.
        before: String,
        /// What it would become.
        after: String,
    }

    /// Why.
    request Reason {
        /// In words.
        reason: String,
    }
}

impl From<ChangeLine> for ChangeItem {
    fn from(line: ChangeLine) -> ChangeItem {
        let part = |part: ChangePart| ChangedPart {
            part: part.key.to_owned(),
            before: part.before.zh,
            after: part.after.zh,
        };
        ChangeItem {
            id: Id(line.id),
            kind: line.kind,
            resident: line.resident.into(),
            proposed_by: line.proposed_by,
            proposed_at: Instant(line.proposed_at),
            state: line.state,
            parts: line.parts.into_iter().map(part).collect(),
        }
    }
}

async fn list(user: Allowed<ViewRegistry>, state: Data<AppState>) -> Reply<Read<ChangeList>> {
    let lines = state
        .run(move |store| change::list_changes(store, &user.authorized()?, user.session().extra()))
        .await?;
    Ok(Read(ChangeList { items: lines.into_iter().map(ChangeItem::from).collect() }))
}

async fn show(
    user: Allowed<ViewRegistry>,
    state: Data<AppState>,
    path: Path<Id>,
) -> Reply<Read<ChangeItem>> {
    let id = path.0.0;
    let line = state
        .run(move |store| {
            change::load_change(store, &user.authorized()?, id, user.session().extra())
        })
        .await?;
    Ok(Read(line.into()))
}

async fn confirm(
    user: Allowed<EditRegistry>,
    state: Data<AppState>,
    path: Path<Id>,
) -> Reply<Done> {
    let id = path.0.0;
    state.run(move |store| change::confirm(store, &user.authorized()?, id)).await?;
    Ok(Done)
}

async fn reject(
    user: Allowed<EditRegistry>,
    state: Data<AppState>,
    path: Path<Id>,
    body: Json<Reason>,
) -> Reply<Done> {
    let (id, reason) = (path.0.0, body.0.reason);
    state.run(move |store| change::reject(store, &user.authorized()?, id, &reason)).await?;
    Ok(Done)
}

async fn withdraw(
    user: Allowed<EditRegistry>,
    state: Data<AppState>,
    path: Path<Id>,
    body: Json<Reason>,
) -> Reply<Done> {
    let (id, reason) = (path.0.0, body.0.reason);
    state.run(move |store| change::withdraw(store, &user.authorized()?, id, &reason)).await?;
    Ok(Done)
}
