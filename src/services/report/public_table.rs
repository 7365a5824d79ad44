//! The month's totals as they may leave the office: counts and sums, no cell
//! that speaks of fewer than five (`domain.md` §9.7, `rulings.md` P6).

use super::document::{Cell, EVERY_SHEET, Group, Section, TableRow};
use super::month_table::head;
use super::render::Render;
use crate::domain::annual::SUPPRESS_BELOW;
use crate::domain::summary::{Block, Summary, Tally};

/// Shown in place of a small cell.
const HIDDEN: &str = "<5";

/// Writes the public totals. Of programs for children and of mental-health
/// programs only the street's total is told.
///
/// # Errors
/// The output cannot be written.
pub fn write_public_totals(summary: &Summary, out: &mut dyn Render) -> std::io::Result<()> {
    let mut head = head(summary);
    head.title = format!("{}{}社会救助资金发放情况", summary.street_name, summary.month.zh());
    head.footer.clear();
    out.begin(&head)?;
    let groups = vec![
        Group::single("项目", "program", EVERY_SHEET),
        Group::single("社区", "community", EVERY_SHEET),
        Group::single("户", "households", EVERY_SHEET),
        Group::single("人", "persons", EVERY_SHEET),
        Group::single("金额(元)", "amount", EVERY_SHEET),
    ];
    out.section(&Section { heading: String::new(), groups, merge_first: true })?;
    for block in summary.blocks() {
        let rows = if block.program.mental || block.program.child { vec![] } else { shown(block) };
        for (name, tally) in rows {
            out.row(cells(&block.program.zh, &name, tally, false))?;
        }
        let total = Some(block.total.due).filter(|due| !is_small(*due));
        out.row(cells(&block.program.zh, "街道合计", total, true))?;
    }
    // A total over everything would give away the one total that is hidden.
    if !summary.monthly.iter().any(|block| is_small(block.total.due)) {
        out.row(cells("合计", "街道合计", Some(summary.monthly_total.due), true))?;
    }
    out.end_section(&["少于 5 的数字不公开;为防止倒推,同项目另隐去一个社区。".to_owned()])?;
    out.finish(&head)
}

/// The communities of a block; `None` is hidden. If only one were hidden, the
/// total would tell it: then the next smallest is hidden too.
fn shown(block: &Block) -> Vec<(String, Option<Tally>)> {
    let mut rows: Vec<(String, Option<Tally>)> = block
        .communities
        .iter()
        .map(|community| {
            let due = community.row.due;
            (community.name.clone(), Some(due).filter(|due| !is_small(*due)))
        })
        .collect();
    if rows.iter().filter(|(_, tally)| tally.is_none()).count() == 1 {
        let smallest = rows
            .iter_mut()
            .filter(|(_, tally)| tally.is_some_and(|tally| tally.persons > 0))
            .min_by_key(|(_, tally)| tally.map(|tally| tally.persons));
        if let Some((_, tally)) = smallest {
            *tally = None;
        }
    }
    rows
}

/// One to four: nobody at all may be told.
fn is_small(tally: Tally) -> bool {
    let smallest = tally.households.min(tally.persons);
    smallest > 0 && smallest < SUPPRESS_BELOW
}

fn cells(program: &str, community: &str, tally: Option<Tally>, total: bool) -> TableRow {
    let mut cells = vec![Cell::text(program), Cell::text(community)];
    match tally {
        Some(tally) => cells.extend([
            Cell::Count(tally.households),
            Cell::Count(tally.persons),
            Cell::Money(tally.amount),
        ]),
        None => cells.extend([Cell::text(HIDDEN), Cell::text(HIDDEN), Cell::text(HIDDEN)]),
    }
    TableRow { total, cells }
}
