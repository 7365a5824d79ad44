//! What a proposed policy would cost: the one in force against it, per program
//! and community. A job computes it; the page shows what was computed last.

use askama::Template;

use super::this_month;
use crate::domain::month::Month;
use crate::domain::policy::{Policy, Restricted};
use crate::domain::role::Permission as P;
use crate::http::{Allowed, Fields, Form, FromFields, Outcome, Path, Query};
use crate::jobs::cost::PolicyCost;
use crate::services::auth::ReadReport;
use crate::services::payout::{CostRow, KnownCost, Preview, known_cost};
use crate::services::{job, policy};
use crate::web::Page;
use crate::web::page::money;

/// One row of the table.
struct CostWords {
    place: String,
    count_now: String,
    amount_now: String,
    count_then: String,
    amount_then: String,
    difference: String,
}

impl CostWords {
    fn new(page: &Page, place: String, row: &CostRow) -> CostWords {
        CostWords {
            place,
            count_now: page.number(row.count_now),
            amount_now: money(row.amount_now),
            count_then: page.number(row.count_then),
            amount_then: money(row.amount_then),
            difference: money(row.difference()),
        }
    }
}

/// A program with its communities.
struct ProgramCost {
    name: String,
    rows: Vec<CostWords>,
    total: CostWords,
}

#[derive(Template)]
#[template(path = "policy/cost.html")]
struct CostPage<'a> {
    page: &'a Page,
    id: i64,
    month: Month,
    known: Option<Table>,
    can_activate: bool,
}

/// What was computed.
struct Table {
    programs: Vec<ProgramCost>,
    total: CostWords,
    computed_at: String,
    is_old: bool,
}

impl Table {
    fn new(page: &Page, policy: &Policy, known: &KnownCost) -> Table {
        let total = page.t("policy.all_programs").to_owned();
        Table {
            programs: programs(page, policy, &known.preview),
            total: CostWords::new(page, total, &CostRow::sum(known.preview.rows.values())),
            computed_at: page.time(known.computed_at),
            is_old: known.is_old,
        }
    }
}

/// `?month=2024-07`.
#[derive(Debug)]
pub struct MonthQuery(Option<Month>);

impl FromFields for MonthQuery {
    const FIELDS: &'static [&'static str] = &["month"];
    fn from_fields(fields: &mut Fields) -> Option<MonthQuery> {
        let (zh, en) = ("月份应写作 2023-11。", "Write the month as 2023-11.");
        Some(MonthQuery(fields.parsed("month", zh, en)))
    }
}

/// Programs in the order of the proposed policy, then those that it drops. Of a
/// mental-health program an account without that right sees the total only.
fn programs(page: &Page, policy: &Policy, preview: &Preview) -> Vec<ProgramCost> {
    let mut codes: Vec<&str> = policy.programs.iter().map(|p| p.code.as_str()).collect();
    for (code, _) in preview.rows.keys() {
        if !codes.contains(&code.as_str()) {
            codes.push(code);
        }
    }
    let of = |wanted: &str| {
        let wanted = wanted.to_owned();
        preview.rows.iter().filter(move |((code, _), _)| *code == wanted)
    };
    codes
        .into_iter()
        .map(|code| {
            let program = policy.program_index(code).and_then(|at| policy.program(at));
            let hidden = !page.has_right("mental")
                && program.is_none_or(|p| p.restricted == Some(Restricted::Mental));
            let rows = of(code).filter(|_| !hidden).map(|((_, place), row)| {
                let name = preview.places.get(place).unwrap_or(place).clone();
                CostWords::new(page, name, row)
            });
            let total = page.t("table.total").to_owned();
            ProgramCost {
                name: program.map_or(code, |p| page.either(&p.roster_label, &p.en)).to_owned(),
                rows: rows.collect(),
                total: CostWords::new(page, total, &CostRow::sum(of(code).map(|(_, row)| row))),
            }
        })
        .collect()
}

/// `GET /policies/{id}/cost`.
///
/// # Errors
/// 404; a stored cost cannot be read.
pub async fn show(
    user: Allowed<ReadReport>,
    page: Page,
    path: Path<i64>,
    query: Query<MonthQuery>,
) -> Outcome {
    let id = path.0;
    let month = query.value.0.unwrap_or_else(|| this_month(&page));
    let reader = user.clone();
    let (found, known) = page
        .run(move |store| {
            let by = reader.authorized()?;
            Ok((policy::load_page(store, &by, id)?, known_cost(store, &by, id, month)?))
        })
        .await?;
    let row = &found.version.row;
    let above = format!("{} v{}", row.title, row.version);
    let page = page.title("policy.cost").under("policy.title", "/policies");
    let page = page.under_text(above, &format!("/policies/{id}"));
    let is_mine = row.proposed_by == user.session().actor.username();
    page.show(|page| CostPage {
        known: known.map(|known| Table::new(page, &found.version.policy, &known)),
        can_activate: row.status == "proposed" && !is_mine && page.may(P::ActivatePolicy),
        page,
        id,
        month,
    })
}

/// Which month.
#[derive(Debug)]
pub struct CostForm(Month);

impl FromFields for CostForm {
    const FIELDS: &'static [&'static str] = &["month"];
    fn from_fields(fields: &mut Fields) -> Option<CostForm> {
        let (zh, en) = ("月份应写作 2023-11。", "Write the month as 2023-11.");
        fields.parsed("month", zh, en).map(CostForm)
    }
}

/// `POST /policies/{id}/cost`: computes it, as a job.
///
/// # Errors
/// 404; too many open jobs.
pub async fn start(
    user: Allowed<ReadReport>,
    page: Page,
    path: Path<i64>,
    form: Form<CostForm>,
) -> Outcome {
    let (_, form) = form.checked();
    let wanted = PolicyCost { policy: path.0, month: form?.0 };
    let id = page
        .run(move |store| {
            let by = user.authorized()?;
            policy::load_page(store, &by, wanted.policy)?;
            job::enqueue(store, user.session(), &wanted.ask(by.street()))
        })
        .await?;
    page.state().jobs.wake();
    Ok(crate::http::fault::see_other(&format!("/jobs/{id}")))
}
