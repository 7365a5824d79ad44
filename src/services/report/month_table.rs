//! The summary as the table that goes to the district (`domain.md` §9.4).

use super::document::{Cell, EVERY_SHEET, Group, Head, Section, TableRow};
use super::render::Render;
use crate::domain::chinese_amount::chinese_amount;
use crate::domain::summary::{Block, Items, Row, Summary, Tally};

/// Marks every output of a policy that is only an example.
pub const EXAMPLE_MARK: &str =
    "示例标准,非当地实际标准 / illustrative rates, not the local standards";
/// Marks every output of a month that is not closed.
pub const DRAFT_MARK: &str = "草稿,未关账 / draft, the month is not closed";

/// Writes the summary in any of the table forms. For somebody without the right
/// `mental` pass [`Summary::without_mental`] (`rulings.md` P6).
///
/// # Errors
/// The output cannot be written.
pub fn write_summary(summary: &Summary, out: &mut dyn Render) -> std::io::Result<()> {
    let head = head(summary);
    out.begin(&head)?;
    write_blocks(out, "", &summary.monthly, Some(&summary.monthly_total))?;
    for (heading, blocks) in [
        ("按季发放(不计入月度合计)", &summary.quarterly),
        ("一次性发放(不计入月度合计)", &summary.once),
    ] {
        if !blocks.is_empty() {
            write_blocks(out, heading, blocks, None)?;
        }
    }
    write_below(out, summary)?;
    out.finish(&head)
}

/// What stands above and below the month's tables.
pub(super) fn head(summary: &Summary) -> Head {
    let mut marks = Vec::new();
    if !summary.closed {
        marks.push(DRAFT_MARK.to_owned());
    }
    if !summary.pending.is_empty() {
        marks.push(format!("本月尚无批次:{}", summary.pending.join("、")));
    }
    if summary.illustrative {
        marks.push(EXAMPLE_MARK.to_owned());
    }
    Head {
        export: String::new(),
        title: format!("{}{}社会救助资金发放汇总表", summary.street_name, summary.month.zh()),
        left: format!("填报单位:{}", summary.street_name),
        middle: format!("所属月份:{}", summary.month.zh()),
        right: "单位:户、人、元".to_owned(),
        marks,
        footer: [
            "制表人:        ",
            "审核人:        ",
            "负责人:        ",
            "填表日期:    年  月  日",
        ]
        .map(str::to_owned)
        .to_vec(),
    }
}

const FULL: [(&str, &str); 3] = [("户", "households"), ("人", "persons"), ("金额", "amount")];
const PIECES: [(&str, &str); 2] = [("笔", "count"), ("金额", "amount")];

/// The table is wider than a sheet: people and changes on the first, money
/// from 应发 to the bank on the second.
fn columns() -> Vec<Group> {
    let moved = [("户", "households"), ("金额", "amount")];
    vec![
        Group::single("项目", "program", EVERY_SHEET),
        Group::single("社区", "community", EVERY_SHEET),
        Group::of("上月", &FULL, 1),
        Group::of("新增", &FULL, 1),
        Group::of("停发", &FULL, 1),
        Group::of("转入", &moved, 1),
        Group::of("转出", &moved, 1),
        Group::of("调整", &[("增", "up"), ("减", "down"), ("人", "persons")], 1),
        Group::of("本月应发", &FULL, EVERY_SHEET),
        Group::single("其中:分类施保", "supplement", 2),
        Group::of("补发", &PIECES, 2),
        Group::of("扣发", &PIECES, 2),
        Group::of("重发", &PIECES, 2),
        Group::single("实发金额", "paid", 2),
        Group::of("退票", &PIECES, 2),
        Group::of("环比", &[("户", "households_change"), ("金额", "amount_change")], 2),
    ]
}

fn write_blocks(
    out: &mut dyn Render,
    heading: &str,
    blocks: &[Block],
    total: Option<&Row>,
) -> std::io::Result<()> {
    out.section(&Section { heading: heading.to_owned(), groups: columns(), merge_first: true })?;
    for block in blocks {
        for community in &block.communities {
            out.row(cells(&block.program.zh, &community.name, &community.row, false))?;
        }
        out.row(cells(&block.program.zh, "街道合计", &block.total, true))?;
    }
    let mut notes = Vec::new();
    if let Some(total) = total {
        out.row(cells("合计", "街道合计", total, true))?;
        notes.push(format!("本月应发合计(大写):人民币{}", chinese_amount(total.due.amount)));
        if total.paid != total.due.amount {
            notes.push(format!("实发合计(大写):人民币{}", chinese_amount(total.paid)));
        }
        notes.push(format!(
            "银行总额 {} 元,其中成功 {} 元、退票 {} 笔 {} 元",
            total.bank, total.succeeded, total.returned.count, total.returned.amount
        ));
    }
    for block in blocks {
        notes.extend(reasons(&block.program.zh, "新增", &block.total.joined_by));
        notes.extend(reasons(&block.program.zh, "停发", &block.total.left_by));
    }
    out.end_section(&notes)
}

/// `城市低保停发:死亡 1户 1人 808.00元`
fn reasons(
    program: &str,
    what: &str,
    by: &std::collections::BTreeMap<String, Tally>,
) -> Option<String> {
    if by.is_empty() {
        return None;
    }
    let parts: Vec<String> = by
        .iter()
        .map(|(reason, tally)| {
            format!("{reason} {}户 {}人 {}元", tally.households, tally.persons, tally.amount)
        })
        .collect();
    Some(format!("{program}{what}:{}", parts.join(";")))
}

fn cells(program: &str, community: &str, row: &Row, total: bool) -> TableRow {
    let mut cells = vec![Cell::text(program), Cell::text(community)];
    let full = |tally: Tally| {
        [Cell::Count(tally.households), Cell::Count(tally.persons), Cell::Money(tally.amount)]
    };
    let items = |items: Items| [Cell::Count(items.count), Cell::Money(items.amount)];
    cells.extend(full(row.last));
    cells.extend(full(row.joined));
    cells.extend(full(row.left));
    for moved in [row.moved_in, row.moved_out] {
        cells.extend([Cell::Count(moved.households), Cell::Money(moved.amount)]);
    }
    let adjusted = row.adjusted;
    cells.extend([
        Cell::Money(adjusted.up),
        Cell::Money(adjusted.down),
        Cell::Count(adjusted.persons_up - adjusted.persons_down),
    ]);
    cells.extend(full(row.due));
    cells.push(Cell::Money(row.supplement));
    cells.extend(items(row.arrears));
    cells.extend(items(row.deduction));
    cells.extend(items(row.reissued));
    cells.push(Cell::Money(row.paid));
    cells.extend(items(row.returned));
    cells.extend([Cell::Percent(row.change_households), Cell::Percent(row.change_amount)]);
    TableRow { total, cells }
}

/// 追回, 核减不追 and 暂缓 stand below the table, outside its sums (M12).
fn write_below(out: &mut dyn Render, summary: &Summary) -> std::io::Result<()> {
    let none = crate::domain::summary::Below::default();
    let blocks: Vec<&Block> = summary.blocks().filter(|block| block.below != none).collect();
    if blocks.is_empty() {
        return Ok(());
    }
    let groups = vec![
        Group::single("项目", "program", EVERY_SHEET),
        Group::single("范围", "community", EVERY_SHEET),
        Group::of("追回(新立)", &PIECES, EVERY_SHEET),
        Group::of("调标多发不追回", &PIECES, EVERY_SHEET),
        Group::of("暂缓", &PIECES, EVERY_SHEET),
    ];
    let heading = "表外事项(不计入上表勾稽)".to_owned();
    out.section(&Section { heading, groups, merge_first: false })?;
    for block in blocks {
        let mut cells = vec![Cell::text(&block.program.zh), Cell::text("街道合计")];
        for items in [block.below.claims, block.below.waived, block.below.held] {
            cells.extend([Cell::Count(items.count), Cell::Money(items.amount)]);
        }
        out.row(TableRow { total: false, cells })?;
    }
    out.end_section(&[])
}
