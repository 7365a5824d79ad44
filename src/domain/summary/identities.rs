//! The identities of `domain.md` §9.4, checked on the finished table.
//!
//! Nothing here is shared with [`super::build`]: sums are written out again on
//! plain numbers, and the runs' own totals, which the payout stored, stand on
//! the other side wherever there are any.

use super::{Block, Row, Summary};
use crate::domain::money::Fen;

/// What a program's runs say about themselves, to hold the table against.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct RunTotals {
    /// Σ regular lines of this month's run.
    pub regular: Fen,
    /// Σ arrears.
    pub arrears: Fen,
    /// Σ deductions (zero or negative).
    pub deduction: Fen,
    /// Σ claims opened (zero or negative).
    pub claim: Fen,
    /// Σ regular lines of the run that 上月 comes from; zero if there is none.
    pub last_regular: Fen,
}

/// An equation of the table that does not hold: it must not be confirmed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{}", self.zh())]
pub struct BrokenIdentity {
    /// Program and community, or 街道合计.
    pub place: String,
    /// The equation, as §9.4 writes it.
    pub name: &'static str,
    /// Left side (fen or a count).
    pub left: i64,
    /// Right side.
    pub right: i64,
}

impl BrokenIdentity {
    /// What happened, in Chinese.
    #[must_use]
    pub fn zh(&self) -> String {
        let BrokenIdentity { place, name, left, right } = self;
        format!(
            "汇总表勾稽不平,已停止:{place},{name},左边 {left},右边 {right}(金额单位:分)。请运行 mingce verify。"
        )
    }

    /// What happened, in English.
    #[must_use]
    pub fn en(&self) -> String {
        let BrokenIdentity { place, name, left, right } = self;
        format!(
            "The summary does not balance and was stopped: {place}, {name}, left {left}, right \
             {right} (amounts in fen). Run mingce verify."
        )
    }
}

/// Checks every identity of the table.
///
/// `runs` gives the runs' totals of a program, `None` where nothing was run.
///
/// # Errors
/// The first identity that is broken, with both sides.
pub fn check(
    summary: &Summary,
    runs: impl Fn(&str) -> Option<RunTotals>,
) -> Result<(), BrokenIdentity> {
    for block in summary.blocks() {
        check_block(block)?;
        if let Some(run) = runs(&block.program.code) {
            check_run(block, run)?;
        }
    }
    let totals: Vec<&Row> = summary.monthly.iter().map(|block| &block.total).collect();
    check_sum("合计", "Σ项目 = 合计", &summary.monthly_total, &totals)?;
    check_row("合计", &summary.monthly_total)
}

fn check_block(block: &Block) -> Result<(), BrokenIdentity> {
    for community in &block.communities {
        check_row(&format!("{} {}", block.program.zh, community.name), &community.row)?;
    }
    let place = format!("{} 街道合计", block.program.zh);
    check_row(&place, &block.total)?;
    let rows: Vec<&Row> = block.communities.iter().map(|community| &community.row).collect();
    check_sum(&place, "Σ社区 = 街道合计", &block.total, &rows)?;
    let total = &block.total;
    equal(&place, "转入户 = 转出户", total.moved_in.households, total.moved_out.households)?;
    equal(&place, "转入人 = 转出人", total.moved_in.persons, total.moved_out.persons)?;
    equal(&place, "转入额 = 转出额", total.moved_in.amount.0, total.moved_out.amount.0)
}

fn check_run(block: &Block, run: RunTotals) -> Result<(), BrokenIdentity> {
    let place = format!("{} 街道合计", block.program.zh);
    let total = &block.total;
    equal(&place, "应发 = Σ花名册应发", total.due.amount.0, run.regular.0)?;
    equal(&place, "补发 = Σ花名册补发", total.arrears.amount.0, run.arrears.0)?;
    equal(&place, "扣发 = Σ花名册扣发", total.deduction.amount.0, -run.deduction.0)?;
    equal(&place, "追回 = Σ花名册追回", block.below.claims.amount.0, -run.claim.0)?;
    equal(&place, "上月 = 上月批次应发", total.last.amount.0, run.last_regular.0)
}

fn check_row(place: &str, row: &Row) -> Result<(), BrokenIdentity> {
    let (last, due) = (row.last, row.due);
    let (joined, left) = (row.joined, row.left);
    let (came, went) = (row.moved_in, row.moved_out);
    let adjusted = row.adjusted;
    equal(
        place,
        "本月户 = 上月户 + 新增 − 停发 + 转入 − 转出",
        due.households,
        last.households + joined.households - left.households + came.households - went.households,
    )?;
    let persons = last.persons + joined.persons - left.persons + came.persons - went.persons;
    equal(
        place,
        "本月人 = 上月人 + 新增 − 停发 + 转入 − 转出 ± 增减",
        due.persons,
        persons + adjusted.persons_up - adjusted.persons_down,
    )?;
    let amount = last.amount.0 + joined.amount.0 - left.amount.0 + came.amount.0 - went.amount.0;
    equal(
        place,
        "本月应发 = 上月应发 + 新增额 − 停发额 + 转入额 − 转出额 ± 调整额",
        due.amount.0,
        amount + adjusted.up.0 - adjusted.down.0,
    )?;
    let paid = due.amount.0 + row.arrears.amount.0 - row.deduction.amount.0;
    equal(place, "实发 = 应发 + 补发 − 扣发", row.paid.0, paid)?;
    equal(place, "银行总额 = 实发 + 重发", row.bank.0, row.paid.0 + row.reissued.amount.0)?;
    equal(place, "成功 = 银行总额 − 退票", row.succeeded.0, row.bank.0 - row.returned.amount.0)?;
    let reasons = |by: &std::collections::BTreeMap<String, super::Tally>| {
        by.values().fold((0, 0), |(households, fen), tally| {
            (households + tally.households, fen + tally.amount.0)
        })
    };
    let (households, fen) = reasons(&row.joined_by);
    equal(place, "新增户 = Σ各原因", joined.households, households)?;
    equal(place, "新增额 = Σ各原因", joined.amount.0, fen)?;
    let (households, fen) = reasons(&row.left_by);
    equal(place, "停发户 = Σ各原因", left.households, households)?;
    equal(place, "停发额 = Σ各原因", left.amount.0, fen)?;
    ratio(place, "环比户", last.households, due.households, row.change_households)?;
    ratio(place, "环比金额", last.amount.0, due.amount.0, row.change_amount)
}

/// 环比: the printed tenths of a percent lie within half a tenth of the ratio.
fn ratio(
    place: &str,
    name: &'static str,
    last: i64,
    this: i64,
    shown: Option<i64>,
) -> Result<(), BrokenIdentity> {
    let broken = |left, right| BrokenIdentity { place: place.to_owned(), name, left, right };
    match shown {
        None if last == 0 => Ok(()),
        None => Err(broken(0, last)),
        Some(permille) if last == 0 => Err(broken(permille, 0)),
        Some(permille) => {
            // |1000·(this − last) − permille·last| ≤ last / 2
            let exact = (i128::from(this) - i128::from(last)) * 1_000;
            let gap = exact - i128::from(permille) * i128::from(last);
            if gap.abs() * 2 <= i128::from(last) {
                Ok(())
            } else {
                Err(broken(permille, this - last))
            }
        }
    }
}

fn check_sum(
    place: &str,
    name: &'static str,
    total: &Row,
    rows: &[&Row],
) -> Result<(), BrokenIdentity> {
    let mut sums = [0_i64; FIGURES];
    for row in rows {
        for (sum, figure) in sums.iter_mut().zip(figures(row)) {
            *sum += figure;
        }
    }
    for (sum, figure) in sums.into_iter().zip(figures(total)) {
        equal(place, name, figure, sum)?;
    }
    Ok(())
}

const FIGURES: usize = 34;

/// Every additive number of a row, in the order of the table.
fn figures(row: &Row) -> [i64; FIGURES] {
    let Row { last, joined, left, moved_in, moved_out, adjusted, due, .. } = row;
    [
        last.households,
        last.persons,
        last.amount.0,
        joined.households,
        joined.persons,
        joined.amount.0,
        left.households,
        left.persons,
        left.amount.0,
        moved_in.households,
        moved_in.persons,
        moved_in.amount.0,
        moved_out.households,
        moved_out.persons,
        moved_out.amount.0,
        adjusted.up.0,
        adjusted.down.0,
        adjusted.persons_up,
        adjusted.persons_down,
        due.households,
        due.persons,
        due.amount.0,
        row.supplement.0,
        row.arrears.count,
        row.arrears.amount.0,
        row.deduction.count,
        row.deduction.amount.0,
        row.reissued.count,
        row.reissued.amount.0,
        row.paid.0,
        row.bank.0,
        row.returned.count,
        row.returned.amount.0,
        row.succeeded.0,
    ]
}

fn equal(place: &str, name: &'static str, left: i64, right: i64) -> Result<(), BrokenIdentity> {
    if left == right {
        return Ok(());
    }
    Err(BrokenIdentity { place: place.to_owned(), name, left, right })
}
