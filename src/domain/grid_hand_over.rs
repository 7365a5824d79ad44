//! A grid that changes hands: whoever takes it over keeps it from a day on,
//! whoever gave it up no longer does.

use chrono::NaiveDate;

/// One hand-over.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HandOver {
    /// The grid, or a community without grids.
    pub area_code: String,
    /// Account that gives it up; `None` if nobody does.
    pub from_user: Option<i64>,
    /// Account that takes it over.
    pub to_user: i64,
    /// First day.
    pub from_on: NaiveDate,
}

/// The areas that an account keeps on a day: its own, without those it gave
/// up, with those it took over. `all` in the order they were entered; of two on
/// the same day the later one decides.
#[must_use]
pub fn areas_on(own: Vec<String>, all: &[HandOver], user: i64, day: NaiveDate) -> Vec<String> {
    let mut known: Vec<&HandOver> = all.iter().filter(|over| over.from_on <= day).collect();
    known.sort_by_key(|over| over.from_on);
    let mut areas = own;
    for over in known {
        if over.from_user == Some(user) {
            areas.retain(|area| *area != over.area_code);
        }
        if over.to_user == user && !areas.contains(&over.area_code) {
            areas.push(over.area_code.clone());
        }
    }
    areas
}

/// The next day on which the areas of an account change.
#[must_use]
pub fn next_change(all: &[HandOver], user: i64, today: NaiveDate) -> Option<NaiveDate> {
    let concerns = |over: &&HandOver| over.from_user == Some(user) || over.to_user == user;
    let later = all.iter().filter(concerns).map(|over| over.from_on).filter(|on| *on > today);
    later.min()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn over(area: &str, from: Option<i64>, to: i64, day: &str) -> HandOver {
        let from_on = day.parse().expect("a date");
        HandOver { area_code: area.to_owned(), from_user: from, to_user: to, from_on }
    }

    #[test]
    fn a_grid_is_with_one_from_the_day_on_and_comes_back() {
        let own = || vec!["a".to_owned(), "b".to_owned()];
        let day = |text: &str| text.parse::<NaiveDate>().expect("a date");
        let all = [over("b", Some(2), 1, "2023-12-24"), over("b", Some(1), 2, "2023-12-10")];
        for (on, first, second) in [
            ("2023-12-09", own(), vec![]),
            ("2023-12-10", vec!["a".to_owned()], vec!["b".to_owned()]),
            ("2023-12-24", own(), vec![]),
        ] {
            assert_eq!(areas_on(own(), &all, 1, day(on)), first, "{on}");
            assert_eq!(areas_on(vec![], &all, 2, day(on)), second, "{on}");
        }
        assert_eq!(areas_on(own(), &all, 3, day("2023-12-12")), own());
        assert_eq!(next_change(&all, 2, day("2023-12-10")), Some(day("2023-12-24")));
        assert_eq!(next_change(&all, 3, day("2023-12-10")), None);
    }
}
