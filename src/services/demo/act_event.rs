//! Acts of the story about people and homes: births, deaths, moves.

use chrono::{Datelike, Days, NaiveDate};

use super::cast::day;
use super::home::{COMMUNITIES, Member, STREET};
use super::office::{Office, missing};
use super::people::{any_sex, surname};
use super::story::Who;
use crate::domain::code_table::{Relation, Sex};
use crate::domain::life_event::{Confidence, EventDates};
use crate::error::AppResult;
use crate::services::event::{
    self, Arrival, BirthInput, DeathInput, DeathOutcome, DecideDeathInput, Join, MoveInInput,
    MoveOutInput, MoveWithinInput, RefuteInput,
};
use crate::services::resident::ResidentInput;
use crate::store::life_event;

/// Happened, reported, decided.
const fn dates(event_on: NaiveDate, reported_on: NaiveDate, decided_on: NaiveDate) -> EventDates {
    EventDates { event_on, reported_on, decided_on: Some(decided_on) }
}

impl Office<'_> {
    /// A death; `on` is the day of the decision on what follows from it.
    pub(super) fn death(
        &mut self,
        (label, at): (&str, usize),
        event_on: NaiveDate,
        reported_on: NaiveDate,
        on: NaiveDate,
    ) -> AppResult<()> {
        let input = DeathInput {
            resident: self.person(label, at)?,
            dates: EventDates { event_on, reported_on, decided_on: None },
            confidence: Confidence::Confirmed,
            heads: Vec::new(),
            note: None,
        };
        let event = event::death(self.store, &self.registers()?, &input)?.event;
        let outcome = DeathOutcome::Confirmed { heads: Vec::new() };
        let decision = DecideDeathInput { event, on, outcome };
        event::decide_death(self.store, &self.staff.clerk.authorize()?, &decision)?;
        Ok(())
    }

    /// A matching of data says that somebody died; it holds their money.
    pub(super) fn matched_death(
        &mut self,
        (label, at): Who,
        event_on: NaiveDate,
        on: NaiveDate,
    ) -> AppResult<()> {
        let input = DeathInput {
            resident: self.person(label, at)?,
            dates: EventDates { event_on, reported_on: on, decided_on: None },
            confidence: Confidence::Matched,
            heads: Vec::new(),
            note: Some("殡葬数据比对 / matched with funeral data".to_owned()),
        };
        event::death(self.store, &self.registers()?, &input)?;
        Ok(())
    }

    /// A visit found the person alive.
    pub(super) fn refute_death(&mut self, (label, at): Who, on: NaiveDate) -> AppResult<()> {
        let person = self.person(label, at)?;
        let events =
            self.store.read(|conn| Ok(life_event::list_life_events_of(conn, STREET, person)?))?;
        let input = RefuteInput {
            event: events.last().ok_or_else(|| missing(label))?.id,
            on,
            reason: "上门核实,本人健在 / visited, the person is alive".to_owned(),
            relations: Vec::new(),
        };
        event::refute(self.store, &self.staff.clerk.authorize()?, &input)?;
        Ok(())
    }

    /// A child is born into a home.
    pub(super) fn birth(
        &mut self,
        label: &str,
        born: NaiveDate,
        applied: NaiveDate,
        on: NaiveDate,
    ) -> AppResult<()> {
        let mut home = self.home(label)?.clone();
        let sex = any_sex(&mut self.random);
        let relation = if sex == Sex::Male { "20" } else { "30" };
        let parent = home.members.first().map(|m| m.person.name.clone()).unwrap_or_default();
        let child =
            self.maker.person(&mut self.random, Some(surname(&parent)), sex, born, relation);
        let input = BirthInput {
            child: ResidentInput::citizen(&child.name, &child.id_no, &home.grid_code()),
            joins: self.joins(label, relation)?,
            dates: dates(child.born, applied, on),
            named_month: None,
        };
        self.settle(&event::birth(self.store, &self.registers()?, &input)?)?;
        home.members.push(Member::plain(child));
        self.keep(label, Some(home));
        Ok(())
    }

    /// All households of a home, to be joined in this relation.
    fn joins(&self, label: &str, relation: &str) -> AppResult<Vec<Join>> {
        let relation = Relation::parse(relation).ok_or_else(|| missing(label))?;
        let joins = self.households(label)?.into_iter();
        Ok(joins.map(|household| Join { household, relation, counted: true }).collect())
    }

    /// Everybody of a home leaves the street.
    pub(super) fn move_out(&mut self, label: &str, on: NaiveDate) -> AppResult<()> {
        let input = MoveOutInput {
            residents: self.everybody(label)?,
            destination: "外区(示例)".to_owned(),
            dates: dates(on - Days::new(5), on, on),
            confidence: Confidence::Confirmed,
            heads: Vec::new(),
            note: None,
        };
        self.settle(&event::move_out(self.store, &self.registers()?, &input)?)
    }

    /// Everybody of a home moves to another community of the street.
    pub(super) fn move_within(&mut self, label: &str, to: usize, on: NaiveDate) -> AppResult<()> {
        let community = COMMUNITIES.get(to).ok_or_else(|| missing(label))?;
        let stem = community.compounds.first().copied().unwrap_or_default();
        let input = MoveWithinInput {
            residents: Vec::new(),
            households: self.households(label)?,
            to_area: format!("{}001", community.code),
            address: format!("{stem}1号院{}幢2单元302室", 80 + on.day()),
            dates: dates(on - Days::new(4), on, on),
        };
        event::move_within(self.store, &self.registers()?, &input)?;
        Ok(())
    }

    fn move_in(&mut self, label: &str, on: NaiveDate) -> AppResult<()> {
        let mut home = self.home(label)?.clone();
        let sex = any_sex(&mut self.random);
        let born = day("1988-01-01") + Days::new(u64::from(self.random.below(3_000)));
        let person = self.maker.person(&mut self.random, None, sex, born, "97");
        let newcomer = ResidentInput::citizen(&person.name, &person.id_no, &home.grid_code());
        let input = MoveInInput {
            person: Arrival::New(newcomer),
            origin: "外区(示例)".to_owned(),
            joins: self.joins(label, "97")?,
            dates: dates(on - Days::new(6), on, on),
            named_month: None,
            note: None,
        };
        self.settle(&event::move_in(self.store, &self.registers()?, &input)?)?;
        home.members.push(Member::plain(person));
        self.keep(label, Some(home));
        Ok(())
    }

    /// A birth, a death and three kinds of move among ordinary people, in a
    /// round over kinds and communities.
    pub(super) fn ordinary(&mut self, at: usize, on: NaiveDate) -> AppResult<()> {
        for (step, community) in COMMUNITIES.iter().enumerate() {
            let labels = self.labels(&format!("N-{}", community.letter));
            let kind = (at + step) % 5;
            let small =
                |label: &&String| self.home(label).is_ok_and(|home| home.members.len() <= 2);
            let label = if kind == 1 { labels.iter().find(small) } else { labels.first() };
            let Some(label) = label.cloned() else { continue };
            match kind {
                0 => self.birth(&label, on - Days::new(12), on - Days::new(2), on)?,
                1 => {
                    self.death((&label, 0), on - Days::new(3), on - Days::new(1), on)?;
                    self.keep(&label, None);
                }
                2 => {
                    self.move_out(&label, on)?;
                    self.keep(&label, None);
                }
                3 => {
                    self.move_within(&label, (step + 1) % COMMUNITIES.len(), on)?;
                    self.keep(&label, None);
                }
                _ => self.move_in(&label, on)?,
            }
        }
        Ok(())
    }
}
