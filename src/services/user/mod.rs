//! Accounts of the people who may act, and their sign-in.
//!
//! One account has one role, so nobody can hold two that exclude each other
//! (`security.md` §2.1). Entries go into the registry's own audit chain.

mod check;
mod hash;
mod rights;

use diesel::result::{DatabaseErrorKind, Error as DbError};

use check::{Checked, check_password, check_password_of, faults, taken_name};

use crate::domain::area::{AreaCode, Level};
use crate::domain::password;
use crate::domain::role::Role;
use crate::error::{AppError, AppResult, ErrorCode};
use crate::services::auth::{Actor, Authorized, ManageUsers, Scope};
use crate::services::visit::hand_over;
use crate::store::audit::Entry;
use crate::store::user::{self, UserRow};
use crate::store::{Db, REGISTRY_CHAIN, Store, Tx, access, area};

pub(crate) use check::{check_new, check_scope};
pub use hash::PasswordCost;
pub(crate) use rights::put_rights;
pub use rights::set_rights;

/// A new account, as it was asked for.
#[derive(Debug, Clone, Copy)]
pub struct NewUser<'a> {
    /// 2 to 32 letters, digits, `.`, `_` or `-`; unique in every spelling.
    pub username: &'a str,
    /// Name on screens and print-outs.
    pub display_name: &'a str,
    /// One role.
    pub role: Role,
    /// Street (9 digits); community or grid for the roles that work in one.
    pub scope_code: &'a str,
    /// First password.
    pub password: &'a str,
}

/// An account as it is shown.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct User {
    /// Id.
    pub id: i64,
    /// Name in the audit log.
    pub username: String,
    /// Name on screens.
    pub display_name: String,
    /// Code of the role.
    pub role: String,
    /// Area.
    pub scope_code: String,
    /// `active` or `disabled`.
    pub status: String,
    /// Rights beyond the role, separated by commas.
    pub rights: String,
}

impl From<UserRow> for User {
    fn from(row: UserRow) -> User {
        let UserRow { id, username, display_name, role, scope_code, status, rights, .. } = row;
        User { id, username, display_name, role, scope_code, status, rights }
    }
}

/// Makes an account.
///
/// # Errors
/// All fields that are wrong at once; `Duplicate` if the name is taken in any
/// spelling.
pub fn add(
    store: &Store,
    by: &Authorized<'_, ManageUsers>,
    new: &NewUser<'_>,
    cost: PasswordCost,
) -> AppResult<User> {
    let checked = faults(store, new.username, new.display_name, new.role, new.scope_code)?;
    let Checked { username, street_name, mut refusals } = checked;
    refusals.extend(check_password(new.password, &[&username, new.display_name, &street_name]));
    AppError::refused_unless_empty(refusals)?;

    // Hashing takes a tenth of a second: not while the write lock is held.
    let password_hash = hash::hash(new.password, cost)?;
    store.write(REGISTRY_CHAIN, |tx| {
        let now = tx.clock().now();
        let row = UserRow {
            id: tx.next_id(),
            username_key: password::username_key(&username),
            username: username.clone(),
            display_name: new.display_name.trim().to_owned(),
            role: new.role.as_str().to_owned(),
            scope_code: new.scope_code.to_owned(),
            rights: String::new(),
            password_hash,
            status: "active".to_owned(),
            created_at: now,
            updated_at: now,
        };
        user::insert(tx.conn, &row).map_err(|error| taken(error, &username))?;
        note_password(tx, row.id)?;
        let detail = format!("username={username} role={} scope={}", row.role, row.scope_code);
        tx.audit(&entry(by.username(), "user.add", Some(row.id), Some(&detail)))?;
        Ok(row.into())
    })
}

/// Disables an account; it can do nothing from now on.
///
/// # Errors
/// `NotFound`; `Conflict` if it is disabled already.
pub fn disable(store: &Store, by: &Authorized<'_, ManageUsers>, username: &str) -> AppResult<()> {
    store.write(REGISTRY_CHAIN, |tx| {
        let row = load(tx.conn, username)?;
        let now = tx.clock().now();
        if user::mark_disabled(tx.conn, row.id, now)? != 1 {
            return Err(AppError::coded(
                ErrorCode::Conflict,
                format!("账户“{}”已经停用。", row.username),
                format!("The account \"{}\" is disabled already.", row.username),
            ));
        }
        let detail = format!("username={}", row.username);
        tx.audit(&entry(by.username(), "user.disable", Some(row.id), Some(&detail)))?;
        Ok(())
    })
}

/// Sets a new password, for example because the old one was forgotten.
///
/// # Errors
/// `NotFound`; the password is refused.
pub fn set_password(
    store: &Store,
    by: &Authorized<'_, ManageUsers>,
    username: &str,
    plain: &str,
    cost: PasswordCost,
) -> AppResult<()> {
    let today = store.clock().today();
    let row = store.read(|conn| {
        let row = load(conn, username)?;
        let tree = area::load_tree(conn, today)?;
        check_password_of(&tree, &row, plain)?;
        Ok(row)
    })?;
    let new_hash = hash::hash(plain, cost)?;
    store.write(REGISTRY_CHAIN, |tx| {
        let now = tx.clock().now();
        if user::mark_password(tx.conn, row.id, &row.password_hash, &new_hash, now)? != 1 {
            return Err(AppError::coded(
                ErrorCode::Conflict,
                "密码刚刚被他人修改,请重试。",
                "Somebody changed the password a moment ago. Try again.",
            ));
        }
        note_password(tx, row.id)?;
        let detail = format!("username={}", row.username);
        tx.audit(&entry(by.username(), "user.password", Some(row.id), Some(&detail)))?;
        Ok(())
    })
}

/// From now on the password's age counts (SEC-006).
fn note_password(tx: &mut Tx<'_>, id: i64) -> AppResult<()> {
    let mut row = access::load(tx.conn, id)?;
    row.password_changed_at = Some(tx.clock().now());
    Ok(access::save(tx.conn, &row)?)
}

/// Checks the new password of an account's owner and hashes it.
///
/// # Errors
/// `NotFound`; the password is refused.
pub(crate) fn hash_own_password(
    store: &Store,
    user_id: i64,
    plain: &str,
    cost: PasswordCost,
) -> AppResult<String> {
    let today = store.clock().today();
    store.read(|conn| {
        let row = crate::store::access::find_user(conn, user_id)?
            .ok_or_else(|| AppError::not_found("账户", "account"))?;
        check_password_of(&area::load_tree(conn, today)?, &row, plain)
    })?;
    hash::hash(plain, cost)
}

/// All accounts, by user name.
///
/// # Errors
/// The database failed.
pub fn list(store: &Store, _by: &Authorized<'_, ManageUsers>) -> AppResult<Vec<User>> {
    store.read(|conn| Ok(user::list(conn)?.into_iter().map(User::from).collect()))
}

/// Compares name and password, and renews hashes cheaper than `cost` (SEC-003).
/// What counts failures stands in front of it (`services::access`).
///
/// Every failure (unknown name, wrong password, disabled account) gives the
/// same answer after the same work, and each attempt is in the audit log.
///
/// # Errors
/// `SignInFailed`.
pub fn sign_in_at(
    store: &Store,
    username: &str,
    plain: &str,
    cost: PasswordCost,
) -> AppResult<Actor> {
    let key = password::username_key(username.trim());
    let found = store.read(|conn| Ok(user::find(conn, &key)?))?;
    let fits = hash::verify(plain, found.as_ref().map(|row| row.password_hash.as_str()));
    let actor = match &found {
        Some(row) if fits && row.status == "active" => Some(actor_of(store, row)?),
        _ => None,
    };
    let renewed = match (&actor, &found) {
        (Some(_), Some(row)) if hash::is_outdated(&row.password_hash, cost) => {
            Some(hash::hash(plain, cost)?)
        }
        _ => None,
    };
    store.write(REGISTRY_CHAIN, |tx| {
        let id = found.as_ref().map(|row| row.id);
        if let (Some(actor), Some(row)) = (&actor, &found) {
            if let Some(renewed) = &renewed {
                let now = tx.clock().now();
                // Zero rows: a parallel sign-in renewed it, which is as good.
                user::mark_password(tx.conn, row.id, &row.password_hash, renewed, now)?;
            }
            tx.audit(&entry(actor.username(), "user.sign_in", id, None))?;
        } else {
            // What was typed may be a password in the wrong field: only a keyed
            // digest of it, which still tells one name from another.
            let digest = tx.cipher().blind("username", &key);
            let hex: String = digest.iter().take(8).map(|byte| format!("{byte:02x}")).collect();
            let detail = format!("name_digest={hex}");
            tx.audit_refused(&entry("anonymous", "user.sign_in", id, Some(&detail)))?;
        }
        Ok(())
    })?;
    actor.ok_or_else(|| {
        AppError::coded(
            ErrorCode::SignInFailed,
            "登录失败:用户名或密码不对,或账户现在不能使用。",
            "Sign-in failed: wrong user name or password, or the account cannot be used now.",
        )
    })
}

fn actor_of(store: &Store, row: &UserRow) -> AppResult<Actor> {
    let role = row.role.parse::<Role>().map_err(|()| {
        AppError::coded(
            ErrorCode::Integrity,
            format!("账户“{}”的角色代码“{}”不认识。", row.username, row.role),
            format!("Account \"{}\" has an unknown role \"{}\".", row.username, row.role),
        )
    })?;
    let today = store.clock().today();
    let scope = store.read(|conn| {
        let level = AreaCode::parse(&row.scope_code).map(|code| code.level());
        if level == Ok(Level::Street) {
            return Ok(Scope::street(&row.scope_code));
        }
        let tree = area::load_tree(conn, today)?;
        let street = tree.street_of(&row.scope_code).or_else(|| row.scope_code.get(..9));
        let street = street.unwrap_or_default();
        let areas = tree.below(&row.scope_code);
        Ok(Scope::areas(street, hand_over::kept(conn, street, row, areas, today)?))
    })?;
    Ok(Actor::new(row.username.clone(), role, scope))
}

fn load(conn: &mut Db, username: &str) -> AppResult<UserRow> {
    let key = password::username_key(username.trim());
    user::find(conn, &key)?.ok_or_else(|| AppError::not_found("账户", "account"))
}

fn taken(error: DbError, username: &str) -> AppError {
    match error {
        DbError::DatabaseError(DatabaseErrorKind::UniqueViolation, _) => {
            AppError::refuse(taken_name(username))
        }
        other => other.into(),
    }
}

fn entry<'a>(
    actor: &'a str,
    action: &'a str,
    object_id: Option<i64>,
    detail: Option<&'a str>,
) -> Entry<'a> {
    Entry { actor, action, object_kind: "user", object_id, reason: None, detail }
}
