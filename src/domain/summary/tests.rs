//! The monthly table against the acceptance fixture of the 2023 report.

use std::collections::{BTreeMap, BTreeSet};

use proptest::prelude::*;

use super::build::{BlockBuilder, Community, NEW, RETURNED, UNKNOWN, total_of};
use super::identities::{RunTotals, check};
use super::*;

fn communities() -> Vec<Community> {
    [("320899001001", "东长街"), ("320899001002", "三门"), ("320899001003", "清淮路")]
        .map(|(code, name)| Community { code: code.into(), name: name.into() })
        .to_vec()
}

fn dibao() -> ProgramLabel {
    ProgramLabel {
        code: "dibao".into(),
        zh: "城市低保".into(),
        en: "Dibao".into(),
        period: Period::Monthly,
        household: true,
        mental: false,
        child: false,
    }
}

fn line(beneficiary: i64, community: usize, kind: LineKind, yuan: i64, persons: i64) -> LineFact {
    LineFact {
        beneficiary,
        award: beneficiary,
        community,
        month: Month::new(2023, 9).unwrap(),
        kind,
        amount: Fen::from_yuan(yuan),
        supplement: Fen::ZERO,
        persons,
    }
}

fn regular(beneficiary: i64, community: usize, yuan: i64) -> LineFact {
    line(beneficiary, community, LineKind::Regular, yuan, 1)
}

fn summary(blocks: Vec<Block>) -> Summary {
    Summary {
        street_code: "320899001".into(),
        street_name: "长东街道".into(),
        month: Month::new(2023, 9).unwrap(),
        closed: false,
        illustrative: true,
        pending: Vec::new(),
        monthly_total: total_of(&blocks),
        monthly: blocks,
        quarterly: Vec::new(),
        once: Vec::new(),
    }
}

#[test]
fn percentages_round_half_up_with_one_decimal() {
    for (last, this, shown) in [
        (0, 5, "—"),
        (0, 0, "—"),
        (93, 93, "0.0%"),
        (92, 93, "1.1%"),
        (93, 92, "-1.1%"),
        (2_000, 2_001, "0.1%"),
        (2_001, 2_002, "0.0%"),
        (2_000, 1_999, "-0.1%"),
        (100, 0, "-100.0%"),
    ] {
        assert_eq!(show_permille(change_permille(last, this)), shown, "{last} {this}");
    }
}

#[test]
fn a_death_is_a_stop_with_its_reason() {
    let mut block = BlockBuilder::new(dibao());
    block.beneficiary(&[regular(1, 0, 808)], &[]);
    assert_eq!(block.left().len(), 1);
    let block =
        block.finish(&communities(), &BTreeMap::from([(1, "死亡".to_owned())]), &BTreeSet::new());
    let one = Tally { households: 1, persons: 1, amount: Fen::from_yuan(808) };
    assert_eq!(block.total.left, one);
    assert_eq!(block.total.left_by, BTreeMap::from([("死亡".to_owned(), one)]));
    assert_eq!(block.total.due, Tally::default());
    assert_eq!(show_permille(block.total.change_amount), "-100.0%");
    check(&summary(vec![block]), |_| None).unwrap();
}

#[test]
fn coming_back_is_new_with_the_reason_return() {
    let mut block = BlockBuilder::new(dibao());
    block.beneficiary(&[], &[regular(1, 0, 716), line(1, 0, LineKind::Arrears, 620, 2)]);
    block.beneficiary(&[], &[regular(2, 1, 808)]);
    let block = block.finish(&communities(), &BTreeMap::new(), &BTreeSet::from([1]));
    let reasons: Vec<&str> = block.total.joined_by.keys().map(String::as_str).collect();
    assert_eq!(reasons, [RETURNED, NEW]);
    assert_eq!(block.total.arrears, Items { count: 1, amount: Fen::from_yuan(620) });
    assert_eq!(block.total.paid, Fen::from_yuan(716 + 620 + 808));
    check(&summary(vec![block]), |_| None).unwrap();
}

/// W14a: a move inside the street is neither 新增 nor 停发.
#[test]
fn a_move_inside_the_street_only_changes_the_row() {
    let mut block = BlockBuilder::new(dibao());
    block.beneficiary(
        &[line(1, 0, LineKind::Regular, 716, 2)],
        &[line(1, 1, LineKind::Regular, 997, 3)],
    );
    let block = block.finish(&communities(), &BTreeMap::new(), &BTreeSet::new());
    let row = |at: usize| &block.communities[at].row;
    assert_eq!((row(0).moved_out.households, row(1).moved_in.households), (1, 1));
    assert_eq!((block.total.joined.households, block.total.left.households), (0, 0));
    assert_eq!((row(0).due.households, row(1).due.households), (0, 1));
    assert_eq!(row(1).adjusted.up, Fen::from_yuan(281));
    assert_eq!(row(1).adjusted.persons_up, 1);
    check(&summary(vec![block]), |_| None).unwrap();
}

#[test]
fn claims_holds_and_waivers_stand_below_the_table() {
    let mut block = BlockBuilder::new(dibao());
    block.beneficiary(
        &[regular(1, 0, 808)],
        &[line(1, 0, LineKind::Claim, -1_616, 1), line(1, 0, LineKind::Held, 808, 1)],
    );
    block.beneficiary(
        &[regular(2, 0, 716)],
        &[regular(2, 0, 716), line(2, 0, LineKind::Deduction, -214, 1)],
    );
    assert!(block.left()[0].held);
    let block = block.finish(&communities(), &BTreeMap::new(), &BTreeSet::new());
    assert_eq!(block.below.claims, Items { count: 1, amount: Fen::from_yuan(1_616) });
    assert_eq!(block.below.held, Items { count: 1, amount: Fen::from_yuan(808) });
    assert_eq!(block.total.paid, Fen::from_yuan(502));
    assert_eq!(block.total.left_by.keys().next().unwrap(), UNKNOWN);
    let totals = RunTotals {
        regular: Fen::from_yuan(716),
        deduction: Fen::from_yuan(-214),
        claim: Fen::from_yuan(-1_616),
        last_regular: Fen::from_yuan(1_524),
        ..RunTotals::default()
    };
    let table = summary(vec![block]);
    check(&table, |_| Some(totals)).unwrap();
    let wrong = RunTotals { regular: Fen::from_yuan(715), ..totals };
    let broken = check(&table, |_| Some(wrong)).unwrap_err();
    assert_eq!((broken.left, broken.right), (71_600, 71_500));
    assert!(broken.to_string().contains("应发 = Σ花名册应发"), "{broken}");
}

/// Any single figure changed by hand breaks an identity.
#[test]
fn every_figure_is_held_by_an_identity() {
    let mut block = BlockBuilder::new(dibao());
    block.beneficiary(&[regular(1, 0, 808)], &[regular(1, 1, 760)]);
    block.beneficiary(&[], &[regular(2, 1, 589)]);
    block.beneficiary(&[regular(3, 2, 589)], &[]);
    block.reissued(0, Fen::from_yuan(716));
    block.returned(1, Fen::from_yuan(589));
    let table = summary(vec![block.finish(&communities(), &BTreeMap::new(), &BTreeSet::new())]);
    check(&table, |_| None).unwrap();
    let changes: [fn(&mut Row); 20] = [
        |row| row.last.households += 1,
        |row| row.last.persons += 1,
        |row| row.last.amount += Fen(1),
        |row| row.joined.households += 1,
        |row| row.joined.amount += Fen(1),
        |row| row.left.households += 1,
        |row| row.left.amount += Fen(1),
        |row| row.moved_in.households += 1,
        |row| row.moved_out.amount += Fen(1),
        |row| row.adjusted.up += Fen(1),
        |row| row.adjusted.persons_down += 1,
        |row| row.due.households += 1,
        |row| row.due.amount += Fen(1),
        |row| row.supplement += Fen(1),
        |row| row.arrears.count += 1,
        |row| row.reissued.amount += Fen(1),
        |row| row.paid += Fen(1),
        |row| row.returned.count += 1,
        |row| row.succeeded += Fen(1),
        |row| row.change_amount = Some(row.change_amount.map_or(0, |permille| permille + 1)),
    ];
    for (at, change) in changes.iter().enumerate() {
        let mut wrong = table.clone();
        change(&mut wrong.monthly[0].communities[1].row);
        assert!(check(&wrong, |_| None).is_err(), "community figure {at}");
        let mut wrong = table.clone();
        change(&mut wrong.monthly_total);
        assert!(check(&wrong, |_| None).is_err(), "total figure {at}");
    }
}

/// What a random month does to one beneficiary.
#[derive(Debug, Clone)]
struct Movement {
    last: Option<(usize, i64, i64)>,
    this: Option<(usize, i64, i64)>,
    others: Vec<(LineKind, i64)>,
    back: bool,
}

fn movement() -> impl Strategy<Value = Movement> {
    let side = || proptest::option::of((0_usize..3, 0_i64..3_000, 1_i64..6));
    let others = prop_oneof![
        (Just(LineKind::Arrears), 1_i64..900),
        (Just(LineKind::Deduction), -300_i64..0),
        (Just(LineKind::Claim), -900_i64..0),
        (Just(LineKind::Held), 1_i64..900),
        (Just(LineKind::Waived), -90_i64..0),
    ];
    (side(), side(), proptest::collection::vec(others, 0..4), any::<bool>())
        .prop_map(|(last, this, others, back)| Movement { last, this, others, back })
}

proptest! {
    #[test]
    fn identities_hold_for_any_movements(moves in proptest::collection::vec(movement(), 0..60)) {
        let mut block = BlockBuilder::new(dibao());
        let mut totals = RunTotals::default();
        let mut back = BTreeSet::new();
        let mut counted = 0;
        for (at, movement) in moves.iter().enumerate() {
            let id = i64::try_from(at).unwrap();
            let side = |side: &Option<(usize, i64, i64)>| -> Vec<LineFact> {
                side.iter()
                    .map(|(place, yuan, n)| line(id, *place, LineKind::Regular, *yuan, *n))
                    .collect()
            };
            let last = side(&movement.last);
            let mut this = side(&movement.this);
            counted += this.iter().filter(|line| line.amount.is_positive()).count();
            for (kind, yuan) in &movement.others {
                this.push(line(id, at % 3, *kind, *yuan, 1));
            }
            totals.last_regular += last.iter().map(|line| line.amount).sum();
            for line in &this {
                match line.kind {
                    LineKind::Regular => totals.regular += line.amount,
                    LineKind::Arrears => totals.arrears += line.amount,
                    LineKind::Deduction => totals.deduction += line.amount,
                    LineKind::Claim => totals.claim += line.amount,
                    LineKind::Waived | LineKind::Held => {}
                }
            }
            if movement.back {
                back.insert(id);
            }
            block.beneficiary(&last, &this);
        }
        let block = block.finish(&communities(), &BTreeMap::new(), &back);
        prop_assert_eq!(block.total.due.households, i64::try_from(counted).unwrap());
        let table = summary(vec![block.clone(), block]);
        prop_assert_eq!(check(&table, |_| Some(totals)), Ok(()));
        // Stored as JSON and read back it is the same table.
        let text = serde_json::to_string(&table).unwrap();
        prop_assert_eq!(serde_json::from_str::<Summary>(&text).unwrap(), table);
    }
}
