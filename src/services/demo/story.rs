//! What happens in 2023: one line per event, with the day on which somebody at
//! the office enters it. Every line is played through the service that a user
//! would use; what anybody is paid follows from it and stands nowhere here.

use super::cast_person::{FIRST_CERTIFICATES, NEW_PATIENTS};
use crate::domain::award::StopReason;
use crate::domain::temp_case::{CaseLevel, Cause};

/// Label of a home and index of a member.
pub type Who = (&'static str, usize);

/// One thing that somebody enters.
#[derive(Debug, Clone, Copy)]
pub enum Act {
    /// An assistance household is opened and confirmed for dibao.
    Support(&'static str),
    /// A household is assessed; it is above the line, one member is enrolled alone.
    Single(Who),
    /// A personal award: program, the day of the application.
    Confirm(Who, &'static str, &'static str),
    /// An award of a person, or dibao of their household, stops from the month
    /// after.
    Stop(Who, &'static str, StopReason),
    /// The last stop of an award turns out to be wrong.
    AnnulStop(Who, &'static str),
    /// Dibao goes on for so many months although the income is above the line.
    Grace(&'static str, u32),
    /// Income in yuan a month, from the month after or the named one.
    Income(Who, i64, Option<&'static str>),
    /// A fact with its code, from the month after or the named one.
    Fact(Who, &'static str, &'static str, Option<&'static str>),
    /// A first certificate: category and grade, and care from that month on.
    FirstCertificate(&'static str),
    /// A certificate is renewed as it was.
    Renew(Who),
    /// A certificate is cancelled.
    CancelCertificate(Who),
    /// A death, with its day, and the day of the report.
    Death(Who, &'static str, &'static str),
    /// A death that only a matching of data reports.
    MatchedDeath(Who, &'static str),
    /// That report turns out to be wrong.
    RefuteDeath(Who),
    /// A child is born into the home: day of birth, of the application.
    Birth(&'static str, &'static str, &'static str),
    /// Everybody of the home leaves the street.
    MoveOut(&'static str),
    /// Everybody of the home moves to another community (index) of the street.
    MoveWithin(&'static str, usize),
    /// Somebody is registered as a patient and their guardian's award begins.
    Register(&'static str),
    /// The quarter's appraisal of all patients but those named; some fail.
    Appraise(&'static str, &'static [&'static str], &'static [&'static str]),
    /// One appraisal that was missing.
    AppraiseLate(&'static str, &'static str),
    /// A harmful incident.
    Incident(&'static str),
    /// A case of temporary assistance.
    Temporary(usize, CaseLevel, Cause, i64),
    /// The raised standard is proposed and put in force.
    Raise,
    /// The bank has closed the account: a new one is registered.
    NewAccount(Who),
    /// The claim on an award is to be recovered by instalments from a month.
    Plan(Who, &'static str, &'static str),
    /// The claim on an award is repaid.
    Repay(Who, &'static str),
    /// Births, deaths and moves of ordinary people.
    Ordinary(usize),
}

/// What happens on a day.
pub type Line = (&'static str, Act);

/// The story by day, without what is repeated.
const STORY: &[Line] = &[
    ("2023-01-12", Act::Fact(("P-D1", 1), "child_class", "C2", None)),
    ("2023-01-12", Act::Confirm(("P-D1", 1), "children", "2023-01-04")),
    ("2023-02-06", Act::Death(("KX-1", 0), "2023-02-03", "2023-02-06")),
    ("2023-02-08", Act::Support("A-Q1")),
    ("2023-02-09", Act::Income(("X-grace", 0), 2_000, None)),
    ("2023-02-09", Act::Grace("X-grace", 6)),
    ("2023-02-20", Act::Single(("X-edge", 2))),
    ("2023-03-10", Act::Income(("E-X1", 0), 1_200, None)),
    ("2023-03-10", Act::Support("A-D4")),
    ("2023-03-20", Act::Death(("MX-1", 0), "2023-03-17", "2023-03-20")),
    ("2023-03-20", Act::Confirm(("X-tekun", 0), "tekun", "2023-03-01")),
    ("2023-03-20", Act::Stop(("X-tekun", 0), "dibao", StopReason::Tekun)),
    ("2023-03-28", Act::Appraise("2023-03", &["M-X2"], &[])),
    ("2023-04-10", Act::NewAccount(("A-D2", 0))),
    ("2023-04-12", Act::Support("D-D1")),
    ("2023-04-13", Act::Death(("KX-2", 0), "2023-04-09", "2023-04-13")),
    ("2023-04-20", Act::AppraiseLate("M-X2", "2023-03")),
    ("2023-05-09", Act::Death(("A-D1", 1), "2023-04-18", "2023-04-20")),
    ("2023-05-09", Act::MoveOut("VX-1")),
    ("2023-05-10", Act::Income(("X-income", 0), 1_500, None)),
    ("2023-05-10", Act::Stop(("X-income", 0), "dibao", StopReason::Income)),
    ("2023-05-12", Act::Income(("G-S1", 0), 1_894, None)),
    ("2023-05-14", Act::Incident("M-S3")),
    ("2023-05-20", Act::Stop(("C-Q1", 0), "dibao", StopReason::Death)),
    ("2023-05-22", Act::Death(("X-late", 0), "2023-03-10", "2023-05-22")),
    ("2023-05-25", Act::Birth("D-Q1", "2023-05-05", "2023-05-18")),
    ("2023-06-08", Act::Income(("C-D1", 0), 600, Some("2023-03"))),
    ("2023-06-10", Act::CancelCertificate(("KX-6", 0))),
    ("2023-06-12", Act::Fact(("L-S1", 0), "living_condition", "no_fixed_income", Some("2023-06"))),
    ("2023-06-12", Act::Confirm(("L-S1", 0), "living", "2023-06-05")),
    ("2023-06-13", Act::Death(("KX-3", 0), "2023-06-11", "2023-06-13")),
    ("2023-06-20", Act::Fact(("P-S1", 1), "child_class", "C2", None)),
    ("2023-06-20", Act::Renew(("K-D5", 0))),
    ("2023-06-27", Act::Appraise("2023-06", &[], &["M-D5"])),
    ("2023-06-29", Act::Plan(("C-D1", 0), "dibao", "2023-07")),
    ("2023-07-10", Act::MatchedDeath(("B-D1", 0), "2023-06-28")),
    ("2023-07-12", Act::MoveOut("X-out")),
    ("2023-07-20", Act::MoveOut("MX-2")),
    ("2023-07-26", Act::Repay(("X-late", 0), "dibao")),
    ("2023-07-28", Act::RefuteDeath(("B-D1", 0))),
    ("2023-08-04", Act::Death(("X-tekun", 0), "2023-08-02", "2023-08-04")),
    ("2023-08-08", Act::AnnulStop(("C-Q1", 0), "dibao")),
    ("2023-08-10", Act::Confirm(("V-D1", 0), "living_l5", "2023-08-03")),
    ("2023-08-10", Act::Stop(("LX-1", 0), "living", StopReason::Income)),
    ("2023-08-14", Act::Death(("KX-4", 0), "2023-08-12", "2023-08-14")),
    ("2023-08-18", Act::Stop(("X-grace", 0), "dibao", StopReason::GraceOver)),
    ("2023-08-25", Act::Stop(("X-edge", 2), "dibao", StopReason::Voluntary)),
    ("2023-09-05", Act::Raise),
    ("2023-09-11", Act::Stop(("OX-1", 1), "children", StopReason::Other)),
    ("2023-09-12", Act::MoveWithin("A-S1", 1)),
    ("2023-09-27", Act::Appraise("2023-09", &[], &[])),
    ("2023-10-09", Act::Death(("KX-5", 0), "2023-10-05", "2023-10-09")),
    ("2023-10-12", Act::Stop(("X-gone", 0), "dibao", StopReason::Voluntary)),
    ("2023-10-20", Act::Support("A-X1")),
    ("2023-11-08", Act::NewAccount(("A-D3", 0))),
];

/// Payments that the bank returns: month of the run, whose, why.
pub const RETURNS: [(&str, Who, &str, &str); 3] = [
    ("2023-03", ("A-D2", 0), "dibao", "F03"),
    ("2023-10", ("A-D3", 0), "dibao", "F03"),
    ("2023-11", ("B-S1", 0), "dibao", "F05"),
];

/// What the street granted, yuan.
const STREET_CASES: [i64; 18] =
    [500, 500, 550, 600, 600, 650, 700, 700, 750, 760, 800, 800, 850, 900, 900, 950, 790, 850];
/// What the district granted, yuan.
const DISTRICT_CASES: [i64; 8] = [5_000, 6_200, 6_800, 7_400, 7_600, 8_000, 8_300, 8_390];
const CAUSES: [Cause; 4] = [Cause::Illness, Cause::Fire, Cause::Traffic, Cause::Education];

/// Days on which cases are decided: before the cut-off of each month.
const CASE_DAYS: [&str; 11] = [
    "2023-01-11",
    "2023-02-09",
    "2023-03-08",
    "2023-04-06",
    "2023-05-10",
    "2023-06-07",
    "2023-07-06",
    "2023-08-09",
    "2023-09-07",
    "2023-10-11",
    "2023-11-09",
];

/// Days of ordinary births, deaths and moves.
const ORDINARY_DAYS: [&str; 20] = [
    "2023-02-07",
    "2023-02-22",
    "2023-03-07",
    "2023-03-22",
    "2023-04-07",
    "2023-04-24",
    "2023-05-08",
    "2023-05-23",
    "2023-06-07",
    "2023-06-21",
    "2023-07-07",
    "2023-07-24",
    "2023-08-07",
    "2023-08-22",
    "2023-09-06",
    "2023-09-21",
    "2023-10-09",
    "2023-10-23",
    "2023-11-07",
    "2023-11-10",
];

/// The whole story in the order of days.
#[must_use]
pub fn story() -> Vec<Line> {
    let mut lines = STORY.to_vec();
    lines.extend(FIRST_CERTIFICATES.map(|(label, day)| (day, Act::FirstCertificate(label))));
    lines.extend(NEW_PATIENTS.map(|(label, day)| (day, Act::Register(label))));
    let street = STREET_CASES.iter().map(|yuan| (CaseLevel::Street, *yuan));
    let district = DISTRICT_CASES.iter().map(|yuan| (CaseLevel::District, *yuan));
    for (at, (level, yuan)) in street.chain(district).enumerate() {
        let day = CASE_DAYS.iter().cycle().nth(at).copied().unwrap_or("2023-01-11");
        let cause = CAUSES.iter().cycle().nth(at).copied().unwrap_or(Cause::Other);
        lines.push((day, Act::Temporary(at, level, cause, yuan)));
    }
    let ordinary = ORDINARY_DAYS.iter().enumerate();
    lines.extend(ordinary.map(|(at, day)| (*day, Act::Ordinary(at))));
    // Days are written so that texts sort like dates; equal days keep order.
    lines.sort_by_key(|(day, _)| *day);
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_days_are_days_of_2023() {
        let lines = story();
        assert!(lines.len() > 100);
        for (day, act) in &lines {
            let date: chrono::NaiveDate = day.parse().expect("a day");
            assert!(day.starts_with("2023-") && date.to_string() == *day, "{act:?}");
        }
    }
}
