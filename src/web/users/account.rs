//! P-91: one account – scope, lock, one-time code, sessions, rights – and what
//! waits for a second administrator.

use askama::Template;

use super::CodePage;
use crate::domain::role::Rights;
use crate::error::AppResult;
use crate::http::form::Nothing;
use crate::http::{Allowed, Fault, Fields, Form, FromFields, Outcome, Path};
use crate::services::access::listed::Listed;
use crate::services::access::manage::{self, Account};
use crate::services::access::{grant, invite};
use crate::services::auth::{Authorized, ManageUsers};
use crate::store::Store;
use crate::web::form_view::redrawable;
use crate::web::{FormView, Page};

#[derive(Template)]
#[template(path = "admin/user.html")]
struct AccountPage<'a> {
    page: &'a Page,
    form: FormView,
    account: Account,
    is_me: bool,
}

impl AccountPage<'_> {
    fn role(&self) -> &'static str {
        self.page.t(&format!("role.{}", self.account.role.as_str()))
    }

    fn device(&self, row: &Listed) -> String {
        crate::web::sessions::device_name(&row.device)
    }

    fn rights(&self) -> Vec<&'static str> {
        let have = self.account.rights.list();
        let names = have.split(',').filter(|name| !name.is_empty());
        names.map(|name| self.page.t(&format!("users.right_{name}"))).collect()
    }

    fn may_have_rights(&self) -> bool {
        self.account.role != crate::domain::role::Role::Admin
    }

    fn is_active(&self) -> bool {
        self.account.status == "active"
    }
}

async fn draw(
    admin: &Allowed<ManageUsers>,
    page: Page,
    id: i64,
    fields: Option<(Fields, Fault)>,
) -> Outcome {
    let me = admin.session().actor.username().to_owned();
    let admin = admin.clone();
    let account = page.run(move |store| manage::load(store, &admin.authorized()?, id)).await?;
    let page = page.title_text(account.username.clone()).under("users.title", "/admin/users");
    let is_me = account.username == me;
    match fields {
        None => {
            let start = Fields::with(&[("scope", &account.scope_code)]);
            let form = FormView::new(&page, start);
            page.show(|page| AccountPage { page, form, account, is_me })
        }
        Some((fields, fault)) => {
            let refusals = redrawable(fault)?;
            let page = page.with_errors();
            let form = FormView::with_errors(&page, fields, &refusals);
            page.again(&AccountPage { page: &page, form, account, is_me })
        }
    }
}

/// `GET /admin/users/{id}`.
///
/// # Errors
/// 404.
pub async fn show(admin: Allowed<ManageUsers>, page: Page, path: Path<i64>) -> Outcome {
    draw(&admin, page, path.0, None).await
}

/// The new area.
#[derive(Debug, Clone)]
pub struct ScopeForm {
    scope: String,
}

impl FromFields for ScopeForm {
    const FIELDS: &'static [&'static str] = &["scope"];
    fn from_fields(fields: &mut Fields) -> Option<ScopeForm> {
        let scope = fields.required("scope", "请填写区划代码。", "Enter the code of the area.")?;
        Some(ScopeForm { scope })
    }
}

/// `POST /admin/users/{id}/scope`.
///
/// # Errors
/// One's own account; an area that does not suit the role.
pub async fn scope(
    admin: Allowed<ManageUsers>,
    page: Page,
    path: Path<i64>,
    form: Form<ScopeForm>,
) -> Outcome {
    let (id, by) = (path.0, admin.clone());
    let (fields, checked) = form.checked();
    let outcome = match checked {
        Ok(form) => {
            page.run(move |store| manage::set_scope(store, &by.authorized()?, id, &form.scope))
                .await
        }
        Err(error) => Err(error.into()),
    };
    match outcome {
        Ok(()) => page.done(&format!("/admin/users/{id}"), "user_changed"),
        Err(fault) => draw(&admin, page, id, Some((fields, fault))).await,
    }
}

/// The rights that are asked for.
#[derive(Debug, Clone, Copy)]
pub struct RightsForm {
    rights: Rights,
}

impl FromFields for RightsForm {
    const FIELDS: &'static [&'static str] = &["rights"];
    const MANY: &'static [&'static str] = &["rights"];
    fn from_fields(fields: &mut Fields) -> Option<RightsForm> {
        let list = fields.values("rights").collect::<Vec<_>>().join(",");
        Rights::parse(&list).map(|rights| RightsForm { rights })
    }
}

/// `POST /admin/users/{id}/rights`: asks a second administrator.
///
/// # Errors
/// One's own account; no right chosen; asked for already.
pub async fn rights(
    admin: Allowed<ManageUsers>,
    page: Page,
    path: Path<i64>,
    form: Form<RightsForm>,
) -> Outcome {
    let (id, by) = (path.0, admin.clone());
    let (fields, checked) = form.checked();
    let outcome = match checked {
        Ok(form) => {
            page.run(move |store| grant::ask_rights(store, &by.authorized()?, id, form.rights))
                .await
        }
        Err(error) => Err(error.into()),
    };
    match outcome {
        Ok(_) => page.done("/admin/users", "grant_asked"),
        Err(fault) => draw(&admin, page, id, Some((fields, fault))).await,
    }
}

/// Something that one button does to an account.
async fn act(
    admin: Allowed<ManageUsers>,
    page: Page,
    id: i64,
    f: impl FnOnce(&Store, &Authorized<'_, ManageUsers>) -> AppResult<()> + Send + 'static,
) -> Outcome {
    page.run(move |store| f(store, &admin.authorized()?)).await?;
    page.done(&format!("/admin/users/{id}"), "user_changed")
}

/// `POST /admin/users/{id}/rights/drop`.
///
/// # Errors
/// One's own account.
pub async fn drop_rights(
    admin: Allowed<ManageUsers>,
    page: Page,
    path: Path<i64>,
    _form: Form<Nothing>,
) -> Outcome {
    let id = path.0;
    act(admin, page, id, move |store, by| manage::drop_rights(store, by, id)).await
}

/// `POST /admin/users/{id}/unlock`.
///
/// # Errors
/// One's own account.
pub async fn unlock(
    admin: Allowed<ManageUsers>,
    page: Page,
    path: Path<i64>,
    _form: Form<Nothing>,
) -> Outcome {
    let id = path.0;
    act(admin, page, id, move |store, by| manage::unlock(store, by, id)).await
}

/// `POST /admin/users/{id}/disable`.
///
/// # Errors
/// One's own account; disabled already.
pub async fn disable(
    admin: Allowed<ManageUsers>,
    page: Page,
    path: Path<i64>,
    _form: Form<Nothing>,
) -> Outcome {
    let id = path.0;
    act(admin, page, id, move |store, by| manage::disable(store, by, id)).await
}

/// One session, or all.
#[derive(Debug, Clone, Copy)]
pub struct SessionForm {
    only: Option<i64>,
}

impl FromFields for SessionForm {
    const FIELDS: &'static [&'static str] = &["session"];
    fn from_fields(fields: &mut Fields) -> Option<SessionForm> {
        let only = fields.parsed("session", "请选择会话。", "Choose the session.");
        Some(SessionForm { only })
    }
}

/// `POST /admin/users/{id}/sessions/end`.
///
/// # Errors
/// One's own account; no such session.
pub async fn end_sessions(
    admin: Allowed<ManageUsers>,
    page: Page,
    path: Path<i64>,
    form: Form<SessionForm>,
) -> Outcome {
    let (id, only) = (path.0, form.checked().1?.only);
    act(admin, page, id, move |store, by| manage::end_sessions(store, by, id, only).map(|_| ()))
        .await
}

/// `POST /admin/users/{id}/code`: a new one-time code.
///
/// # Errors
/// One's own account; a disabled one.
pub async fn code(
    admin: Allowed<ManageUsers>,
    page: Page,
    path: Path<i64>,
    _form: Form<Nothing>,
) -> Outcome {
    let page = page.title("users.code_title").under("users.title", "/admin/users");
    let (id, cost) = (path.0, page.state().settings.policy.cost);
    let (username, code) = page
        .run_hashing(move |store| {
            let by = admin.authorized()?;
            let username = manage::load_other(store, &by, id)?.username;
            let code = invite::reset(store, &by, &username, cost)?;
            Ok((username, code))
        })
        .await?;
    page.show(|page| CodePage { page, username, code })
}

/// `POST /admin/grants/{id}/grant`.
///
/// # Errors
/// The caller asked for it; decided already.
pub async fn grant_request(
    admin: Allowed<ManageUsers>,
    page: Page,
    path: Path<i64>,
    _form: Form<Nothing>,
) -> Outcome {
    let (id, cost) = (path.0, page.state().settings.policy.cost);
    let granted =
        page.run_hashing(move |store| grant::grant(store, &admin.authorized()?, id, cost)).await?;
    let Some(code) = granted.code else { return page.done("/admin/users", "grant_granted") };
    let page = page.title("users.code_title").under("users.title", "/admin/users");
    let username = granted.username;
    page.show(|page| CodePage { page, username, code })
}

/// `POST /admin/grants/{id}/refuse`.
///
/// # Errors
/// Decided already.
pub async fn refuse_request(
    admin: Allowed<ManageUsers>,
    page: Page,
    path: Path<i64>,
    _form: Form<Nothing>,
) -> Outcome {
    let id = path.0;
    page.run(move |store| grant::refuse(store, &admin.authorized()?, id)).await?;
    page.done("/admin/users", "grant_refused")
}
