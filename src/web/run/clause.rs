//! Where in the policy a step of an amount comes from, in words.

use crate::web::Page;

/// `program.dibao.tier.L1.when.all[0]` → `档次 · 条件`; empty for the
/// program itself.
#[must_use]
pub fn clause_words(page: &Page, clause: &str) -> String {
    let mut words = Vec::new();
    let mut parts = clause.split('.').skip(1).peekable();
    while let Some(part) = parts.next() {
        let name = part.split('[').next().unwrap_or(part);
        let Some(word) = page.lang().find(&format!("clause.{name}")) else { continue };
        // What there are several of has a code, which the step's text says in words.
        match parts.next_if(|_| matches!(name, "tier" | "supplement")) {
            Some("less") => words.push(page.t("clause.less")),
            _ => words.push(word),
        }
    }
    words.join(" · ")
}
