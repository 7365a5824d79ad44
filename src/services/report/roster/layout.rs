//! The roster's columns and one beneficiary's money in them.

use super::super::document::{Cell, EVERY_SHEET, Group, TableRow};
use crate::domain::money::Fen;
use crate::domain::payout::LineKind;
use crate::store::report::ReportLine;

/// One beneficiary's money in the run.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Sums {
    pub base: Fen,
    pub supplement: Fen,
    pub regular: Fen,
    pub arrears: Fen,
    pub deduction: Fen,
}

impl Sums {
    pub fn paid(self) -> Fen {
        self.regular + self.arrears - self.deduction
    }

    pub fn add(&mut self, other: Sums) {
        self.base += other.base;
        self.supplement += other.supplement;
        self.regular += other.regular;
        self.arrears += other.arrears;
        self.deduction += other.deduction;
    }
}

/// One beneficiary's lines added up.
pub(super) fn sums(group: &[ReportLine]) -> Sums {
    let mut sums = Sums::default();
    for line in group {
        match line.kind {
            LineKind::Regular => {
                sums.base += line.base_fen;
                sums.supplement += line.supplement_fen;
                sums.regular += line.amount_fen;
            }
            LineKind::Arrears => sums.arrears += line.amount_fen,
            LineKind::Deduction => sums.deduction += -line.amount_fen,
            LineKind::Claim | LineKind::Waived | LineKind::Held => {}
        }
    }
    sums
}

/// Title, key, and whether a terminal shows it.
pub(super) const COLUMNS: [(&str, &str, bool); 30] = [
    ("序号", "no", true),
    ("街道", "street", false),
    ("社区", "community", true),
    ("网格", "grid", false),
    ("项目", "program", false),
    ("类别/档次", "tier", true),
    ("户主姓名", "head_name", false),
    ("户主身份证号", "head_id_no", false),
    ("受益人姓名", "name", true),
    ("受益人身份证号", "id_no", true),
    ("与户主关系", "relation", false),
    ("证号", "cert_no", false),
    ("户内保障人数", "persons", true),
    ("标准", "standard", false),
    ("保障金", "base", true),
    ("分类施保金", "supplement", true),
    ("应发", "regular", true),
    ("补发金额", "arrears", true),
    ("补发所属月", "arrears_months", false),
    ("扣发金额", "deduction", true),
    ("扣发事由", "deduction_reason", false),
    ("实发合计", "paid", true),
    ("领款人(开户名)", "payee", false),
    ("领款人身份证号", "payee_id_no", false),
    ("开户银行", "bank", false),
    ("账号", "account", false),
    ("联系电话", "phone", false),
    ("起始月", "start", false),
    ("变动类型", "change", true),
    ("备注", "note", false),
];

/// What stands below the column before it, so that a row fits across A4 in type
/// that can be read.
const BELOW: [&str; 16] = [
    "community",
    "program",
    "tier",
    "head_id_no",
    "id_no",
    "cert_no",
    "standard",
    "supplement",
    "regular",
    "arrears_months",
    "deduction_reason",
    "payee_id_no",
    "account",
    "phone",
    "change",
    "note",
];

/// The header.
pub(super) fn columns() -> Vec<Group> {
    COLUMNS
        .iter()
        .map(|&(title, key, brief)| {
            let group = Group::single(title, key, EVERY_SHEET);
            let group = if BELOW.contains(&key) { group.below() } else { group };
            if brief { group } else { group.not_brief() }
        })
        .collect()
}

/// The last row: everything added up.
pub(super) fn total_row(count: i64, totals: Sums) -> TableRow {
    let mut cells = vec![Cell::Empty; COLUMNS.len()];
    let mut put = |key: &str, cell: Cell| {
        let at = COLUMNS.iter().position(|(_, column, _)| *column == key);
        if let Some(slot) = at.and_then(|at| cells.get_mut(at)) {
            *slot = cell;
        }
    };
    put("street", Cell::text("合计"));
    put("no", Cell::Count(count));
    put("base", Cell::Money(totals.base));
    put("supplement", Cell::Money(totals.supplement));
    put("regular", Cell::Money(totals.regular));
    put("arrears", Cell::Money(totals.arrears));
    put("deduction", Cell::Money(totals.deduction));
    put("paid", Cell::Money(totals.paid()));
    TableRow { total: true, cells }
}
