//! A policy in plain language, for people who never open its file.

use super::explain::rounding;
use super::file::SupplementRule;
use super::model::{Amount, Policy, Program, ShareId, Shortfall, Supplement, Tier};
use super::predicate::{Node, Rule};
use super::rates::Rates;
use crate::domain::money::{Fen, Rounding};

/// A sentence in both languages.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Sentence {
    /// Chinese.
    pub zh: String,
    /// English.
    pub en: String,
}

impl Sentence {
    fn new(zh: impl Into<String>, en: impl Into<String>) -> Sentence {
        Sentence { zh: zh.into(), en: en.into() }
    }
}

/// What one program says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PlainProgram {
    /// All of these must hold.
    pub when: Vec<Sentence>,
    /// Who receives one of these does not receive it.
    pub excluded_by: Vec<Sentence>,
    /// What it pays; of several the first that fits.
    pub pays: Vec<PlainPay>,
    /// Top-ups 分类施保.
    pub supplements: Vec<PlainPay>,
    /// Of several top-ups a person gets only the highest.
    pub highest_only: bool,
}

/// One amount of a program.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PlainPay {
    /// Code of the tier or top-up; empty for an amount without tiers.
    pub code: String,
    /// Its name.
    pub name: Sentence,
    /// All of these must hold.
    pub when: Vec<Sentence>,
    /// The amount.
    pub amount: Sentence,
}

impl Policy {
    /// A program in plain language, with the amounts of `rates`.
    #[must_use]
    pub fn plain(&self, program: &Program, rates: &Rates) -> PlainProgram {
        PlainProgram {
            when: self.conditions(&program.when),
            excluded_by: self.exclusions(program),
            pays: self.pays(program, rates),
            supplements: program.supplements.iter().map(|s| self.top_up(s, rates)).collect(),
            highest_only: program.supplement_rule == SupplementRule::Highest,
        }
    }

    /// Indexes of the standards that a program's own amounts name.
    #[must_use]
    pub fn pays_by(&self, program: &Program) -> Vec<u16> {
        let mut shares: Vec<ShareId> = program.tiers.iter().map(|t| t.share).collect();
        shares.extend(program.supplements.iter().map(|s| s.share));
        let mut found = Vec::new();
        match &program.amount {
            Amount::Shortfall(s) => found.push(s.standard),
            Amount::Accrual(share) => shares.push(*share),
            Amount::Tiers | Amount::Decided => {}
        }
        found.extend(
            shares.iter().filter_map(|s| self.shares.get(usize::from(s.0))?.standard.into()),
        );
        found.sort_unstable();
        found.dedup();
        found
    }

    /// What the policy sets for all programs.
    #[must_use]
    pub fn plain_settings(&self) -> Vec<Sentence> {
        let s = &self.settings;
        let mut all = vec![Sentence::new(
            format!("每月 {} 日 24:00 截止，之后知道的事进入下一个月", s.cut_off_day),
            format!("Knowledge is cut off at the end of day {} of the month", s.cut_off_day),
        )];
        if let Some((standard, percent)) = s.edge_line {
            let name = self.standard_name(standard);
            all.push(Sentence::new(
                format!("低保边缘线：人均收入低于{}的 {percent}%", name.zh),
                format!("Edge line: income per head below {percent}% of the {}", name.en),
            ));
        }
        let cap = s.recovery_cap_percent;
        all.push(Sentence::new(
            format!("追回分期每月不超过应发的 {cap}%，舍去角分"),
            format!("A recovery takes at most {cap}% of a month, rounded down to the yuan"),
        ));
        all.push(if s.arrears_on_renewal {
            Sentence::new(
                "证件逾期后换证，补发逾期的月份",
                "A renewed certificate pays the lapsed months",
            )
        } else {
            Sentence::new(
                "证件逾期后换证，逾期的月份不补发（官方原因延误除外）",
                "A renewed certificate does not pay the lapsed months, unless the office was late",
            )
        });
        all.push(if s.pay_arrears_to_closed {
            Sentence::new("已停发的待遇仍补发欠发", "Arrears of a stopped award are still paid")
        } else {
            Sentence::new("已停发的待遇不再补发", "Arrears of a stopped award are not paid")
        });
        if let Some(t) = &s.temporary {
            let name = self.standard_name(t.district_standard);
            let (cap, times, months) = (t.street_cap, t.district_times, t.same_cause_months);
            all.push(Sentence::new(
                format!(
                    "临时救助：街道每件不超过 {cap} 元，区级不超过{}的 {times} 倍；同一事由 {months} 个月内街道只救助一次",
                    name.zh
                ),
                format!(
                    "Temporary assistance: the street up to {cap} a case, the district up to {times} × the {}; \
                     the same cause once in {months} months",
                    name.en
                ),
            ));
        }
        all
    }

    fn standard_name(&self, index: u16) -> Sentence {
        let found = self.standards.get(usize::from(index));
        found.map(|s| Sentence::new(&s.zh, &s.en)).unwrap_or_default()
    }

    /// What must hold, one by one.
    fn conditions(&self, rule: &Rule) -> Vec<Sentence> {
        match rule.tree() {
            None => Vec::new(),
            Some(node) => match self.said(node, false) {
                Said::All(parts) => parts.iter().map(Said::inside).collect(),
                said => vec![said.inside()],
            },
        }
    }

    /// `not` turns "all" into "any"; the words of a test already say its
    /// opposite.
    fn said(&self, node: &Node, negated: bool) -> Said {
        let each = |nodes: &[Node]| nodes.iter().map(|n| self.said(n, negated)).collect();
        match node {
            Node::Not(inner) => self.said(inner, !negated),
            Node::All(nodes) if negated => Said::Any(each(nodes)),
            Node::Any(nodes) if !negated => Said::Any(each(nodes)),
            Node::All(nodes) | Node::Any(nodes) => Said::All(each(nodes)),
            Node::Test(_, clause) => {
                let found = self.clauses.get(usize::from(*clause));
                Said::One(found.map(|c| Sentence::new(&c.zh, &c.en)).unwrap_or_default())
            }
        }
    }

    fn exclusions(&self, program: &Program) -> Vec<Sentence> {
        let whole = (0_u16..).zip(&self.programs);
        let whole = whole.filter(|(at, _)| program.excluded_by & (1 << (at & 63)) != 0);
        let mut all: Vec<Sentence> = whole.map(|(_, p)| Sentence::new(&p.zh, &p.en)).collect();
        for (at, mask) in &program.excluded_by_tier {
            let Some(other) = self.program(*at) else { continue };
            let tiers =
                (0_u32..).zip(&other.tiers).filter(|(tier, _)| mask & (1 << (tier & 63)) != 0);
            let (mut zh, mut en) = (Vec::new(), Vec::new());
            for (_, tier) in tiers {
                zh.push(tier.zh.as_str());
                en.push(tier.en.as_str());
            }
            all.push(Sentence::new(
                format!("{}（{}）", other.zh, zh.join("；")),
                format!("{} ({})", other.en, en.join("; ")),
            ));
        }
        all
    }

    fn pays(&self, program: &Program, rates: &Rates) -> Vec<PlainPay> {
        let whole = |amount| PlainPay {
            code: String::new(),
            name: Sentence::new(&program.zh, &program.en),
            when: Vec::new(),
            amount,
        };
        match &program.amount {
            Amount::Tiers => program.tiers.iter().map(|t| self.tier(t, rates)).collect(),
            Amount::Accrual(share) => {
                let s = self.share_words(*share, rates);
                vec![whole(Sentence::new(
                    format!("季度内每个符合条件的月：{}", s.zh),
                    format!("for every month of the quarter that qualifies: {}", s.en),
                ))]
            }
            Amount::Decided => vec![whole(Sentence::new(
                "金额由审批决定载明",
                "the amount stands in the decision",
            ))],
            Amount::Shortfall(s) => {
                let mut all = vec![whole(self.gap_words(s, rates))];
                all.extend(self.around(s, rates));
                all
            }
        }
    }

    fn gap_words(&self, s: &Shortfall, rates: &Rates) -> Sentence {
        let (how_zh, how_en) = rounding(s.rounding);
        let name = self.standard_name(s.standard);
        let standard = rates.standard(s.standard);
        let mut words = Sentence::new(
            format!(
                "{} {standard} × 计入人数 − 家庭年收入 ÷ 12，{how_zh}；人均收入须低于标准",
                name.zh
            ),
            format!(
                "{} {standard} × counted members − the household's income a year ÷ 12, {how_en}; \
                 income per head must be below the standard",
                name.en
            ),
        );
        if s.min_payout.is_positive() {
            words.zh += &format!("；有差额时最低发 {}", s.min_payout);
            words.en += &format!("; at least {} where there is a gap", s.min_payout);
        }
        if s.full_standard_for_severe {
            words.zh += "；重度残疾成员不计收入";
            words.en += "; severely disabled members count without income";
        }
        words
    }

    /// Single-person enrolment and grace of a household program.
    fn around(&self, s: &Shortfall, rates: &Rates) -> Vec<PlainPay> {
        let single = s.single.iter().map(|single| PlainPay {
            code: String::new(),
            name: Sentence::new("单人保", "single-person enrolment"),
            when: self.conditions(&single.when),
            amount: self.share_words(single.share, rates),
        });
        let grace = s.grace.iter().map(|grace| {
            let months = grace.percents.len();
            let percents: Vec<String> = grace.percents.iter().map(|p| format!("{p}%")).collect();
            PlainPay {
                code: String::new(),
                name: Sentence::new("渐退期", "grace period"),
                when: self.conditions(&grace.when),
                amount: Sentence::new(
                    format!("{months} 个月，依次为最后正常月的 {}", percents.join("、")),
                    format!("{months} months at {} of the last regular month", percents.join(", ")),
                ),
            }
        });
        single.chain(grace).collect()
    }

    fn tier(&self, tier: &Tier, rates: &Rates) -> PlainPay {
        let mut amount = self.share_words(tier.share, rates);
        if let Some(less) = &tier.less {
            let programs = (0_u16..).zip(&self.programs);
            let programs = programs.filter(|(at, _)| less.programs & (1 << (at & 63)) != 0);
            let (zh, en): (Vec<&str>, Vec<&str>) =
                programs.map(|(_, p)| (p.zh.as_str(), p.en.as_str())).unzip();
            let (how_zh, how_en) = rounding(less.rounding);
            amount.zh += &format!("，减去本人当月享受的{}，{how_zh}", zh.join("、"));
            amount.en += &format!(", less the person's part of {}, {how_en}", en.join(" and "));
        }
        PlainPay {
            code: tier.code.clone(),
            name: Sentence::new(&tier.zh, &tier.en),
            when: self.conditions(&tier.when),
            amount,
        }
    }

    fn top_up(&self, supplement: &Supplement, rates: &Rates) -> PlainPay {
        PlainPay {
            code: supplement.code.clone(),
            name: Sentence::new(&supplement.zh, &supplement.en),
            when: self.conditions(&supplement.when),
            amount: self.share_words(supplement.share, rates),
        }
    }

    fn share_words(&self, id: ShareId, rates: &Rates) -> Sentence {
        let Some(share) = self.shares.get(usize::from(id.0)) else { return Sentence::default() };
        let (name, standard) = (self.standard_name(share.standard), rates.standard(share.standard));
        if standard == Fen::ZERO {
            return Sentence::new(
                format!("{}的 {}%（当月尚无数值）", name.zh, share.percent),
                format!("{}% of the {} (no value for this month yet)", share.percent, name.en),
            );
        }
        if share.percent == 100 && share.rounding == Rounding::HalfUpFen {
            let text = |name: String| format!("{name} {standard}");
            return Sentence::new(text(name.zh), text(name.en));
        }
        let (how_zh, how_en) = rounding(share.rounding);
        let (percent, amount) = (share.percent, rates.share(id));
        Sentence::new(
            format!("{} {standard} × {percent}%，{how_zh} = {amount}", name.zh),
            format!("{} {standard} × {percent}%, {how_en} = {amount}", name.en),
        )
    }
}

/// A condition while its words are put together.
enum Said {
    All(Vec<Said>),
    Any(Vec<Said>),
    One(Sentence),
}

impl Said {
    /// As part of another sentence: a group in brackets.
    fn inside(&self) -> Sentence {
        let (parts, zh, en) = match self {
            Said::One(sentence) => return sentence.clone(),
            Said::All(parts) => (parts, "，并且", " and "),
            Said::Any(parts) => (parts, "，或者", " or "),
        };
        let parts: Vec<Sentence> = parts.iter().map(Said::bracketed).collect();
        let join = |pick: fn(&Sentence) -> &str, between: &str| {
            parts.iter().map(pick).collect::<Vec<_>>().join(between)
        };
        Sentence::new(join(|s| &s.zh, zh), join(|s| &s.en, en))
    }

    fn bracketed(&self) -> Sentence {
        let Sentence { zh, en } = self.inside();
        match self {
            Said::One(_) => Sentence { zh, en },
            _ => Sentence::new(format!("（{zh}）"), format!("({en})")),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const EXAMPLE: &str = include_str!("../../../policies/js-ill-2023.toml");

    fn plain(code: &str) -> PlainProgram {
        let policy = Policy::parse(EXAMPLE).expect("the example");
        let index = policy.program_index(code).expect("a program");
        let program = policy.program(index).expect("a program");
        let month = "2023-08".parse().expect("a month");
        policy.plain(program, &policy.rates(month, chrono::NaiveDate::MAX))
    }

    #[test]
    fn conditions_and_amounts_are_said_with_names_and_figures() {
        let care = plain("care");
        let said: Vec<&str> = care.when.iter().map(|s| s.zh.as_str()).collect();
        assert_eq!(said, ["残疾人证有效", "非「同类待遇：工伤护理待遇、同类护理补贴」"]);
        assert_eq!(care.excluded_by, [Sentence::new("特困供养", "extreme hardship support")]);
        let first = care.pays.first().expect("a tier");
        assert_eq!(
            (first.code.as_str(), first.amount.zh.as_str()),
            ("G1", "护理补贴一级（虚构） 200.00")
        );

        let single = plain("dibao").pays.into_iter().nth(1).expect("single-person enrolment");
        assert_eq!(
            single.when.get(1).map(|s| s.en.as_str()),
            Some("severely disabled or category such as serious illness: serious illness")
        );
        assert!(single.amount.zh.ends_with("808.00 × 65%，进位到元 = 526.00"), "{single:?}");
    }

    #[test]
    fn the_opposite_of_all_is_any() {
        let policy = EXAMPLE.replacen(
            "when = { age_under = 18 }\n",
            "when = { not = { all = [{ age_at_least = 18 }, \"severe\"] } }\n",
            1,
        );
        let policy = Policy::parse(&policy).expect("a policy");
        let program = policy.program_index("children").and_then(|at| policy.program(at));
        let when = policy.conditions(&program.expect("a program").when);
        let said: Vec<&str> = when.iter().map(|s| s.zh.as_str()).collect();
        assert_eq!(said, ["未满 18 周岁（生日次月起算满），或者非「重度残疾」"]);
    }
}
