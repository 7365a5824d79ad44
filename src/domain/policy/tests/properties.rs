//! What must hold for any household.

use proptest::prelude::*;

use super::*;

/// Birth (months before 2023-08), monthly income in fen, flags.
type Member = (i32, i64, u8);

fn members() -> impl Strategy<Value = Vec<Member>> {
    prop::collection::vec((0..1_200_i32, 0..200_000_i64, any::<u8>()), 1..6)
}

fn household(policy: &Policy, members: &[Member], pending: bool) -> Unit {
    let mut unit = Unit::new(policy);
    for (age, income, flags) in members {
        let person = unit.member("1990-01", "0");
        let born = month("2023-08").plus(-age);
        unit.facts.persons.last_mut().expect("pushed").birth = born;
        unit.facts.facts.last_mut().expect("pushed").amount = Fen(income * 12);
        if flags & 1 != 0 {
            unit.fact(person, ("category", "illness"), "1990-01", "1990-01-01");
        }
        if flags & 2 != 0 {
            unit.certificate(person, (flags >> 2) % 7 + 1, (flags >> 5) % 4 + 1);
            unit.award(policy, "living", person);
            unit.award(policy, "care", person);
        }
        if flags & 4 != 0 {
            unit.fact(person, ("child_class", "C2"), "1990-01", "1990-01-01");
            unit.award(policy, "children", person);
        }
        if flags & 24 == 24 {
            unit.award(policy, "tekun", person);
        }
        if pending && flags & 96 == 96 {
            unit.death(person, "2023-07-10", "2023-07-12", None);
        }
    }
    unit.award(policy, "dibao", 0);
    unit
}

fn dues(policy: &Policy, unit: &mut Unit) -> Vec<Due> {
    let at = unit.at(policy, "2023-08", "2023-08-15");
    let rates = policy.rates(month("2023-08"), day("2023-08-15"));
    let mut outcome = Outcome::default();
    evaluate(policy, &rates, &at, &mut outcome, &mut NoTrace);
    outcome.dues().to_vec()
}

fn dibao(policy: &Policy, dues: &[Due]) -> Due {
    let index = policy.program_index("dibao").expect("dibao");
    *dues.iter().find(|d| d.program == index).expect("dibao is in force")
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(128))]

    #[test]
    fn more_income_never_raises_dibao(list in members(), more in 1..50_000_i64) {
        let policy = parse(PROFILE);
        let before = dibao(&policy, &dues(&policy, &mut household(&policy, &list, false)));
        let mut richer = list.clone();
        richer[0].1 += more;
        let after = dibao(&policy, &dues(&policy, &mut household(&policy, &richer, false)));
        prop_assert!(after.amount <= before.amount);
    }

    #[test]
    fn the_base_is_the_exact_gap_rounded_once_and_top_ups_are_one_per_person(
        list in members()
    ) {
        let policy = parse(PROFILE);
        let due = dibao(&policy, &dues(&policy, &mut household(&policy, &list, false)));
        let counted: Vec<&Member> = list.iter().filter(|m| m.2 & 24 != 24).collect();
        let income: i64 = counted.iter().map(|m| m.1).sum();
        let gap = 80_800 * i64::try_from(counted.len()).expect("few") - income;
        let expected = if gap > 0 { (gap + 99) / 100 * 100 } else { 0 };
        prop_assert_eq!(due.base, Fen(expected));
        let top: i64 = counted.iter().map(|m| match m {
            m if m.2 & 1 != 0 => 16_200,
            m if m.0 > 840 => 8_100,
            m if m.0 <= 216 && m.2 & 4 == 0 => 8_100,
            _ => 0,
        }).sum();
        prop_assert_eq!(due.supplement, Fen(if expected > 0 { top } else { 0 }));
    }

    /// One evaluator: with steps it gives what it gives without; every blob
    /// explains every award to the fen.
    #[test]
    fn explaining_changes_nothing(list in members()) {
        let policy = parse(PROFILE);
        let mut unit = household(&policy, &list, true);
        let plain = dues(&policy, &mut unit);
        let mut at = unit.at(&policy, "2023-08", "2023-08-15");
        let mut blob = Vec::new();
        encode_inputs(std::slice::from_mut(&mut at), &mut blob);
        for due in plain {
            let back = decode_inputs(&blob).expect("readable");
            let explanation = explain(&policy, &back, due.award_id).expect("in force");
            prop_assert_eq!(explanation.due, due);
            prop_assert!(!explanation.steps.is_empty());
        }
    }

    /// The order in which rows are loaded does not matter.
    #[test]
    fn the_order_of_rows_does_not_matter(list in members()) {
        let policy = parse(PROFILE);
        let mut unit = household(&policy, &list, true);
        let before = dues(&policy, &mut unit);
        unit.facts.facts.reverse();
        unit.facts.certificates.reverse();
        unit.facts.memberships.reverse();
        unit.facts.decisions.reverse();
        prop_assert_eq!(dues(&policy, &mut unit), before);
    }

    /// What `steady_until` promises: until then only the month changes.
    #[test]
    fn a_resolution_is_steady_as_long_as_it_says(list in members()) {
        let policy = parse(PROFILE);
        let mut unit = household(&policy, &list, true);
        for (person, (age, income, flags)) in (0_u16..).zip(&list) {
            let from = month("2023-08").plus(age % 9).to_string();
            unit.income(person, &Fen(income / 2).to_plain(), &from, "2023-08-10");
            unit.fact(person, ("child_class", "C3"), &from, "2023-08-01");
            if let Some(row) = unit.facts.certificates.iter_mut().find(|c| c.person == person) {
                row.valid_to = Some(month("2023-08").plus(i32::from(*flags) % 7).day(20));
            }
        }
        let (mut at, mut outcome) = (UnitAt::default(), Outcome::default());
        let known = day("2023-08-15");
        for m in month("2023-08").to(month("2024-12")) {
            let fresh = unit.at(&policy, &m.to_string(), "2023-08-15");
            if m >= at.steady_until() {
                at = fresh.clone();
            } else {
                at.move_to(m);
            }
            let rates = policy.rates(m, known);
            evaluate(&policy, &rates, &fresh, &mut outcome, &mut NoTrace);
            let expected = outcome.dues().to_vec();
            evaluate(&policy, &rates, &at, &mut outcome, &mut NoTrace);
            prop_assert_eq!(outcome.dues(), expected.as_slice());
        }
    }

    /// A pending death never raises anything.
    #[test]
    fn a_pending_death_only_lowers(list in members()) {
        let policy = parse(PROFILE);
        let with = dues(&policy, &mut household(&policy, &list, false));
        let pending = dues(&policy, &mut household(&policy, &list, true));
        for (before, after) in with.iter().zip(&pending) {
            prop_assert!(after.amount <= before.amount);
        }
    }
}
