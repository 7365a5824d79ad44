//! How an amount came about, to the fen, in both languages.

use chrono::NaiveDate;

use super::evaluate::{Due, Outcome, Reason, Subject, View, evaluate, evaluate_quarter};
use super::facts::NOBODY;
use super::file::SupplementRule;
use super::model::{Policy, Shortfall, Supplement, Tier};
use super::rates::Rates;
use super::resolve::UnitAt;
use super::trace::{Step, Steps, Trace};
use crate::domain::money::{Fen, Rounding};

/// The recomputed amount of an award with its steps.
#[derive(Debug, Clone)]
pub struct Explanation {
    /// What is due now by the same inputs; differs from the line only if the
    /// line or its inputs were tampered with.
    pub due: Due,
    /// The steps.
    pub steps: Vec<Step>,
}

/// Recomputes what an award was due from the stored inputs of a line: one
/// [`UnitAt`], or the three months of a quarter. `None` if the award was not in
/// force.
#[must_use]
pub fn explain(policy: &Policy, units: &[UnitAt], award_id: i64) -> Option<Explanation> {
    let (mut outcome, mut scratch, mut steps) =
        (Outcome::default(), Outcome::default(), Steps::default());
    let known = |unit: &UnitAt| -> NaiveDate { unit.known_on() };
    let rates: Vec<Rates> = units.iter().map(|u| policy.rates(u.month(), known(u))).collect();
    match (units, rates.as_slice()) {
        ([unit], [rates]) => evaluate(policy, rates, unit, &mut outcome, &mut steps),
        _ => {
            let months: Vec<(&Rates, &UnitAt)> = rates.iter().zip(units).collect();
            evaluate_quarter(policy, &months, &mut scratch, &mut outcome, &mut steps);
        }
    }
    let due = *outcome.dues().iter().find(|d| d.award_id == award_id)?;
    let indexes: Vec<u16> = units.iter().filter_map(|u| u.award_index(award_id)).collect();
    steps.steps.retain(|s| s.award == NOBODY || indexes.contains(&s.award));
    Some(Explanation { due, steps: steps.steps })
}

impl Policy {
    /// The reason in words, Chinese and English.
    #[must_use]
    pub fn reason_text(&self, reason: Reason) -> (String, String) {
        let pair = |zh: &str, en: &str| (zh.to_owned(), en.to_owned());
        match reason {
            Reason::Paid => pair("应发", "due"),
            Reason::Deceased => pair("受益人已死亡", "the beneficiary is dead"),
            Reason::Away => pair("已迁往外街道", "moved to another street"),
            Reason::NoMembers => pair("没有计入的家庭成员", "no counted member"),
            Reason::ExcludedBy(program) => match self.program(program) {
                Some(p) => (format!("当月已享受{}", p.zh), format!("receives {}", p.en)),
                None => pair("当月已享受其他待遇", "receives another program"),
            },
            Reason::Condition(clause) => match self.clauses.get(usize::from(clause)) {
                Some(c) => (format!("条件不符：{}", c.zh), format!("condition failed: {}", c.en)),
                None => pair("条件不符", "a condition failed"),
            },
            Reason::NotBelowStandard => {
                pair("人均收入不低于标准", "income per head is not below the standard")
            }
            Reason::NoTier => pair("不符合任何档次", "no tier fits"),
            Reason::NoStandard => pair("当月没有已知标准", "no standard is known for the month"),
            Reason::GraceOver => pair("渐退期已满", "the months of grace are over"),
            Reason::NoAmount => pair("决定未载明金额", "the decision names no amount"),
            Reason::Covered => {
                pair("其他待遇已达到该标准，补差为零", "other programs already pay as much")
            }
        }
    }
}

fn add<T: Trace>(
    trace: &mut T,
    award: u16,
    clause: &str,
    zh: String,
    en: String,
    amount: Option<Fen>,
) {
    trace.add(Step { award, clause: clause.to_owned(), zh, en, amount });
}

pub(crate) fn conclude<T: Trace>(policy: &Policy, due: &Due, trace: &mut T) {
    let Some(program) = policy.program(due.program) else { return };
    let clause = format!("program.{}", program.code);
    let (zh, en) = if due.reason == Reason::Paid {
        let mut zh = format!("{}：应发 {}", program.zh, due.amount);
        let mut en = format!("{}: due {}", program.en, due.amount);
        if due.supplement.is_positive() {
            zh += &format!(" = {} + 分类施保 {}", due.base, due.supplement);
            en += &format!(" = {} + top-ups {}", due.base, due.supplement);
        }
        (zh, en)
    } else {
        let (zh, en) = policy.reason_text(due.reason);
        (format!("{}：应发 0.00，{zh}", program.zh), format!("{}: due 0.00, {en}", program.en))
    };
    add(trace, due.award, &clause, zh, en, Some(due.amount));
}

pub(crate) fn rounding(rounding: Rounding) -> (&'static str, &'static str) {
    match rounding {
        Rounding::CeilYuan => ("进位到元", "up to the yuan"),
        Rounding::HalfUpYuan => ("四舍五入到元", "half-up to the yuan"),
        Rounding::HalfUpFen => ("四舍五入到分", "half-up to the fen"),
    }
}

pub(crate) fn gap<T: Trace>(
    view: &View<'_>,
    award: u16,
    rule: &Shortfall,
    persons: u16,
    income: Fen,
    result: Option<(Fen, Fen)>,
    trace: &mut T,
) {
    let standard = view.rates.standard(rule.standard);
    let (how_zh, how_en) = rounding(rule.rounding);
    let (mut zh, mut en) = (
        format!("标准 {standard} × {persons} 人 − 年收入 {income} ÷ 12"),
        format!("standard {standard} × {persons} − income a year {income} ÷ 12"),
    );
    let amount = match result {
        None => {
            zh += "：人均收入不低于标准";
            en += ": income per head is not below the standard";
            Fen::ZERO
        }
        Some((exact, base)) => {
            zh += &format!(" = {exact}（{how_zh}）");
            en += &format!(" = {exact} ({how_en})");
            if base != exact {
                zh += &format!("，不足最低发放额，按 {base}");
                en += &format!(", below the minimum payout: {base}");
            }
            base
        }
    };
    add(trace, award, "program.shortfall", zh, en, Some(amount));
}

pub(crate) fn grace<T: Trace>(
    award: u16,
    base: Fen,
    cap: Fen,
    percent: u32,
    amount: Fen,
    trace: &mut T,
) {
    add(
        trace,
        award,
        "program.grace",
        format!("渐退期：最后正常月保障金 {base}，上限 {cap}，{percent}% = {amount}"),
        format!("grace: last regular base {base}, at most {cap}, {percent}% = {amount}"),
        Some(amount),
    );
}

pub(crate) fn single<T: Trace>(award: u16, base: Fen, trace: &mut T) {
    add(
        trace,
        award,
        "program.single",
        format!("单人保：{base}"),
        format!("single-person enrolment: {base}"),
        Some(base),
    );
}

pub(crate) fn supplement<T: Trace>(
    subject: Subject,
    supplement: &Supplement,
    rule: SupplementRule,
    amount: Fen,
    trace: &mut T,
) {
    let member = subject.person.wrapping_add(1);
    let (rule_zh, rule_en) = match rule {
        SupplementRule::Highest => ("同一人只取最高一项", "one per person, the highest"),
        SupplementRule::Additive => ("逐项相加", "all are added"),
    };
    add(
        trace,
        subject.award,
        &format!("program.supplement.{}", supplement.code),
        format!("成员{member} 分类施保 {}：{amount}（{rule_zh}）", supplement.zh),
        format!("member {member}: top-up {}: {amount} ({rule_en})", supplement.en),
        Some(amount),
    );
}

pub(crate) fn tier<T: Trace>(view: &View<'_>, award: u16, tier: &Tier, amount: Fen, trace: &mut T) {
    let mut how = (String::new(), String::new());
    if let Some(share) = view.policy.shares.get(usize::from(tier.share.0))
        && let Some(standard) = view.policy.standards.get(usize::from(share.standard))
    {
        let (zh, en) = rounding(share.rounding);
        let value = view.rates.standard(share.standard);
        how.0 = format!("{} {value} × {}%，{zh}", standard.zh, share.percent);
        how.1 = format!("{} {value} × {}%, {en}", standard.en, share.percent);
    }
    add(
        trace,
        award,
        &format!("program.tier.{}", tier.code),
        format!("档次 {}：{} = {amount}", tier.zh, how.0),
        format!("tier {}: {} = {amount}", tier.en, how.1),
        Some(amount),
    );
}

pub(crate) fn band<T: Trace>(award: u16, each: Fen, persons: u16, trace: &mut T) {
    let amount = Fen(each.0 * i64::from(persons));
    add(
        trace,
        award,
        "program.tier",
        format!("每人 {each} × {persons} 人 = {amount}"),
        format!("{each} per person × {persons} = {amount}"),
        Some(amount),
    );
}

pub(crate) fn less<T: Trace>(
    view: &View<'_>,
    award: u16,
    due: &Due,
    part: Fen,
    rest: Fen,
    trace: &mut T,
) {
    let Some(program) = view.policy.program(due.program) else { return };
    let (base, n) = (due.base, due.persons);
    add(
        trace,
        award,
        "program.tier.less",
        format!("减去本人在{}中的份额 {base} ÷ {n} = {part}，余 {rest}", program.zh),
        format!("less the person's share of {}: {base} ÷ {n} = {part}, leaves {rest}", program.en),
        Some(rest),
    );
}
