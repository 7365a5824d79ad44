//! P-08: language, rows per page, density, letters, shortcuts.

use askama::Template;

use super::login::set_cookie;
use super::{FormView, Page, next};
use crate::error::Refusal;
use crate::http::{Fields, Form, FromFields, Outcome, SignedIn, cookie, fault};
use crate::services::access::own;
use crate::services::access::session::Preferences;

#[derive(Template)]
#[template(path = "access/preferences.html")]
struct PreferencesPage<'a> {
    page: &'a Page,
    form: FormView,
}

impl FromFields for Preferences {
    const FIELDS: &'static [&'static str] =
        &["lang", "page_size", "density", "large_text", "shortcuts"];
    fn from_fields(fields: &mut Fields) -> Option<Preferences> {
        let page_size = fields.parsed("page_size", "请选择每页条数。", "Choose the rows per page.");
        Some(Preferences {
            lang: fields.text("lang"),
            page_size: page_size?,
            compact: fields.has("density", "compact"),
            large_text: fields.has("large_text", "1"),
            shortcuts: fields.has("shortcuts", "1"),
        })
    }
}

/// `GET /me/preferences`.
///
/// # Errors
/// The template failed.
pub async fn show(user: SignedIn, page: Page) -> Outcome {
    let page = page.title("preferences.title").under("menu.me", "/me");
    let own = &user.preferences;
    let size = own.page_size.to_string();
    let flag = |on: bool| if on { "1" } else { "" };
    let fields = Fields::with(&[
        ("lang", own.lang.as_deref().unwrap_or(page.lang().tag())),
        ("page_size", &size),
        ("density", if own.compact { "compact" } else { "normal" }),
        ("large_text", flag(own.large_text)),
        ("shortcuts", flag(own.shortcuts)),
    ]);
    let form = FormView::new(&page, fields);
    page.show(|page| PreferencesPage { page, form })
}

/// `POST /me/preferences`.
///
/// # Errors
/// The database failed.
pub async fn submit(user: SignedIn, page: Page, form: Form<Preferences>) -> Outcome {
    let page = page.title("preferences.title").under("menu.me", "/me");
    let (fields, checked) = form.checked();
    let outcome = match checked {
        Ok(new) => page.run(move |store| own::save_preferences(store, &user, &new)).await,
        Err(error) => Err(error.into()),
    };
    match outcome {
        Ok(()) => page.done("/me/preferences", "saved"),
        Err(fault) if super::totp::is_input(&fault) => {
            let page = page.with_errors();
            let form = FormView::with_errors(&page, fields, &fault.refusals);
            page.again(&PreferencesPage { page: &page, form })
        }
        Err(fault) => Err(fault),
    }
}

/// The switch in the top bar.
#[derive(Debug)]
pub struct LangForm {
    lang: String,
    next: String,
}

impl FromFields for LangForm {
    const FIELDS: &'static [&'static str] = &["lang", "next"];
    fn from_fields(fields: &mut Fields) -> Option<LangForm> {
        let lang = fields.value("lang").to_owned();
        if !matches!(lang.as_str(), "zh-CN" | "en") {
            fields.refuse(Refusal::field("lang", "请选择语言。", "Choose a language."));
        }
        let wanted = fields.value("next");
        // The sign-in page is no place to be sent to after signing in, but it
        // is one to stay on while choosing a language.
        let next = if wanted == "/login" { wanted } else { next::safe(wanted) };
        Some(LangForm { lang, next: next.to_owned() })
    }
}

/// `POST /lang`.
///
/// # Errors
/// 422 for an unknown language.
pub async fn switch_language(page: Page, form: Form<LangForm>) -> Outcome {
    let (_, checked) = form.checked();
    let LangForm { lang, next } = checked?;
    if let Some(session) = page.session().cloned() {
        let mut new = session.preferences.clone();
        new.lang = Some(lang.clone());
        page.run(move |store| own::save_preferences(store, &session, &new)).await?;
    }
    let mut response = fault::see_other(&next);
    let secure = page.state().settings.secure;
    set_cookie(&mut response, &cookie::make_lasting(cookie::LANG, &lang, secure, 365));
    Ok(response)
}
