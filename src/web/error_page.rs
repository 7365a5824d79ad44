//! Pages for what went wrong (`ux.md` §3.8): what happened, what to do, a
//! number to quote. Nothing about how the program is built.

use askama::Template;

use super::assets;
use super::i18n::Lang;
use crate::api::problem::title_key;
use crate::domain::punctuation::full_width;
use crate::http::Fault;
use crate::http::edge::RequestInfo;

#[derive(Template)]
#[template(path = "error.html")]
struct ErrorPage<'a> {
    lang: Lang,
    title: &'static str,
    text: String,
    more: Vec<String>,
    request_id: &'a str,
    css: String,
    js: String,
    confirm: Option<String>,
}

/// The page of a fault.
#[must_use]
pub fn draw(fault: &Fault, path: &str, info: &RequestInfo, lang: Lang) -> String {
    let status = fault.status.as_u16();
    let key = title_key(status).replacen("status", "status_text", 1);
    let wait = fault.retry_after.unwrap_or(30);
    let said = fault.refusals.iter().map(|refusal| match lang {
        Lang::Zh => full_width(&refusal.zh),
        Lang::En => refusal.en.clone(),
    });
    let page = ErrorPage {
        lang,
        title: lang.t(&title_key(status)),
        text: lang.fill(&key, "seconds", wait),
        more: if status == 404 { Vec::new() } else { said.collect() },
        request_id: &info.id,
        css: assets::address("app.css"),
        js: assets::address("app.js"),
        confirm: (fault.code == "step_up_required").then(|| {
            let back =
                percent_encoding::utf8_percent_encode(path, percent_encoding::NON_ALPHANUMERIC);
            format!("/me/confirm?next={back}")
        }),
    };
    page.render().unwrap_or_else(|_| format!("{status} {}", info.id))
}
