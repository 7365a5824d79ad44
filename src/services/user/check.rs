//! What is asked of a new account: name, scope, password.

use unicode_normalization::UnicodeNormalization;

use crate::domain::area::{AreaCode, Level};
use crate::domain::password;
use crate::domain::role::Role;
use crate::error::{AppError, AppResult, ErrorCode, Refusal};
use crate::store::user::{self, UserRow};
use crate::store::{Store, area};

/// What is known of a new account before it is made.
pub(super) struct Checked {
    pub(super) username: String,
    pub(super) street_name: String,
    pub(super) refusals: Vec<Refusal>,
}

pub(super) fn faults(
    store: &Store,
    username: &str,
    display_name: &str,
    role: Role,
    scope_code: &str,
) -> AppResult<Checked> {
    let username: String = username.trim().nfkc().collect();
    let today = store.clock().today();
    let tree = store.read(|conn| Ok(area::load_tree(conn, today)?))?;
    let mut refusals = Vec::new();
    refusals.extend(check_username(&username));
    if display_name.trim().is_empty() || display_name.chars().count() > 50 {
        refusals.push(Refusal::field(
            "name",
            "请填写姓名(不超过 50 个字)。",
            "Enter the person's name (at most 50 characters).",
        ));
    }
    refusals.extend(check_scope(&tree, role, scope_code));
    let street_name = street_name(&tree, scope_code);
    Ok(Checked { username, street_name, refusals })
}

fn street_name(tree: &area::AreaTree, code: &str) -> String {
    let street = tree.street_of(code).and_then(|street| tree.area(street));
    street.map(|row| row.name.clone()).unwrap_or_default()
}

pub(super) fn check_password_of(
    tree: &area::AreaTree,
    row: &UserRow,
    plain: &str,
) -> AppResult<()> {
    let street = street_name(tree, &row.scope_code);
    let refusal = check_password(plain, &[&row.username, &row.display_name, &street]);
    AppError::refused_unless_empty(refusal.into_iter().collect())
}

/// Checks an account that is asked for; returns its name in one spelling.
///
/// # Errors
/// All fields that are wrong at once; the name is taken.
pub(crate) fn check_new(
    store: &Store,
    username: &str,
    display_name: &str,
    role: Role,
    scope_code: &str,
) -> AppResult<String> {
    let Checked { username, mut refusals, .. } =
        faults(store, username, display_name, role, scope_code)?;
    let key = password::username_key(&username);
    if store.read(|conn| Ok(user::find(conn, &key)?))?.is_some() {
        refusals.push(taken_name(&username));
    }
    AppError::refused_unless_empty(refusals)?;
    Ok(username)
}

fn check_username(username: &str) -> Option<Refusal> {
    let length = username.chars().count();
    let ordinary = |c: char| c.is_alphanumeric() || matches!(c, '.' | '_' | '-');
    if (2..=32).contains(&length) && username.chars().all(ordinary) {
        return None;
    }
    Some(Refusal::field(
        "username",
        "用户名应为 2–32 个字母、数字、汉字或 . _ -。",
        "A user name has 2 to 32 letters, digits or the signs . _ -.",
    ))
}

pub(super) fn check_password(plain: &str, context: &[&str]) -> Option<Refusal> {
    let error = password::check(plain, context).err()?;
    Some(Refusal::field("password", error.zh(), error.en()))
}

/// A grid worker works in a grid or community, a supervisor in a community,
/// everybody else in a street. Only a street may be missing from the tree: the
/// first accounts are made before the first import.
pub(crate) fn check_scope(tree: &area::AreaTree, role: Role, code: &str) -> Option<Refusal> {
    let level = AreaCode::parse(code).map(|parsed| parsed.level());
    let levels: &[Level] = match role {
        Role::Grid => &[Level::Grid, Level::Community],
        Role::Supervisor => &[Level::Community, Level::Street],
        _ => &[Level::Street],
    };
    let suits = level.is_ok_and(|level| levels.contains(&level));
    let exists = tree.area(code).is_some() || level == Ok(Level::Street);
    if suits && exists {
        return None;
    }
    let allowed: Vec<_> = levels.iter().map(|level| level.zh()).collect();
    let allowed_en: Vec<_> = levels.iter().map(|level| level.en()).collect();
    Some(Refusal::field(
        "scope",
        format!("“{}”的范围应为已登记的{}代码,“{code}”不是。", role.zh(), allowed.join("或")),
        format!(
            "The scope of \"{}\" must be the code of a known {}; \"{code}\" is not.",
            role.as_str(),
            allowed_en.join(" or ")
        ),
    ))
}

pub(super) fn taken_name(username: &str) -> Refusal {
    Refusal::field(
        "username",
        format!("用户名“{username}”已被使用(不分大小写和全角半角)。"),
        format!("The user name \"{username}\" is taken (case and width do not matter)."),
    )
    .with_code(ErrorCode::Duplicate)
}
