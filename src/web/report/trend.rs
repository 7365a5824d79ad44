//! D-5: what was paid out by month, stacked by program.

use std::fmt::Write;

use super::chart::{escape, open, scale};
use crate::domain::money::Fen;
use crate::services::payout::MonthPaid;
use crate::web::Page;
use crate::web::page::money;
use crate::web::run::words::program;

/// Programs with a colour of their own; the rest is one series.
const SERIES: usize = 5;
const WIDTH: i64 = 720;
const HEIGHT: i64 = 280;
const TOP: i64 = 24;
const BOTTOM: i64 = 28;

/// The drawing with its table.
#[derive(Debug, Clone)]
pub struct Trend {
    /// The drawing.
    pub svg: String,
    /// What it shows.
    pub finding: String,
    /// Class and name of each series, from the bottom up.
    pub key: Vec<(String, String)>,
    /// Per month: its name, whether it is open, the amounts, the total.
    pub rows: Vec<(String, bool, Vec<String>, String)>,
}

impl Trend {
    /// Of months, the earliest first; none without a month.
    #[must_use]
    pub fn of_months(page: &Page, months: &[MonthPaid]) -> Option<Trend> {
        let last = months.last()?;
        let names = series(page, months);
        let amounts: Vec<Vec<Fen>> = months.iter().map(|month| split(month, &names)).collect();
        let totals: Vec<Fen> = amounts.iter().map(|of| of.iter().copied().sum()).collect();
        let this = totals.last().copied().unwrap_or_default();
        let before = totals.iter().rev().nth(1).copied().map_or_else(|| "—".to_owned(), money);
        let finding = page
            .fill2("trend.finding", "month", page.month(last.month), "amount", money(this))
            .replace("{before}", &before);
        Some(Trend {
            svg: draw(&finding, months, &amounts, &totals),
            finding,
            key: names
                .iter()
                .enumerate()
                .map(|(at, (_, name))| (format!("s{}", at + 1), name.clone()))
                .collect(),
            rows: months
                .iter()
                .zip(amounts.iter().zip(&totals))
                .rev()
                .map(|(month, (of, total))| {
                    let shown = of.iter().copied().map(money).collect();
                    (page.month(month.month), !month.closed, shown, money(*total))
                })
                .collect(),
        })
    }
}

/// The programs that paid most, in the order of the policy, then the rest.
/// A series is the programs' codes and a name.
fn series(page: &Page, months: &[MonthPaid]) -> Vec<(Vec<String>, String)> {
    let mut sums: Vec<(String, String, Fen)> = Vec::new();
    for (label, paid) in months.iter().flat_map(|month| &month.programs) {
        match sums.iter_mut().find(|(code, _, _)| *code == label.code) {
            Some((_, _, sum)) => *sum += *paid,
            None => sums.push((label.code.clone(), program(page, label), *paid)),
        }
    }
    sums.retain(|(_, _, sum)| sum.is_positive());
    let mut by_size: Vec<Fen> = sums.iter().map(|(_, _, sum)| *sum).collect();
    by_size.sort_unstable_by(|a, b| b.cmp(a));
    let all_fit = sums.len() <= SERIES + 1;
    let least = by_size.get(SERIES - 1).copied().unwrap_or_default();
    let (own, rest): (Vec<_>, Vec<_>) =
        sums.into_iter().partition(|(_, _, sum)| all_fit || *sum >= least);
    let mut found: Vec<(Vec<String>, String)> =
        own.into_iter().map(|(code, name, _)| (vec![code], name)).collect();
    if !rest.is_empty() {
        let codes = rest.into_iter().map(|(code, _, _)| code).collect();
        found.push((codes, page.t("trend.other").to_owned()));
    }
    found
}

fn split(month: &MonthPaid, names: &[(Vec<String>, String)]) -> Vec<Fen> {
    names
        .iter()
        .map(|(codes, _)| {
            let own = month.programs.iter().filter(|(label, _)| codes.contains(&label.code));
            own.map(|(_, paid)| *paid).sum()
        })
        .collect()
}

fn draw(finding: &str, months: &[MonthPaid], amounts: &[Vec<Fen>], totals: &[Fen]) -> String {
    let most = totals.iter().map(|t| t.0).max().unwrap_or(0).max(1);
    let room = HEIGHT - TOP - BOTTOM;
    let base = HEIGHT - BOTTOM;
    let step = WIDTH / i64::try_from(months.len().max(1)).unwrap_or(1).max(6);
    let mut svg = open(finding, WIDTH, HEIGHT);
    for (at, (month, (of, total))) in (0_i64..).zip(months.iter().zip(amounts.iter().zip(totals))) {
        let (left, middle) = (at * step + 4, at * step + step / 2);
        let mut sum = 0_i64;
        for (series, amount) in (1_usize..).zip(of) {
            let (low, high) = (scale(sum, most, room), scale(sum + amount.0, most, room));
            sum += amount.0.max(0);
            if high > low {
                // One unit is left white between parts.
                let (y, height) = (base - high, (high - low - 1).max(1));
                let _ = write!(
                    svg,
                    "<rect class=\"s{series}\" x=\"{left}\" y=\"{y}\" width=\"{}\" height=\"{height}\"/>",
                    step - 8
                );
            }
        }
        let top = base - scale(total.0, most, room) - 6;
        let _ = write!(
            svg,
            "<text class=\"small\" x=\"{middle}\" y=\"{top}\" text-anchor=\"middle\">{}</text>\
             <text class=\"small\" x=\"{middle}\" y=\"{}\" text-anchor=\"middle\">{}</text>",
            escape(&in_thousands(*total)),
            base + 18,
            escape(&month.month.to_string()),
        );
    }
    let _ = write!(
        svg,
        "<line class=\"axis\" x1=\"0\" y1=\"{base}\" x2=\"{WIDTH}\" y2=\"{base}\"/></svg>"
    );
    svg
}

/// `213.5k`: room for twelve labels; the table has every fen.
fn in_thousands(amount: Fen) -> String {
    let hundreds = amount.0 / 10_000;
    format!("{}.{}k", hundreds / 10, (hundreds % 10).abs())
}
