//! Faults of files are named, and knowledge of rates has dates.

use super::*;

/// The faults of the profile with one text replaced.
fn faults(from: &str, to: &str) -> Vec<PolicyError> {
    assert!(PROFILE.contains(from), "the profile no longer contains {from:?}");
    match Policy::parse(&PROFILE.replacen(from, to, 1)) {
        Ok(_) => Vec::new(),
        Err(errors) => errors,
    }
}

#[track_caller]
fn refused(from: &str, to: &str, at: &str, words: &str) {
    let faults = faults(from, to);
    let found = faults.iter().any(|f| f.at.contains(at) && f.en.contains(words));
    assert!(found, "expected {words:?} at {at:?} among {faults:?}");
    assert!(faults.iter().all(|f| !f.zh.is_empty()));
}

#[test]
fn faults_name_the_table_and_what_to_do() {
    refused("cut_off_day = 15", "cutoff_day = 15", "line 13", "unknown field");
    refused("cut_off_day = 15", "cut_off_day = 40", "settings.cut_off_day", "1 and 31");
    refused("amount = \"808.00\"", "amount = \"808.001\"", "standard.dibao", "is no amount");
    refused("amount = \"808.00\"", "amount = \"0\"", "standard.dibao", "above zero");
    refused(
        "share = { standard = \"orphan\", percent = 80",
        "share = { standard = \"orfan\", percent = 80",
        "program.children.tier.C2.share.standard",
        "no standard \"orfan\"",
    );
    refused(
        "{ receives = \"tekun\" }",
        "{ receives = \"living\" }",
        "program.children.tier.poor.when",
        "must come first",
    );
    refused("code = \"tekun\"", "code = \"temp\"", "program.temp", "already used");
    refused("fixed = \"care_g1\"\n", "", "program.care.tier.G1", "exactly one of share and fixed");
    refused("decided = true", "", "program.temp", "exactly one of shortfall, tier");
    refused(
        "{ fact = { kind = \"living_condition\"",
        "{ fact = { kind = \"livingcondition\"",
        "program.living.tier.L3.when.all",
        "no such kind of fact",
    );
}

#[test]
fn cases_are_checked_too() {
    refused(
        "expect = { dibao = \"530.00\" }",
        "expect = { dibo = \"530.00\" }",
        "case.W01",
        "dibo",
    );
    refused(
        "expect = { dibao = \"530.00\" }",
        "expect = { dibao = \"x\" }",
        "case.W01",
        "no amount",
    );
    let wrong = parse(&PROFILE.replacen("dibao = \"530.00\"", "dibao = \"531.00\"", 1));
    let failed: Vec<CaseResult> = run_cases(&wrong).into_iter().filter(|c| !c.passed).collect();
    let figure = &failed.first().expect("one fails").figures[0];
    assert_eq!((figure.expected, figure.actual), (yuan("531.00"), yuan("530.00")));
    assert_eq!(failed.len(), 1);
}

#[test]
fn a_program_without_a_paying_case_fails() {
    let (body, _) = OLD_AGE.split_once("[[case]]").expect("cases");
    let results = run_cases(&parse(body));
    assert_eq!(results.len(), 1);
    assert!(!results[0].passed && results[0].id == "old_age");
}

#[test]
fn two_files_may_not_share_codes_or_settings() {
    let errors = Policy::parse(&Policy::join(&[PROFILE, PROFILE])).expect_err("refused");
    let at: Vec<&str> = errors.iter().map(|e| e.at.as_str()).collect();
    for expected in ["profile.code", "settings", "standard.dibao", "program.dibao"] {
        assert!(at.contains(&expected), "{expected} among {at:?}");
    }
    assert_eq!(Policy::split(&Policy::join(&[PROFILE, OLD_AGE])), vec![PROFILE, OLD_AGE]);
}

/// The 808 standard decided on 2023-09-05 (W07).
pub(super) fn late_raise() -> Policy {
    let text = PROFILE.replacen("decided_on = \"2023-06-20\"", "decided_on = \"2023-09-05\"", 1);
    parse(&text)
}

#[test]
fn a_raise_is_known_from_its_decision() {
    let policy = late_raise();
    let dibao = policy.standards.iter().position(|s| s.code == "dibao").expect("dibao");
    let dibao = u16::try_from(dibao).expect("small");
    let value = |m: &str, k: &str| policy.standard_value(dibao, month(m), day(k));
    assert_eq!(value("2023-07", "2023-08-15"), Some(yuan("760.00")));
    assert_eq!(value("2023-07", "2023-09-05"), Some(yuan("808.00")));
    assert_eq!(value("2022-06", "2023-09-05"), None);
}

#[test]
fn a_run_learns_which_months_a_raise_changed() {
    let policy = late_raise();
    let changed = |program: &str| {
        let program = policy.program_index(program);
        assert!(program.is_some());
        policy.changed_months(
            program,
            day("2023-08-15"),
            day("2023-09-15"),
            month("2023-01"),
            month("2023-08"),
        )
    };
    let two = vec![month("2023-07"), month("2023-08")];
    assert_eq!(changed("dibao"), two);
    assert_eq!(changed("living"), two);
    // The difference of a child in dibao depends on the dibao standard.
    assert_eq!(changed("children"), two);
    assert_eq!(changed("guardian"), Vec::<Month>::new());
}

proptest::proptest! {
    #![proptest_config(proptest::prelude::ProptestConfig::with_cases(64))]

    /// A file with a line lost or two lines swapped is read or refused; nothing
    /// panics.
    #[test]
    fn a_damaged_file_is_read_or_refused(at in 0_usize..600, with in 0_usize..600, swap: bool) {
        let mut lines: Vec<&str> = PROFILE.lines().collect();
        let (at, with) = (at % lines.len(), with % lines.len());
        if swap {
            lines.swap(at, with);
        } else {
            lines.remove(at);
        }
        match Policy::parse(&lines.join("\n")) {
            Ok(policy) => drop(run_cases(&policy)),
            Err(errors) => proptest::prop_assert!(!errors.is_empty()),
        }
    }
}
