//! Who looked at whom (`rulings.md` P3), and which days stand out.

use askama::Template;
use chrono::{Duration, NaiveDate};

use crate::http::{Allowed, Fields, FromFields, Outcome, Query};
use crate::services::auth::ReadAudit;
use crate::services::reveal_stats::{self, RevealDay};
use crate::services::view_log::{self, View, ViewQuery, Viewed, WatchedDay};
use crate::web::form_view::redrawable;
use crate::web::pager::page_address;
use crate::web::{FormView, Page};

/// The query of the read log; without dates the last week.
#[derive(Debug, Clone)]
pub struct ViewsForm {
    from: Option<NaiveDate>,
    to: Option<NaiveDate>,
    actor: Option<String>,
    resident: Option<i64>,
    before: Option<i64>,
}

impl FromFields for ViewsForm {
    const FIELDS: &'static [&'static str] = &["from", "to", "actor", "resident", "before"];

    fn from_fields(fields: &mut Fields) -> Option<ViewsForm> {
        Some(ViewsForm {
            from: crate::web::resident::date(fields, "from"),
            to: crate::web::resident::date(fields, "to"),
            actor: fields.text("actor"),
            resident: fields.parsed("resident", "居民编号应为数字。", "The id is a number."),
            before: fields.value("before").parse().ok(),
        })
    }
}

/// The days that are shown, also put into the form.
pub(super) fn days(
    page: &Page,
    fields: &mut Fields,
    from: Option<NaiveDate>,
    to: Option<NaiveDate>,
) -> (NaiveDate, NaiveDate) {
    let to = to.unwrap_or_else(|| page.state().store.clock().today());
    let from = from.or_else(|| to.checked_sub_signed(Duration::days(6))).unwrap_or(to);
    fields.set("from", &from.to_string());
    fields.set("to", &to.to_string());
    (from, to)
}

#[derive(Template)]
#[template(path = "audit/views.html")]
struct ViewsPage<'a> {
    page: &'a Page,
    form: FormView,
    rows: Vec<View>,
    following: String,
}

impl ViewsPage<'_> {
    fn address(&self, view: &View) -> String {
        match view.viewed {
            Viewed::Resident(id) => format!("/residents/{id}"),
            Viewed::Household(id) => format!("/households/{id}"),
        }
    }

    fn kind(&self, view: &View) -> &'static str {
        self.page.t(match view.viewed {
            Viewed::Resident(_) => "audit.resident",
            Viewed::Household(_) => "audit.household",
        })
    }
}

/// `GET /audit/views`.
///
/// # Errors
/// The database failed.
pub async fn list(user: Allowed<ReadAudit>, page: Page, query: Query<ViewsForm>) -> Outcome {
    let page = page.title("audit.views_title").under("audit.title", "/audit");
    let limit = user.session().preferences.page_size.clamp(10, 200);
    let Query { mut fields, value } = query;
    let (from, to) = days(&page, &mut fields, value.from, value.to);
    let query = ViewQuery {
        from,
        to,
        actor: value.actor,
        resident: value.resident.map(crate::domain::ids::ResidentId),
        before: value.before,
        limit,
    };
    let found = page.run(move |store| view_log::search(store, &user.authorized()?, &query)).await;
    match found {
        Ok((rows, more)) => {
            let last = rows.last().filter(|_| more).map(|view| view.id.to_string());
            let following = last.map_or_else(String::new, |id| {
                let kept = ["from", "to", "actor", "resident"];
                page_address("/audit/views", &fields, &kept, &[("before", &id)])
            });
            let form = FormView::new(&page, fields);
            page.show(|page| ViewsPage { page, form, rows, following })
        }
        Err(fault) => {
            let refusals = redrawable(fault)?;
            let page = page.with_errors();
            let form = FormView::with_errors(&page, fields, &refusals);
            page.again(&ViewsPage { page: &page, form, rows: Vec::new(), following: String::new() })
        }
    }
}

/// The days of the statistics.
#[derive(Debug, Clone)]
pub struct DaysForm {
    from: Option<NaiveDate>,
    to: Option<NaiveDate>,
}

impl FromFields for DaysForm {
    const FIELDS: &'static [&'static str] = &["from", "to"];

    fn from_fields(fields: &mut Fields) -> Option<DaysForm> {
        Some(DaysForm {
            from: crate::web::resident::date(fields, "from"),
            to: crate::web::resident::date(fields, "to"),
        })
    }
}

#[derive(Template)]
#[template(path = "audit/reveals.html")]
struct RevealsPage<'a> {
    page: &'a Page,
    form: FormView,
    days: Vec<WatchedDay>,
    reveals: Vec<RevealDay>,
}

impl RevealsPage<'_> {
    fn flags(&self, watched: &WatchedDay) -> Vec<&'static str> {
        let text = |code: &str| self.page.t(&format!("audit.flag_{code}"));
        watched.flags.iter().map(|flag| text(flag.code())).collect()
    }

    fn address(&self, watched: &WatchedDay) -> String {
        let day = watched.day.on_day.to_string();
        let mut fields = Fields::default();
        for (name, value) in [("from", &day), ("to", &day), ("actor", &watched.day.actor)] {
            fields.set(name, value);
        }
        page_address("/audit/views", &fields, &["from", "to", "actor"], &[])
    }

    fn purposes(&self, day: &RevealDay) -> String {
        let zh = self.page.lang() == crate::web::Lang::Zh;
        let words = day.purposes.iter().map(|(purpose, count)| {
            format!("{} {count}", if zh { purpose.zh() } else { purpose.en() })
        });
        words.collect::<Vec<_>>().join(if zh { "、" } else { ", " })
    }
}

/// `GET /audit/reveals`: statistics of views and reveals (P-82).
///
/// # Errors
/// The database failed.
pub async fn reveals(user: Allowed<ReadAudit>, page: Page, query: Query<DaysForm>) -> Outcome {
    let page = page.title("audit.reveals_title").under("audit.title", "/audit");
    let Query { mut fields, value } = query;
    let (from, to) = days(&page, &mut fields, value.from, value.to);
    let found = page
        .run(move |store| {
            let by = user.authorized()?;
            let days = view_log::watch(store, &by, from, to)?;
            Ok((days, reveal_stats::by_day(store, &by, from, to)?))
        })
        .await;
    match found {
        Ok((days, reveals)) => {
            let form = FormView::new(&page, fields);
            page.show(|page| RevealsPage { page, form, days, reveals })
        }
        Err(fault) => {
            let refusals = redrawable(fault)?;
            let page = page.with_errors();
            let form = FormView::with_errors(&page, fields, &refusals);
            page.again(&RevealsPage { page: &page, form, days: Vec::new(), reveals: Vec::new() })
        }
    }
}
