//! Months and amounts in the page's language.

use super::{Crumb, Page};
use crate::domain::money::Fen;
use crate::domain::month::Month;
use crate::domain::role::Rights;
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
