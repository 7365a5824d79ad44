//! P-83: accounts. An administrator makes them and hands over one-time codes;
//! nobody ever sees or sets another's password (SEC-018).

use askama::Template;

use super::form_view::redrawable;
use super::resident::choice;
use super::{FormView, Page};
use crate::domain::role::{Permission, Rights, Role};
use crate::error::{AppError, AppResult, ErrorCode, Refusal};
use crate::http::{Access, Allowed, Fields, Form, FromFields, Outcome, Query, Routes};
use crate::services::access::invite::{self, Invitation};
use crate::services::auth::ManageUsers;
use crate::services::user::{self, User};

/// Registers the pages.
pub fn routes(routes: &mut Routes) {
    let manage = Permission::ManageUsers;
    routes.get("/admin/users", Access::Needs(manage), list);
    routes.get("/admin/users/new", Access::SteppedUp(manage), new);
    routes.post("/admin/users/new", Access::SteppedUp(manage), create);
    routes.get("/admin/users/rights", Access::SteppedUp(manage), rights);
    routes.post("/admin/users/rights", Access::SteppedUp(manage), set_rights);
    routes.post("/admin/users/code", Access::SteppedUp(manage), code);
    routes.post("/admin/users/disable", Access::SteppedUp(manage), disable);
}

#[derive(Template)]
#[template(path = "admin/users.html")]
struct UsersPage<'a> {
    page: &'a Page,
    rows: Vec<User>,
    me: String,
}

impl UsersPage<'_> {
    fn role(&self, user: &User) -> &'static str {
        self.page.lang().find(&format!("role.{}", user.role)).unwrap_or_default()
    }
}

#[derive(Template)]
#[template(path = "admin/user_new.html")]
struct NewPage<'a> {
    page: &'a Page,
    form: FormView,
}

impl NewPage<'_> {
    fn roles(&self) -> Vec<(&'static str, &'static str)> {
        let all = Role::ACCOUNT_ROLES.into_iter();
        all.map(|role| (role.as_str(), self.page.t(&format!("role.{}", role.as_str())))).collect()
    }
}

#[derive(Template)]
#[template(path = "admin/code.html")]
struct CodePage<'a> {
    page: &'a Page,
    username: String,
    code: String,
}

/// `GET /admin/users`.
///
/// # Errors
/// The database failed.
pub async fn list(admin: Allowed<ManageUsers>, page: Page) -> Outcome {
    let page = page.title("users.title");
    let me = admin.session().actor.username().to_owned();
    let rows = page.run(move |store| user::list(store, &admin.authorized()?)).await?;
    page.show(|page| UsersPage { page, rows, me })
}

/// `GET /admin/users/new`.
///
/// # Errors
/// The template failed.
pub async fn new(_admin: Allowed<ManageUsers>, page: Page) -> Outcome {
    let page = page.title("users.new_title").under("users.title", "/admin/users");
    let form = FormView::new(&page, Fields::default());
    page.show(|page| NewPage { page, form })
}

/// A new account.
#[derive(Debug, Clone)]
pub struct NewForm {
    username: String,
    name: String,
    role: Role,
    scope: String,
}

impl FromFields for NewForm {
    const FIELDS: &'static [&'static str] = &["username", "name", "role", "scope"];

    fn from_fields(fields: &mut Fields) -> Option<NewForm> {
        let username = fields.required("username", "请填写用户名。", "Enter the user name.");
        let name = fields.required("name", "请填写姓名。", "Enter the person's name.");
        let role = choice(fields, "role", |text| text.parse().ok());
        if role.is_none() {
            fields.refuse(Refusal::field("role", "请选择角色。", "Choose the role."));
        }
        let scope = fields.required("scope", "请填写区划代码。", "Enter the code of the area.");
        Some(NewForm { username: username?, name: name?, role: role?, scope: scope? })
    }
}

/// `POST /admin/users/new`.
///
/// # Errors
/// The database failed.
pub async fn create(admin: Allowed<ManageUsers>, page: Page, form: Form<NewForm>) -> Outcome {
    let page = page.title("users.new_title").under("users.title", "/admin/users");
    let (fields, checked) = form.checked();
    let cost = page.state().settings.policy.cost;
    let outcome = match checked {
        Ok(form) => {
            page.run_hashing(move |store| {
                let new = Invitation {
                    username: &form.username,
                    display_name: &form.name,
                    role: form.role,
                    scope_code: &form.scope,
                };
                let code = invite::invite(store, &admin.authorized()?, &new, cost)?;
                Ok((form.username.clone(), code))
            })
            .await
        }
        Err(error) => Err(error.into()),
    };
    match outcome {
        Ok((username, code)) => page.show(|page| CodePage { page, username, code }),
        Err(fault) => {
            let refusals = redrawable(fault)?;
            let page = page.with_errors();
            let form = FormView::with_errors(&page, fields, &refusals);
            page.again(&NewPage { page: &page, form })
        }
    }
}

/// Whose account.
#[derive(Debug, Clone)]
pub struct WhoForm {
    username: String,
}

impl FromFields for WhoForm {
    const FIELDS: &'static [&'static str] = &["username"];
    fn from_fields(fields: &mut Fields) -> Option<WhoForm> {
        let username = fields.required("username", "请选择用户。", "Choose the account.")?;
        Some(WhoForm { username })
    }
}

/// Nobody changes their own account here (SEC-060).
fn other(admin: &Allowed<ManageUsers>, username: &str) -> AppResult<()> {
    if admin.session().actor.username() != username {
        return Ok(());
    }
    Err(AppError::coded(
        ErrorCode::Forbidden,
        "不能在这里更改自己的账号,请由另一名管理员办理。",
        "You cannot change your own account here; another administrator does it.",
    ))
}

#[derive(Template)]
#[template(path = "admin/rights.html")]
struct RightsPage<'a> {
    page: &'a Page,
    form: FormView,
}

impl RightsPage<'_> {
    fn choices(&self) -> Vec<(&'static str, &'static str)> {
        let page = self.page;
        vec![("child", page.t("users.right_child")), ("mental", page.t("users.right_mental"))]
    }
}

/// Rights of an account, one box each.
#[derive(Debug, Clone)]
pub struct RightsForm {
    username: String,
    rights: Rights,
}

impl FromFields for RightsForm {
    const FIELDS: &'static [&'static str] = &["username", "right"];
    const MANY: &'static [&'static str] = &["right"];

    fn from_fields(fields: &mut Fields) -> Option<RightsForm> {
        let username = fields.required("username", "请选择用户。", "Choose the account.")?;
        let rights =
            Rights { child: fields.has("right", "child"), mental: fields.has("right", "mental") };
        Some(RightsForm { username, rights })
    }
}

/// `GET /admin/users/rights?username=…`.
///
/// # Errors
/// An unknown account.
pub async fn rights(admin: Allowed<ManageUsers>, page: Page, query: Query<WhoForm>) -> Outcome {
    let page = page.title("users.rights_title").under("users.title", "/admin/users");
    let username = query.value.username;
    let wanted = username.clone();
    let have = page
        .run(move |store| {
            let all = user::list(store, &admin.authorized()?)?;
            let found = all.into_iter().find(|user| user.username == wanted);
            found.map(|user| user.rights).ok_or_else(|| AppError::not_found("账户", "account"))
        })
        .await?;
    let mut values = vec![("username", username.as_str())];
    values.extend(have.split(',').filter(|name| !name.is_empty()).map(|name| ("right", name)));
    let form = FormView::new(&page, Fields::with(&values));
    page.show(|page| RightsPage { page, form })
}

/// `POST /admin/users/rights`: exactly these; the account's sessions end.
///
/// # Errors
/// One's own account; an unknown one.
pub async fn set_rights(
    admin: Allowed<ManageUsers>,
    page: Page,
    form: Form<RightsForm>,
) -> Outcome {
    let page = page.title("users.rights_title").under("users.title", "/admin/users");
    let (fields, checked) = form.checked();
    let outcome = match checked {
        Ok(RightsForm { username, rights }) => {
            page.run(move |store| {
                other(&admin, &username)?;
                user::set_rights(store, &admin.authorized()?, &username, rights)
            })
            .await
        }
        Err(error) => Err(error.into()),
    };
    match outcome {
        Ok(()) => page.done("/admin/users", "saved"),
        Err(fault) => {
            let refusals = redrawable(fault)?;
            let page = page.with_errors();
            let form = FormView::with_errors(&page, fields, &refusals);
            page.again(&RightsPage { page: &page, form })
        }
    }
}

/// `POST /admin/users/code`: a new one-time code.
///
/// # Errors
/// One's own account; an unknown one.
pub async fn code(admin: Allowed<ManageUsers>, page: Page, form: Form<WhoForm>) -> Outcome {
    let page = page.title("users.code_title").under("users.title", "/admin/users");
    let username = form.checked().1?.username;
    let cost = page.state().settings.policy.cost;
    let (username, code) = page
        .run_hashing(move |store| {
            other(&admin, &username)?;
            let code = invite::reset(store, &admin.authorized()?, &username, cost)?;
            Ok((username, code))
        })
        .await?;
    page.show(|page| CodePage { page, username, code })
}

/// `POST /admin/users/disable`.
///
/// # Errors
/// One's own account; disabled already.
pub async fn disable(admin: Allowed<ManageUsers>, page: Page, form: Form<WhoForm>) -> Outcome {
    let username = form.checked().1?.username;
    page.run(move |store| {
        other(&admin, &username)?;
        user::disable(store, &admin.authorized()?, &username)
    })
    .await?;
    page.done("/admin/users", "user_disabled")
}
