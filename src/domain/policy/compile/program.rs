//! Programs: the pieces of the amount.

use super::{Builder, default_block};
use crate::domain::award::BeneficiaryKind;
use crate::domain::money::{Fen, Rounding};
use crate::domain::policy::file::{
    ExclusionFile, Period, ProgramFile, ShareFile, ShortfallFile, SupplementFile, SupplementRule,
    TierFile,
};
use crate::domain::policy::model::{
    Amount, Grace, Less, Program, ShareId, Shortfall, Single, Supplement, Tier,
};
use crate::domain::policy::predicate::Rule;

impl Builder {
    pub(super) fn program(&mut self, file: ProgramFile) {
        let at = format!("program.{}", file.code);
        if self.policy.program_index(&file.code).is_some() {
            self.error(&at, "项目代码重复", "this program's code is already used");
            return;
        }
        if self.policy.programs.len() >= 64 {
            self.error(&at, "项目超过 64 个", "more than 64 programs");
            return;
        }
        let (excluded_by, excluded_by_tier) = self.exclusions(&at, &file.excluded_by);
        let when = self.rule(&format!("{at}.when"), file.when.as_ref());
        let tiers = self.tiers(&at, &file.tier);
        let amount = self.amount(&at, &file);
        let supplements = self.supplements(&at, &file.supplement);
        let mut program = Program {
            roster_label: file.roster_label.unwrap_or_else(|| file.zh.clone()),
            code: file.code,
            zh: file.zh,
            en: file.en,
            beneficiary: file.beneficiary,
            period: file.period,
            block: file.block.unwrap_or_else(|| default_block(file.period)),
            public_notice: file.public_notice,
            restricted: file.restricted,
            start: file.start,
            stop: file.stop,
            tiers,
            excluded_by,
            excluded_by_tier,
            when,
            amount,
            supplements,
            supplement_rule: file.supplement_rule.unwrap_or(SupplementRule::Highest),
            standards: 0,
        };
        program.standards = self.depends_on(&program);
        self.push(program);
    }

    fn exclusions(&mut self, at: &str, list: &[ExclusionFile]) -> (u64, Vec<(u16, u64)>) {
        let at = format!("{at}.excluded_by");
        let (mut whole, mut by_tier) = (0_u64, Vec::new());
        for exclusion in list {
            match exclusion {
                ExclusionFile::Program(code) => {
                    whole |= 1 << (self.program_ref(&at, code) & 63);
                }
                ExclusionFile::Tiers { program, tiers } => {
                    let index = self.program_ref(&at, program);
                    let mask = tiers.iter().fold(0, |mask, t| mask | self.tier_ref(&at, index, t));
                    by_tier.push((index, mask));
                }
            }
        }
        (whole, by_tier)
    }

    fn tier_ref(&mut self, at: &str, program: u16, code: &str) -> u64 {
        let tiers = self.policy.program(program).map(|p| p.tiers.as_slice()).unwrap_or_default();
        match tiers.iter().position(|t| t.code == code) {
            Some(tier) => 1_u64.checked_shl(u32::try_from(tier).unwrap_or(64)).unwrap_or(0),
            None => {
                self.error(
                    at,
                    format!("该项目没有档次「{code}」"),
                    format!("that program has no tier \"{code}\""),
                );
                0
            }
        }
    }

    fn tiers(&mut self, at: &str, list: &[TierFile]) -> Vec<Tier> {
        if list.len() > 64 {
            self.error(at, "档次超过 64 个", "more than 64 tiers");
        }
        let mut tiers: Vec<Tier> = Vec::new();
        for file in list.iter().take(64) {
            let at = format!("{at}.tier.{}", file.code);
            if tiers.iter().any(|t| t.code == file.code) {
                self.error(&at, "档次代码重复", "this tier's code is already used");
            }
            let when = self.rule(&format!("{at}.when"), file.when.as_ref());
            let share = self.pay(&at, file.share.as_ref(), file.fixed.as_deref());
            let less = file.less.as_ref().map(|less| {
                let at = format!("{at}.less");
                let programs = less
                    .programs
                    .iter()
                    .fold(0_u64, |bits, code| bits | (1 << (self.program_ref(&at, code) & 63)));
                Less { programs, rounding: less.rounding }
            });
            let (code, zh, en) = (file.code.clone(), file.zh.clone(), file.en.clone());
            tiers.push(Tier { code, zh, en, when, share, less });
        }
        tiers
    }

    /// `share` or `fixed`, exactly one.
    fn pay(&mut self, at: &str, share: Option<&ShareFile>, fixed: Option<&str>) -> ShareId {
        match (share, fixed) {
            (Some(share), None) => {
                self.percent(&format!("{at}.share.percent"), share.percent);
                let standard =
                    self.standard_index(&format!("{at}.share.standard"), &share.standard);
                self.share(standard, share.percent, share.rounding)
            }
            (None, Some(code)) => {
                let standard = self.standard_index(&format!("{at}.fixed"), code);
                self.share(standard, 100, Rounding::HalfUpFen)
            }
            _ => {
                self.error(
                    at,
                    "share 和 fixed 必须且只能写一个",
                    "write exactly one of share and fixed",
                );
                ShareId(0)
            }
        }
    }

    fn percent(&mut self, at: &str, percent: u32) {
        if !(1..=1_000).contains(&percent) {
            self.error(at, "百分比应在 1–1000 之间", "a percentage is between 1 and 1000");
        }
    }

    /// The one piece that makes the program's amount.
    fn amount(&mut self, at: &str, file: &ProgramFile) -> Amount {
        let pieces =
            [file.shortfall.is_some(), !file.tier.is_empty(), file.accrual.is_some(), file.decided];
        if pieces.iter().filter(|has| **has).count() != 1 {
            self.error(
                at,
                "shortfall、tier、accrual、decided 必须且只能写一种",
                "a program needs exactly one of shortfall, tier, accrual, decided",
            );
        }
        self.fitting(at, file);
        if let Some(shortfall) = &file.shortfall {
            return Amount::Shortfall(Box::new(self.shortfall(at, file, shortfall)));
        }
        if let Some(accrual) = &file.accrual {
            let standard = self.standard_index(&format!("{at}.accrual"), &accrual.standard);
            return Amount::Accrual(self.share(standard, 100, Rounding::HalfUpFen));
        }
        if file.decided { Amount::Decided } else { Amount::Tiers }
    }

    /// Pieces that do not go together.
    fn fitting(&mut self, at: &str, file: &ProgramFile) {
        let household = file.beneficiary == BeneficiaryKind::Household;
        if file.shortfall.is_some() && !household {
            self.error(
                at,
                "补差（shortfall）只用于以户为单位的项目",
                "shortfall is a piece of household programs only",
            );
        }
        if !file.supplement.is_empty() && !household {
            self.error(
                at,
                "分类施保（supplement）只用于以户为单位的项目",
                "supplement is a piece of household programs only",
            );
        }
        if (file.single.is_some() || file.grace.is_some()) && file.shortfall.is_none() {
            self.error(
                at,
                "single、grace 只能与 shortfall 一起使用",
                "single and grace go with shortfall only",
            );
        }
        if household && file.tier.iter().any(|tier| tier.less.is_some()) {
            self.error(
                at,
                "以户为单位的档次不能写 less",
                "a tier of a household program cannot have less",
            );
        }
        if (file.accrual.is_some()) != (file.period == Period::Quarter) {
            self.error(
                at,
                "按季发放的项目用 accrual，其他项目不用",
                "a quarterly program uses accrual and no other program does",
            );
        }
        if file.beneficiary == BeneficiaryKind::Case && !file.decided {
            self.error(at, "按件的项目须 decided = true", "a case program needs decided = true");
        }
    }

    fn shortfall(&mut self, at: &str, file: &ProgramFile, shortfall: &ShortfallFile) -> Shortfall {
        let key = format!("{at}.shortfall");
        let standard = self.standard_index(&format!("{key}.standard"), &shortfall.standard);
        let min_payout = match &shortfall.min_payout {
            Some(text) => self.yuan(&format!("{key}.min_payout"), text),
            None => Fen::ZERO,
        };
        for percent in file.single.iter().map(|single| single.percent) {
            self.percent(&format!("{at}.single.percent"), percent);
        }
        if file.grace.iter().any(|grace| grace.percents.iter().any(|percent| *percent > 100)) {
            let key = format!("{at}.grace.percents");
            self.error(&key, "渐退比例不能超过 100", "a percentage of grace is at most 100");
        }
        let single = file.single.as_ref().map(|single| Single {
            share: self.share(standard, single.percent, single.rounding),
            when: self.rule(&format!("{at}.single.when"), single.when.as_ref()),
            supplements: single.supplements,
        });
        let grace = file.grace.as_ref().map(|grace| Grace {
            percents: grace.percents.clone(),
            when: self.rule(&format!("{at}.grace.when"), grace.when.as_ref()),
        });
        Shortfall {
            standard,
            rounding: shortfall.rounding,
            min_payout,
            full_standard_for_severe: shortfall.full_standard_for_severe,
            single,
            grace,
        }
    }

    fn supplements(&mut self, at: &str, list: &[SupplementFile]) -> Vec<Supplement> {
        let mut supplements = Vec::new();
        for file in list {
            let at = format!("{at}.supplement.{}", file.code);
            supplements.push(Supplement {
                code: file.code.clone(),
                zh: file.zh.clone(),
                en: file.en.clone(),
                when: self.rule(&format!("{at}.when"), Some(&file.when)),
                share: self.pay(&at, file.share.as_ref(), file.fixed.as_deref()),
            });
        }
        supplements
    }

    /// Standards on which the program's amount depends, its own and those of the
    /// programs it looks at.
    fn depends_on(&self, program: &Program) -> u64 {
        let mut shares: Vec<ShareId> = program.tiers.iter().map(|t| t.share).collect();
        let mut rules: Vec<&Rule> = program.tiers.iter().map(|t| &t.when).collect();
        rules.push(&program.when);
        shares.extend(program.supplements.iter().map(|x| x.share));
        rules.extend(program.supplements.iter().map(|x| &x.when));
        let mut standards = 0_u64;
        let mut programs = program.excluded_by;
        for (other, _) in &program.excluded_by_tier {
            programs |= 1 << (other & 63);
        }
        for less in program.tiers.iter().filter_map(|t| t.less.as_ref()) {
            programs |= less.programs;
        }
        match &program.amount {
            Amount::Shortfall(s) => {
                standards |= 1 << (s.standard & 63);
                rules.extend(s.single.iter().map(|x| &x.when));
                rules.extend(s.grace.iter().map(|x| &x.when));
            }
            Amount::Accrual(share) => shares.push(*share),
            Amount::Tiers | Amount::Decided => {}
        }
        for rule in rules {
            standards |= rule.standards();
            programs |= rule.programs();
        }
        let own = shares.iter().fold(standards, |bits, share| bits | self.standard_of(*share));
        let others = self.policy.programs.iter().enumerate();
        others
            .filter(|(at, _)| programs & (1 << at) != 0)
            .fold(own, |bits, (_, p)| bits | p.standards)
    }
}
