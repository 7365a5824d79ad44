//! P-03: the first password after a one-time code.

use askama::Template;

use super::login::{page_of, set_cookie};
use super::{FormView, Page};
use crate::error::Refusal;
use crate::http::{Fields, Form, FromFields, Outcome, SignedIn, cookie};
use crate::services::access::own;

#[derive(Template)]
#[template(path = "access/first_password.html")]
struct FirstPasswordPage<'a> {
    page: &'a Page,
    form: FormView,
}

/// The form.
#[derive(Debug)]
pub struct NewPasswordForm {
    new: String,
}

impl FromFields for NewPasswordForm {
    const FIELDS: &'static [&'static str] = &["password"];
    fn from_fields(fields: &mut Fields) -> Option<NewPasswordForm> {
        let new = fields.value("password").to_owned();
        if new.is_empty() {
            fields.refuse(Refusal::field("password", "请填写新密码。", "Enter a new password."));
        }
        Some(NewPasswordForm { new })
    }
}

/// `GET /password/first`.
///
/// # Errors
/// The template failed.
pub async fn show(page: Page) -> Outcome {
    let page = page.title("password.first_title");
    let form = FormView::new(&page, Fields::default());
    page.show(|page| FirstPasswordPage { page, form })
}

/// `POST /password/first`.
///
/// # Errors
/// The database failed.
pub async fn submit(user: SignedIn, page: Page, form: Form<NewPasswordForm>) -> Outcome {
    let page = page.title("password.first_title");
    let (mut fields, checked) = form.checked();
    let policy = page.state().settings.policy;
    let outcome = match checked {
        Ok(form) => {
            page.run_hashing(move |store| own::set_first_password(store, &policy, &user, &form.new))
                .await
        }
        Err(error) => Err(error.into()),
    };
    match outcome {
        Ok((token, level)) => {
            let mut response = page.done(page_of(level), "password_set")?;
            let secure = page.state().settings.secure;
            set_cookie(&mut response, &cookie::make(cookie::SESSION, &token, secure));
            Ok(response)
        }
        Err(fault) if super::totp::is_input(&fault) => {
            fields.forget(&["password"]);
            let page = page.with_errors();
            let form = FormView::with_errors(&page, fields, &fault.refusals);
            page.again(&FirstPasswordPage { page: &page, form })
        }
        Err(fault) => Err(fault),
    }
}
