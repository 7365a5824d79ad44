//! The whole sub-district: the cast, some ordinary homes with a part in the
//! story, and as many others as are wanted, handed over in batches.

use chrono::{Days, NaiveDate};

use super::cast::{Caster, Scale};
use super::home::{COMMUNITIES, Home, can_be_met, family, settle};
use super::people::{PeopleMaker, any_sex};
use super::random::Random;
use crate::domain::month::Month;
use crate::error::AppResult;

/// Homes that a batch holds at most, about.
const BATCH: usize = 8_000;
/// Homes of a grid, about (`domain.md` §1.3: 300–500).
const HOMES_PER_GRID: usize = 400;
/// Ordinary homes per community that have births, deaths and moves.
const EXTRAS: usize = 14;

/// A visit that is going to take place.
#[derive(Debug, Clone)]
pub struct VisitPlan {
    /// Kind and number of the household.
    pub household: (&'static str, String),
    /// The day.
    pub done_on: NaiveDate,
    /// The day of the review.
    pub reviewed_on: NaiveDate,
    /// Grid worker.
    pub worker: String,
    /// Code of the result.
    pub result: &'static str,
    /// Whom it verified, by number.
    pub persons: Vec<String>,
}

/// What has to be remembered of the sub-district.
#[derive(Debug)]
pub struct District {
    /// Makes those who are born or arrive later.
    pub maker: PeopleMaker,
    /// Homes with a label, in the order in which they were made.
    pub cast: Vec<Home>,
    /// All visits of the year.
    pub visits: Vec<VisitPlan>,
    /// Grids per community.
    pub grids: [usize; 5],
    /// People altogether.
    pub people: usize,
}

/// Makes the sub-district.
struct Builder<'a> {
    seed: u64,
    wanted: usize,
    district: District,
    numbers: [usize; 5],
    verified: usize,
    batch: Vec<Home>,
    flush: &'a mut dyn FnMut(&[Home]) -> AppResult<()>,
}

/// Builds the sub-district with exactly `wanted` verified residents; `flush`
/// takes the homes in batches.
///
/// # Errors
/// Whatever `flush` returns.
pub fn build(
    seed: u64,
    wanted: usize,
    scale: Scale,
    flush: &mut dyn FnMut(&[Home]) -> AppResult<()>,
) -> AppResult<District> {
    let mut builder = Builder {
        seed,
        wanted,
        district: District {
            maker: PeopleMaker::default(),
            cast: Vec::new(),
            visits: Vec::new(),
            grids: grids(wanted),
            people: 0,
        },
        numbers: [0; 5],
        verified: 0,
        batch: Vec::new(),
        flush,
    };
    builder.cast(scale)?;
    for community in 0..COMMUNITIES.len() {
        builder.fill(community)?;
    }
    builder.send()?;
    Ok(builder.district)
}

/// Grids per community for so many people.
#[must_use]
pub fn grids(wanted: usize) -> [usize; 5] {
    let mut grids = [1; 5];
    for (grid, community) in grids.iter_mut().zip(&COMMUNITIES) {
        // Somewhat more than two and a half people live in a home.
        let homes = wanted * community.share as usize / 100 * 2 / 5;
        *grid = ((homes + HOMES_PER_GRID / 2) / HOMES_PER_GRID).max(1);
    }
    grids
}

impl Builder<'_> {
    fn cast(&mut self, scale: Scale) -> AppResult<()> {
        let mut random = Random::part(self.seed, 1);
        let maker = &mut self.district.maker;
        let mut caster = Caster { maker, random: &mut random, scale, homes: Vec::new() };
        caster.cast();
        let mut homes = caster.homes;
        for (community, area) in COMMUNITIES.iter().enumerate() {
            for number in 1..=EXTRAS {
                let members = family(&mut self.district.maker, &mut random, 9);
                let mut home = Home::new(community, members);
                home.label = format!("N-{}{number}", area.letter);
                homes.push(home);
            }
        }
        for (at, mut home) in homes.into_iter().enumerate() {
            let grids = self.district.grids.get(home.community).copied().unwrap_or(1);
            home.grid = at % grids + 1;
            let day = 3 + u64::from(random.below(6));
            let done_on = super::cast::day("2023-01-01") + Days::new(day);
            self.add(&mut random, home, done_on)?;
        }
        Ok(())
    }

    /// Ordinary homes of a community until its share of people is met.
    fn fill(&mut self, community: usize) -> AppResult<()> {
        let mut random = Random::part(self.seed, 10 + community as u64);
        let last = community + 1 == COMMUNITIES.len();
        let left = self.wanted.saturating_sub(self.verified);
        let share: usize =
            COMMUNITIES.iter().skip(community).map(|c| c.share as usize).sum::<usize>().max(1);
        let own = COMMUNITIES.get(community).map_or(0, |c| c.share as usize);
        let target = if last { left } else { left * own / share };
        let goal = self.verified + target;
        let grids = self.district.grids.get(community).copied().unwrap_or(1);
        while self.verified < goal {
            let missing = goal - self.verified;
            let members = family(&mut self.district.maker, &mut random, missing);
            let mut home = Home::new(community, members);
            if missing > 8 {
                settle(&mut self.district.maker, &mut random, &mut home);
                home.tenants_from = home
                    .members
                    .iter()
                    .position(|m| !m.person.status.registered_here())
                    .filter(|at| *at > 0)
                    .unwrap_or(home.members.len());
            }
            let progress = target - missing;
            home.grid = (progress * grids / target.max(1)).min(grids - 1) + 1;
            let done_on = visit_day(&mut random, home.grid, grids);
            self.add(&mut random, home, done_on)?;
        }
        Ok(())
    }

    fn add(&mut self, random: &mut Random, mut home: Home, done_on: NaiveDate) -> AppResult<()> {
        if let Some(number) = self.numbers.get_mut(home.community) {
            *number += 1;
            home.number = *number;
        }
        self.district.people += home.members.len();
        self.visit(random, &home, done_on);
        if !home.label.is_empty() {
            self.district.cast.push(home.clone());
        }
        self.batch.push(home);
        if self.batch.len() >= BATCH {
            self.send()?;
        }
        Ok(())
    }

    fn visit(&mut self, random: &mut Random, home: &Home, done_on: NaiveDate) {
        let met: Vec<String> = home
            .members
            .iter()
            .filter(|m| can_be_met(m.person.status))
            .map(|m| m.person.id_no.clone())
            .take(self.wanted.saturating_sub(self.verified))
            .collect();
        let absent = home.label.is_empty() && met.len() < 3 && random.chance(2);
        let worker = {
            let sex = any_sex(&mut Random::part(self.seed, home.grid as u64));
            let grid = (home.community * 100_000 + home.grid) as u64;
            super::people::name(&mut Random::part(self.seed ^ 77, grid), None, sex)
        };
        let result = match (met.is_empty(), absent) {
            (true, _) if self.verified >= self.wanted => return,
            (true, _) => "moved_away",
            (false, true) => "absent",
            (false, false) if random.chance(80) => "met",
            (false, false) => "family",
        };
        let persons = if absent { Vec::new() } else { met };
        self.verified += persons.len();
        let kind = if home.has_residence() { "residence" } else { "hukou" };
        self.district.visits.push(VisitPlan {
            household: (kind, home.household_no()),
            done_on,
            reviewed_on: done_on + Days::new(2),
            worker,
            result,
            persons,
        });
    }

    fn send(&mut self) -> AppResult<()> {
        if !self.batch.is_empty() {
            (self.flush)(&self.batch)?;
            self.batch.clear();
        }
        Ok(())
    }
}

/// Grid after grid from February to October.
fn visit_day(random: &mut Random, grid: usize, grids: usize) -> NaiveDate {
    let month = 2 + u32::try_from((grid - 1) * 9 / grids.max(1)).unwrap_or(0);
    let month = Month::new(2023, month).unwrap_or(Month::of(super::cast::day("2023-10-01")));
    month.day(1 + random.below(24))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::money::Fen;

    fn scale() -> Scale {
        Scale {
            dibao: Fen::from_yuan(760),
            orphan: Fen::from_yuan(1_508),
            care: [Fen::from_yuan(200), Fen::from_yuan(150)],
        }
    }

    #[test]
    fn exactly_as_many_are_verified_as_are_wanted() {
        for wanted in [600, 3_000] {
            let mut people = std::collections::HashSet::new();
            let mut numbers = std::collections::HashSet::new();
            let district = build(7, wanted, scale(), &mut |homes| {
                for home in homes {
                    assert!(numbers.insert(home.household_no()));
                    assert!(home.members.iter().any(|m| m.person.relation == "02"));
                    for member in &home.members {
                        assert!(people.insert(member.person.id_no.clone()));
                    }
                }
                Ok(())
            })
            .expect("built");
            let verified: usize = district.visits.iter().map(|v| v.persons.len()).sum();
            assert_eq!(verified, wanted);
            assert_eq!(district.people, people.len());
        }
    }

    #[test]
    fn the_seed_makes_the_same_people() {
        let make = |seed| {
            let mut names = Vec::new();
            build(seed, 1_500, scale(), &mut |homes| {
                names.extend(homes.iter().map(Home::address));
                names.extend(homes.iter().flat_map(|h| &h.members).map(|m| m.person.name.clone()));
                Ok(())
            })
            .map(|_| names)
            .expect("built")
        };
        assert_eq!(make(3), make(3));
        assert_ne!(make(3), make(4));
    }
}
