//! From the file to the compiled policy, with every fault named.

use super::facts::{FactKinds, category_bit};
use super::file::{Block, Period, PolicyFile, SettingsFile};
use super::model::{
    Policy, PolicyError, Program, Settings, Share, ShareId, Standard, StandardValue,
    TemporaryLimits,
};
use super::predicate::Clause;
use crate::domain::money::{Fen, Rounding};

mod condition;
mod program;

/// Separates the files of a policy that consists of several.
const SEPARATOR: &str = "\n#==== mingce policy file ====\n";

impl Policy {
    /// Reads one policy file, or several joined by [`Policy::join`].
    ///
    /// # Errors
    /// Every fault found, each with its table and key and what to do.
    pub fn parse(text: &str) -> Result<Policy, Vec<PolicyError>> {
        let mut errors = Vec::new();
        let mut files = Vec::new();
        for part in text.split(SEPARATOR) {
            match toml::from_str::<PolicyFile>(part) {
                Ok(file) => files.push(file),
                Err(error) => errors.push(syntax_error(part, &error)),
            }
        }
        if !errors.is_empty() {
            return Err(errors);
        }
        let mut builder = Builder::new();
        let programs = files.iter().flat_map(|f| &f.program);
        builder.names = programs.map(|p| [p.code.clone(), p.zh.clone(), p.en.clone()]).collect();
        for file in files {
            builder.file(file);
        }
        builder.finish()
    }

    /// Joins several files to one text, in the order in which their programs are
    /// evaluated. A later file may refer to standards and programs of an
    /// earlier one; codes must be unique over all of them. This text is what is
    /// stored when a policy is put in force, so that one row pins everything a
    /// run used.
    #[must_use]
    pub fn join(files: &[&str]) -> String {
        files.join(SEPARATOR)
    }

    /// The single files of a joined text.
    #[must_use]
    pub fn split(text: &str) -> Vec<&str> {
        text.split(SEPARATOR).collect()
    }
}

fn syntax_error(text: &str, error: &toml::de::Error) -> PolicyError {
    let line = error.span().map_or(1, |span| {
        text.get(..span.start).map_or(1, |before| before.matches('\n').count() + 1)
    });
    let message = error.message();
    PolicyError {
        at: format!("line {line}"),
        zh: format!("第 {line} 行读不懂：{message}。请按 docs/POLICY.md 检查键名和写法"),
        en: format!("line {line} cannot be read: {message}. Check the key against docs/POLICY.md"),
    }
}

/// Collects the compiled parts and all faults.
pub(super) struct Builder {
    pub(super) policy: Policy,
    pub(super) errors: Vec<PolicyError>,
    has_settings: bool,
    /// Code, Chinese and English name of all programs of all files, in order.
    names: Vec<[String; 3]>,
    /// Whether the condition being compiled stands under an odd number of `not`.
    negated: bool,
}

impl Builder {
    fn new() -> Builder {
        let policy = Policy {
            profiles: Vec::new(),
            settings: Settings {
                cut_off_day: 15,
                edge_line: None,
                severe: severe_mask(&[1, 2], &[]),
                recovery_cap_percent: 30,
                arrears_on_renewal: false,
                pay_arrears_to_closed: true,
                temporary: None,
            },
            standards: Vec::new(),
            programs: Vec::new(),
            shares: Vec::new(),
            clauses: Vec::new(),
            kinds: FactKinds::default(),
            cases: Vec::new(),
        };
        Builder {
            policy,
            errors: Vec::new(),
            has_settings: false,
            names: Vec::new(),
            negated: false,
        }
    }

    pub(super) fn error(&mut self, at: &str, zh: impl Into<String>, en: impl Into<String>) {
        self.errors.push(PolicyError { at: at.to_owned(), zh: zh.into(), en: en.into() });
    }

    fn file(&mut self, file: PolicyFile) {
        let code = file.profile.code.clone();
        if self.policy.profiles.iter().any(|p| p.code == code) {
            self.error(
                "profile.code",
                format!("代码 {code} 出现两次，请改用不同代码"),
                format!("the code {code} is used twice; give each file its own"),
            );
        }
        self.policy.profiles.push(file.profile);
        for standard in file.standard {
            self.standard(standard);
        }
        if let Some(settings) = file.settings {
            self.settings(settings);
        }
        for program in file.program {
            self.program(program);
        }
        self.policy.cases.extend(file.case);
    }

    fn finish(mut self) -> Result<Policy, Vec<PolicyError>> {
        if self.policy.programs.is_empty() {
            self.error("program", "没有任何项目", "there is no [[program]]");
        }
        if self.policy.kinds.tested.len() > 64 {
            self.error(
                "program",
                "条件中用到的事实种类超过 64 种",
                "the conditions test more than 64 kinds of facts; merge some",
            );
        }
        super::cases::check_names(&self.policy, &mut self.errors);
        if self.errors.is_empty() { Ok(self.policy) } else { Err(self.errors) }
    }

    fn standard(&mut self, file: super::file::StandardFile) {
        let at = format!("standard.{}", file.code);
        if self.policy.standards.iter().any(|s| s.code == file.code) {
            self.error(&at, "标准代码重复", "this standard's code is already used");
            return;
        }
        if self.policy.standards.len() >= 64 {
            self.error(&at, "标准超过 64 个", "more than 64 standards");
            return;
        }
        if file.values.is_empty() {
            self.error(&at, "没有任何数值", "it has no values; add at least one");
        }
        let mut values = Vec::new();
        for value in file.values {
            let key = format!("{at}.values[{}].amount", value.from);
            let amount = self.yuan(&key, &value.amount);
            if !amount.is_positive() {
                self.error(&key, "金额必须大于零", "the amount must be above zero");
            }
            values.push(StandardValue {
                from: value.from,
                amount,
                decided_on: value.decided_on,
                doc_no: value.doc_no,
            });
        }
        values.sort_by_key(|v| (v.from, v.decided_on));
        let same = |pair: &[StandardValue]| matches!(pair, [a, b] if a.from == b.from && a.decided_on == b.decided_on);
        if values.windows(2).any(same) {
            self.error(
                &at,
                "同一起始月、同一决定日期有两个数值",
                "two values have the same first month and the same day of decision",
            );
        }
        let (code, zh, en) = (file.code, file.zh, file.en);
        self.policy.standards.push(Standard { code, zh, en, values });
    }

    fn settings(&mut self, file: SettingsFile) {
        if self.has_settings {
            self.error(
                "settings",
                "只能有一个文件写 [settings]",
                "only one of the files may have [settings]; remove the others",
            );
        }
        self.has_settings = true;
        if let Some(day) = file.cut_off_day {
            if !(1..=31).contains(&day) {
                self.error("settings.cut_off_day", "应在 1–31 之间", "must be between 1 and 31");
            }
            self.policy.settings.cut_off_day = day;
        }
        if let Some(percent) = file.recovery_cap_percent {
            if percent > 100 {
                let at = "settings.recovery_cap_percent";
                self.error(at, "不能超过 100", "must not exceed 100");
            }
            self.policy.settings.recovery_cap_percent = percent;
        }
        if let Some(edge) = file.edge_line {
            let standard = self.standard_index("settings.edge_line.standard", &edge.standard);
            self.policy.settings.edge_line = Some((standard, edge.percent));
        }
        if let Some(severe) = file.severe {
            let grade_3: Vec<u8> = severe.grade_3_categories.iter().map(|c| *c as u8).collect();
            self.grades("settings.severe.grades", &severe.grades);
            self.policy.settings.severe = severe_mask(&severe.grades, &grade_3);
        }
        if let Some(limits) = file.temporary {
            let at = "settings.temporary";
            let street_cap = self.yuan(&format!("{at}.street_cap"), &limits.street_cap);
            let standard = &limits.district_standard;
            let district_standard =
                self.standard_index(&format!("{at}.district_standard"), standard);
            self.policy.settings.temporary = Some(TemporaryLimits {
                street_cap,
                district_standard,
                district_times: limits.district_times,
                same_cause_months: limits.same_cause_months,
            });
        }
        let settings = &mut self.policy.settings;
        settings.arrears_on_renewal =
            file.arrears_on_renewal.unwrap_or(settings.arrears_on_renewal);
        settings.pay_arrears_to_closed =
            file.pay_arrears_to_closed.unwrap_or(settings.pay_arrears_to_closed);
    }

    /// An amount of at least zero.
    pub(super) fn yuan(&mut self, at: &str, text: &str) -> Fen {
        match Fen::parse_yuan(text) {
            Ok(fen) if fen >= Fen::ZERO => fen,
            Ok(_) => {
                self.error(at, "金额不能为负", "the amount must not be negative");
                Fen::ZERO
            }
            Err(error) => {
                self.error(
                    at,
                    format!("「{text}」不是金额，请写成 808.00 这样的元数"),
                    format!("\"{text}\" is no amount ({error}); write yuan like 808.00"),
                );
                Fen::ZERO
            }
        }
    }

    pub(super) fn standard_index(&mut self, at: &str, code: &str) -> u16 {
        let found = self.policy.standards.iter().position(|s| s.code == code);
        match found.and_then(|i| u16::try_from(i).ok()) {
            Some(index) => index,
            None => {
                self.error(
                    at,
                    format!("没有标准「{code}」，请先写 [[standard]]"),
                    format!("there is no standard \"{code}\"; add a [[standard]] for it"),
                );
                0
            }
        }
    }

    /// A program that stands earlier.
    pub(super) fn program_ref(&mut self, at: &str, code: &str) -> u16 {
        match self.policy.program_index(code) {
            Some(index) => index,
            None => {
                self.error(
                    at,
                    format!("前面没有项目「{code}」；被引用的项目必须写在前面"),
                    format!(
                        "no program \"{code}\" stands before this one; \
                         a program that is referred to must come first"
                    ),
                );
                0
            }
        }
    }

    /// What the files call a program; its code if none knows it.
    pub(super) fn program_name(&self, code: &str) -> (String, String) {
        let found = self.names.iter().find(|[c, ..]| c == code);
        found.map_or((code.into(), code.into()), |[_, zh, en]| (zh.clone(), en.clone()))
    }

    /// What the files call a standard; its code if none knows it.
    pub(super) fn standard_name(&self, code: &str) -> (String, String) {
        let found = self.policy.standards.iter().find(|s| s.code == code);
        found.map_or((code.into(), code.into()), |s| (s.zh.clone(), s.en.clone()))
    }

    /// A program that may also stand later.
    pub(super) fn any_program(&mut self, at: &str, code: &str) -> u16 {
        match self.names.iter().position(|[c, ..]| c == code).and_then(|i| u16::try_from(i).ok()) {
            Some(index) => index,
            None => {
                self.error(
                    at,
                    format!("没有项目「{code}」"),
                    format!("there is no program \"{code}\""),
                );
                0
            }
        }
    }

    pub(super) fn share(&mut self, standard: u16, percent: u32, rounding: Rounding) -> ShareId {
        let share = Share { standard, percent, rounding };
        let at = match self.policy.shares.iter().position(|s| *s == share) {
            Some(at) => at,
            None => {
                self.policy.shares.push(share);
                self.policy.shares.len() - 1
            }
        };
        ShareId(u16::try_from(at).unwrap_or(u16::MAX))
    }

    pub(super) fn standard_of(&self, share: ShareId) -> u64 {
        let share = self.policy.shares.get(usize::from(share.0));
        share.map_or(0, |s| 1_u64 << (s.standard & 63))
    }

    pub(super) fn clause(&mut self, at: &str, zh: String, en: String) -> u16 {
        self.policy.clauses.push(Clause { at: at.to_owned(), zh, en, negated: self.negated });
        u16::try_from(self.policy.clauses.len() - 1).unwrap_or(u16::MAX)
    }

    pub(super) fn grades(&mut self, at: &str, grades: &[u8]) {
        if grades.iter().any(|g| !(1..=4).contains(g)) {
            self.error(at, "残疾等级应为 1–4", "a disability grade is 1 to 4");
        }
    }

    pub(super) fn push(&mut self, program: Program) {
        self.policy.programs.push(program);
    }
}

/// Bits of the categories that are severe, by grade.
fn severe_mask(grades: &[u8], grade_3_categories: &[u8]) -> [u8; 5] {
    let mut severe = [0_u8; 5];
    for (grade, mask) in (0_u8..).zip(&mut severe) {
        if grades.contains(&grade) {
            *mask = u8::MAX;
        } else if grade == 3 {
            *mask = grade_3_categories.iter().fold(0, |bits, c| bits | category_bit(*c));
        }
    }
    severe
}

pub(super) fn default_block(period: Period) -> Block {
    match period {
        Period::Month => Block::Monthly,
        Period::Quarter => Block::Quarterly,
        Period::Once => Block::Once,
    }
}
