//! The population between two days, by community and age band: what was there
//! at the beginning, what came and went by the day it happened, what is there
//! at the end (`rulings.md` M13).
//!
//! Stocks are read off the records, flows off the events, each on its own: so
//! that a record that does not fit its events breaks the identity and shows.

use chrono::{Datelike, NaiveDate};

use super::code_table::ResidenceStatus;
use super::life_event::EventKind;
use super::resident::ResidentStatus;

coded! {
    /// Who is counted, by the present residence status of the record.
    Basis {
        Register = "register", "在册人口", "Everybody on the register";
        Hukou = "hukou", "户籍人口", "Registered population";
        Living = "living", "常住人口", "Usual residents";
    }
}

impl Basis {
    /// Whether somebody of this residence status is counted (`domain.md` §2.4).
    #[must_use]
    pub const fn counts(self, residence: ResidenceStatus) -> bool {
        match self {
            Basis::Register => true,
            Basis::Hukou => residence.registered_here(),
            Basis::Living => residence.lives_here(),
        }
    }

    /// Its definition, which stands below every table.
    #[must_use]
    pub const fn definition(self) -> (&'static str, &'static str) {
        match self {
            Basis::Register => (
                "在册人口:本系统有记录且未死亡、未迁出的全部居民。",
                "Everybody with a record here who has neither died nor moved away.",
            ),
            Basis::Hukou => (
                "户籍人口:居住状态为人户一致、户在人不在、空挂户、去向不明的在册居民。",
                "Registered population: residents whose household registration is kept here.",
            ),
            Basis::Living => (
                "常住人口:居住状态为人户一致、人在户不在、境外人员的在册居民,不含寄住或暂住不足六个月的人。",
                "Usual residents: residents who live here, without stays of less than six months.",
            ),
        }
    }
}

coded! {
    /// A column of the table.
    Flow {
        Opening = "opening", "期初", "Opening";
        Birth = "birth", "出生", "Births";
        MovedIn = "moved_in", "迁入", "Moved in";
        CameOver = "came_over", "街道内转入", "From another community";
        Death = "death", "死亡", "Deaths";
        MovedOut = "moved_out", "迁出", "Moved out";
        WentOver = "went_over", "街道内转出", "To another community";
        Closing = "closing", "期末", "Closing";
    }
}

/// Number of columns.
const FLOWS: usize = Flow::ALL.len();

impl Flow {
    /// What the column does to the number of people; nothing for a stock.
    #[must_use]
    pub const fn sign(self) -> i64 {
        match self {
            Flow::Opening | Flow::Closing => 0,
            Flow::Birth | Flow::MovedIn | Flow::CameOver => 1,
            Flow::Death | Flow::MovedOut | Flow::WentOver => -1,
        }
    }

    const fn at(self) -> usize {
        match self {
            Flow::Opening => 0,
            Flow::Birth => 1,
            Flow::MovedIn => 2,
            Flow::CameOver => 3,
            Flow::Death => 4,
            Flow::MovedOut => 5,
            Flow::WentOver => 6,
            Flow::Closing => 7,
        }
    }
}

coded! {
    /// Age on the last day of the period, of the dead as well: so nobody
    /// changes the band within a table.
    Band {
        Infant = "0-5", "0–5 岁", "0–5";
        Child = "6-14", "6–14 岁", "6–14";
        Adult = "15-59", "15–59 岁", "15–59";
        Older = "60-64", "60–64 岁", "60–64";
        Old = "65-79", "65–79 岁", "65–79";
        Aged = "80-", "80 岁及以上", "80 and above";
    }
}

impl Band {
    /// The band of somebody born on `born`, on a day.
    #[must_use]
    pub fn on(day: NaiveDate, born: NaiveDate) -> Band {
        let had_birthday = (day.month(), day.day()) >= (born.month(), born.day());
        match day.year() - born.year() - i32::from(!had_birthday) {
            ..=5 => Band::Infant,
            6..=14 => Band::Child,
            15..=59 => Band::Adult,
            60..=64 => Band::Older,
            65..=79 => Band::Old,
            80.. => Band::Aged,
        }
    }
}

/// One row of the table.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Counts([i64; FLOWS]);

impl Counts {
    /// A figure.
    #[must_use]
    pub fn get(&self, flow: Flow) -> i64 {
        self.0.get(flow.at()).copied().unwrap_or_default()
    }

    /// Counts one more.
    pub fn add(&mut self, flow: Flow) {
        if let Some(count) = self.0.get_mut(flow.at()) {
            *count += 1;
        }
    }

    /// Sums two rows.
    #[must_use]
    pub fn plus(mut self, other: &Counts) -> Counts {
        for (mine, theirs) in self.0.iter_mut().zip(other.0) {
            *mine += theirs;
        }
        self
    }

    /// What is missing in the closing figure; 0 if the identity holds.
    #[must_use]
    pub fn gap(&self) -> i64 {
        let flows: i64 = Flow::ALL.iter().map(|flow| flow.sign() * self.get(*flow)).sum();
        self.get(Flow::Closing) - self.get(Flow::Opening) - flows
    }
}

/// First and last day, both counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Period {
    /// First day.
    pub from: NaiveDate,
    /// Last day.
    pub to: NaiveDate,
}

impl Period {
    /// Whether a day lies in it.
    #[must_use]
    pub fn has(&self, day: NaiveDate) -> bool {
        self.from <= day && day <= self.to
    }
}

/// What happened to a person, as far as it moves the population: confirmed or
/// reported, not annulled.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Event<P> {
    /// Birth, death or a move.
    pub kind: EventKind,
    /// The day it happened.
    pub on: NaiveDate,
    /// The day it was reported.
    pub reported_on: NaiveDate,
    /// The community that was left, where the event names one.
    pub from: Option<P>,
}

/// A person's record with what happened since the period began, oldest first.
#[derive(Debug, Clone, Copy)]
pub struct Life<'a, P> {
    /// Date of birth.
    pub born: NaiveDate,
    /// State of the record now.
    pub status: ResidentStatus,
    /// The community now, or the last one.
    pub place: P,
    /// Events from the period's first day on.
    pub events: &'a [Event<P>],
}

impl<P: Copy + PartialEq> Life<'_, P> {
    /// Whether the record says that the person was here at the end of a day:
    /// its present state, taken back over everything that happened later.
    fn is_here(&self, day: NaiveDate) -> bool {
        let later = self.events.iter().find(|event| event.on > day);
        let here = match later.map(|event| event.kind) {
            Some(EventKind::Birth | EventKind::MoveIn) => false,
            Some(_) => true,
            None => self.status == ResidentStatus::Active,
        };
        here && self.born <= day
    }

    /// The community before the event at `at` of the list; after the last one
    /// it is the record's.
    fn place_before(&self, at: usize) -> P {
        let later = self.events.get(at..).unwrap_or_default();
        later.iter().find_map(|event| event.from).unwrap_or(self.place)
    }

    fn place_on(&self, day: NaiveDate) -> P {
        self.place_before(self.events.iter().take_while(|event| event.on <= day).count())
    }

    /// Every figure that the person stands in, with the community.
    #[must_use]
    pub fn figures(&self, period: Period) -> Vec<(Flow, P)> {
        let mut found = Vec::new();
        let before = period.from.pred_opt().unwrap_or(period.from);
        if self.is_here(before) {
            found.push((Flow::Opening, self.place_on(before)));
        }
        for (at, event) in self.events.iter().enumerate().filter(|(_, e)| period.has(e.on)) {
            let (left, reached) = (self.place_before(at), self.place_before(at + 1));
            match event.kind {
                EventKind::Birth => found.push((Flow::Birth, reached)),
                EventKind::MoveIn => found.push((Flow::MovedIn, reached)),
                EventKind::Death => found.push((Flow::Death, left)),
                EventKind::MoveOut => found.push((Flow::MovedOut, left)),
                EventKind::MoveWithin if left != reached => {
                    found.extend([(Flow::WentOver, left), (Flow::CameOver, reached)]);
                }
                _ => {}
            }
        }
        if self.is_here(period.to) {
            found.push((Flow::Closing, self.place_on(period.to)));
        }
        found
    }
}

coded! {
    /// How an event's report missed the period.
    Late {
        After = "after", "本期发生、期后申报(已计入本期)", "Happened in the period, reported after it (counted above)";
        Before = "before", "期前发生、本期申报(计入发生期)", "Happened before the period, reported in it (counted where it happened)";
    }
}

impl Late {
    /// Of an event; `None` if it was reported in time.
    #[must_use]
    pub fn of<P>(event: &Event<P>, period: Period) -> Option<Late> {
        if period.has(event.on) && event.reported_on > period.to {
            return Some(Late::After);
        }
        (event.on < period.from && period.has(event.reported_on)).then_some(Late::Before)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn day(text: &str) -> NaiveDate {
        text.parse().expect("a date")
    }

    fn event(kind: EventKind, on: &str, from: Option<u8>) -> Event<u8> {
        Event { kind, on: day(on), reported_on: day(on), from }
    }

    fn figures(born: &str, status: ResidentStatus, events: &[Event<u8>]) -> Vec<(Flow, u8)> {
        let period = Period { from: day("2023-06-01"), to: day("2023-06-30") };
        Life { born: day(born), status, place: 2, events }.figures(period)
    }

    fn gap(figures: &[(Flow, u8)]) -> i64 {
        let mut counts = Counts::default();
        figures.iter().for_each(|(flow, _)| counts.add(*flow));
        counts.gap()
    }

    #[test]
    fn a_life_is_traced_back_from_the_record() {
        use EventKind as E;
        use ResidentStatus as S;
        assert_eq!(figures("1950-01-01", S::Active, &[]), [(Flow::Opening, 2), (Flow::Closing, 2)]);
        // Died after the period: still here in it.
        let later = [event(E::Death, "2023-07-02", None)];
        assert_eq!(
            figures("1950-01-01", S::Dead, &later),
            [(Flow::Opening, 2), (Flow::Closing, 2)]
        );
        let moved =
            [event(E::MoveWithin, "2023-06-10", Some(1)), event(E::Death, "2023-06-30", None)];
        let found = figures("1950-01-01", S::Dead, &moved);
        let over = [(Flow::Opening, 1), (Flow::WentOver, 1), (Flow::CameOver, 2), (Flow::Death, 2)];
        assert_eq!(found, over);
        assert_eq!(gap(&found), 0);
        let twice =
            [event(E::MoveOut, "2023-06-02", Some(1)), event(E::MoveIn, "2023-06-20", None)];
        let found = figures("1950-01-01", S::Active, &twice);
        assert_eq!(found.last(), Some(&(Flow::Closing, 2)));
        assert_eq!(gap(&found), 0);
    }

    #[test]
    fn a_record_that_does_not_fit_its_events_breaks_the_identity() {
        use EventKind as E;
        // Dead by the record, without a death.
        assert_eq!(gap(&figures("1950-01-01", ResidentStatus::Dead, &[])), 0);
        let death = [event(E::Death, "2023-06-10", None)];
        assert_eq!(gap(&figures("1950-01-01", ResidentStatus::Active, &death)), 1);
        // Born in the period, and nobody registered a birth.
        assert_eq!(gap(&figures("2023-06-03", ResidentStatus::Active, &[])), 1);
        let birth = [event(E::Birth, "2023-06-03", None)];
        assert_eq!(gap(&figures("2023-06-03", ResidentStatus::Active, &birth)), 0);
    }

    #[test]
    fn bands_go_by_the_last_day() {
        let last = day("2023-06-30");
        assert_eq!(Band::on(last, day("2008-07-01")), Band::Child);
        assert_eq!(Band::on(last, day("2008-06-30")), Band::Adult);
        assert_eq!(Band::on(last, day("1943-06-30")), Band::Aged);
    }
}
