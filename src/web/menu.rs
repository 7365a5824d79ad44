//! The menu, by role. An entry shows only if its page exists and the role may
//! reach it: the rows of the routes decide, nothing is listed twice.

use crate::domain::role::Role;
use crate::http::AppState;
use crate::http::gate::is_allowed;

/// A heading with its entries.
#[derive(Debug, Clone)]
pub struct Group {
    /// Key of its text.
    pub key: &'static str,
    /// Its entries.
    pub items: Vec<Item>,
}

/// One entry.
#[derive(Debug, Clone, Copy)]
pub struct Item {
    /// Key of its text.
    pub key: &'static str,
    /// Where it leads.
    pub href: &'static str,
    /// Whether this page is it or lies below it.
    pub current: bool,
}

/// The tree of `ux.md` §2.
const TREE: &[(&str, &[(&str, &str)])] = &[
    ("menu.start", &[("menu.home", "/home")]),
    (
        "menu.people",
        &[
            ("menu.households", "/households"),
            ("menu.residents", "/residents"),
            ("menu.visits", "/visits"),
            ("menu.review", "/review"),
            ("menu.outbox", "/outbox"),
        ],
    ),
    (
        "menu.benefits",
        &[
            ("menu.entitlements", "/entitlements"),
            ("menu.runs", "/runs"),
            ("menu.returns", "/returns"),
            ("menu.approvals", "/approvals"),
        ],
    ),
    (
        "menu.reports",
        &[
            ("menu.monthly", "/reports/monthly"),
            ("menu.roll", "/reports/roll"),
            ("menu.population", "/reports/population"),
            ("menu.annual", "/reports/annual"),
            ("menu.notice", "/reports/notice"),
            ("menu.dashboards", "/dashboards"),
        ],
    ),
    (
        "menu.exchange",
        &[("menu.imports", "/imports"), ("menu.exports", "/exports"), ("menu.jobs", "/jobs")],
    ),
    (
        "menu.control",
        &[
            ("menu.audit", "/audit"),
            ("menu.views", "/audit/views"),
            ("menu.reveals", "/audit/reveals"),
            ("menu.verify", "/audit/verify"),
        ],
    ),
    (
        "menu.system",
        &[
            ("menu.users", "/admin/users"),
            ("menu.policies", "/policies"),
            ("menu.areas", "/admin/areas"),
            ("menu.status", "/admin/status"),
        ],
    ),
];

const BOTTOM: &[(&str, &str)] = &[
    ("menu.home", "/home"),
    ("menu.residents", "/residents"),
    ("menu.households", "/households"),
    ("menu.approvals", "/approvals"),
    ("menu.runs", "/runs"),
    ("menu.audit", "/audit"),
    ("menu.users", "/admin/users"),
];

/// The left menu of a role on a page.
#[must_use]
pub fn groups(state: &AppState, role: Role, path: &str) -> Vec<Group> {
    TREE.iter()
        .map(|(key, items)| Group { key, items: reachable(state, role, path, items) })
        .filter(|group| !group.items.is_empty())
        .collect()
}

/// What field workers carry: home, register, find, unsent.
const FIELD: &[(&str, &str)] = &[
    ("menu.home", "/home"),
    ("menu.register", "/households/new"),
    ("menu.search", "/residents"),
    ("menu.unsent", "/outbox"),
];

/// The bottom bar of the phone: at most four, and "me".
#[must_use]
pub fn bottom(state: &AppState, role: Role, path: &str) -> Vec<Item> {
    let is_field = matches!(role, Role::Grid | Role::Supervisor);
    let mut items = reachable(state, role, path, if is_field { FIELD } else { BOTTOM });
    items.truncate(4);
    items.push(Item {
        key: "menu.me",
        href: "/me",
        current: path == "/me" || path.starts_with("/me/"),
    });
    items
}

fn reachable(
    state: &AppState,
    role: Role,
    path: &str,
    items: &[(&'static str, &'static str)],
) -> Vec<Item> {
    let may = |href: &str| {
        state.routes_of(href).is_some_and(|rows| {
            rows.iter().any(|row| row.method == "GET" && is_allowed(row.access, role))
        })
    };
    // The longest entry that the path lies under is the current one.
    let current = items
        .iter()
        .map(|(_, href)| *href)
        .filter(|href| {
            path == *href || path.strip_prefix(href).is_some_and(|rest| rest.starts_with('/'))
        })
        .max_by_key(|href| href.len());
    items
        .iter()
        .filter(|(_, href)| may(href))
        .map(|(key, href)| Item { key, href, current: current == Some(*href) })
        .collect()
}
