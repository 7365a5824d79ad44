//! What a proposed policy would cost: the one in force against it, per program
//! and community.

use askama::Template;

use super::this_month;
use crate::domain::month::Month;
use crate::domain::policy::{Policy, Restricted};
use crate::domain::role::Permission as P;
use crate::http::{Allowed, Fields, FromFields, Outcome, Path, Query};
use crate::services::auth::ReadReport;
use crate::services::payout::{self, CostRow, Preview};
use crate::services::policy;
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
    programs: Vec<ProgramCost>,
    total: CostWords,
    can_activate: bool,
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

fn sum<'a>(rows: impl Iterator<Item = &'a CostRow>) -> CostRow {
    rows.fold(CostRow::default(), |sum, row| CostRow {
        count_now: sum.count_now + row.count_now,
        amount_now: sum.amount_now + row.amount_now,
        count_then: sum.count_then + row.count_then,
        amount_then: sum.amount_then + row.amount_then,
    })
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
                total: CostWords::new(page, total, &sum(of(code).map(|(_, row)| row))),
            }
        })
        .collect()
}

/// `GET /policies/{id}/cost`.
///
/// # Errors
/// 404; no policy is in force.
pub async fn show(
    user: Allowed<ReadReport>,
    page: Page,
    path: Path<i64>,
    query: Query<MonthQuery>,
) -> Outcome {
    let id = path.0;
    let month = query.value.0.unwrap_or_else(|| this_month(&page));
    let reader = user.clone();
    let (found, preview) = page
        .run(move |store| {
            let by = reader.authorized()?;
            let found = policy::load_page(store, &by, id)?;
            let preview = payout::preview(store, &by, &found.version.policy, month)?;
            Ok((found, preview))
        })
        .await?;
    let row = &found.version.row;
    let above = format!("{} v{}", row.title, row.version);
    let page = page.title("policy.cost").under("policy.title", "/policies");
    let page = page.under_text(above, &format!("/policies/{id}"));
    let is_mine = row.proposed_by == user.session().actor.username();
    page.show(|page| CostPage {
        programs: programs(page, &found.version.policy, &preview),
        total: CostWords::new(
            page,
            page.t("policy.all_programs").to_owned(),
            &sum(preview.rows.values()),
        ),
        can_activate: row.status == "proposed" && !is_mine && page.may(P::ActivatePolicy),
        page,
        id,
        month,
    })
}
