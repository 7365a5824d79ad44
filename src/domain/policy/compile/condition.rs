//! Conditions: names resolved, words attached.

use super::Builder;
use crate::domain::fact::FactKind;
use crate::domain::policy::facts::{category_bit, kind_codes};
use crate::domain::policy::file::{AgeFrom, AgeLimit, Category, Condition, FactTest, IncomeTest};
use crate::domain::policy::predicate::{Node, Rule, Test};

impl Builder {
    /// Compiles an optional condition that stands at `at`.
    pub(super) fn rule(&mut self, at: &str, condition: Option<&Condition>) -> Rule {
        match condition {
            None => Rule::always(),
            Some(condition) => {
                self.negated = false;
                let node = self.node(at, condition);
                Rule::compile(node)
            }
        }
    }

    fn node(&mut self, at: &str, condition: &Condition) -> Node {
        match condition {
            Condition::All(list) => Node::All(self.nodes(&format!("{at}.all"), list)),
            Condition::Any(list) => Node::Any(self.nodes(&format!("{at}.any"), list)),
            Condition::Not(inner) => self.not(|builder| builder.node(&format!("{at}.not"), inner)),
            Condition::AgeAtLeast(limit) => self.age(at, *limit),
            Condition::AgeUnder(limit) => self.not(|builder| builder.age(at, *limit)),
            Condition::CertificateValid => {
                self.leaf(at, Test::CertificateValid, "残疾人证有效", "certificate valid")
            }
            Condition::Severe => self.leaf(at, Test::Severe, "重度残疾", "severely disabled"),
            Condition::DisabilityCategory(list) => self.category(at, list),
            Condition::DisabilityGrade(list) => self.grade(at, list),
            Condition::Receives(code) => {
                let program = self.program_ref(&format!("{at}.receives"), code);
                let (zh, en) = self.program_name(code);
                let (zh, en) = (format!("当月享受{zh}"), format!("receives {en}"));
                self.leaf(at, Test::Receives(program), &zh, &en)
            }
            Condition::HoldsAward(code) => self.holds(at, code),
            Condition::Fact(test) => self.fact(at, test, false),
            Condition::FactBeforeMonth(test) => self.fact(at, test, true),
            Condition::ChildClass(code) => {
                let test = FactTest { kind: "child_class".to_owned(), code: code.clone() };
                self.fact(at, &test, false)
            }
            Condition::AppraisalPassed => {
                let code = vec!["pass".to_owned()];
                self.fact(at, &FactTest { kind: "appraisal".to_owned(), code }, false)
            }
            Condition::NoIncident => {
                let test = FactTest { kind: "incident".to_owned(), code: Vec::new() };
                self.not(|builder| builder.fact(at, &test, false))
            }
            Condition::IncomePerHead(test) => self.income(at, test),
            Condition::BelowEdgeLine => self.edge(at),
            Condition::PropertyPerHead(test) => {
                let standard = self.standard_index(&format!("{at}.standard"), &test.standard);
                let times = test.at_most_times;
                let (zh, en) = self.standard_name(&test.standard);
                let zh = format!("人均财产不超过{zh}的 {times} 倍");
                let en = format!("property per head at most {times} × the {en}");
                self.leaf(at, Test::PropertyPerHead { standard, times }, &zh, &en)
            }
        }
    }

    fn nodes(&mut self, at: &str, list: &[Condition]) -> Vec<Node> {
        if list.is_empty() {
            self.error(at, "条件列表是空的", "the list of conditions is empty; remove it");
        }
        list.iter().map(|condition| self.node(at, condition)).collect()
    }

    /// The opposite; the words of the tests inside say so.
    fn not(&mut self, inner: impl FnOnce(&mut Builder) -> Node) -> Node {
        self.negated = !self.negated;
        let node = inner(self);
        self.negated = !self.negated;
        Node::Not(Box::new(node))
    }

    fn leaf(&mut self, at: &str, test: Test, zh: &str, en: &str) -> Node {
        let clause = if self.negated {
            self.clause(at, format!("非「{zh}」"), format!("not ({en})"))
        } else {
            self.clause(at, zh.to_owned(), en.to_owned())
        };
        Node::Test(test, clause)
    }

    /// Age as months since the month of birth; "under" is the opposite.
    fn age(&mut self, at: &str, limit: AgeLimit) -> Node {
        let (years, from) = match limit {
            AgeLimit::Years(years) => (years, AgeFrom::MonthAfterBirthday),
            AgeLimit::From { years, from } => (years, from),
        };
        if years > 150 {
            self.error(at, "年龄不合理，应在 0–150 之间", "an age is between 0 and 150");
        }
        let months = i32::try_from(years.min(150) * 12).unwrap_or(0);
        let (months, from_zh, from_en) = match from {
            AgeFrom::MonthAfterBirthday => (months + 1, "生日次月起", "from the month after"),
            AgeFrom::MonthOfBirthday => (months, "生日当月起", "from the month of the birthday"),
        };
        let (word_zh, word_en) =
            if self.negated { ("未满", "aged under") } else { ("年满", "aged at least") };
        let zh = format!("{word_zh} {years} 周岁（{from_zh}算满）");
        let en = format!("{word_en} {years} (reached {from_en})");
        let clause = self.clause(at, zh, en);
        Node::Test(Test::AgeMonths(months), clause)
    }

    fn category(&mut self, at: &str, list: &[Category]) -> Node {
        let mask = list.iter().fold(0_u8, |mask, c| mask | category_bit(*c as u8));
        let names: Vec<&str> = list.iter().map(|c| category_zh(*c)).collect();
        let zh = format!("残疾类别为{}", names.join("、"));
        let names: Vec<&str> = list.iter().map(|c| category_en(*c)).collect();
        let en = format!("disability category {}", names.join(" or "));
        self.leaf(at, Test::Category(mask), &zh, &en)
    }

    fn grade(&mut self, at: &str, list: &[u8]) -> Node {
        self.grades(&format!("{at}.disability_grade"), list);
        let mask = list.iter().fold(0_u8, |mask, g| mask | (1 << (g & 7)));
        let grades =
            |between: &str| list.iter().map(ToString::to_string).collect::<Vec<_>>().join(between);
        let zh = format!("残疾等级为 {} 级", grades("、"));
        let en = format!("disability grade {}", grades(" or "));
        self.leaf(at, Test::Grade(mask), &zh, &en)
    }

    /// The program may stand later than this one.
    fn holds(&mut self, at: &str, code: &str) -> Node {
        let (zh, en) = self.program_name(code);
        let (zh, en) = (format!("有{zh}待遇"), format!("has an award of {en}"));
        let index = self.any_program(&format!("{at}.holds_award"), code);
        self.leaf(at, Test::HoldsAward(index), &zh, &en)
    }

    fn fact(&mut self, at: &str, test: &FactTest, before: bool) -> Node {
        let kind = test.kind.as_str();
        let parsed = FactKind::from_code(kind).filter(|k| !k.has_amount());
        if parsed.is_none() {
            let list = kind_codes().join(", ");
            self.error(
                at,
                format!("没有可用的事实种类「{kind}」，可用：{list}"),
                format!("there is no such kind of fact \"{kind}\"; known: {list}"),
            );
        }
        let any = [String::new()];
        let codes = if test.code.is_empty() { &any[..] } else { &test.code[..] };
        let bits = codes.iter().fold(0_u64, |bits, code| {
            bits | self.policy.kinds.bit(kind, code, before).unwrap_or(0)
        });
        let (zh, en) = parsed.map_or((kind.into(), kind.into()), |k| fact_words(k, &test.code));
        let (since_zh, since_en) =
            if before { ("（当月之前已有）", " since before the month") } else { ("", "") };
        self.leaf(at, Test::Fact(bits), &format!("{zh}{since_zh}"), &format!("{en}{since_en}"))
    }

    fn income(&mut self, at: &str, test: &IncomeTest) -> Node {
        let standard = self.standard_index(&format!("{at}.standard"), &test.standard);
        let (percent, or_equal) = match (test.below_percent, test.at_most_percent) {
            (Some(percent), None) => (percent, false),
            (None, Some(percent)) => (percent, true),
            _ => {
                self.error(
                    at,
                    "below_percent 和 at_most_percent 必须且只能写一个",
                    "write exactly one of below_percent and at_most_percent",
                );
                (0, false)
            }
        };
        let (word_zh, word_en) =
            if or_equal { ("不超过", "at most") } else { ("低于", "below") };
        let (zh, en) = self.standard_name(&test.standard);
        let zh = format!("人均收入{word_zh}{zh}的 {percent}%");
        let en = format!("income per head {word_en} {percent}% of the {en}");
        self.leaf(at, Test::IncomePerHead { standard, percent, or_equal }, &zh, &en)
    }

    fn edge(&mut self, at: &str) -> Node {
        let (standard, percent) = match self.policy.settings.edge_line {
            Some(line) => line,
            None => {
                self.error(
                    at,
                    "用到低保边缘线，但没有 [settings] edge_line",
                    "below_edge_line needs edge_line in [settings]",
                );
                (0, 0)
            }
        };
        let test = Test::IncomePerHead { standard, percent, or_equal: false };
        self.leaf(at, test, "人均收入低于低保边缘线", "income per head below the edge line")
    }
}

/// A fact by the names of its kind and codes: `分类（重病等）：重病`.
fn fact_words(kind: FactKind, codes: &[String]) -> (String, String) {
    let name = |code: &str| kind.code_name(code);
    let zh: Vec<&str> = codes.iter().map(|c| name(c).map_or(c.as_str(), |n| n.0)).collect();
    let en: Vec<&str> = codes.iter().map(|c| name(c).map_or(c.as_str(), |n| n.1)).collect();
    if codes.is_empty() {
        return (kind.zh().to_owned(), kind.en().to_owned());
    }
    let zh = format!("{}：{}", kind.zh(), zh.join("、"));
    (zh, format!("{}: {}", kind.en(), en.join(" or ")))
}

fn category_en(category: Category) -> &'static str {
    match category {
        Category::Sight => "sight",
        Category::Hearing => "hearing",
        Category::Speech => "speech",
        Category::Physical => "physical",
        Category::Intellectual => "intellectual",
        Category::Mental => "mental",
        Category::Multiple => "multiple",
    }
}

fn category_zh(category: Category) -> &'static str {
    match category {
        Category::Sight => "视力",
        Category::Hearing => "听力",
        Category::Speech => "言语",
        Category::Physical => "肢体",
        Category::Intellectual => "智力",
        Category::Mental => "精神",
        Category::Multiple => "多重",
    }
}
