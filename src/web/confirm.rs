//! Enter the password or a code again before something that needs it
//! (SEC-017); then back to where one wanted to go.

use askama::Template;

use super::login::{NextQuery, set_cookie};
use super::{FormView, Page, next};
use crate::http::{Fields, Form, FromFields, Outcome, Query, SignedIn, cookie, fault};
use crate::services::access::sign_in;

#[derive(Template)]
#[template(path = "access/confirm.html")]
struct ConfirmPage<'a> {
    page: &'a Page,
    form: FormView,
    next: String,
    has_totp: bool,
}

/// The form: one of the two.
#[derive(Debug)]
pub struct ConfirmForm {
    password: Option<String>,
    code: Option<String>,
    next: String,
}

impl FromFields for ConfirmForm {
    const FIELDS: &'static [&'static str] = &["password", "code", "next"];
    fn from_fields(fields: &mut Fields) -> Option<ConfirmForm> {
        let password = Some(fields.value("password").to_owned()).filter(|text| !text.is_empty());
        let next = next::safe(fields.value("next")).to_owned();
        Some(ConfirmForm { password, code: fields.text("code"), next })
    }
}

/// `GET /me/confirm`.
///
/// # Errors
/// The template failed.
pub async fn show(user: SignedIn, page: Page, query: Query<NextQuery>) -> Outcome {
    let page = page.title("confirm.title").under("menu.me", "/me");
    let form = FormView::new(&page, Fields::default());
    let next = query.value.into_next();
    page.show(|page| ConfirmPage { page, form, next, has_totp: user.has_totp })
}

/// `POST /me/confirm`.
///
/// # Errors
/// The database failed.
pub async fn submit(user: SignedIn, page: Page, form: Form<ConfirmForm>) -> Outcome {
    let page = page.title("confirm.title").under("menu.me", "/me");
    let (mut fields, checked) = form.checked();
    let form = checked?;
    let (policy, has_totp, wanted) =
        (page.state().settings.policy, user.has_totp, form.next.clone());
    let outcome = page
        .run_hashing(move |store| {
            let (password, code) = (form.password.as_deref(), form.code.as_deref());
            sign_in::step_up(store, &policy, &user, password, code)
        })
        .await;
    match outcome {
        Ok(token) => {
            let mut response = fault::see_other(&wanted);
            let secure = page.state().settings.secure;
            set_cookie(&mut response, &cookie::make(cookie::SESSION, &token, secure));
            Ok(response)
        }
        Err(fault) if super::totp::is_input(&fault) => {
            fields.forget(&["password", "code"]);
            let page = page.with_errors();
            let form = FormView::with_errors(&page, fields, &fault.refusals);
            page.again(&ConfirmPage { page: &page, form, next: wanted, has_totp })
        }
        Err(fault) => Err(fault),
    }
}
