//! P-45: the lines of a run, filtered, with totals, a page at a time.

use askama::Template;

use super::show::kind_word;
use super::words::RunWords;
use crate::domain::ids::RunId;
use crate::domain::payout::{LineKind, LineReason};
use crate::http::{Allowed, Fault, Fields, FromFields, Outcome, Path, Query};
use crate::services::auth::ReadReport;
use crate::services::payout::{self, LineFilterInput, LineItem};
use crate::store::line_page::{From, LinePlace};
use crate::web::page::money;
use crate::web::{FormView, Page};

#[derive(Template)]
#[template(path = "run/lines.html")]
struct LinesPage<'a> {
    page: &'a Page,
    id: i64,
    run: RunWords,
    form: FormView,
    kinds: Vec<(&'static str, &'static str)>,
    communities: Vec<(String, String)>,
    chips: Vec<(String, String)>,
    rows: Vec<LineWords>,
    page_sum: String,
    count: String,
    sum: String,
    range: String,
    previous: String,
    following: String,
    show_tier: bool,
}

/// A line as the table shows it.
pub(super) struct LineWords {
    pub(super) id: i64,
    pub(super) name: String,
    pub(super) number: String,
    pub(super) community: String,
    pub(super) tier: String,
    pub(super) month: String,
    pub(super) kind: &'static str,
    pub(super) color: &'static str,
    pub(super) reason: &'static str,
    pub(super) last: String,
    pub(super) amount: String,
    pub(super) difference: String,
    pub(super) account: String,
    pub(super) returned: bool,
}

impl LineWords {
    pub(super) fn new(page: &Page, item: &LineItem) -> LineWords {
        let line = &item.line;
        let last = item.last.or((line.kind == LineKind::Regular).then_some(Default::default()));
        let reason = line.reason.as_deref().and_then(LineReason::from_code);
        LineWords {
            id: line.id.0,
            name: item.behind.name.clone(),
            number: item.behind.number.clone(),
            community: item.community.clone(),
            tier: line.tier.clone().unwrap_or_default(),
            month: page.month(line.month),
            kind: kind_word(page, line.kind),
            color: match line.kind {
                LineKind::Regular => "grey",
                LineKind::Arrears => "blue",
                LineKind::Claim | LineKind::Deduction => "red",
                LineKind::Held | LineKind::Waived => "amber",
            },
            reason: reason.map(|r| page.either(r.zh(), r.en())).unwrap_or_default(),
            last: last.map(money).unwrap_or_default(),
            amount: money(line.amount_fen),
            difference: last.map(|last| money(line.amount_fen + -last)).unwrap_or_default(),
            account: item.behind.account.clone(),
            returned: item.returned,
        }
    }
}

/// What goes out: regular lines, arrears, less deductions.
const PAID: &str = "paid";

/// The query.
#[derive(Debug)]
pub struct LinesQuery {
    filter: LineFilterInput,
    from: From,
    at: i64,
}

impl FromFields for LinesQuery {
    const FIELDS: &'static [&'static str] = &["kind", "community", "name", "after", "before", "at"];
    fn from_fields(fields: &mut Fields) -> Option<LinesQuery> {
        let kinds = match fields.value("kind") {
            "" => Vec::new(),
            PAID => vec![LineKind::Regular, LineKind::Arrears, LineKind::Deduction],
            code => vec![LineKind::from_code(code)?],
        };
        let from = match (fields.text("after"), fields.text("before")) {
            (Some(text), _) => From::After(LinePlace::parse(&text)?),
            (None, Some(text)) => From::Before(LinePlace::parse(&text)?),
            (None, None) => From::Start,
        };
        let filter = LineFilterInput {
            kinds,
            community: fields.text("community"),
            name: fields.text("name"),
        };
        let at = fields.text("at").and_then(|text| text.parse().ok()).unwrap_or(0);
        Some(LinesQuery { filter, from, at })
    }
}

/// `GET /runs/{id}/lines`.
///
/// # Errors
/// 404; 403 without the right to see mental-health awards.
pub async fn show(
    user: Allowed<ReadReport>,
    page: Page,
    path: Path<i64>,
    query: Query<LinesQuery>,
) -> Outcome {
    let id = path.0;
    let Query { fields, value } = query;
    let size = page.session().map_or(50, |session| session.preferences.page_size).clamp(1, 100);
    let (filter, from) = (value.filter, value.from);
    let list = page
        .run(move |store| {
            payout::list_lines_filtered(store, &user.authorized()?, RunId(id), &filter, from, size)
        })
        .await?;
    if list.label.mental && !page.has_right("mental") {
        return Err(Fault::forbidden());
    }
    let run = RunWords::new(&page, &list.label, &list.run);
    let page = page
        .title("run.lines")
        .under("run.board_title", &format!("/runs?month={}", list.run.month));
    let page = page.under_text(run.title(), &run.href);
    let kinds = [("", page.t("run.any")), (PAID, page.t("run.paid"))]
        .into_iter()
        .chain(LineKind::ALL.iter().map(|kind| (kind.code(), kind_word(&page, *kind))))
        .collect();
    let mut communities = vec![(String::new(), page.t("run.any").to_owned())];
    communities.extend(list.communities.iter().cloned());
    let shown = i64::try_from(list.items.len()).unwrap_or(0);
    // The position is only told, never used: it may be wrong in a forged address.
    let at = match from {
        From::Start => 0,
        _ => value.at.clamp(0, list.count),
    };
    let base = address(id, &fields, &[]);
    let link = |way: &str, item: Option<&LineItem>, at: i64, there: bool| match item {
        Some(item) if there => {
            format!("{base}{way}={}&at={}", LinePlace::of(&item.line).text(), at.max(0))
        }
        _ => String::new(),
    };
    page.show(|page| LinesPage {
        page,
        id,
        kinds,
        chips: chips(page, id, &fields, &communities),
        communities,
        rows: list.items.iter().map(|item| LineWords::new(page, item)).collect(),
        page_sum: money(list.items.iter().map(|item| item.line.amount_fen).sum()),
        count: page.number(list.count),
        sum: money(list.sum),
        range: range(page, at, shown, list.count),
        previous: link("before", list.items.first(), at - size, list.has_before),
        following: link("after", list.items.last(), at + shown, list.has_after),
        show_tier: !list.label.child || page.has_right("child"),
        form: FormView::new(page, fields),
        run,
    })
}

fn range(page: &Page, at: i64, shown: i64, count: i64) -> String {
    let from = if shown == 0 { 0 } else { at + 1 };
    page.fill2("run.range", "from", page.number(from), "to", page.number(at + shown))
        .replace("{count}", &page.number(count))
}

/// Address of the list with its filters, without some of them; ends in `?` or `&`.
fn address(id: i64, fields: &Fields, without: &[&str]) -> String {
    let pairs: Vec<(&str, &str)> = ["kind", "community", "name"]
        .into_iter()
        .filter(|name| !without.contains(name) && !fields.value(name).is_empty())
        .map(|name| (name, fields.value(name)))
        .collect();
    let text = serde_urlencoded::to_string(pairs).unwrap_or_default();
    let between = if text.is_empty() { "" } else { "&" };
    format!("/runs/{id}/lines?{text}{between}")
}

/// The filters in use, each with the address without it.
fn chips(
    page: &Page,
    id: i64,
    fields: &Fields,
    communities: &[(String, String)],
) -> Vec<(String, String)> {
    let mut found = Vec::new();
    let kind = match fields.value("kind") {
        PAID => Some(page.t("run.paid")),
        code => LineKind::from_code(code).map(|kind| kind_word(page, kind)),
    };
    if let Some(kind) = kind {
        found.push((kind.to_owned(), address(id, fields, &["kind"])));
    }
    let community = fields.value("community");
    if let Some((_, name)) =
        communities.iter().find(|(code, _)| code == community && !code.is_empty())
    {
        found.push((name.clone(), address(id, fields, &["community"])));
    }
    if let Some(name) = fields.text("name") {
        found.push((name, address(id, fields, &["name"])));
    }
    found
}
