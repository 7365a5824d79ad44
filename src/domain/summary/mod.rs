//! 汇总表: the official monthly table, program × community (`domain.md` §9.4).
//!
//! Built from lines alone: who has a regular line above zero this month
//! against who had one last month (`rulings.md` M12). [`build`] makes the
//! blocks, [`identities`] checks every equation of the table by code that
//! shares nothing with it.

pub mod build;
pub mod identities;

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::money::Fen;
use super::month::Month;
use super::payout::LineKind;

/// What the table needs of one line of a run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LineFact {
    /// Person, household or case that is paid.
    pub beneficiary: i64,
    /// Its award, to look up why it left.
    pub award: i64,
    /// Index into the street's list of communities.
    pub community: usize,
    /// The month the line is for.
    pub month: Month,
    /// What it is.
    pub kind: LineKind,
    /// Signed, as posted.
    pub amount: Fen,
    /// 其中分类施保.
    pub supplement: Fen,
    /// People behind the line (1 for a program paid to persons).
    pub persons: i64,
}

/// 户, 人, 金额.
///
/// 户 counts beneficiaries: an assistance household in a program for
/// households, one person in a program paid to persons.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Tally {
    /// 户.
    pub households: i64,
    /// 人.
    pub persons: i64,
    /// 金额.
    pub amount: Fen,
}

/// 笔, 金额. The amount is never negative: 扣发 5.00 stands as 5.00.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Items {
    /// 笔.
    pub count: i64,
    /// 金额.
    pub amount: Fen,
}

/// 调整 of those who are counted in both months.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Adjusted {
    /// 增发.
    pub up: Fen,
    /// 减发 (positive).
    pub down: Fen,
    /// People added to households that stay.
    pub persons_up: i64,
    /// People taken from households that stay.
    pub persons_down: i64,
}

/// One row of the table.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Row {
    /// 上月.
    pub last: Tally,
    /// 新增, 恢复 included.
    pub joined: Tally,
    /// 停发, 暂停 and 暂缓 included.
    pub left: Tally,
    /// 转入 from another community of the street, with last month's amount.
    pub moved_in: Tally,
    /// 转出 to another community of the street.
    pub moved_out: Tally,
    /// 调整.
    pub adjusted: Adjusted,
    /// 本月应发.
    pub due: Tally,
    /// 其中: 分类施保.
    pub supplement: Fen,
    /// 补发, under the community that pays in this month.
    pub arrears: Items,
    /// 扣发.
    pub deduction: Items,
    /// 重发 of returned payments of earlier files.
    pub reissued: Items,
    /// 实发.
    pub paid: Fen,
    /// 银行总额.
    pub bank: Fen,
    /// 退票.
    pub returned: Items,
    /// 成功.
    pub succeeded: Fen,
    /// 环比 of 户 in tenths of a percent; none if there was nothing last month.
    pub change_households: Option<i64>,
    /// 环比 of 金额 in tenths of a percent.
    pub change_amount: Option<i64>,
    /// 新增 by reason.
    pub joined_by: BTreeMap<String, Tally>,
    /// 停发 by reason.
    pub left_by: BTreeMap<String, Tally>,
}

/// A row with its community.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CommunityRow {
    /// 12-digit code.
    pub code: String,
    /// Name, e.g. 东长街社区.
    pub name: String,
    /// The figures.
    #[serde(flatten)]
    pub row: Row,
}

/// How often a program pays; monthly ones make the monthly total.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Period {
    /// Every month.
    Monthly,
    /// Once a quarter, in the run of the first month after it.
    Quarterly,
    /// One payment per case.
    Once,
}

/// What the table says about a program.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ProgramLabel {
    /// Code as in the policy file.
    pub code: String,
    /// Name on the table. Never a diagnosis: guardian awards are 监护补助.
    pub zh: String,
    /// English name.
    pub en: String,
    /// How often it pays.
    pub period: Period,
    /// Whether the beneficiary is a household (then 户 and 人 differ).
    pub household: bool,
    /// Without the right `mental` only the block's total is shown (P6).
    pub mental: bool,
    /// An allowance for children: outside the office only the street's total.
    #[serde(default)]
    pub child: bool,
}

/// Lines that stand below the table, outside its identities.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Below {
    /// 追回 opened in this run (amount positive).
    pub claims: Items,
    /// Waived differences that come from a rate alone (amount positive).
    pub waived: Items,
    /// 暂缓: due and not posted.
    pub held: Items,
}

/// One program: its communities and 街道合计.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Block {
    /// Which program.
    pub program: ProgramLabel,
    /// One row per community, in the order of their codes.
    pub communities: Vec<CommunityRow>,
    /// 街道合计.
    pub total: Row,
    /// Below the table.
    pub below: Below,
}

/// The month's table of one street.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Summary {
    /// 9- or 12-digit code of the street.
    pub street_code: String,
    /// Name of the street.
    pub street_name: String,
    /// The month of the runs.
    pub month: Month,
    /// Whether every run is closed; otherwise the table is a draft.
    pub closed: bool,
    /// Whether a policy behind it is illustrative: then every output says so.
    pub illustrative: bool,
    /// Programs that paid last month and have no roster yet: a table that
    /// lacks one is no final table.
    #[serde(default)]
    pub pending: Vec<String>,
    /// One block per monthly program.
    pub monthly: Vec<Block>,
    /// 合计 of the monthly blocks.
    pub monthly_total: Row,
    /// Quarterly programs that paid in this month, outside the monthly total.
    pub quarterly: Vec<Block>,
    /// Programs that pay once, outside the monthly total.
    pub once: Vec<Block>,
}

impl Summary {
    /// All blocks in the order of the table.
    pub fn blocks(&self) -> impl Iterator<Item = &Block> {
        self.monthly.iter().chain(&self.quarterly).chain(&self.once)
    }

    /// The table as somebody without the right `mental` sees it: of those
    /// programs only the street's figures, without reasons.
    #[must_use]
    pub fn without_mental(mut self) -> Summary {
        let groups = [&mut self.monthly, &mut self.quarterly, &mut self.once];
        for block in groups.into_iter().flatten().filter(|block| block.program.mental) {
            block.communities.clear();
            block.total.joined_by.clear();
            block.total.left_by.clear();
        }
        self
    }

    /// The block of a program, if it has one this month.
    #[must_use]
    pub fn block(&self, program: &str) -> Option<&Block> {
        self.blocks().find(|block| block.program.code == program)
    }
}

impl std::ops::AddAssign for Tally {
    fn add_assign(&mut self, other: Tally) {
        self.households += other.households;
        self.persons += other.persons;
        self.amount += other.amount;
    }
}

impl std::ops::AddAssign for Items {
    fn add_assign(&mut self, other: Items) {
        self.count += other.count;
        self.amount += other.amount;
    }
}

impl Items {
    /// One more item of `amount`.
    pub fn add(&mut self, amount: Fen) {
        *self += Items { count: 1, amount };
    }
}

/// 环比 in tenths of a percent, half up on the magnitude as 四舍五入 and every
/// spreadsheet do it; `None` if there was nothing last month.
#[must_use]
pub fn change_permille(last: i64, this: i64) -> Option<i64> {
    if last <= 0 {
        return None;
    }
    let difference = i128::from(this) - i128::from(last);
    let last = i128::from(last);
    let rounded = (difference.abs() * 2_000 + last) / (2 * last);
    i64::try_from(rounded * difference.signum()).ok()
}

/// `8.1%`, `-8.1%`, and `—` where last month was nothing.
#[must_use]
pub fn show_permille(permille: Option<i64>) -> String {
    match permille {
        None => "—".to_owned(),
        Some(p) => {
            let sign = if p < 0 { "-" } else { "" };
            let abs = p.unsigned_abs();
            format!("{sign}{}.{}%", abs / 10, abs % 10)
        }
    }
}

#[cfg(test)]
mod tests;
