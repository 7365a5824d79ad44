//! The second administrator: what waits, granted or refused.

use actix_web::web::Data;

use super::operation::Api;
use super::reply::{Done, Made, Read, Reply};
use super::shape::{Id, Instant, shapes};
use super::user::{UserMade, act, names};
use crate::http::{Access, Allowed, AppState, Path};
use crate::services::access::grant;
use crate::services::auth::ManageUsers;
use crate::store::grant::GrantRow;

/// Registers the operations.
pub fn routes(api: &mut Api<'_>, look: Access, change: Access) {
    api.get("/api/v1/grants", look, grants, "What waits for a second administrator");
    api.post("/api/v1/grants/{id}/grant", change, decide, "Grant what another asked for");
    api.post("/api/v1/grants/{id}/refuse", change, refuse, "Refuse it, or take it back");
}

shapes! {
    /// What waits.
    answer GrantList {
        /// Oldest first.
        items: Vec<GrantItem>,
    }

    /// A request.
    answer GrantItem {
        /// Id.
        id: Id,
        /// `account` or `rights`.
        kind: String,
        /// User name.
        username: String,
        /// Role.
        role: String,
        /// Area.
        scope: String,
        /// The rights that are asked for.
        rights: Vec<String>,
        /// Who asked.
        asked_by: String,
        /// When.
        asked_at: Instant,
    }
}

impl From<GrantRow> for GrantItem {
    fn from(row: GrantRow) -> GrantItem {
        GrantItem {
            id: Id(row.id),
            rights: names(&row.rights),
            kind: row.kind,
            username: row.username,
            role: row.role,
            scope: row.scope_code,
            asked_by: row.asked_by,
            asked_at: Instant(row.asked_at),
        }
    }
}

async fn grants(admin: Allowed<ManageUsers>, state: Data<AppState>) -> Reply<Read<GrantList>> {
    let rows = state.run(move |store| grant::list(store, &admin.authorized()?)).await?;
    Ok(Read(GrantList { items: rows.into_iter().map(GrantItem::from).collect() }))
}

async fn decide(
    admin: Allowed<ManageUsers>,
    state: Data<AppState>,
    path: Path<Id>,
) -> Reply<Made<UserMade>> {
    let (id, cost) = (path.0.0, state.settings.policy.cost);
    let granted =
        state.run_hashing(move |store| grant::grant(store, &admin.authorized()?, id, cost)).await?;
    Ok(Made(UserMade { username: granted.username, code: granted.code, grant: None }))
}

async fn refuse(admin: Allowed<ManageUsers>, state: Data<AppState>, path: Path<Id>) -> Reply<Done> {
    let id = path.0.0;
    act(admin, &state, move |store, by| grant::refuse(store, by, id)).await
}
