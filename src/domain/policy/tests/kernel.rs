//! Facts and knowledge: what holds at a month as known at a day.

use super::*;

/// W07a: 620.00 was right as known in August; known in September it is 716.00.
#[test]
fn the_same_month_is_due_more_once_a_raise_is_known() {
    let policy = super::files::late_raise();
    let mut unit = Unit::new(&policy);
    unit.member("1980-05", "900");
    unit.member("1982-05", "0");
    let award = unit.award(&policy, "dibao", 0);
    assert_eq!(unit.pays(&policy, award, "2023-07", "2023-07-15"), "620.00");
    assert_eq!(unit.pays(&policy, award, "2023-07", "2023-09-15"), "716.00");
    assert_eq!(unit.pays(&policy, award, "2023-06", "2023-09-15"), "620.00");
}

/// W11: a stop ends, its annulment restores the months it covered.
#[test]
fn a_stop_and_its_annulment() {
    let policy = parse(PROFILE);
    let mut unit = Unit::new(&policy);
    unit.member("1980-05", "900");
    unit.member("1982-05", "0");
    let award = unit.award(&policy, "dibao", 0);
    let stop = unit.decide(award, DecisionKind::Stop, "2023-06", "2023-05-20");
    assert_eq!(unit.pays(&policy, award, "2023-06", "2023-06-15"), "-");
    assert_eq!(unit.pays(&policy, award, "2023-05", "2023-06-15"), "620.00");
    unit.decide(award, DecisionKind::AnnulStop, "2023-06", "2023-09-08");
    unit.facts.decisions.last_mut().expect("pushed").annuls = stop;
    assert_eq!(unit.pays(&policy, award, "2023-06", "2023-06-15"), "-", "not known in June");
    assert_eq!(unit.pays(&policy, award, "2023-06", "2023-09-15"), "620.00");
    assert_eq!(unit.pays(&policy, award, "2023-08", "2023-09-15"), "716.00");
}

#[test]
fn a_death_matched_only_never_counts() {
    let policy = parse(PROFILE);
    let mut unit = Unit::new(&policy);
    let person = unit.member("1980-05", "0");
    let award = unit.award(&policy, "dibao", 0);
    unit.death(person, "2023-08-12", "2023-08-14", None);
    unit.facts.events[0].confidence = 3;
    assert_eq!(unit.pays(&policy, award, "2023-09", "2023-09-15"), "808.00");
    unit.facts.events[0].confidence = 2;
    assert_eq!(unit.pays(&policy, award, "2023-09", "2023-09-15"), "0.00");
    unit.facts.events[0].annulled_on = Some(day("2023-10-01"));
    assert_eq!(unit.pays(&policy, award, "2023-09", "2023-09-15"), "0.00", "not annulled yet");
    assert_eq!(unit.pays(&policy, award, "2023-09", "2023-10-15"), "808.00");
}

/// M4: a rise by a death counts from the month after the decision, a fall from
/// the month after the event; closing the membership changes neither.
#[test]
fn a_death_may_lower_at_once_and_raise_only_by_decision() {
    let policy = parse(PROFILE);
    for closed in [false, true] {
        let mut unit = Unit::new(&policy);
        unit.member("1958-05", "0");
        let pensioner = unit.member("1957-05", "1500");
        let award = unit.award(&policy, "dibao", 0);
        unit.death(pensioner, "2023-08-20", "2023-08-28", Some("2023-09-10"));
        if closed {
            unit.facts.memberships[1].to = month("2023-09");
            unit.facts.memberships[1].end_known_on = Some(day("2023-08-28"));
        }
        let pays = |unit: &mut Unit, m: &str, k: &str| unit.pays(&policy, award, m, k);
        assert_eq!(pays(&mut unit, "2023-08", "2023-09-15"), "116.00");
        assert_eq!(pays(&mut unit, "2023-09", "2023-09-15"), "116.00", "closed: {closed}");
        assert_eq!(pays(&mut unit, "2023-10", "2023-10-15"), "808.00");
        assert_eq!(pays(&mut unit, "2023-10", "2023-09-09"), "116.00", "not decided yet");
    }
}

/// W14c: the old street pays the month of the registration and stops then,
/// whether or not the memberships were closed with the move.
#[test]
fn a_household_that_moves_to_another_street_stops_the_month_after() {
    moves_away(false);
    moves_away(true);
}

fn moves_away(closed: bool) {
    let policy = parse(PROFILE);
    let mut unit = Unit::new(&policy);
    unit.member("1980-05", "900");
    let second = unit.member("1982-05", "0");
    let award = unit.award(&policy, "dibao", 0);
    unit.certificate(second, 4, 1);
    let care = unit.award(&policy, "care", second);
    unit.facts.events.push(EventRow {
        person: NOBODY,
        household: 0,
        kind: EventKind::MoveOut,
        event_on: day("2023-09-01"),
        reported_on: day("2023-09-12"),
        decided_on: None,
        confidence: 1,
        annulled_on: None,
    });
    for row in unit.facts.memberships.iter_mut().filter(|_| closed) {
        row.to = month("2023-10");
        row.end_known_on = Some(day("2023-09-12"));
    }
    assert_eq!(unit.pays(&policy, award, "2023-09", "2023-09-15"), "716.00");
    assert_eq!(unit.pays(&policy, award, "2023-10", "2023-10-15"), "0.00");
    if !closed {
        let due = unit.due(&policy, award, "2023-10", "2023-10-15").expect("in force");
        assert_eq!(due.reason, Reason::Away);
    }
    assert_eq!(unit.pays(&policy, care, "2023-09", "2023-10-15"), "200.00");
    assert_eq!(unit.due(&policy, care, "2023-10", "2023-10-15").expect("x").reason, Reason::Away);
}

/// W17a and W17b: an expired certificate suspends; a renewal counts from its own
/// first month, which says whether the lapsed months are paid.
#[test]
fn certificates_expire_and_are_renewed() {
    let policy = parse(PROFILE);
    for (from, october) in [("2023-12", "0.00"), ("2023-10", "150.00")] {
        let mut unit = Unit::new(&policy);
        let person = unit.member("1983-05", "0");
        unit.certificate(person, 6, 2).valid_to = Some(day("2023-09-30"));
        let care = unit.award(&policy, "care", person);
        assert_eq!(unit.pays(&policy, care, "2023-09", "2023-09-15"), "150.00");
        let due = unit.due(&policy, care, "2023-10", "2023-10-15").expect("in force");
        let (_, en) = policy.reason_text(due.reason);
        assert_eq!(en, "condition failed: certificate valid");
        let renewed = unit.certificate(person, 6, 2);
        renewed.from = month(from);
        renewed.known_on = day("2023-12-08");
        assert_eq!(unit.pays(&policy, care, "2023-12", "2023-12-15"), "150.00");
        assert_eq!(unit.pays(&policy, care, "2023-10", "2023-12-15"), october);
    }
}

#[test]
fn a_cancelled_certificate_stops_the_month_after() {
    let policy = parse(PROFILE);
    let mut unit = Unit::new(&policy);
    let person = unit.member("1983-05", "0");
    let certificate = unit.certificate(person, 6, 2);
    certificate.cancelled_on = Some(day("2023-09-20"));
    certificate.cancel_known_on = Some(day("2023-10-02"));
    let care = unit.award(&policy, "care", person);
    assert_eq!(unit.pays(&policy, care, "2023-09", "2023-10-15"), "150.00");
    assert_eq!(unit.pays(&policy, care, "2023-10", "2023-09-15"), "150.00", "not known");
    assert_eq!(unit.pays(&policy, care, "2023-10", "2023-10-15"), "0.00");
}

#[test]
fn the_latest_known_assertion_of_a_series_counts() {
    let policy = parse(PROFILE);
    let mut unit = Unit::new(&policy);
    let person = unit.member("1980-05", "100");
    let award = unit.award(&policy, "dibao", 0);
    unit.income(person, "200", "2023-08", "2023-09-10");
    unit.income(person, "300", "2023-10", "2023-09-11");
    let pays = |unit: &mut Unit, m: &str, k: &str| unit.pays(&policy, award, m, k);
    assert_eq!(pays(&mut unit, "2023-08", "2023-09-09"), "708.00");
    assert_eq!(pays(&mut unit, "2023-08", "2023-09-10"), "608.00");
    assert_eq!(pays(&mut unit, "2023-10", "2023-09-10"), "608.00");
    assert_eq!(pays(&mut unit, "2023-10", "2023-09-11"), "508.00");
    unit.facts.facts.retain(|f| f.amount != yuan("3600"));
    unit.income(person, "300", "2023-10", "2023-09-11");
    unit.facts.facts.last_mut().expect("pushed").annulled_on = Some(day("2023-11-01"));
    assert_eq!(pays(&mut unit, "2023-10", "2023-10-31"), "508.00");
    assert_eq!(pays(&mut unit, "2023-10", "2023-11-01"), "608.00");
}

/// W08 for a larger household: whoever is in tekun does not count in dibao.
#[test]
fn exclusion_is_per_person_and_month() {
    let policy = parse(PROFILE);
    let mut unit = Unit::new(&policy);
    let tekun = unit.member("1950-05", "0");
    unit.member("1970-05", "300");
    let dibao = unit.award(&policy, "dibao", 0);
    let award = unit.award(&policy, "tekun", tekun);
    let due = unit.due(&policy, dibao, "2023-08", "2023-08-15").expect("in force");
    assert_eq!((due.amount, due.persons), (yuan("508.00"), 1));
    assert_eq!(unit.pays(&policy, award, "2023-08", "2023-08-15"), "1051.00");
}

#[test]
fn a_resolution_says_until_when_it_holds() {
    let policy = parse(PROFILE);
    let mut unit = Unit::new(&policy);
    let person = unit.member("1980-05", "100");
    unit.certificate(person, 6, 2).valid_to = Some(day("2023-11-10"));
    unit.income(person, "200", "2023-10", "2023-08-10");
    unit.income(person, "300", "2023-09", "2023-08-20");
    assert_eq!(unit.at(&policy, "2023-08", "2023-08-15").steady_until(), month("2023-10"));
    assert_eq!(unit.at(&policy, "2023-08", "2023-08-25").steady_until(), month("2023-09"));
    assert_eq!(unit.at(&policy, "2023-10", "2023-08-15").steady_until(), month("2023-12"));
    assert_eq!(unit.at(&policy, "2023-12", "2023-08-15").steady_until(), OPEN);
}

#[test]
fn inputs_survive_their_blob_and_explain_themselves() {
    let policy = parse(PROFILE);
    let mut unit = Unit::new(&policy);
    unit.member("1951-05", "600");
    let child = unit.member("2014-05", "0");
    unit.fact(child, ("child_class", "C2"), "1990-01", "1990-01-01");
    unit.award(&policy, "dibao", 0);
    let award = unit.award(&policy, "children", child);
    let due = unit.due(&policy, award, "2023-08", "2023-08-15").expect("in force");
    let mut at = unit.at(&policy, "2023-08", "2023-08-15");
    let mut blob = Vec::new();
    encode_inputs(std::slice::from_mut(&mut at), &mut blob);
    assert!(blob.len() < 80, "{} bytes", blob.len());
    let back = decode_inputs(&blob).expect("readable");
    assert_eq!((&back[0].persons, &back[0].awards), (&at.persons, &at.awards));
    assert_eq!((back[0].month(), back[0].known_on()), (month("2023-08"), day("2023-08-15")));
    let explanation = explain(&policy, &back, award).expect("in force");
    assert_eq!(explanation.due, due);
    let text: Vec<&str> = explanation.steps.iter().map(|s| s.en.as_str()).collect();
    let less = "less the person's share of dibao: 1,016.00 ÷ 2 = 508.00, leaves 1,000.00";
    assert!(text.contains(&less), "{text:#?}");
    assert!(text.last().expect("steps").contains("due 1,000.00"));
    for damaged in [&blob[..blob.len() - 1], &blob[..1], &[], &[9, 9, 9]] {
        assert!(decode_inputs(damaged).is_err());
    }
}

/// W15: a quarter accrues its months, and its three inputs explain it.
#[test]
fn a_quarter_is_explained_from_its_three_months() {
    let policy = parse(PROFILE);
    let mut unit = Unit::new(&policy);
    let patient = unit.member("1975-05", "0");
    unit.fact(patient, ("mental_register", ""), "2023-09", "2023-08-20");
    unit.facts.facts.last_mut().expect("pushed").event_on = Some(day("2023-08-20"));
    unit.fact(patient, ("appraisal", "pass"), "2023-07", "2023-09-25");
    let award = unit.award(&policy, "guardian", patient);
    let known = day("2023-09-30");
    let months = ["2023-07", "2023-08", "2023-09"];
    let mut units = months.map(|m| unit.at(&policy, m, "2023-09-30"));
    let rates = months.map(|m| policy.rates(month(m), known));
    let pairs: Vec<(&Rates, &UnitAt)> = rates.iter().zip(&units).collect();
    let (mut scratch, mut outcome) = (Outcome::default(), Outcome::default());
    evaluate_quarter(&policy, &pairs, &mut scratch, &mut outcome, &mut NoTrace);
    let due = outcome.dues()[0];
    assert_eq!((outcome.dues().len(), due.amount, due.persons), (1, yuan("200.00"), 1));
    let mut blob = Vec::new();
    encode_inputs(&mut units, &mut blob);
    let back = decode_inputs(&blob).expect("readable");
    assert_eq!(explain(&policy, &back, award).expect("in force").due, due);
    // As known before the appraisal nothing is due.
    let before = unit.due(&policy, award, "2023-09", "2023-09-20").expect("in force");
    assert_eq!(before.amount, Fen::ZERO);
}

#[test]
fn a_case_pays_once_what_was_decided() {
    let policy = parse(PROFILE);
    let mut unit = Unit::new(&policy);
    let person = unit.member("1975-05", "0");
    let case = unit.award(&policy, "temp", person);
    let confirm = unit.facts.decisions.last_mut().expect("pushed");
    (confirm.from, confirm.amount) = (month("2023-05"), Some(yuan("1500.00")));
    confirm.known_on = day("2023-05-10");
    assert_eq!(unit.pays(&policy, case, "2023-04", "2023-05-15"), "-");
    assert_eq!(unit.pays(&policy, case, "2023-05", "2023-05-15"), "1500.00");
    assert_eq!(unit.pays(&policy, case, "2023-06", "2023-06-15"), "-");
}
