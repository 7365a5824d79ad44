//! A page of a long list: where it begins, and the addresses of its
//! neighbours (keyset, `ux.md` D6).

use super::Page;
use crate::http::Fields;
use crate::services::directory::{AreaOption, Paged};
use crate::store::directory::Place;

/// Fields of every such list's query.
pub(super) const PLACE_FIELDS: &[&str] = &["after", "before", "first"];

/// Where the page begins; `None` for a key that is none.
pub(super) fn place<K>(fields: &Fields, key: impl Fn(&str) -> Option<K>) -> Option<Place<K>> {
    Some(match (fields.value("after"), fields.value("before")) {
        ("", "") => Place::Start,
        (after, "") => Place::After(key(after)?),
        (_, before) => Place::Before(key(before)?),
    })
}

/// Number of the page's first row, from 1.
pub(super) fn first_row(fields: &Fields) -> i64 {
    fields.value("first").parse().unwrap_or(1).clamp(1, 100_000_000)
}

/// What stands below a list.
#[derive(Debug, Clone, Default)]
pub(super) struct Pager {
    /// `51–100 of 1,284`.
    pub(super) range: String,
    /// Address of the page before, empty if there is none.
    pub(super) previous: String,
    /// Address of the page after, empty if there is none.
    pub(super) following: String,
}

impl Pager {
    /// Below `rows`, which begin at number `first` of a list whose query keeps
    /// the fields `kept`.
    pub(super) fn new<T>(
        page: &Page,
        (base, fields, kept): (&str, &Fields, &[&str]),
        (first, limit): (i64, i64),
        rows: &Paged<T>,
        key: impl Fn(&T) -> String,
    ) -> Pager {
        let link = |there: bool, way: &str, row: Option<&T>, to: i64| match row {
            Some(row) if there => {
                let (key, to) = (key(row), to.max(1).to_string());
                page_address(base, fields, kept, &[(way, &key), ("first", &to)])
            }
            _ => String::new(),
        };
        Pager {
            range: range_text(page, first, rows.rows.len(), rows.total),
            previous: link(rows.has_previous, "before", rows.rows.first(), first - limit),
            following: link(rows.has_next, "after", rows.rows.last(), first + limit),
        }
    }
}

/// Address of another page of the same list.
pub(super) fn page_address(
    base: &str,
    fields: &Fields,
    names: &[&str],
    more: &[(&str, &str)],
) -> String {
    let kept = names.iter().map(|name| (*name, fields.value(name))).filter(|(_, v)| !v.is_empty());
    let pairs: Vec<(&str, &str)> = kept.chain(more.iter().copied()).collect();
    match serde_urlencoded::to_string(&pairs) {
        Ok(query) if !query.is_empty() => format!("{base}?{query}"),
        _ => base.to_owned(),
    }
}

/// How many rows a list has.
pub(super) fn found(page: &Page, total: Option<i64>) -> String {
    match total {
        Some(total) => page.fill("table.found", "n", page.number(total)),
        None => page.t("table.many").to_owned(),
    }
}

fn range_text(page: &Page, first: i64, rows: usize, total: Option<i64>) -> String {
    if rows == 0 {
        return found(page, total);
    }
    let rows = i64::try_from(rows).unwrap_or(0);
    let range = format!("{}–{}", page.number(first), page.number(first + rows - 1));
    match total {
        Some(total) => page.fill2("table.range", "range", range, "n", page.number(total)),
        None => page.fill("table.range_of_many", "range", range),
    }
}

/// Areas for a drop-down below `first`, the text of the empty choice.
pub(super) fn area_options<'a>(
    first: Option<&'a str>,
    areas: &'a [AreaOption],
) -> Vec<(&'a str, &'a str)> {
    let all = areas.iter().map(|area| (area.code.as_str(), area.name.as_str()));
    first.map(|text| ("", text)).into_iter().chain(all).collect()
}
