//! Drawings as SVG made here: presentation attributes and classes only (the
//! content policy forbids styles), a sentence that says what is to be seen, and
//! the same numbers in a table below (`ux.md` §6).

use std::fmt::Write;

use crate::domain::money::Fen;
use crate::domain::summary::Row;
use crate::web::Page;
use crate::web::page::money;

/// From one period's amount to the next one's, cause by cause.
#[derive(Debug, Clone)]
pub struct Waterfall {
    /// The first amount.
    pub first: String,
    /// Households or people behind it.
    pub first_count: String,
    /// The last amount.
    pub last: String,
    /// Households or people behind it.
    pub last_count: String,
    /// The drawing.
    pub svg: String,
    /// What it shows.
    pub finding: String,
}

/// A bar from one amount to another.
struct Bar {
    text: &'static str,
    from: i64,
    to: i64,
    label: String,
    class: &'static str,
}

const WIDTH: i64 = 720;
const ROW: i64 = 36;
const LEFT: i64 = 104;
const RIGHT: i64 = 150;

impl Waterfall {
    /// Of a row of the month's table.
    #[must_use]
    pub fn of_row(page: &Page, row: &Row) -> Waterfall {
        let steps = [
            ("run.joined", row.joined.amount),
            ("run.left", -row.left.amount),
            ("run.moved_in", row.moved_in.amount),
            ("run.moved_out", -row.moved_out.amount),
            ("run.raised", row.adjusted.up),
            ("run.lowered", -row.adjusted.down),
        ];
        let (first, last) = (row.last.amount, row.due.amount);
        let mut bars = vec![Bar {
            text: page.t("run.last"),
            from: 0,
            to: first.0,
            label: money(first),
            class: "whole",
        }];
        let mut at = first;
        for (key, step) in steps.into_iter().filter(|(_, step)| *step != Fen::ZERO) {
            let next = at + step;
            let class = if step.is_positive() { "more" } else { "less" };
            bars.push(Bar {
                text: page.t(key),
                from: at.0,
                to: next.0,
                label: signed(step),
                class,
            });
            at = next;
        }
        bars.push(Bar {
            text: page.t("run.this"),
            from: 0,
            to: last.0,
            label: money(last),
            class: "whole",
        });
        let finding = page.fill2(
            "run.finding",
            "last",
            money(first),
            "this",
            format!("{} ({})", money(last), signed(last + -first)),
        );
        Waterfall {
            first: money(first),
            first_count: page.number(row.last.households),
            last: money(last),
            last_count: page.number(row.due.households),
            svg: draw(&finding, &bars),
            finding,
        }
    }
}

/// `+2,600.00`, `−48.00`.
#[must_use]
pub fn signed(amount: Fen) -> String {
    if amount.is_positive() { format!("+{}", money(amount)) } else { money(amount) }
}

fn draw(finding: &str, bars: &[Bar]) -> String {
    let most = bars.iter().flat_map(|bar| [bar.from, bar.to]).max().unwrap_or(0).max(1);
    let room = WIDTH - LEFT - RIGHT;
    let x = |amount: i64| LEFT + scale(amount, most, room);
    let height = i64::try_from(bars.len()).unwrap_or(0) * ROW + 8;
    let mut svg = open(finding, WIDTH, height);
    for (at, bar) in (0_i64..).zip(bars) {
        let y = at * ROW + 4;
        let (low, high) = (bar.from.min(bar.to), bar.from.max(bar.to));
        let width = (x(high) - x(low)).max(2);
        // Writing to a text never fails.
        let _ = write!(
            svg,
            "<text x=\"{}\" y=\"{}\" text-anchor=\"end\">{}</text>\
             <rect class=\"{}\" x=\"{}\" y=\"{y}\" width=\"{width}\" height=\"{}\"/>\
             <text x=\"{}\" y=\"{}\">{}</text>",
            LEFT - 8,
            y + 19,
            escape(bar.text),
            bar.class,
            x(low),
            ROW - 8,
            x(high).max(x(low) + 2) + 6,
            y + 19,
            escape(&bar.label),
        );
    }
    svg.push_str("</svg>");
    svg
}

/// Opens a drawing that is read out as one picture.
pub(super) fn open(finding: &str, width: i64, height: i64) -> String {
    format!(
        "<svg class=\"chart\" role=\"img\" viewBox=\"0 0 {width} {height}\" aria-label=\"{}\">",
        escape(finding)
    )
}

/// A part of `most` as a part of `room`, in whole units.
pub(super) fn scale(amount: i64, most: i64, room: i64) -> i64 {
    let scaled = i128::from(amount.max(0)) * i128::from(room) / i128::from(most.max(1));
    i64::try_from(scaled).unwrap_or(room)
}

/// Text for SVG.
pub(super) fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}
