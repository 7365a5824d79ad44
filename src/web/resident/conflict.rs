//! W3: somebody else saved the record while the form was open. What does not
//! overlap is put together; of the rest base, theirs and mine are shown, and
//! whoever saves chooses. The page is a form like the one before it, with the
//! new version in it, so it works without scripts and can be met again.

use askama::Template;

use super::form::{BASE, Options, SECRET, base_name, of_row};
use crate::http::{Fields, Outcome};
use crate::services::directory::AreaOption;
use crate::store::Cipher;
use crate::store::resident::ResidentRow;
use crate::web::Page;

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
}

impl Merged {
    /// Whether nothing has to be chosen.
    pub(super) fn is_whole(&self) -> bool {
        self.choices.is_empty()
    }
}

/// Whether the form was opened before the record's last change.
pub(super) fn is_stale(fields: &Fields, row: &ResidentRow) -> bool {
    fields.value("version").parse() != Ok(row.version)
}

/// Puts a stale form and the record together, field by field.
pub(super) fn merge(
    page: &Page,
    row: &ResidentRow,
    areas: &[AreaOption],
    typed: &Fields,
) -> Merged {
    let now = of_row(page.state().store.cipher(), row);
    let (mut fields, mut choices, mut joined) = (typed.clone(), Vec::new(), Vec::new());
    for name in BASE {
        let label = label(page, name);
        let [base, theirs, mine] =
            [typed.value(&base_name(name)), now.value(name), typed.value(name)];
        let value =
            |code: &str| Value { code: code.to_owned(), text: text(page, areas, name, code) };
        fields.set(&base_name(name), theirs);
        if mine == base || mine == theirs {
            fields.set(name, theirs);
            if theirs != base {
                joined.push(Joined { label, text: value(theirs).text, is_mine: false });
            }
        } else if theirs == base {
            joined.push(Joined { label, text: value(mine).text, is_mine: true });
        } else {
            choices.push(Choice {
                name,
                label,
                base: value(base),
                theirs: value(theirs),
                mine: value(mine),
            });
        }
    }
    for name in SECRET {
        // Numbers are not on the page; only whether theirs is another one is.
        let (base, theirs) =
            (typed.value(&base_name(name)).to_owned(), now.value(&base_name(name)));
        let mine = typed.value(name);
        fields.set(&base_name(name), theirs);
        if base != theirs && !mine.is_empty() {
            let hidden = |key| Value { code: String::new(), text: page.t(key).to_owned() };
            choices.push(Choice {
                name,
                label: label(page, name),
                base: hidden("conflict.hidden_base"),
                theirs: hidden("conflict.hidden_theirs"),
                mine: Value { code: mine.to_owned(), text: mine.to_owned() },
            });
        }
    }
    fields.set("version", &row.version.to_string());
    Merged { fields, choices, joined }
}

fn label(page: &Page, name: &str) -> &'static str {
    let key = match name {
        "residence_status" => "resident.residence".to_owned(),
        "area" => "resident.area_field".to_owned(),
        other => format!("resident.{other}"),
    };
    page.lang().find(&key).unwrap_or_default()
}

fn text(page: &Page, areas: &[AreaOption], name: &str, code: &str) -> String {
    if code.is_empty() {
        return page.t("form.not_stated").to_owned();
    }
    let options = Options::new(page);
    let list = match name {
        "doc_kind" => options.doc_kinds,
        "sex" => options.sexes,
        "ethnicity" => options.ethnicities,
        "marital" => options.maritals,
        "education" => options.educations,
        "residence_status" => options.residences,
        "area" => {
            let found = areas.iter().find(|area| area.code == code);
            return found.map_or_else(|| code.to_owned(), |area| area.name.clone());
        }
        _ => Vec::new(),
    };
    let found = list.into_iter().find(|(known, _)| *known == code);
    found.map_or_else(|| code.to_owned(), |(_, text)| text.to_owned())
}

/// A sign of a sealed value that tells whether it is still the same.
pub(super) fn sign(cipher: &Cipher, index: Option<&[u8]>) -> String {
    let Some(index) = index else { return String::new() };
    let mut sign = cipher.blind("form/base", &crate::services::access::base64_url(index));
    sign.truncate(12);
    crate::services::access::base64_url(&sign)
}

#[derive(Template)]
#[template(path = "resident/conflict.html")]
struct ConflictPage<'a> {
    page: &'a Page,
    action: String,
    back: String,
    merged: &'a Merged,
    saved_at: String,
}

impl ConflictPage<'_> {
    /// What goes along unseen: everything but what is chosen.
    fn kept(&self) -> Vec<(String, &str)> {
        let chosen = |name: &str| self.merged.choices.iter().any(|choice| choice.name == name);
        let typed = ["mismatch_reason", "reason", "version"];
        let plain = BASE.iter().chain(SECRET).chain(&typed).filter(|name| !chosen(name));
        let base = BASE.iter().chain(SECRET).map(|name| base_name(name));
        plain
            .map(|name| (*name).to_owned())
            .chain(base)
            .map(|name| {
                let value = self.merged.fields.value(&name);
                (name, value)
            })
            .collect()
    }
}

/// 409 with the comparison.
pub(super) fn show(page: &Page, row: &ResidentRow, merged: &Merged) -> Outcome {
    let back = format!("/residents/{}", row.id);
    let action = format!("{back}/edit");
    let saved_at = page.time(row.updated_at);
    let view = ConflictPage { page, action, back, merged, saved_at };
    page.draw(actix_web::http::StatusCode::CONFLICT, &view)
}
