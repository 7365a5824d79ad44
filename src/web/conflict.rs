//! W3: somebody else saved the record while the form was open. What does not
//! overlap is put together; of the rest base, theirs and mine are shown, and
//! whoever saves chooses. The page is a form like the one before it, with the
//! new version in it, so it works without scripts and can be met again.

use askama::Template;

use super::Page;
use crate::http::{Allowed, Fields, Outcome};
use crate::services::auth::EditRegistry;
use crate::services::directory;
use crate::store::Cipher;

/// The form of a record, as the comparison needs it.
pub(super) trait Compared {
    /// Fields that are compared with the record; the form carries what they were.
    const PLAIN: &'static [&'static str];
    /// The same of what is not on the page: the form carries a sign of it.
    const SECRET: &'static [&'static str];
    /// What goes along as it was typed.
    const TYPED: &'static [&'static str];
    /// Table of the record.
    const KIND: &'static str;

    /// Name of a field.
    fn label(&self, page: &Page, name: &str) -> &'static str;
    /// A value of a plain field as people read it; never empty.
    fn text(&self, page: &Page, name: &str, code: &str) -> String;
}

/// A field on which two people disagree.
struct Choice {
    name: &'static str,
    label: &'static str,
    base: Value,
    theirs: Value,
    mine: Value,
}

/// A value as the form sends it and as people read it.
struct Value {
    code: String,
    text: String,
}

/// A field that was put together.
struct Joined {
    label: &'static str,
    text: String,
    is_mine: bool,
}

/// The form and the record of now, put together.
pub(super) struct Merged {
    /// The fields to save, or to go on from.
    pub(super) fields: Fields,
    choices: Vec<Choice>,
    joined: Vec<Joined>,
    /// The version that the form was opened with.
    from: String,
}

impl Merged {
    /// Whether nothing has to be chosen.
    pub(super) fn is_whole(&self) -> bool {
        self.choices.is_empty()
    }
}

/// The field that carries what another one was.
pub(super) fn base_name(name: &str) -> String {
    format!("base_{name}")
}

/// Adds what the plain fields are now, for whoever saves later.
pub(super) fn remember<C: Compared>(fields: &mut Fields) {
    for name in C::PLAIN {
        let value = fields.value(name).to_owned();
        fields.set(&base_name(name), &value);
    }
}

/// Whether the form was opened before the record's last change.
pub(super) fn is_stale(fields: &Fields, version: i32) -> bool {
    fields.value("version").parse() != Ok(version)
}

/// Puts a stale form and the record, as its form would be now, together.
pub(super) fn merge<C: Compared>(page: &Page, of: &C, now: &Fields, typed: &Fields) -> Merged {
    let (mut fields, mut choices, mut joined) = (typed.clone(), Vec::new(), Vec::new());
    for name in C::PLAIN {
        let label = of.label(page, name);
        let [base, theirs, mine] =
            [typed.value(&base_name(name)), now.value(name), typed.value(name)];
        let value = |code: &str| Value { code: code.to_owned(), text: of.text(page, name, code) };
        fields.set(&base_name(name), theirs);
        if mine == base || mine == theirs {
            fields.set(name, theirs);
            if theirs != base {
                joined.push(Joined { label, text: value(theirs).text, is_mine: false });
            }
        } else if theirs == base {
            joined.push(Joined { label, text: value(mine).text, is_mine: true });
        } else {
            let (base, theirs, mine) = (value(base), value(theirs), value(mine));
            choices.push(Choice { name, label, base, theirs, mine });
        }
    }
    for name in C::SECRET {
        // Numbers are not on the page; only whether theirs is another one is.
        let (base, theirs) =
            (typed.value(&base_name(name)).to_owned(), now.value(&base_name(name)));
        let mine = typed.value(name);
        fields.set(&base_name(name), theirs);
        if base != theirs && !mine.is_empty() {
            let hidden = |key| Value { code: String::new(), text: page.t(key).to_owned() };
            choices.push(Choice {
                name,
                label: of.label(page, name),
                base: hidden("conflict.hidden_base"),
                theirs: hidden("conflict.hidden_theirs"),
                mine: Value { code: mine.to_owned(), text: mine.to_owned() },
            });
        }
    }
    let from = typed.value("version").to_owned();
    fields.set("version", now.value("version"));
    Merged { fields, choices, joined, from }
}

/// A sign of a sealed value that tells whether it is still the same.
pub(super) fn sign(cipher: &Cipher, index: Option<&[u8]>) -> String {
    let Some(index) = index else { return String::new() };
    let mut sign = cipher.blind("form/base", &crate::services::access::base64_url(index));
    sign.truncate(12);
    crate::services::access::base64_url(&sign)
}

#[derive(Template)]
#[template(path = "conflict.html")]
struct ConflictPage<'a> {
    page: &'a Page,
    action: String,
    back: &'a str,
    merged: &'a Merged,
    lead: String,
    /// What goes along unseen: everything but what is chosen.
    kept: Vec<(String, &'a str)>,
}

fn kept<C: Compared>(merged: &Merged) -> Vec<(String, &str)> {
    let chosen = |name: &str| merged.choices.iter().any(|choice| choice.name == name);
    let all = || C::PLAIN.iter().chain(C::SECRET);
    let plain = all().chain(C::TYPED).chain(&["version"]).filter(|name| !chosen(name));
    plain
        .map(|name| (*name).to_owned())
        .chain(all().map(|name| base_name(name)))
        .map(|name| {
            let value = merged.fields.value(&name);
            (name, value)
        })
        .collect()
}

/// 409 with the comparison: who saved the other version, and when. `back` is
/// the record's page, whose form lies below it.
pub(super) async fn show<C: Compared>(
    page: &Page,
    user: &Allowed<EditRegistry>,
    (back, id): (&str, i64),
    merged: &Merged,
) -> Outcome {
    let actor = user.session().actor.clone();
    let last = page
        .run(move |store| directory::last_change(store, &actor.authorize()?, C::KIND, id))
        .await?;
    let lead = match last {
        Some(last) => page
            .fill2("conflict.lead", "who", last.who, "at", page.time(last.at))
            .replace("{from}", &merged.from)
            .replace("{to}", merged.fields.value("version")),
        None => page.t("conflict.lead_unknown").to_owned(),
    };
    let (action, kept) = (format!("{back}/edit"), kept::<C>(merged));
    let view = ConflictPage { page, action, back, merged, lead, kept };
    page.draw(actix_web::http::StatusCode::CONFLICT, &view)
}
