//! P-02 and P-05: the second factor, entered and enrolled.

use actix_web::HttpRequest;
use askama::Template;
use qrcode::{Color, EcLevel, QrCode};

use super::login::{CARRY_FIELDS, carried_in, set_cookie, show_carried};
use super::{FormView, Page, next};
use crate::error::{ErrorCode, Refusal};
use crate::http::carried::Carried;
use crate::http::form::Nothing;
use crate::http::{Fault, Fields, Form, FromFields, Outcome, SignedIn, cookie, fault};
use crate::services::access::totp::{self, Enrolment};
use crate::services::access::{base64_url, token_hash};

#[derive(Template)]
#[template(path = "access/totp_ask.html")]
struct AskPage<'a> {
    page: &'a Page,
    form: FormView,
}

/// One code.
#[derive(Debug)]
pub struct CodeForm {
    code: String,
}

impl FromFields for CodeForm {
    const FIELDS: &'static [&'static str] = &["code"];
    const SHARED: &'static [&'static [&'static str]] = &[CARRY_FIELDS];
    fn from_fields(fields: &mut Fields) -> Option<CodeForm> {
        fields.required("code", "请填写动态口令。", "Enter the code.").map(|code| CodeForm { code })
    }
}

/// `GET /login/totp`.
///
/// # Errors
/// The template failed.
pub async fn ask(page: Page) -> Outcome {
    let page = page.title("totp.ask_title");
    let form = FormView::new(&page, Fields::default());
    page.show(|page| AskPage { page, form })
}

/// The same in answer to the password, with what waits for the sign-in: the
/// page to go to, a form whose session had ended.
///
/// # Errors
/// The template failed.
pub(super) fn ask_with(page: Page, token: &str, next: &str, carried: Option<Carried>) -> Outcome {
    let page = page.bound_to(&base64_url(&token_hash(token))).title("totp.ask_title");
    let mut fields = Fields::with(&[("next", next)]);
    if let Some(carried) = carried {
        fields.set("carry_path", &carried.path);
        fields.set("carry_content", &carried.content);
    }
    let form = FormView::new(&page, fields);
    page.show(|page| AskPage { page, form })
}

/// `POST /login/totp`.
///
/// # Errors
/// The database failed.
pub async fn answer(user: SignedIn, page: Page, form: Form<CodeForm>) -> Outcome {
    let page = page.title("totp.ask_title");
    let (mut fields, checked) = form.checked();
    let outcome = match checked {
        Ok(form) => page.run(move |store| totp::complete(store, &user, &form.code)).await,
        Err(error) => Err(error.into()),
    };
    match outcome {
        Ok(token) => {
            let secure = page.state().settings.secure;
            let mut response = match carried_in(&fields) {
                Some(carried) => show_carried(page, &token, &carried)?,
                None => fault::see_other(next::safe(fields.value("next"))),
            };
            set_cookie(&mut response, &cookie::make(cookie::SESSION, &token, secure));
            Ok(response)
        }
        Err(fault) if is_input(&fault) => {
            fields.forget(&["code"]);
            let page = page.with_errors();
            let form = FormView::with_errors(&page, fields, &fault.refusals);
            page.again(&AskPage { page: &page, form })
        }
        Err(fault) => Err(fault),
    }
}

pub(super) fn is_input(fault: &Fault) -> bool {
    fault.code == ErrorCode::SignInFailed.as_str() || fault.code == ErrorCode::InvalidInput.as_str()
}

#[derive(Template)]
#[template(path = "access/totp_enrol.html")]
struct EnrolPage<'a> {
    page: &'a Page,
    form: FormView,
    secret: String,
    qr: Qr,
}

#[derive(Template)]
#[template(path = "access/totp_active.html")]
struct ActivePage<'a> {
    page: &'a Page,
    codes_left: i64,
}

#[derive(Template)]
#[template(path = "access/totp_codes.html")]
struct CodesPage<'a> {
    page: &'a Page,
    codes: Vec<String>,
}

/// A QR code as one SVG path.
struct Qr {
    side: usize,
    path: String,
}

impl Qr {
    fn of(text: &str) -> Qr {
        use std::fmt::Write as _;
        let Ok(code) = QrCode::with_error_correction_level(text, EcLevel::M) else {
            return Qr { side: 1, path: String::new() };
        };
        let width = code.width();
        let mut path = String::new();
        for (at, color) in code.to_colors().into_iter().enumerate() {
            if color == Color::Dark {
                let _ = write!(path, "M{} {}h1v1h-1z", at % width + 4, at / width + 4);
            }
        }
        Qr { side: width + 8, path }
    }
}

/// Enrolment: password and a code of the new seed.
#[derive(Debug)]
pub struct EnrolForm {
    password: String,
    code: String,
}

impl FromFields for EnrolForm {
    const FIELDS: &'static [&'static str] = &["password", "code"];
    fn from_fields(fields: &mut Fields) -> Option<EnrolForm> {
        let password = fields.value("password").to_owned();
        if password.is_empty() {
            fields.refuse(Refusal::field("password", "请填写密码。", "Enter your password."));
        }
        let code = fields.required("code", "请填写动态口令。", "Enter the code.");
        Some(EnrolForm { password, code: code? })
    }
}

/// `GET /me/totp`.
///
/// # Errors
/// The database failed.
pub async fn show(user: SignedIn, page: Page) -> Outcome {
    let page = page.title("totp.title").under("menu.me", "/me");
    if user.has_totp {
        let security =
            page.run(move |store| crate::services::access::own::security(store, &user)).await?;
        let codes_left = security.recovery_codes;
        return page.show(|page| ActivePage { page, codes_left });
    }
    let enrolment = page.run(move |store| totp::begin(store, &user)).await?;
    let form = FormView::new(&page, Fields::default());
    page.show(|page| enrol_page(page, form, enrolment))
}

fn enrol_page(page: &Page, form: FormView, enrolment: Enrolment) -> EnrolPage<'_> {
    let qr = Qr::of(&enrolment.url);
    EnrolPage { page, form, secret: grouped(&enrolment.secret), qr }
}

fn grouped(secret: &str) -> String {
    let letters: Vec<char> = secret.chars().collect();
    letters.chunks(4).map(|group| group.iter().collect::<String>()).collect::<Vec<_>>().join(" ")
}

/// `POST /me/totp`.
///
/// # Errors
/// The database failed.
pub async fn enable(
    user: SignedIn,
    page: Page,
    _req: HttpRequest,
    form: Form<EnrolForm>,
) -> Outcome {
    let page = page.title("totp.title").under("menu.me", "/me");
    let (mut fields, checked) = form.checked();
    let policy = page.state().settings.policy;
    let by = user.clone();
    let outcome = match checked {
        Ok(form) => {
            page.run_hashing(move |store| {
                totp::confirm(store, &policy, &by, &form.password, &form.code)
            })
            .await
        }
        Err(error) => Err(error.into()),
    };
    match outcome {
        Ok((token, codes)) => {
            let mut response = page.show(|page| CodesPage { page, codes })?;
            let secure = page.state().settings.secure;
            set_cookie(&mut response, &cookie::make(cookie::SESSION, &token, secure));
            Ok(response)
        }
        Err(fault) if is_input(&fault) => {
            fields.forget(&["password", "code"]);
            let page = page.with_errors();
            let enrolment = page.run(move |store| totp::begin(store, &user)).await?;
            let form = FormView::with_errors(&page, fields, &fault.refusals);
            page.again(&enrol_page(&page, form, enrolment))
        }
        Err(fault) => Err(fault),
    }
}

/// `POST /me/totp/disable`.
///
/// # Errors
/// 403 without step-up, or if the role needs it.
pub async fn disable(user: SignedIn, page: Page, _form: Form<Nothing>) -> Outcome {
    let policy = page.state().settings.policy;
    page.run(move |store| totp::disable(store, &policy, &user)).await?;
    page.done("/login", "totp_disabled")
}
