//! A small office for the tests of the registry: two streets, a few people.
//! All numbers have the unassigned region 320899.

use chrono::NaiveDate;

use mingce::domain::code_table::Relation;
use mingce::domain::household::{HouseholdKind, JoinReason};
use mingce::domain::ids::{HouseholdId, ResidentId};
use mingce::domain::month::Month;
use mingce::domain::role::Role;
use mingce::error::{AppError, AppResult, ErrorCode, Place};
use mingce::services::area::{AreaInput, add_areas};
use mingce::services::auth::Permit;
use mingce::services::household::{self, HouseholdInput, MemberDates, MemberInput};
use mingce::services::resident::{self, ResidentInput};
use mingce::services::{Actor, Authorized, Scope};
use mingce::store::resident::ResidentRow;

use crate::harness::{STREET, TestRegistry};

/// The other street of the district.
pub const OTHER: &str = "320899002";
/// A community of the test street.
pub const EAST: &str = "320899001001";
/// Another one.
pub const WEST: &str = "320899001002";
/// A grid in the first.
pub const GRID: &str = "320899001001001";
/// A community of the other street.
pub const THERE: &str = "320899002001";

pub fn day(text: &str) -> NaiveDate {
    text.parse().expect("a date")
}

pub fn month(text: &str) -> Month {
    text.parse().expect("a month")
}

pub fn relation(text: &str) -> Relation {
    Relation::parse(text).expect("a relation")
}

/// A valid number of the unassigned region.
pub fn number(birth: &str, sequence: u32) -> String {
    let weights = [7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2];
    let digits = format!("320899{}{sequence:03}", birth.replace('-', ""));
    let sum: u32 = digits.bytes().zip(weights).map(|(d, w)| u32::from(d - b'0') * w).sum();
    let check = char::from(b"10X98765432"[sum as usize % 11]);
    format!("{digits}{check}")
}

/// What a refusal is about: `field` and code.
pub fn refused<T: std::fmt::Debug>(result: AppResult<T>) -> Vec<(String, ErrorCode)> {
    match result {
        Err(AppError::Refused(refusals)) => refusals
            .into_iter()
            .map(|refusal| {
                assert!(!refusal.zh.is_empty() && !refusal.en.is_empty());
                let place = match refusal.place {
                    Some(Place::Field(field)) => field,
                    _ => String::new(),
                };
                (place, refusal.code)
            })
            .collect(),
        other => panic!("not refused: {other:?}"),
    }
}

/// Only the fields that were refused.
pub fn fields<T: std::fmt::Debug>(result: AppResult<T>) -> Vec<String> {
    refused(result).into_iter().map(|(field, _)| field).collect()
}

/// Only the code of the first refusal.
pub fn code<T: std::fmt::Debug>(result: AppResult<T>) -> ErrorCode {
    result.expect_err("refused").code()
}

/// A registry with areas and somebody who may do everything with people, as the
/// operator at the machine does: without a second person.
pub struct Office<'a> {
    pub registry: &'a TestRegistry,
    pub clerk: Actor,
    setup: Actor,
}

impl<'a> Office<'a> {
    /// Two streets; today is 2023-11-20.
    pub fn new(registry: &'a TestRegistry) -> Office<'a> {
        registry.clock.move_to(day("2023-11-20"));
        let operator = registry.actor("setup", Role::Operator);
        let area = |code: &str, name: &str| AreaInput {
            code: code.to_owned(),
            name: name.to_owned(),
            parent: None,
            opened_on: day("2016-01-01"),
        };
        let areas = [
            area("320899", "测试区"),
            area(STREET, "甲街道"),
            area(OTHER, "乙街道"),
            area(EAST, "东社区"),
            area(WEST, "西社区"),
            area(GRID, "第1网格"),
            area(THERE, "乙社区"),
        ];
        let by = operator.authorize().expect("an operator");
        add_areas(&registry.store, &by, &areas).expect("areas");
        let setup = registry.actor("clerk", Role::Operator);
        Office { registry, clerk: registry.actor("clerk", Role::Clerk), setup }
    }

    /// Proof of a permission that takes effect at once.
    pub fn may<P: Permit>(&self) -> Authorized<'_, P> {
        self.setup.authorize().expect("the operator may")
    }

    /// Proof of a permission that the clerk has.
    pub fn clerk_may<P: Permit>(&self) -> Authorized<'_, P> {
        self.clerk.authorize().expect("a clerk may")
    }

    /// Registers a person born on `birth`; `sequence` makes the number unique.
    pub fn person(&self, name: &str, birth: &str, sequence: u32) -> ResidentId {
        let input = ResidentInput::citizen(name, &number(birth, sequence), EAST);
        resident::register(&self.registry.store, &self.may(), &input).expect("registered")
    }

    /// The stored record.
    pub fn row(&self, id: ResidentId) -> ResidentRow {
        resident::load_resident(&self.registry.store, &self.may(), id).expect("a resident")
    }

    /// What a household form says; counted from 2022-01.
    pub fn form(
        &self,
        kind: HouseholdKind,
        no: &str,
        members: &[(ResidentId, &str)],
    ) -> HouseholdInput {
        HouseholdInput {
            kind,
            household_no: no.to_owned(),
            area_code: EAST.to_owned(),
            address: "淮海花园9幢2单元301室".to_owned(),
            opened_on: day("2020-01-01"),
            members: members
                .iter()
                .map(|(id, code)| MemberInput::new(*id, relation(code)))
                .collect(),
            reason: JoinReason::Opening,
            dates: MemberDates {
                decided_on: day("2021-12-10"),
                named_month: Some(month("2022-01")),
            },
        }
    }

    /// Opens a household.
    pub fn household(
        &self,
        kind: HouseholdKind,
        no: &str,
        members: &[(ResidentId, &str)],
    ) -> HouseholdId {
        let form = self.form(kind, no, members);
        household::open(&self.registry.store, &self.may(), &form).expect("opened")
    }

    /// Somebody with a role in part of the street.
    pub fn in_area(&self, role: Role, areas: &[&str]) -> Actor {
        let areas = areas.iter().map(|a| (*a).to_owned()).collect();
        Actor::new("grid".to_owned(), role, Scope::areas(STREET, areas))
    }
}
