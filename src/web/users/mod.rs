//! P-90: accounts. An administrator makes them and hands over one-time codes;
//! nobody ever sees or sets another's password (SEC-018).

mod account;
mod phone;

use askama::Template;

use crate::domain::role::{Permission, Role};
use crate::error::Refusal;
use crate::http::{Access, Allowed, Fields, Form, FromFields, Outcome, Routes};
use crate::services::access::grant;
use crate::services::access::invite::{self, Invitation};
use crate::services::auth::ManageUsers;
use crate::services::user::{self, User};
use crate::store::grant::GrantRow;
use crate::web::form_view::redrawable;
use crate::web::resident::choice;
use crate::web::{FormView, Page};

/// Registers the pages.
pub fn routes(routes: &mut Routes) {
    let manage = Permission::ManageUsers;
    routes.get("/admin/users", Access::Needs(manage), list);
    routes.get("/admin/users/new", Access::SteppedUp(manage), new);
    routes.post("/admin/users/new", Access::SteppedUp(manage), create);
    routes.get("/admin/users/{id}", Access::Needs(manage), account::show);
    let changes = Access::SteppedUp(manage);
    routes.post("/admin/users/{id}/scope", changes, account::scope);
    routes.post("/admin/users/{id}/rights", changes, account::rights);
    routes.post("/admin/users/{id}/rights/drop", changes, account::drop_rights);
    routes.post("/admin/users/{id}/unlock", changes, account::unlock);
    routes.post("/admin/users/{id}/phone-lost", changes, phone::lost);
    routes.post("/admin/users/{id}/phone-found", changes, phone::found);
    routes.post("/admin/users/{id}/disable", changes, account::disable);
    routes.post("/admin/users/{id}/sessions/end", changes, account::end_sessions);
    routes.post("/admin/users/{id}/code", changes, account::code);
    routes.post("/admin/grants/{id}/grant", changes, account::grant_request);
    routes.post("/admin/grants/{id}/refuse", changes, account::refuse_request);
}

#[derive(Template)]
#[template(path = "admin/users.html")]
struct UsersPage<'a> {
    page: &'a Page,
    rows: Vec<User>,
    waiting: Vec<GrantRow>,
    me: String,
}

impl UsersPage<'_> {
    fn asked_role(&self, row: &GrantRow) -> &'static str {
        self.page.t(&format!("role.{}", row.role))
    }

    fn asked_rights(&self, row: &GrantRow) -> String {
        let names = row.rights.split(',').filter(|name| !name.is_empty());
        let words = names.map(|name| self.page.t(&format!("users.right_{name}")));
        words.collect::<Vec<_>>().join(" ")
    }

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
    let (rows, waiting) = page
        .run(move |store| {
            let by = admin.authorized()?;
            Ok((user::list(store, &by)?, grant::list(store, &by)?))
        })
        .await?;
    page.show(|page| UsersPage { page, rows, waiting, me })
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
                let by = admin.authorized()?;
                if grant::needs_second(form.role) {
                    return grant::ask_account(store, &by, &new).map(|_| None);
                }
                let code = invite::invite(store, &by, &new, cost)?;
                Ok(Some((form.username.clone(), code)))
            })
            .await
        }
        Err(error) => Err(error.into()),
    };
    match outcome {
        Ok(Some((username, code))) => page.show(|page| CodePage { page, username, code }),
        Ok(None) => page.done("/admin/users", "grant_asked"),
        Err(fault) => {
            let refusals = redrawable(fault)?;
            let page = page.with_errors();
            let form = FormView::with_errors(&page, fields, &refusals);
            page.again(&NewPage { page: &page, form })
        }
    }
}
