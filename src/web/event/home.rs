//! Change of head, split, merge.

use askama::Template;

use super::form::{EventForm, HeadChoice, open_home, relations, start};
use crate::domain::household::HouseholdKind;
use crate::domain::ids::{HouseholdId, ResidentId};
use crate::error::{AppError, AppResult, Refusal};
use crate::http::{Allowed, Form, Outcome, Path};
use crate::services::auth::{RegisterEvent, ViewRegistry};
use crate::services::change::{self, Proposal};
use crate::services::directory::{self, AreaOption, HomePage, HomeQuery};
use crate::services::event::{self, EventDone, MergeInput, SplitInput};
use crate::services::household;
use crate::store::Store;
use crate::store::directory::Place;
use crate::web::form_view::redrawable;
use crate::web::pager::area_options;
use crate::web::{FormView, Page};

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Head,
    Split,
    Merge,
}

impl Kind {
    const fn path(self) -> &'static str {
        match self {
            Kind::Head => "head",
            Kind::Split => "split",
            Kind::Merge => "merge",
        }
    }

    const fn title(self) -> &'static str {
        match self {
            Kind::Head => "event.head_change",
            Kind::Split => "event.split",
            Kind::Merge => "event.merge",
        }
    }
}

#[derive(Template)]
#[template(path = "event/home.html")]
struct HomeEvent<'a> {
    page: &'a Page,
    form: FormView,
    home: &'a HomePage,
    homes: Vec<HeadChoice>,
    areas: &'a [AreaOption],
    kind: Kind,
    relations: Vec<(&'static str, &'static str)>,
    in_new: Vec<(&'static str, &'static str)>,
}

impl HomeEvent<'_> {
    fn is(&self, path: &str) -> bool {
        self.kind.path() == path
    }

    fn path(&self) -> &'static str {
        self.kind.path()
    }

    fn area_options(&self) -> Vec<(&str, &str)> {
        area_options(None, self.areas)
    }

    fn relation(&self, relation: &Option<crate::domain::code_table::Relation>) -> &'static str {
        relation.map_or("", |r| self.page.either(r.zh(), r.en()))
    }
}

fn template<'a>(
    page: &'a Page,
    form: FormView,
    home: &'a HomePage,
    areas: &'a [AreaOption],
    kind: Kind,
) -> HomeEvent<'a> {
    let homes = match kind {
        Kind::Merge => Vec::new(),
        Kind::Head | Kind::Split => vec![HeadChoice::of(page, home, &[])],
    };
    let in_new = relations(page, kind == Kind::Split);
    HomeEvent { page, form, home, homes, areas, kind, relations: relations(page, false), in_new }
}

async fn ask(user: Allowed<RegisterEvent>, page: Page, id: i64, kind: Kind) -> Outcome {
    let (page, home, areas) = open_home(&user, page, HouseholdId(id), kind.title()).await?;
    let mut fields = start(&page);
    fields.set("area", &home.row.area_code);
    let form = FormView::new(&page, fields);
    page.show(|page| template(page, form, &home, &areas, kind))
}

async fn submit(
    user: Allowed<RegisterEvent>,
    page: Page,
    id: i64,
    form: Form<EventForm>,
    kind: Kind,
) -> Outcome {
    let id = HouseholdId(id);
    let (fields, checked) = form.checked();
    let maker = user.clone();
    let outcome = match checked {
        Ok(form) => page.run_once(move |store| register(store, &maker, id, &form, kind)).await,
        Err(error) => Err(error.into()),
    };
    match outcome {
        Ok(made) => {
            let to = made.household.unwrap_or(id);
            super::done(&page, &format!("/households/{to}"), &made)
        }
        Err(fault) => {
            let refusals = redrawable(fault)?;
            let (page, home, areas) = open_home(&user, page, id, kind.title()).await?;
            let page = page.with_errors();
            let form = FormView::with_errors(&page, fields, &refusals);
            page.again(&template(&page, form, &home, &areas, kind))
        }
    }
}

fn register(
    store: &Store,
    user: &Allowed<RegisterEvent>,
    id: HouseholdId,
    form: &EventForm,
    kind: Kind,
) -> AppResult<EventDone> {
    let by = user.authorized()?;
    match kind {
        Kind::Head => {
            let new = form.new_heads().into_iter().find(|head| head.household == id);
            let new = new.ok_or_else(|| {
                AppError::refuse(Refusal::field("head", "请选择新户主。", "Choose the new head."))
            })?;
            event::change_head(store, &by, &new, &form.dates)
        }
        Kind::Split => {
            let input = SplitInput {
                household: id,
                movers: form.members(&form.movers).map_err(AppError::refuse)?,
                household_no: form.household_no.clone(),
                area_code: form.area.clone(),
                address: form.address.clone(),
                head: form.new_heads().into_iter().find(|head| head.household == id),
                dates: form.dates,
                named_month: None,
            };
            if input.movers.is_empty() {
                return Err(AppError::refuse(Refusal::field(
                    "mover",
                    "请选择分出去的成员。",
                    "Choose who moves to the new household.",
                )));
            }
            let kind = household_kind(store, user, id)?;
            if kind == HouseholdKind::Assist {
                return propose(store, user, &Proposal::Split(input));
            }
            event::split(store, &by, &input)
        }
        Kind::Merge => {
            let view = user.session().actor.authorize::<ViewRegistry>()?;
            let source = directory::load_home(store, &view, id)?;
            let people: Vec<ResidentId> = source.members.iter().map(|m| m.id).collect();
            let query = HomeQuery {
                text: Some(form.target.clone()).filter(|text| !text.is_empty()),
                area: None,
                kind: Some(source.row.kind),
                closed: false,
                place: Place::Start,
                limit: 200,
            };
            let found = directory::list_homes(store, &view, &query)?;
            let target = found.rows.iter().find(|row| row.number == form.target && row.id != id);
            let target = target.ok_or_else(|| {
                AppError::refuse(Refusal::field(
                    "target",
                    "没有该户号的同类户,请核对。",
                    "No household of this kind has this number.",
                ))
            })?;
            let input = MergeInput {
                source: id,
                target: target.id,
                members: form.members(&people).map_err(AppError::refuse)?,
                dates: form.dates,
                named_month: None,
            };
            if source.row.kind == HouseholdKind::Assist {
                return propose(store, user, &Proposal::Merge(input));
            }
            event::merge(store, &by, &input)
        }
    }
}

fn household_kind(
    store: &Store,
    user: &Allowed<RegisterEvent>,
    id: HouseholdId,
) -> AppResult<HouseholdKind> {
    let view = user.session().actor.authorize::<ViewRegistry>()?;
    Ok(household::load_household(store, &view, id)?.0.kind)
}

/// Whom an assistance household counts is for two people to say.
fn propose(
    store: &Store,
    user: &Allowed<RegisterEvent>,
    proposal: &Proposal,
) -> AppResult<EventDone> {
    let by = user.session().actor.authorize()?;
    change::propose(store, &by, proposal).map(EventDone::waiting)
}

macro_rules! pages {
    ($($ask:ident, $post:ident, $kind:expr, $path:literal;)*) => {$(
        #[doc = concat!("`GET /households/{id}/", $path, "`.")]
        ///
        /// # Errors
        /// 404 out of scope.
        pub async fn $ask(user: Allowed<RegisterEvent>, page: Page, path: Path<i64>) -> Outcome {
            ask(user, page, path.0, $kind).await
        }

        #[doc = concat!("`POST /households/{id}/", $path, "`.")]
        ///
        /// # Errors
        /// 404 out of scope.
        pub async fn $post(
            user: Allowed<RegisterEvent>,
            page: Page,
            path: Path<i64>,
            form: Form<EventForm>,
        ) -> Outcome {
            submit(user, page, path.0, form, $kind).await
        }
    )*};
}

pages! {
    ask_head, head, Kind::Head, "head";
    ask_split, split, Kind::Split, "split";
    ask_merge, merge, Kind::Merge, "merge";
}
