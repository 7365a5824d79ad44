//! P-40: the list of awards.

use askama::Template;

use crate::domain::award::AwardState;
use crate::domain::ids::AwardId;
use crate::http::{Allowed, Fields, FromFields, Outcome, Query};
use crate::services::auth::ViewRegistry;
use crate::services::directory::{
    AreaOption, AwardItem, AwardList, AwardQuery, list_area_options, list_street_awards,
};
use crate::store::directory::Place;
use crate::web::pager::{self, Pager, area_options};
use crate::web::{FormView, Page};

/// The query of the list.
#[derive(Debug, Clone)]
pub struct ListQuery {
    program: Option<String>,
    state: Option<AwardState>,
    area: Option<String>,
    place: Place<AwardId>,
    first: i64,
}

const KEPT: &[&str] = &["program", "state", "area"];

impl FromFields for ListQuery {
    const FIELDS: &'static [&'static str] = KEPT;
    const SHARED: &'static [&'static [&'static str]] = &[pager::PLACE_FIELDS];

    fn from_fields(fields: &mut Fields) -> Option<ListQuery> {
        Some(ListQuery {
            program: fields.text("program"),
            state: AwardState::from_code(fields.value("state")),
            area: fields.text("area"),
            place: pager::place(fields, |text| text.parse().ok().map(AwardId))?,
            first: pager::first_row(fields),
        })
    }
}

#[derive(Template)]
#[template(path = "benefit/list.html")]
struct ListPage<'a> {
    page: &'a Page,
    form: FormView,
    areas: Vec<AreaOption>,
    list: AwardList,
    pager: Pager,
}

impl ListPage<'_> {
    fn area_options(&self) -> Vec<(&str, &str)> {
        area_options(Some(self.page.t("table.any")), &self.areas)
    }

    fn programs(&self) -> Vec<(&str, &str)> {
        let page = self.page;
        let all = self.list.programs.iter().map(|label| (label.code.as_str(), name(page, label)));
        std::iter::once(("", page.t("table.any"))).chain(all).collect()
    }

    fn states(&self) -> Vec<(&'static str, &'static str)> {
        let page = self.page;
        let all = AwardState::ALL.iter().map(|s| (s.code(), page.either(s.zh(), s.en())));
        std::iter::once(("", page.t("table.any"))).chain(all).collect()
    }

    fn totals(&self) -> String {
        let page = self.page;
        let each = self.list.totals.iter().map(|(state, count)| {
            format!("{} {}", page.either(state.zh(), state.en()), page.number(*count))
        });
        each.collect::<Vec<_>>().join(" · ")
    }

    fn program(&self, item: &AwardItem) -> String {
        name(self.page, &item.label).to_owned()
    }

    fn color(&self, item: &AwardItem) -> &'static str {
        match item.state {
            AwardState::Pending => "blue",
            AwardState::InForce => "green",
            AwardState::Held => "amber",
            AwardState::Ended => "grey",
        }
    }

    fn months(&self, item: &AwardItem) -> String {
        item.from.map(|from| self.page.months(from, item.until)).unwrap_or_default()
    }
}

/// What names a disease stays neutral in both languages (SEC-199).
fn name<'a>(page: &Page, label: &'a crate::domain::summary::ProgramLabel) -> &'a str {
    page.either(&label.zh, if label.mental { &label.zh } else { &label.en })
}

/// `GET /entitlements`.
///
/// # Errors
/// The database failed.
pub async fn show(user: Allowed<ViewRegistry>, page: Page, query: Query<ListQuery>) -> Outcome {
    let page = page.title("menu.entitlements");
    let limit = user.session().preferences.page_size.clamp(10, 200);
    let Query { fields, value } = query;
    let first = value.first;
    let (areas, list) = page
        .run(move |store| {
            let (by, rights) = (user.authorized()?, user.session().extra());
            let ListQuery { program, state, area, place, .. } = value;
            let query = AwardQuery { program, state, area, place, limit };
            let list = list_street_awards(store, &by, rights, &query)?;
            Ok((list_area_options(store, &by)?, list))
        })
        .await?;
    let at = ("/entitlements", &fields, KEPT);
    let pager = Pager::new(&page, at, (first, limit), &list.page, |item| item.id.to_string());
    let form = FormView::new(&page, fields);
    page.show(|page| ListPage { page, form, areas, list, pager })
}
