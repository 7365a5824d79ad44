//! Homes: who lives together, where, and what the office knew about them at the
//! end of 2022.

use chrono::NaiveDate;

use super::people::{PeopleMaker, Person, any_sex, born_at_age, surname};
use super::random::Random;
use crate::domain::code_table::{ResidenceStatus, Sex};
use crate::domain::money::Fen;
use crate::domain::month::Month;

/// The street of the demo; region 320899 is assigned to nobody.
pub const STREET: &str = "320899001";
/// Its name.
pub const STREET_NAME: &str = "长东街道(示例)";

/// A community of the street.
#[derive(Debug, Clone, Copy)]
pub struct Community {
    /// 12 digits.
    pub code: &'static str,
    /// Name.
    pub name: &'static str,
    /// Letter in the labels of the cast.
    pub letter: char,
    /// Share of the people, percent.
    pub share: u32,
    /// Stems of the names of its compounds.
    pub compounds: &'static [&'static str],
}

/// The five communities of the acceptance fixture (`domain.md` §9.4).
pub static COMMUNITIES: [Community; 5] = [
    Community {
        code: "320899001001",
        name: "东长街社区",
        letter: 'D',
        share: 31,
        compounds: &["东长花园", "长街新村", "东苑小区", "书香名邸"],
    },
    Community {
        code: "320899001002",
        name: "三门社区",
        letter: 'S',
        share: 27,
        compounds: &["三门新村", "北门家园", "水韵华庭"],
    },
    Community {
        code: "320899001003",
        name: "清淮路社区",
        letter: 'Q',
        share: 20,
        compounds: &["清淮花园", "里运河畔", "清江苑"],
    },
    Community {
        code: "320899001004",
        name: "兴隆社区",
        letter: 'X',
        share: 13,
        compounds: &["兴隆小区", "和平里"],
    },
    Community {
        code: "320899001005",
        name: "工农兵社区",
        letter: 'G',
        share: 9,
        compounds: &["工农新村", "纺织宿舍"],
    },
];

/// A disability certificate.
#[derive(Debug, Clone)]
pub struct Certificate {
    /// 1–7.
    pub category: u8,
    /// 1–4.
    pub grade: u8,
    /// Day of issue.
    pub issued_on: NaiveDate,
    /// Last day of validity.
    pub valid_to: Option<NaiveDate>,
}

/// What was paid for December 2022.
#[derive(Debug, Clone, Default)]
pub struct Opening {
    /// Without top-ups.
    pub base: Fen,
    /// Top-ups.
    pub supplement: Fen,
    /// People it was paid for.
    pub persons: usize,
    /// Tier of the policy, if the program has tiers.
    pub tier: Option<&'static str>,
}

/// An award that was in force at the end of 2022.
#[derive(Debug, Clone)]
pub struct Award {
    /// Code of the program.
    pub program: &'static str,
    /// Since when.
    pub decided_on: NaiveDate,
    /// December's payment; none for what is paid by the quarter.
    pub opening: Option<Opening>,
}

/// A dated fact without an amount.
#[derive(Debug, Clone)]
pub struct Fact {
    /// Kind of fact.
    pub kind: &'static str,
    /// Its code.
    pub code: &'static str,
    /// Since when.
    pub since: NaiveDate,
}

/// Somebody of a home.
#[derive(Debug, Clone)]
pub struct Member {
    /// Who.
    pub person: Person,
    /// Kind of income and yuan a month.
    pub income: Option<(&'static str, i64)>,
    /// Disability certificate.
    pub certificate: Option<Certificate>,
    /// Facts.
    pub facts: Vec<Fact>,
    /// Personal awards at the end of 2022.
    pub awards: Vec<Award>,
    /// Account, with its holder if that is another member (index).
    pub account: Option<(String, Option<usize>)>,
    /// Index of the member who is this one's guardian, and of what kind.
    pub guardian: Option<(usize, &'static str)>,
}

/// An assistance household that existed at the end of 2022.
#[derive(Debug, Clone)]
pub struct Assist {
    /// Since when.
    pub decided_on: NaiveDate,
    /// What dibao paid for December; computed when the home is complete.
    pub opening: Opening,
}

/// Who lives together.
#[derive(Debug, Clone)]
pub struct Home {
    /// Name in the story; empty for ordinary people.
    pub label: String,
    /// Index into [`COMMUNITIES`].
    pub community: usize,
    /// Grid of the community, from 1.
    pub grid: usize,
    /// Number in the community, from 1.
    pub number: usize,
    /// Who.
    pub members: Vec<Member>,
    /// Members from this index on live here without being registered here.
    pub tenants_from: usize,
    /// Its assistance household.
    pub assist: Option<Assist>,
}

impl Home {
    /// A home of a community, without a place yet.
    #[must_use]
    pub fn new(community: usize, members: Vec<Member>) -> Home {
        let tenants_from = members.len();
        Home {
            label: String::new(),
            community,
            grid: 1,
            number: 0,
            members,
            tenants_from,
            assist: None,
        }
    }

    fn community(&self) -> &'static Community {
        COMMUNITIES.get(self.community).unwrap_or(&COMMUNITIES[0])
    }

    /// 15-digit code of the grid.
    #[must_use]
    pub fn grid_code(&self) -> String {
        format!("{}{:03}", self.community().code, self.grid)
    }

    /// Number of its households of every kind.
    #[must_use]
    pub fn household_no(&self) -> String {
        format!("{}{:06}", self.community().letter, self.number)
    }

    /// For example 东长花园3号院9幢2单元301室.
    #[must_use]
    pub fn address(&self) -> String {
        let community = self.community();
        let stems = community.compounds;
        let stem = stems.get((self.grid - 1) % stems.len().max(1)).copied().unwrap_or_default();
        let court = (self.grid - 1) / stems.len().max(1) + 1;
        let (building, rest) = (self.number / 60 + 1, self.number % 60);
        let (stair, floor, door) = (rest / 20 + 1, rest % 20 / 2 + 1, rest % 2 + 1);
        format!("{stem}{court}号院{building}幢{stair}单元{floor}0{door}室")
    }

    /// Whether it has a 户籍户.
    #[must_use]
    pub fn is_registered(&self) -> bool {
        self.members.first().is_some_and(|m| m.person.status.registered_here())
    }

    /// Whether the 居住户 differs from the 户籍户, or is the only one.
    #[must_use]
    pub fn has_residence(&self) -> bool {
        self.tenants_from < self.members.len() || !self.is_registered()
    }
}

impl Member {
    /// Somebody about whom nothing else is known.
    #[must_use]
    pub fn plain(person: Person) -> Member {
        Member {
            person,
            income: None,
            certificate: None,
            facts: Vec::new(),
            awards: Vec::new(),
            account: None,
            guardian: None,
        }
    }

    /// Has a minor's top-up in December 2022, and so on: full years of age on
    /// the last day of the month before.
    #[must_use]
    pub fn age_before(&self, month: Month) -> i32 {
        (month.index() - 1 - Month::of(self.person.born).index()).div_euclid(12)
    }
}

/// What a member of a template is: relation if male, if female, ages.
type Role = (&'static str, &'static str, i32, i32);

const TEMPLATES: &[(u32, &[Role])] = &[
    (14, &[("02", "02", 22, 44)]),
    (10, &[("02", "02", 66, 90)]),
    (12, &[("02", "12", 60, 84), ("11", "12", 58, 82)]),
    (16, &[("02", "12", 24, 58), ("11", "12", 23, 57)]),
    (28, &[("02", "12", 30, 45), ("11", "12", 28, 44), ("20", "30", 0, 19)]),
    (8, &[("02", "12", 33, 45), ("11", "12", 32, 44), ("22", "32", 8, 19), ("23", "33", 0, 7)]),
    (12, &[("02", "12", 32, 45), ("11", "12", 30, 44), ("20", "30", 1, 18), ("52", "52", 58, 78)]),
];

/// An ordinary family of at most `most` people.
pub fn family(maker: &mut PeopleMaker, random: &mut Random, most: usize) -> Vec<Member> {
    let mut roll = random.below(100);
    let chosen = TEMPLATES.iter().find(|(weight, _)| {
        let hit = roll < *weight;
        roll = roll.saturating_sub(*weight);
        hit
    });
    let roles = chosen.map(|(_, roles)| *roles).unwrap_or_default();
    let mut members: Vec<Member> = Vec::with_capacity(roles.len());
    for (at, (male, female, low, high)) in roles.iter().take(most).enumerate() {
        // The head of a couple is a man, the second a woman: relations 11 and
        // 52 are fixed by sex, children and single people are of either.
        let sex = match (at, roles.len()) {
            (0, 2..) => Sex::Male,
            (1, _) => Sex::Female,
            _ if *male == "52" => Sex::Female,
            _ => any_sex(random),
        };
        let relation = if sex == Sex::Male { *male } else { *female };
        let relation = if at == 0 { "02" } else { relation };
        let born = {
            let age = random.between(*low, *high);
            born_at_age(random, age)
        };
        // Children take the father's surname; spouses and mothers have theirs.
        let father = members.first().map(|m| m.person.name.clone());
        let inherits = at >= 2 && relation != "52";
        let family = father.as_deref().filter(|_| inherits).map(surname);
        members.push(Member::plain(maker.person(random, family, sex, born, relation)));
    }
    members
}

/// Gives an ordinary home its residence status, R1 to R7.
pub fn settle(maker: &mut PeopleMaker, random: &mut Random, home: &mut Home) {
    use ResidenceStatus as R;
    let status = match random.below(1_000) {
        0..=24 => R::Away,
        25..=29 => R::Nominal,
        30..=109 => R::Incoming,
        110..=124 => R::Temporary,
        125..=127 => R::Missing,
        128..=162 => {
            // A lodger who is registered elsewhere: two households in one room.
            let born = {
                let age = random.between(20, 45);
                born_at_age(random, age)
            };
            let sex = any_sex(random);
            let mut lodger = Member::plain(maker.person(random, None, sex, born, "99"));
            lodger.person.status = R::Incoming;
            home.members.push(lodger);
            return;
        }
        163..=164 => {
            for member in &mut home.members {
                maker.make_foreign(&mut member.person);
            }
            return;
        }
        _ => R::Here,
    };
    for member in &mut home.members {
        member.person.status = status;
    }
}

/// Whether a visit can meet somebody of this status.
#[must_use]
pub const fn can_be_met(status: ResidenceStatus) -> bool {
    !matches!(status, ResidenceStatus::Away | ResidenceStatus::Nominal | ResidenceStatus::Missing)
}
