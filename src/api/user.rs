//! Accounts: what an administrator does with them. No operation takes or gives
//! a password (SEC-018).

use actix_web::web::Data;

use super::operation::Api;
use super::reply::{Done, Made, Read, Reply};
use super::shape::{Id, Instant, Shape, Types, shapes};
use crate::domain::role::{Permission, Rights, Role};
use crate::error::AppResult;
use crate::http::{Access, Allowed, AppState, Json, Path};
use crate::services::access::invite::{self, Invitation};
use crate::services::access::{draft_key, grant, manage};
use crate::services::auth::{Authorized, ManageUsers};
use crate::services::user;
use crate::store::Store;

/// Registers the operations.
pub fn routes(api: &mut Api<'_>) {
    let look = Access::Needs(Permission::ManageUsers);
    let change = Access::SteppedUp(Permission::ManageUsers);
    api.get("/api/v1/users", look, list, "Accounts");
    let words = "Make an account, or ask a second administrator for one that approves or audits";
    api.post("/api/v1/users", change, create, words);
    api.get("/api/v1/users/{id}", look, show, "An account with its sessions");
    api.post("/api/v1/users/{id}/code", change, code, "A new one-time code");
    api.post("/api/v1/users/{id}/disable", change, disable, "Disable an account");
    api.post("/api/v1/users/{id}/unlock", change, unlock, "Forget failed sign-ins");
    let words = "Their phone is lost: drafts on it can be read no longer";
    api.post("/api/v1/users/{id}/phone-lost", change, phone_lost, words);
    api.post("/api/v1/users/{id}/phone-found", change, phone_found, "It is found again");
    api.post("/api/v1/users/{id}/scope", change, scope, "Another area");
    let words = "Ask a second administrator for extra rights";
    api.post("/api/v1/users/{id}/rights", change, rights, words);
    let path = "/api/v1/users/{id}/rights";
    api.add("DELETE", path, change, drop_rights, "Take all extra rights away");
    let path = "/api/v1/users/{id}/sessions";
    api.add("DELETE", path, change, end_sessions, "End all sessions of an account");
    let path = "/api/v1/users/{id}/sessions/{session}";
    api.add("DELETE", path, change, end_session, "End one session of an account");
    super::grant::routes(api, look, change);
}

/// A role, by its code.
#[derive(Debug, Clone, Copy)]
pub struct RoleCode(Role);

impl<'de> serde::Deserialize<'de> for RoleCode {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<RoleCode, D::Error> {
        let code = String::deserialize(deserializer)?;
        code.parse().map(RoleCode).map_err(|()| serde::de::Error::custom("unknown role"))
    }
}

impl Shape for RoleCode {
    const NAME: Option<&'static str> = Some("Role");
    fn schema(_: &mut Types) -> serde_json::Value {
        let codes: Vec<&str> = Role::ACCOUNT_ROLES.into_iter().map(Role::as_str).collect();
        serde_json::json!({ "type": "string", "enum": codes })
    }
}

shapes! {
    /// Accounts.
    answer UserList {
        /// By user name.
        items: Vec<UserItem>,
    }

    /// An account in a list.
    answer UserItem {
        /// Id.
        id: Id,
        /// User name.
        username: String,
        /// Name on screens.
        display_name: String,
        /// Role.
        role: String,
        /// Area.
        scope: String,
        /// `active` or `disabled`.
        status: String,
    }

    /// An account.
    answer UserRecord {
        /// Id.
        id: Id,
        /// User name.
        username: String,
        /// Name on screens.
        display_name: String,
        /// Role.
        role: String,
        /// Area.
        scope: String,
        /// Extra rights.
        rights: Vec<String>,
        /// `active` or `disabled`.
        status: String,
        /// Until when it is locked after failed sign-ins.
        locked_until: Option<Instant>,
        /// Came in with a one-time code and has not chosen a password.
        must_change: bool,
        /// Whether it has a second factor.
        has_totp: bool,
        /// Last sign-in.
        last_login_at: Option<Instant>,
        /// Live sessions.
        sessions: Vec<SessionItem>,
    }

    /// A session.
    answer SessionItem {
        /// Id.
        id: Id,
        /// What the browser or program calls itself.
        device: String,
        /// Network address.
        address: String,
        /// Whether it is a program's.
        program: bool,
        /// Signed in.
        created_at: Instant,
        /// Last request.
        seen_at: Instant,
    }

    /// A new account.
    request NewUser {
        /// 2 to 32 letters, digits, `.`, `_` or `-`.
        username: String,
        /// Name on screens.
        display_name: String,
        /// Role.
        role: RoleCode,
        /// Street; community or grid for roles that work in one.
        scope: String,
    }

    /// What came of it: a code, or a request that waits.
    answer UserMade {
        /// User name.
        username: String,
        /// One-time code, shown once.
        code: Option<String>,
        /// What a second administrator has to grant.
        grant: Option<Id>,
    }

    /// A one-time code.
    answer OneTimeCode {
        /// Shown once, good for 24 hours.
        code: String,
    }

    /// Another area.
    request NewScope {
        /// Its code.
        scope: String,
    }

    /// Extra rights.
    request NewRights {
        /// Children in difficulty.
        child: bool,
        /// Mental health.
        mental: bool,
    }
}

pub fn names(list: &str) -> Vec<String> {
    list.split(',').filter(|name| !name.is_empty()).map(str::to_owned).collect()
}

async fn list(admin: Allowed<ManageUsers>, state: Data<AppState>) -> Reply<Read<UserList>> {
    let rows = state.run(move |store| user::list(store, &admin.authorized()?)).await?;
    let items = rows.into_iter().map(|row| UserItem {
        id: Id(row.id),
        username: row.username,
        display_name: row.display_name,
        role: row.role,
        scope: row.scope_code,
        status: row.status,
    });
    Ok(Read(UserList { items: items.collect() }))
}

async fn create(
    admin: Allowed<ManageUsers>,
    state: Data<AppState>,
    body: Json<NewUser>,
) -> Reply<Made<UserMade>> {
    let (new, cost) = (body.0, state.settings.policy.cost);
    let made = state
        .run_hashing(move |store| {
            let by = admin.authorized()?;
            let invitation = Invitation {
                username: &new.username,
                display_name: &new.display_name,
                role: new.role.0,
                scope_code: &new.scope,
            };
            let username = new.username.clone();
            if grant::needs_second(new.role.0) {
                let id = grant::ask_account(store, &by, &invitation)?;
                return Ok(UserMade { username, code: None, grant: Some(Id(id)) });
            }
            let code = invite::invite(store, &by, &invitation, cost)?;
            Ok(UserMade { username, code: Some(code), grant: None })
        })
        .await?;
    Ok(Made(made))
}

async fn show(
    admin: Allowed<ManageUsers>,
    state: Data<AppState>,
    path: Path<Id>,
) -> Reply<Read<UserRecord>> {
    let id = path.0.0;
    let account = state.run(move |store| manage::load(store, &admin.authorized()?, id)).await?;
    let sessions = account.sessions.into_iter().map(|row| SessionItem {
        id: Id(row.id),
        device: row.device,
        address: row.address,
        program: row.is_program,
        created_at: Instant(row.created_at),
        seen_at: Instant(row.seen_at),
    });
    Ok(Read(UserRecord {
        id: Id(account.id),
        username: account.username,
        display_name: account.display_name,
        role: account.role.as_str().to_owned(),
        scope: account.scope_code,
        rights: names(&account.rights.list()),
        status: account.status,
        locked_until: account.locked_until.map(Instant),
        must_change: account.must_change,
        has_totp: account.has_totp,
        last_login_at: account.last_login_at.map(Instant),
        sessions: sessions.collect(),
    }))
}

async fn code(
    admin: Allowed<ManageUsers>,
    state: Data<AppState>,
    path: Path<Id>,
) -> Reply<Made<OneTimeCode>> {
    let (id, cost) = (path.0.0, state.settings.policy.cost);
    let code = state
        .run_hashing(move |store| {
            let by = admin.authorized()?;
            let username = manage::load_other(store, &by, id)?.username;
            invite::reset(store, &by, &username, cost)
        })
        .await?;
    Ok(Made(OneTimeCode { code }))
}

/// Does something to an account.
pub async fn act(
    admin: Allowed<ManageUsers>,
    state: &AppState,
    f: impl FnOnce(&Store, &Authorized<'_, ManageUsers>) -> AppResult<()> + Send + 'static,
) -> Reply<Done> {
    state.run(move |store| f(store, &admin.authorized()?)).await?;
    Ok(Done)
}

async fn disable(
    admin: Allowed<ManageUsers>,
    state: Data<AppState>,
    path: Path<Id>,
) -> Reply<Done> {
    let id = path.0.0;
    act(admin, &state, move |store, by| manage::disable(store, by, id)).await
}

async fn unlock(admin: Allowed<ManageUsers>, state: Data<AppState>, path: Path<Id>) -> Reply<Done> {
    let id = path.0.0;
    act(admin, &state, move |store, by| manage::unlock(store, by, id)).await
}

async fn scope(
    admin: Allowed<ManageUsers>,
    state: Data<AppState>,
    path: Path<Id>,
    body: Json<NewScope>,
) -> Reply<Done> {
    let (id, scope) = (path.0.0, body.0.scope);
    act(admin, &state, move |store, by| manage::set_scope(store, by, id, &scope)).await
}

async fn rights(
    admin: Allowed<ManageUsers>,
    state: Data<AppState>,
    path: Path<Id>,
    body: Json<NewRights>,
) -> Reply<Made<UserMade>> {
    let (id, NewRights { child, mental }) = (path.0.0, body.0);
    let made = state
        .run(move |store| {
            let by = admin.authorized()?;
            let username = manage::load_other(store, &by, id)?.username;
            let asked = grant::ask_rights(store, &by, id, Rights { child, mental })?;
            Ok(UserMade { username, code: None, grant: Some(Id(asked)) })
        })
        .await?;
    Ok(Made(made))
}

async fn drop_rights(
    admin: Allowed<ManageUsers>,
    state: Data<AppState>,
    path: Path<Id>,
) -> Reply<Done> {
    let id = path.0.0;
    act(admin, &state, move |store, by| manage::drop_rights(store, by, id)).await
}

async fn end_sessions(
    admin: Allowed<ManageUsers>,
    state: Data<AppState>,
    path: Path<Id>,
) -> Reply<Done> {
    let id = path.0.0;
    act(admin, &state, move |store, by| manage::end_sessions(store, by, id, None).map(|_| ())).await
}

async fn end_session(
    admin: Allowed<ManageUsers>,
    state: Data<AppState>,
    path: Path<(Id, Id)>,
) -> Reply<Done> {
    let (id, only) = (path.0.0.0, path.0.1.0);
    act(admin, &state, move |store, by| manage::end_sessions(store, by, id, Some(only)).map(|_| ()))
        .await
}

async fn phone_lost(
    admin: Allowed<ManageUsers>,
    state: Data<AppState>,
    path: Path<Id>,
) -> Reply<Done> {
    let id = path.0.0;
    act(admin, &state, move |store, by| draft_key::withhold(store, by, id).map(|_| ())).await
}

async fn phone_found(
    admin: Allowed<ManageUsers>,
    state: Data<AppState>,
    path: Path<Id>,
) -> Reply<Done> {
    let id = path.0.0;
    act(admin, &state, move |store, by| draft_key::release(store, by, id).map(|_| ())).await
}
