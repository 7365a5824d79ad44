//! The cast: the homes whose benefits the demo plays.
//!
//! It is built backwards from November 2023: what is in force then is the
//! acceptance fixture of `domain.md` §9.4 by kind of household and community.
//! Homes with a part in the story differ at the end of 2022 (no award yet,
//! another income, one member more), and a few come and go before November.
//! What anybody is paid is computed by the engine, here only facts are made.

use chrono::NaiveDate;

use super::home::{Assist, Award, COMMUNITIES, Certificate, Fact, Home, Member, Opening};
use super::people::{PeopleMaker, Person, any_sex, born_at_age};
use super::random::Random;
use crate::domain::code_table::Sex;
use crate::domain::money::{Fen, Rounding};
use crate::domain::month::Month;

/// The amounts that the office's former system paid by.
#[derive(Debug, Clone, Copy)]
pub struct Scale {
    /// Dibao standard.
    pub dibao: Fen,
    /// Standard of orphans.
    pub orphan: Fen,
    /// Care subsidy, grade 1 and 2.
    pub care: [Fen; 2],
}

impl Scale {
    fn share(standard: Fen, percent: i128) -> Fen {
        Rounding::HalfUpYuan.apply(i128::from(standard.0) * percent, 100)
    }
}

/// Makes the homes of the cast.
pub struct Caster<'a> {
    /// Numbers and names.
    pub maker: &'a mut PeopleMaker,
    /// Chance.
    pub random: &'a mut Random,
    /// December's amounts.
    pub scale: Scale,
    /// What has been made.
    pub homes: Vec<Home>,
}

/// Relation, sex (none: either), youngest and oldest age at the end of 2022.
type Role = (&'static str, Option<Sex>, i32, i32);

/// A kind of dibao household: letter, members, income a month of the head, a
/// serious illness of the head, how many in each community in November.
type Shape = (char, &'static [Role], i64, bool, [usize; 5]);

const M: Option<Sex> = Some(Sex::Male);
const F: Option<Sex> = Some(Sex::Female);

const SHAPES: [Shape; 7] = [
    ('A', &[("02", None, 38, 64)], 0, false, [10, 9, 6, 4, 3]),
    ('B', &[("02", None, 72, 84)], 300, false, [5, 5, 3, 2, 1]),
    ('C', &[("02", M, 46, 65), ("12", F, 45, 64)], 600, false, [4, 4, 3, 1, 1]),
    ('D', &[("02", F, 30, 44), ("20", M, 6, 14)], 700, false, [4, 4, 2, 1, 1]),
    (
        'E',
        &[("02", M, 47, 60), ("12", F, 45, 58), ("30", F, 19, 22)],
        1_200,
        false,
        [4, 2, 2, 1, 1],
    ),
    ('F', &[("02", None, 40, 66)], 0, true, [2, 2, 2, 0, 0]),
    (
        'G',
        &[("02", M, 47, 60), ("12", F, 45, 58), ("20", M, 19, 22)],
        1_894,
        false,
        [2, 2, 0, 0, 0],
    ),
];

/// The date `text`; a date of the story is a constant and always right.
pub fn day(text: &str) -> NaiveDate {
    text.parse().unwrap_or_default()
}

impl Caster<'_> {
    /// Every home of the cast.
    pub fn cast(&mut self) {
        for shape in &SHAPES {
            self.dibao(shape);
        }
        self.dibao_extra();
        super::cast_person::children(self);
        super::cast_person::disabled(self);
        super::cast_person::patients(self);
        for home in &mut self.homes {
            let opening = dibao_opening(home, self.scale.dibao);
            if let Some(assist) = &mut home.assist {
                assist.opening = opening;
            }
        }
    }

    /// A home of these roles, to be completed and pushed.
    pub fn home(&mut self, label: &str, community: usize, roles: &[Role]) -> Home {
        let members = roles
            .iter()
            .map(|(relation, sex, low, high)| {
                let sex = sex.unwrap_or_else(|| any_sex(self.random));
                let age = self.random.between(*low, *high);
                let born = born_at_age(self.random, age);
                Member::plain(self.person(sex, born, relation))
            })
            .collect();
        let mut home = Home::new(community, members);
        home.label = label.to_owned();
        if let Some(head) = home.members.first_mut() {
            head.account = Some((self.maker.account(), None));
        }
        home
    }

    /// A person of the cast.
    pub fn person(&mut self, sex: Sex, born: NaiveDate, relation: &'static str) -> Person {
        self.maker.person(self.random, None, sex, born, relation)
    }

    /// A day in the years before the demo, when something was decided.
    pub fn before(&mut self) -> NaiveDate {
        let (year, day) = (self.random.between(2020, 2022), self.random.below(300) + 1);
        NaiveDate::from_yo_opt(year, day).unwrap_or_default()
    }

    fn dibao(&mut self, shape: &Shape) {
        let (letter, roles, income, ill, counts) = *shape;
        for (community, count) in counts.into_iter().enumerate() {
            let code = COMMUNITIES.get(community).map_or('?', |c| c.letter);
            for number in 1..=count {
                let decided_on = self.before();
                let mut home = self.home(&format!("{letter}-{code}{number}"), community, roles);
                home.assist = Some(Assist { decided_on, opening: Opening::default() });
                if let Some(head) = home.members.first_mut() {
                    let kind = if letter == 'B' { "pension" } else { "wage" };
                    head.income = (income > 0).then_some((kind, income));
                    if ill {
                        let since = decided_on;
                        head.facts.push(Fact { kind: "category", code: "illness", since });
                    }
                }
                self.before_november(&mut home);
                self.homes.push(home);
            }
        }
    }

    /// How a home of November differed at the end of 2022.
    fn before_november(&mut self, home: &mut Home) {
        let earns = |home: &mut Home, yuan: i64| {
            if let Some(head) = home.members.first_mut() {
                head.income = Some(("wage", yuan));
            }
        };
        match home.label.as_str() {
            // New in March, May and November; A-D4 has an L3 subsidy until then.
            "A-Q1" | "D-D1" | "A-X1" | "A-D4" => home.assist = None,
            "C-D1" => earns(home, 300),
            "E-X1" | "G-S1" => earns(home, 1_500),
            // The baby of D-Q1 is born in May.
            "D-Q1" => home.members.truncate(1),
            // Lives in 东长街 until September.
            "A-S1" => home.community = 0,
            // The son turns 18 in June.
            "C-S1" => {
                home.members.truncate(1);
                let son = self.person(Sex::Male, day("2005-06-20"), "20");
                home.members.push(Member::plain(son));
            }
            // The husband, who has a pension, dies in April.
            "A-D1" => {
                let wife = self.person(Sex::Female, day("1959-05-16"), "02");
                let husband = self.person(Sex::Male, day("1950-03-08"), "11");
                if let Some(head) = home.members.first_mut() {
                    head.person = wife;
                }
                home.members
                    .push(Member { income: Some(("pension", 900)), ..Member::plain(husband) });
            }
            _ => {}
        }
    }

    /// Households that leave before November.
    fn dibao_extra(&mut self) {
        let single: &[Role] = &[("02", M, 45, 58)];
        let couple: &[Role] = &[("02", M, 46, 60), ("12", F, 45, 58)];
        let extra: [(&str, usize, &[Role], i64); 7] = [
            ("X-income", 1, single, 0),
            ("X-late", 2, single, 0),
            ("X-out", 0, couple, 600),
            ("X-tekun", 3, &[("02", M, 66, 68)], 0),
            ("X-grace", 2, couple, 600),
            ("X-gone", 4, single, 0),
            ("X-edge", 1, &[("02", M, 48, 56), ("12", F, 46, 54), ("30", F, 24, 28)], 3_000),
        ];
        for (label, community, roles, income) in extra {
            let decided_on = self.before();
            let mut home = self.home(label, community, roles);
            // X-edge is only above the line: one member is enrolled alone later.
            if label != "X-edge" {
                home.assist = Some(Assist { decided_on, opening: Opening::default() });
            }
            if let Some(head) = home.members.first_mut().filter(|_| income > 0) {
                head.income = Some(("wage", income));
            }
            if label == "X-edge" {
                let (certificate, account) = (self.certificate(6, 2), self.maker.account());
                if let Some(daughter) = home.members.last_mut() {
                    daughter.certificate = Some(certificate);
                    daughter.account = Some((account, None));
                }
            }
            self.homes.push(home);
        }
    }

    /// A certificate that was issued before the demo and outlives it.
    pub fn certificate(&mut self, category: u8, grade: u8) -> Certificate {
        let (year, day) = (self.random.between(2015, 2021), self.random.below(360) + 1);
        Certificate {
            category,
            grade,
            issued_on: NaiveDate::from_yo_opt(year, day).unwrap_or_default(),
            valid_to: NaiveDate::from_yo_opt(year + 10, day),
        }
    }

    /// December's payment of a share of a standard.
    pub fn share(&self, standard: Fen, percent: i128, tier: &'static str) -> Opening {
        let base = Scale::share(standard, percent);
        Opening { base, supplement: Fen::ZERO, persons: 1, tier: Some(tier) }
    }

    /// A personal award since some earlier day.
    pub fn award(&mut self, program: &'static str, opening: Option<Opening>) -> Award {
        Award { program, decided_on: self.before(), opening }
    }
}

/// What dibao paid the home for December 2022.
fn dibao_opening(home: &Home, standard: Fen) -> Opening {
    let december = Month::of(day("2022-12-31"));
    let income: i64 = home.members.iter().filter_map(|m| m.income).map(|(_, yuan)| yuan).sum();
    let persons = home.members.len();
    let line = standard.0 * i64::try_from(persons).unwrap_or(0);
    let gap = i128::from(line - Fen::from_yuan(income).0);
    let top = |member: &Member| {
        let age = member.age_before(december);
        let ill = member.facts.iter().any(|f| f.code == "illness");
        let percent = match (ill, age) {
            (true, _) => 20,
            (false, 70.. | ..18) => 10,
            _ => 0,
        };
        Scale::share(standard, percent)
    };
    Opening {
        base: Rounding::CeilYuan.apply(gap, 1),
        supplement: home.members.iter().map(top).sum(),
        persons,
        tier: None,
    }
}
