//! The demo's policy: the programs of the example profile, with a standard that
//! is raised in the course of the year.

use crate::error::{AppError, AppResult, ErrorCode};

const EXAMPLE: &str = include_str!("../../../policies/js-ill-2023.toml");
/// Where the example's worked cases begin.
const CASES: &str = "# ---------------------------------------------------------------- 算例";
const OPENING_CASES: &str = include_str!("cases.toml");
const RAISED_CASES: &str = include_str!("raised.toml");

/// The file in force at the beginning of the year (`raised` false), or from
/// September on: 808.00 from July, decided on 5 September.
///
/// # Errors
/// The example profile has lost the places that this changes.
pub fn text(raised: bool) -> AppResult<String> {
    let head = EXAMPLE.split_once(CASES).map(|(head, _)| head).ok_or_else(changed)?;
    let mut text = String::with_capacity(head.len() + 4_000);
    let mut found = 0;
    for line in head.lines() {
        let value = line.trim_start();
        if value.starts_with("{ from = \"2023-07\", amount = \"808.00\"") {
            found += 1;
            if raised {
                text.push_str(
                    "    { from = \"2023-07\", amount = \"808.00\", decided_on = \"2023-09-05\", \
                     doc_no = \"示例〔2023〕9号\" },",
                );
            }
        } else if value == "code = \"js-ill-2023\"" {
            found += 1;
            text.push_str("code = \"demo\"");
        } else if value == "version = 1" {
            found += 1;
            text.push_str(if raised { "version = 2" } else { "version = 1" });
        } else {
            text.push_str(line);
        }
        text.push('\n');
    }
    if found != 3 {
        return Err(changed());
    }
    text.push_str(OPENING_CASES);
    if raised {
        text.push_str(RAISED_CASES);
    }
    Ok(text)
}

fn changed() -> AppError {
    AppError::coded(
        ErrorCode::System,
        "示例政策文件的格式变了,演示无法据此生成政策。",
        "The example policy has changed its form; the demo cannot derive its own from it.",
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::policy::{Policy, run_cases};

    #[test]
    fn both_versions_prove_themselves() {
        for raised in [false, true] {
            let policy = Policy::parse(&text(raised).expect("text")).expect("a policy");
            for case in run_cases(&policy) {
                assert!(case.passed, "{case:?}");
            }
        }
    }
}
