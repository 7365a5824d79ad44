//! Whatever people do in whatever order, the invariants of `domain.md` §2.5
//! hold, and nothing is left behind by what was refused.

use std::collections::BTreeMap;

use diesel::prelude::*;

use mingce::domain::household::{HouseholdKind, JoinReason, LeaveReason};
use mingce::domain::ids::{HouseholdId, ResidentId};
use mingce::domain::life_event::{Confidence, EventDates};
use mingce::error::{AppError, AppResult};
use mingce::services::event::{
    DeathInput, MergeInput, MoveOutInput, SplitInput, change_head, death, merge, move_out, split,
};
use mingce::services::household::{MemberDates, MemberInput, NewHead, add_member, remove_member};
use mingce::store::household::{HouseholdRow, list_households};
use mingce::store::membership::{MembershipRow, list_members};
use mingce::store::schema::resident;

use crate::harness::{STREET, TestRegistry};
use crate::on_both;
use crate::registry_office::{EAST, Office, day, relation};

/// A small generator: the tests need variety, not randomness.
struct Dice(u64);

impl Dice {
    fn roll(&mut self, sides: usize) -> usize {
        self.0 =
            self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) as usize % sides
    }
}

fn homes(registry: &TestRegistry) -> Vec<(HouseholdRow, Vec<MembershipRow>)> {
    registry
        .store
        .read(|conn| {
            let scope = mingce::services::Scope::street(STREET);
            let rows = list_households(conn, &scope, HouseholdId(0), 1_000)?;
            rows.into_iter()
                .map(|row| {
                    let members = list_members(conn, STREET, row.id)?;
                    Ok((row, members))
                })
                .collect::<AppResult<Vec<_>>>()
        })
        .expect("households")
}

fn check(registry: &TestRegistry) {
    let mut periods: BTreeMap<(HouseholdKind, ResidentId), Vec<MembershipRow>> = BTreeMap::new();
    let units: BTreeMap<ResidentId, i64> = registry
        .store
        .read(|conn| {
            let rows: Vec<(ResidentId, mingce::domain::ids::UnitId)> =
                resident::table.select((resident::id, resident::unit_id)).load(conn)?;
            Ok(rows.into_iter().map(|(id, unit)| (id, unit.0)).collect())
        })
        .expect("units");
    for (row, members) in homes(registry) {
        let open: Vec<&MembershipRow> = members.iter().filter(|m| m.to_on.is_none()).collect();
        let heads: Vec<ResidentId> = open
            .iter()
            .filter(|m| relation(&m.relation_code).is_head())
            .map(|m| m.resident_id)
            .collect();
        if row.closed_on.is_some() {
            assert!(open.is_empty() && row.head_id.is_none(), "a closed household is empty");
        } else {
            assert_eq!(heads.len(), 1, "exactly one head: {open:?}");
            assert_eq!(row.head_id, Some(heads[0]), "the head is a member");
        }
        for member in members {
            assert!(member.to_on.is_none_or(|to| to >= member.from_on));
            assert!(member.to_month.is_none_or(|to| to >= member.from_month));
            assert_eq!(units[&member.resident_id], member.unit_id.0, "one unit per person");
            if row.kind == HouseholdKind::Assist {
                assert_eq!(row.unit_id, member.unit_id, "one unit per assistance household");
            }
            periods.entry((row.kind, member.resident_id)).or_default().push(member);
        }
    }
    for (who, mut rows) in periods {
        rows.sort_by_key(|m| m.from_on);
        for pair in rows.windows(2) {
            let ended = pair[0].to_on.unwrap_or(chrono::NaiveDate::MAX);
            assert!(ended < pair[1].from_on, "overlap of {who:?}");
        }
    }
}

fn members_of(home: &(HouseholdRow, Vec<MembershipRow>)) -> Vec<ResidentId> {
    home.1.iter().filter(|m| m.to_on.is_none()).map(|m| m.resident_id).collect()
}

/// A new head with relations for everybody else, sometimes incomplete.
fn head_of(dice: &mut Dice, home: &(HouseholdRow, Vec<MembershipRow>)) -> NewHead {
    let members = members_of(home);
    let head = members.get(dice.roll(members.len().max(1))).copied().unwrap_or(ResidentId(1));
    let relations = members.into_iter().skip(dice.roll(8) / 7).map(|m| (m, relation("99")));
    NewHead { household: home.0.id, head, relations: relations.collect() }
}

fn step(dice: &mut Dice, office: &Office<'_>, people: &[ResidentId], at: usize) -> AppResult<()> {
    let store = &office.registry.store;
    let on = day("2022-01-01") + chrono::Days::new(at as u64 * 5 + dice.roll(3) as u64);
    let dates = EventDates::on(on);
    let open: Vec<_> =
        homes(office.registry).into_iter().filter(|h| h.0.closed_on.is_none()).collect();
    let home = &open[dice.roll(open.len())];
    let other = &open[dice.roll(open.len())];
    let person = people[dice.roll(people.len())];
    let code = ["02", "12", "21", "99"][dice.roll(4)];
    let decided = MemberDates::decided(on);
    match dice.roll(9) {
        0..=2 => {
            let member = MemberInput::new(person, relation(code));
            add_member(store, &office.may(), home.0.id, &member, on, JoinReason::Other, decided)
        }
        3 => {
            let members = members_of(home);
            let who = members[dice.roll(members.len())];
            let head = head_of(dice, home);
            let leaving = (who, LeaveReason::Other);
            let head = (dice.roll(2) == 0).then_some(&head);
            remove_member(store, &office.may(), home.0.id, leaving, on, decided, head)
        }
        4 => {
            let dead = DeathInput {
                resident: person,
                dates,
                confidence: if dice.roll(4) == 0 {
                    Confidence::Matched
                } else {
                    Confidence::Reported
                },
                heads: open.iter().map(|h| head_of(dice, h)).collect(),
                note: None,
            };
            death(store, &office.may(), &dead).map(|_| ())
        }
        5 => {
            let out = MoveOutInput {
                residents: vec![person, people[dice.roll(people.len())]],
                destination: "外地".to_owned(),
                dates,
                confidence: Confidence::Confirmed,
                heads: vec![],
                note: None,
            };
            move_out(store, &office.may(), &out).map(|_| ())
        }
        6 => {
            let movers = members_of(home).into_iter().skip(1).enumerate();
            let input = SplitInput {
                household: home.0.id,
                movers: movers
                    .map(|(n, m)| MemberInput::new(m, relation(if n == 0 { "02" } else { "99" })))
                    .collect(),
                household_no: format!("分{at}"),
                area_code: EAST.to_owned(),
                address: "东大街".to_owned(),
                head: Some(head_of(dice, home)),
                dates,
                named_month: None,
            };
            split(store, &office.may(), &input).map(|_| ())
        }
        7 => {
            let members = members_of(home).into_iter();
            let input = MergeInput {
                source: home.0.id,
                target: other.0.id,
                members: members.map(|m| MemberInput::new(m, relation("99"))).collect(),
                dates,
                named_month: None,
            };
            merge(store, &office.may(), &input).map(|_| ())
        }
        _ => change_head(store, &office.may(), &head_of(dice, home), &dates).map(|_| ()),
    }
}

on_both! {
    fn any_sequence_of_operations_keeps_the_invariants(registry) {
        let office = Office::new(registry);
        let people: Vec<ResidentId> = (0..30)
            .map(|n| office.person("张三", &format!("19{:02}-01-01", 40 + n), 1))
            .collect();
        for (n, pair) in people[..20].chunks(2).enumerate() {
            let kind = if n < 6 { HouseholdKind::Assist } else { HouseholdKind::Hukou };
            office.household(kind, &format!("{n:03}"), &[(pair[0], "02"), (pair[1], "12")]);
        }
        let mut dice = Dice(20_231_120);
        let (mut done, mut refused) = (0, 0);
        for at in 0..120 {
            match step(&mut dice, &office, &people, at) {
                Ok(()) => done += 1,
                Err(AppError::Refused(_)) => refused += 1,
                Err(other) => panic!("step {at}: {other}"),
            }
            if at % 10 == 9 {
                check(registry);
            }
        }
        check(registry);
        assert!(done > 30 && refused > 10, "{done} done, {refused} refused");
    }
}
