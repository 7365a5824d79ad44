//! P-04: change of one's own password.

use askama::Template;

use super::login::set_cookie;
use super::{FormView, Page};
use crate::error::Refusal;
use crate::http::{Fields, Form, FromFields, Outcome, SignedIn, cookie};
use crate::services::access::own;

#[derive(Template)]
#[template(path = "access/password.html")]
struct PasswordPage<'a> {
    page: &'a Page,
    form: FormView,
}

/// The form.
#[derive(Debug)]
pub struct PasswordForm {
    current: String,
    new: String,
}

impl FromFields for PasswordForm {
    const FIELDS: &'static [&'static str] = &["current", "password"];
    fn from_fields(fields: &mut Fields) -> Option<PasswordForm> {
        let (current, new) = (fields.value("current"), fields.value("password"));
        let (current, new) = (current.to_owned(), new.to_owned());
        if current.is_empty() {
            fields.refuse(Refusal::field(
                "current",
                "请填写当前密码。",
                "Enter your current password.",
            ));
        }
        if new.is_empty() {
            fields.refuse(Refusal::field("password", "请填写新密码。", "Enter a new password."));
        }
        Some(PasswordForm { current, new })
    }
}

fn titled(page: Page) -> Page {
    page.title("password.title").under("menu.me", "/me")
}

/// `GET /me/password`.
///
/// # Errors
/// The template failed.
pub async fn show(page: Page) -> Outcome {
    let page = titled(page);
    let form = FormView::new(&page, Fields::default());
    page.show(|page| PasswordPage { page, form })
}

/// `POST /me/password`.
///
/// # Errors
/// The database failed.
pub async fn submit(user: SignedIn, page: Page, form: Form<PasswordForm>) -> Outcome {
    let page = titled(page);
    let (mut fields, checked) = form.checked();
    let policy = page.state().settings.policy;
    let outcome = match checked {
        Ok(form) => {
            page.run_hashing(move |store| {
                own::change_password(store, &policy, &user, &form.current, &form.new)
            })
            .await
        }
        Err(error) => Err(error.into()),
    };
    match outcome {
        Ok(token) => {
            let mut response = page.done("/me", "password_changed")?;
            let secure = page.state().settings.secure;
            set_cookie(&mut response, &cookie::make(cookie::SESSION, &token, secure));
            Ok(response)
        }
        Err(fault) if super::totp::is_input(&fault) => {
            fields.forget(&["current", "password"]);
            let page = page.with_errors();
            let form = FormView::with_errors(&page, fields, &fault.refusals);
            page.again(&PasswordPage { page: &page, form })
        }
        Err(fault) => Err(fault),
    }
}
