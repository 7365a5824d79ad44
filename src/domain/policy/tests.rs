//! The shipped policies prove themselves.

use super::*;

const PROFILE: &str = include_str!("../../../policies/js-ill-2023.toml");

/// Parses or shows every fault.
fn parse(text: &str) -> Policy {
    match Policy::parse(text) {
        Ok(policy) => policy,
        Err(errors) => {
            let list: Vec<String> = errors.iter().map(ToString::to_string).collect();
            panic!("{}", list.join("\n"));
        }
    }
}

/// The cases that fail, in words.
fn failures(policy: &Policy) -> Vec<String> {
    run_cases(policy)
        .iter()
        .filter(|case| !case.passed)
        .map(|case| format!("{} {} {:?}", case.id, case.en, case.figures))
        .collect()
}

#[test]
fn every_case_of_the_example_profile_holds() {
    let policy = parse(PROFILE);
    assert!(policy.illustrative());
    assert_eq!(failures(&policy), Vec::<String>::new());
}
