//! Months, amounts and sentences in the page's language.

use std::borrow::Borrow;

use super::{Crumb, Page};
use crate::domain::money::Fen;
use crate::domain::month::Month;
use crate::domain::punctuation::full_width;
use crate::domain::role::Rights;
use crate::error::Refusal;
use crate::web::Lang;

impl Page {
    /// A step above the page itself that is no text of the catalogue.
    #[must_use]
    pub fn under_text(mut self, text: String, href: &str) -> Page {
        self.crumbs.push(Crumb { text, href: Some(href.to_owned()) });
        self
    }

    /// `2026年10月`, `Oct 2026`.
    #[must_use]
    pub fn month(&self, month: Month) -> String {
        let first = month.first_day();
        match self.lang() {
            Lang::Zh => first.format("%Y年%-m月").to_string(),
            Lang::En => first.format("%b %Y").to_string(),
        }
    }

    /// `2021年2月起`, `2021年2月 – 2023年5月`: from a month to the one before `end`.
    pub fn months(&self, from: impl Borrow<Month>, end: impl Borrow<Option<Month>>) -> String {
        let from = self.month(*from.borrow());
        match end.borrow() {
            Some(end) => format!("{from} – {}", self.month(end.prev())),
            None => self.fill("layout.from_month", "month", from),
        }
    }

    /// What a refusal says in the page's language.
    #[must_use]
    pub fn said(&self, refusal: &Refusal) -> String {
        self.sentence(&refusal.zh, &refusal.en)
    }

    /// Chinese or English of a pair of sentences, the Chinese as print sets it.
    #[must_use]
    pub fn sentence(&self, zh: &str, en: &str) -> String {
        match self.lang() {
            Lang::Zh => full_width(zh),
            Lang::En => en.to_owned(),
        }
    }

    /// The account's rights beyond its role; none without a session.
    #[must_use]
    pub fn rights(&self) -> Rights {
        self.session().map(|session| session.extra()).unwrap_or_default()
    }

    /// Whether the role may confirm what another entered (`rulings.md` P10).
    #[must_use]
    pub fn may_be_second(&self) -> bool {
        self.session().is_some_and(|session| session.actor.role().is_second_person())
    }

    /// Whether the account has a right beyond its role (`child`, `mental`).
    #[must_use]
    pub fn has_right(&self, right: &str) -> bool {
        self.session().is_some_and(|session| session.has_right(right))
    }
}

/// `80,632.00`, `−48.00`: on screen a minus is U+2212.
#[must_use]
pub fn money(amount: Fen) -> String {
    amount.to_string().replace('-', "\u{2212}")
}
