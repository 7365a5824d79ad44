//! Makes the blocks of the table from lines that come in order of beneficiary.

use std::collections::{BTreeMap, BTreeSet};

use super::{Below, Block, CommunityRow, LineFact, ProgramLabel, Row, Tally, change_permille};
use crate::domain::money::Fen;
use crate::domain::payout::LineKind;

/// Reason of somebody who comes back after at least one month without.
pub const RETURNED: &str = "恢复";
/// Reason of somebody who was never paid before.
pub const NEW: &str = "新增";
/// Reason of somebody who left and for whom nothing else is known.
pub const UNKNOWN: &str = "暂停";

/// A community of the street.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Community {
    /// 12-digit code.
    pub code: String,
    /// Name.
    pub name: String,
}

/// Somebody who is counted in one month only.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Mover {
    /// Who.
    pub beneficiary: i64,
    /// Their award.
    pub award: i64,
    /// Whether this month has a line 暂缓 for them.
    pub held: bool,
    community: usize,
    tally: Tally,
}

/// Collects one program's lines of two months into a [`Block`].
#[derive(Debug)]
pub struct BlockBuilder {
    program: ProgramLabel,
    rows: Vec<Row>,
    below: Below,
    joined: Vec<Mover>,
    left: Vec<Mover>,
}

impl BlockBuilder {
    /// An empty block.
    #[must_use]
    pub fn new(program: ProgramLabel) -> BlockBuilder {
        BlockBuilder {
            program,
            rows: Vec::new(),
            below: Below::default(),
            joined: Vec::new(),
            left: Vec::new(),
        }
    }

    /// Code of the program.
    #[must_use]
    pub fn program(&self) -> &ProgramLabel {
        &self.program
    }

    /// Changes a community's row; communities may turn up as lines are read.
    fn at(&mut self, community: usize, change: impl FnOnce(&mut Row)) {
        if self.rows.len() <= community {
            self.rows.resize_with(community + 1, Row::default);
        }
        if let Some(row) = self.rows.get_mut(community) {
            change(row);
        }
    }

    /// Takes all lines of one beneficiary: those of last month's run and those
    /// of this month's. Lines of last month other than regular don't matter.
    pub fn beneficiary(&mut self, last: &[LineFact], this: &[LineFact]) {
        for line in this {
            self.other_line(line);
        }
        let held = this.iter().any(|line| line.kind == LineKind::Held);
        match (counted(last), counted(this)) {
            (None, None) => {}
            (None, Some(now)) => {
                self.due(now);
                self.at(now.community, |row| row.joined += tally(now));
                self.joined.push(mover(now, held));
            }
            (Some(before), None) => {
                self.at(before.community, |row| {
                    row.last += tally(before);
                    row.left += tally(before);
                });
                self.left.push(mover(before, held));
            }
            (Some(before), Some(now)) => self.stays(before, now),
        }
    }

    fn due(&mut self, now: &LineFact) {
        self.at(now.community, |row| {
            row.due += tally(now);
            row.supplement += now.supplement;
        });
    }

    fn stays(&mut self, before: &LineFact, now: &LineFact) {
        self.due(now);
        let moved = before.community != now.community;
        self.at(before.community, |row| {
            row.last += tally(before);
            if moved {
                row.moved_out += tally(before);
            }
        });
        self.at(now.community, |row| {
            if moved {
                row.moved_in += tally(before);
            }
            let money = now.amount - before.amount;
            let persons = now.persons - before.persons;
            row.adjusted.up += Fen(money.0.max(0));
            row.adjusted.down += Fen((-money.0).max(0));
            row.adjusted.persons_up += persons.max(0);
            row.adjusted.persons_down += (-persons).max(0);
        });
    }

    fn other_line(&mut self, line: &LineFact) {
        match line.kind {
            LineKind::Regular => {}
            LineKind::Arrears => self.at(line.community, |row| row.arrears.add(line.amount)),
            LineKind::Deduction => self.at(line.community, |row| row.deduction.add(-line.amount)),
            LineKind::Claim => self.below.claims.add(-line.amount),
            LineKind::Waived => self.below.waived.add(-line.amount),
            LineKind::Held => self.below.held.add(line.amount),
        }
    }

    /// A payment that an earlier file could not deliver goes out again.
    pub fn reissued(&mut self, community: usize, amount: Fen) {
        self.at(community, |row| row.reissued.add(amount));
    }

    /// The bank returned a payment of this month's file.
    pub fn returned(&mut self, community: usize, amount: Fen) {
        self.at(community, |row| row.returned.add(amount));
    }

    /// Who left, to find out why.
    #[must_use]
    pub fn left(&self) -> &[Mover] {
        &self.left
    }

    /// Who joined, to find out who of them comes back.
    #[must_use]
    pub fn joined(&self) -> &[Mover] {
        &self.joined
    }

    /// The finished block over the street's communities, in their order.
    /// `reasons` says why beneficiaries left (who is missing is 暂停), `back`
    /// who of those that joined had been paid before.
    #[must_use]
    pub fn finish(
        mut self,
        communities: &[Community],
        reasons: &BTreeMap<i64, String>,
        back: &BTreeSet<i64>,
    ) -> Block {
        for gone in std::mem::take(&mut self.left) {
            let reason = reasons.get(&gone.beneficiary).map_or(UNKNOWN, String::as_str);
            self.at(gone.community, |row| add_reason(&mut row.left_by, reason, gone.tally));
        }
        for come in std::mem::take(&mut self.joined) {
            let reason = if back.contains(&come.beneficiary) { RETURNED } else { NEW };
            self.at(come.community, |row| add_reason(&mut row.joined_by, reason, come.tally));
        }
        self.rows.resize_with(communities.len().max(self.rows.len()), Row::default);
        let mut total = Row::default();
        for row in &mut self.rows {
            derive(row);
            add(&mut total, row);
        }
        derive(&mut total);
        let named = communities.iter().zip(self.rows);
        let mut communities: Vec<CommunityRow> = named
            .map(|(place, row)| CommunityRow {
                code: place.code.clone(),
                name: place.name.clone(),
                row,
            })
            .collect();
        communities.sort_by(|a, b| a.code.cmp(&b.code));
        Block { program: self.program, communities, total, below: self.below }
    }
}

fn add_reason(by: &mut BTreeMap<String, Tally>, reason: &str, tally: Tally) {
    match by.get_mut(reason) {
        Some(sum) => *sum += tally,
        None => {
            by.insert(reason.to_owned(), tally);
        }
    }
}

/// 合计 of several blocks' totals.
#[must_use]
pub fn total_of(blocks: &[Block]) -> Row {
    let mut total = Row::default();
    for block in blocks {
        add(&mut total, &block.total);
    }
    derive(&mut total);
    total
}

fn counted(lines: &[LineFact]) -> Option<&LineFact> {
    lines.iter().find(|line| line.kind == LineKind::Regular && line.amount.is_positive())
}

fn tally(line: &LineFact) -> Tally {
    Tally { households: 1, persons: line.persons, amount: line.amount }
}

fn mover(line: &LineFact, held: bool) -> Mover {
    let LineFact { beneficiary, award, community, .. } = *line;
    Mover { beneficiary, award, held, community, tally: tally(line) }
}

/// Fills the columns that follow from others.
fn derive(row: &mut Row) {
    row.paid = row.due.amount + row.arrears.amount - row.deduction.amount;
    row.bank = row.paid + row.reissued.amount;
    row.succeeded = row.bank - row.returned.amount;
    row.change_households = change_permille(row.last.households, row.due.households);
    row.change_amount = change_permille(row.last.amount.0, row.due.amount.0);
}

fn add(total: &mut Row, row: &Row) {
    total.last += row.last;
    total.joined += row.joined;
    total.left += row.left;
    total.moved_in += row.moved_in;
    total.moved_out += row.moved_out;
    total.adjusted.up += row.adjusted.up;
    total.adjusted.down += row.adjusted.down;
    total.adjusted.persons_up += row.adjusted.persons_up;
    total.adjusted.persons_down += row.adjusted.persons_down;
    total.due += row.due;
    total.supplement += row.supplement;
    total.arrears += row.arrears;
    total.deduction += row.deduction;
    total.reissued += row.reissued;
    total.returned += row.returned;
    for (into, from) in [(&mut total.joined_by, &row.joined_by), (&mut total.left_by, &row.left_by)]
    {
        for (reason, tally) in from {
            *into.entry(reason.clone()).or_default() += *tally;
        }
    }
}
