//! Conditions, compiled: a chain of tests with a jump for yes and one for no.
//!
//! all / any / not become jumps, so the hot loop neither recurses nor
//! allocates, and the test that decided is the one that is named as the reason.

use super::evaluate::{Subject, View};
use super::trace::{Step, Trace};

/// A test, with the words for it.
#[derive(Debug, Clone)]
pub(crate) struct Clause {
    /// Where it stands in the file.
    pub at: String,
    pub zh: String,
    pub en: String,
    /// The words say the opposite of the test.
    pub negated: bool,
}

/// One named predicate with its parameters resolved.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Test {
    /// Months since the month of birth are at least so many.
    AgeMonths(i32),
    CertificateValid,
    /// Bit of the category.
    Category(u8),
    /// Bit of the grade.
    Grade(u8),
    Severe,
    /// Any of these fact bits.
    Fact(u64),
    Receives(u16),
    HoldsAward(u16),
    IncomePerHead {
        standard: u16,
        percent: u32,
        or_equal: bool,
    },
    PropertyPerHead {
        standard: u16,
        times: u32,
    },
}

/// Where a rule ends.
const YES: u16 = u16::MAX;
const NO: u16 = u16::MAX - 1;

#[derive(Debug, Clone, Copy)]
struct Op {
    test: Test,
    clause: u16,
    yes: u16,
    no: u16,
}

/// A compiled condition; empty means "always".
#[derive(Debug, Clone)]
pub(crate) struct Rule {
    ops: Vec<Op>,
    entry: u16,
    /// As written; only read to say it in words.
    tree: Option<Node>,
}

/// A condition whose names are resolved, before it becomes jumps.
#[derive(Debug, Clone)]
pub(crate) enum Node {
    All(Vec<Node>),
    Any(Vec<Node>),
    Not(Box<Node>),
    Test(Test, u16),
}

impl Rule {
    /// No condition.
    pub fn always() -> Rule {
        Rule { ops: Vec::new(), entry: YES, tree: None }
    }

    /// Turns the tree into jumps.
    pub fn compile(node: Node) -> Rule {
        let mut rule = Rule::always();
        rule.entry = rule.emit(&node, YES, NO);
        rule.tree = Some(node);
        rule
    }

    /// The condition as written; none means "always".
    pub fn tree(&self) -> Option<&Node> {
        self.tree.as_ref()
    }

    fn emit(&mut self, node: &Node, yes: u16, no: u16) -> u16 {
        match node {
            Node::Test(test, clause) => {
                self.ops.push(Op { test: *test, clause: *clause, yes, no });
                u16::try_from(self.ops.len() - 1).unwrap_or(NO)
            }
            Node::Not(inner) => self.emit(inner, no, yes),
            Node::All(nodes) => nodes.iter().rev().fold(yes, |next, n| self.emit(n, next, no)),
            Node::Any(nodes) => nodes.iter().rev().fold(no, |next, n| self.emit(n, yes, next)),
        }
    }

    /// Age in months from which on it cannot hold any more, if it has such a
    /// limit (`age_under`): a condition that never comes back.
    pub fn age_limit(&self) -> Option<i32> {
        let limits = self.ops.iter().filter(|op| op.yes == NO);
        limits
            .filter_map(|op| match op.test {
                Test::AgeMonths(months) => Some(months),
                _ => None,
            })
            .min()
    }

    /// Programs of which it asks whether they are received or held, as bits.
    pub fn programs(&self) -> u64 {
        self.ops.iter().fold(0, |bits, op| match op.test {
            Test::Receives(p) | Test::HoldsAward(p) => bits | (1 << (p & 63)),
            _ => bits,
        })
    }

    /// Standards that it compares with, as bits.
    pub fn standards(&self) -> u64 {
        self.ops.iter().fold(0, |bits, op| match op.test {
            Test::IncomePerHead { standard, .. } | Test::PropertyPerHead { standard, .. } => {
                bits | (1 << (standard & 63))
            }
            _ => bits,
        })
    }

    /// Whether it holds for the subject; otherwise the clause that failed.
    #[inline]
    pub fn check<T: Trace>(
        &self,
        view: &View<'_>,
        subject: Subject,
        trace: &mut T,
    ) -> Result<(), u16> {
        if self.entry == YES { Ok(()) } else { self.walk(view, subject, trace) }
    }

    fn walk<T: Trace>(&self, view: &View<'_>, subject: Subject, trace: &mut T) -> Result<(), u16> {
        let mut at = self.entry;
        let mut failed = u16::MAX;
        let person = view.at(subject.person);
        while let Some(op) = self.ops.get(usize::from(at)) {
            let holds = match person {
                Some(person) => view.test(op.test, subject, person),
                None => view.test_household(op.test, subject),
            };
            if T::ON {
                explain_test(view, subject, op.clause, holds, trace);
            }
            failed = op.clause;
            at = if holds { op.yes } else { op.no };
        }
        if at == YES { Ok(()) } else { Err(failed) }
    }
}

fn explain_test<T: Trace>(
    view: &View<'_>,
    subject: Subject,
    clause: u16,
    holds: bool,
    trace: &mut T,
) {
    let Some(text) = view.policy.clauses.get(usize::from(clause)) else { return };
    let (zh, en) = if holds != text.negated { ("是", "yes") } else { ("否", "no") };
    let member = subject.person.wrapping_add(1);
    trace.add(Step {
        award: subject.award,
        clause: text.at.clone(),
        zh: format!("成员{member}：{}？{zh}", text.zh),
        en: format!("member {member}: {}? {en}", text.en),
        amount: None,
    });
}
