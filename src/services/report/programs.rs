//! What the policies behind some runs call their programs.

use chrono::NaiveDate;

use crate::domain::award::BeneficiaryKind;
use crate::domain::money::Fen;
use crate::domain::month::Month;
use crate::domain::policy::{Block, Policy, Program, Restricted};
use crate::domain::summary::{Period, ProgramLabel};
use crate::error::{AppError, AppResult, ErrorCode};
use crate::store::Db;
use crate::store::report::{RunHead, list_active_policies, list_policies};

/// Labels of programs, in the order of the policies.
#[derive(Debug, Clone, Default)]
pub struct Programs {
    labels: Vec<ProgramLabel>,
    policies: Vec<Policy>,
    illustrative: bool,
}

/// Reads the labels out of the policy versions that the runs were made with.
///
/// # Errors
/// A stored policy cannot be read any more; the database failed.
pub fn load_programs(conn: &mut Db, runs: &[RunHead]) -> AppResult<Programs> {
    let mut ids: Vec<i64> = runs.iter().filter_map(|run| run.policy_id).collect();
    ids.sort_unstable();
    ids.dedup();
    let mut programs = Programs::default();
    programs.read(list_policies(conn, &ids)?)?;
    // Opening runs name no policy: those in force say what a program is.
    if runs.iter().any(|run| programs.position(&run.program) == usize::MAX) {
        programs.read(list_active_policies(conn)?)?;
    }
    Ok(programs)
}

/// Loads what the policy in force says about its programs.
///
/// # Errors
/// The database failed, or a stored policy does not parse.
pub fn load_in_force(conn: &mut Db) -> AppResult<Programs> {
    let mut programs = Programs::default();
    programs.read(list_active_policies(conn)?)?;
    Ok(programs)
}

impl Programs {
    /// The labels of all programs, in the order of the policy.
    #[must_use]
    pub fn labels(&self) -> &[ProgramLabel] {
        &self.labels
    }

    /// Reads policies, the newest first: its names count.
    fn read(&mut self, bodies: Vec<(i64, String, bool)>) -> AppResult<()> {
        for (id, body, illustrative) in bodies.into_iter().rev() {
            self.illustrative |= illustrative;
            let policy = Policy::parse(&body).map_err(|errors| {
                let text = errors.first().map(ToString::to_string).unwrap_or_default();
                AppError::coded(
                    ErrorCode::Integrity,
                    format!("已存的政策 {id} 无法读取:{text}"),
                    format!("The stored policy {id} cannot be read: {text}"),
                )
            })?;
            self.add(&policy);
            self.policies.push(policy);
        }
        Ok(())
    }

    /// Adds the programs of a policy that are not known yet.
    fn add(&mut self, policy: &Policy) {
        for program in &policy.programs {
            if self.labels.iter().any(|label| label.code == program.code) {
                continue;
            }
            let mental = program.restricted == Some(Restricted::Mental);
            self.labels.push(ProgramLabel {
                code: program.code.clone(),
                // A roster never names a disease: its label is what is shown.
                zh: if mental { program.roster_label.clone() } else { program.zh.clone() },
                en: program.en.clone(),
                period: match program.block {
                    Block::Monthly => Period::Monthly,
                    Block::Quarterly => Period::Quarterly,
                    Block::Once => Period::Once,
                },
                household: program.beneficiary == BeneficiaryKind::Household,
                mental,
                child: program.restricted == Some(Restricted::Child),
            });
        }
    }

    /// What the newest policy says of a program.
    #[must_use]
    pub fn rule(&self, code: &str) -> Option<&Program> {
        let mut found = self.policies.iter().filter_map(|p| p.program(p.program_index(code)?));
        found.next()
    }

    /// The label of a program. Opening runs of a program that no policy names
    /// go by their code.
    #[must_use]
    pub fn label(&self, code: &str) -> ProgramLabel {
        self.labels.iter().find(|label| label.code == code).cloned().unwrap_or_else(|| {
            ProgramLabel {
                code: code.to_owned(),
                zh: code.to_owned(),
                en: code.to_owned(),
                period: Period::Monthly,
                household: false,
                mental: false,
                child: false,
            }
        })
    }

    /// The standard that a program's amounts are measured by, for a month as
    /// known on a day; `None` if it has none or several.
    #[must_use]
    pub fn standard(&self, code: &str, month: Month, known_on: NaiveDate) -> Option<Fen> {
        let mut found =
            self.policies.iter().filter_map(|policy| Some((policy, policy.program_index(code)?)));
        let (policy, index) = found.next()?;
        let program = policy.program(index)?;
        let alone = program.standards.is_power_of_two();
        let only = u16::try_from(program.standards.trailing_zeros()).ok().filter(|_| alone);
        policy.standard_value(program.shortfall_standard().or(only)?, month, known_on)
    }

    /// Whether a person born in `birth` is in `month` too old for the program.
    #[must_use]
    pub fn outgrown(&self, code: &str, birth: Month, month: Month) -> bool {
        let found =
            self.policies.iter().find_map(|policy| policy.program(policy.program_index(code)?));
        found.is_some_and(|program| {
            program.beneficiary == BeneficiaryKind::Person && program.outgrown(birth, month)
        })
    }

    /// Programs whose receipt excludes this one (特困 excludes dibao).
    #[must_use]
    pub fn excluded_by(&self, code: &str) -> Vec<String> {
        let mut found = Vec::new();
        for policy in &self.policies {
            let Some(program) = policy.program_index(code).and_then(|at| policy.program(at)) else {
                continue;
            };
            let named = policy.programs.iter().enumerate();
            let excludes = named.filter(|(at, _)| program.excluded_by >> at & 1 == 1);
            found.extend(excludes.map(|(_, other)| other.code.clone()));
        }
        found.sort_unstable();
        found.dedup();
        found
    }

    /// Place in the order of the policies.
    #[must_use]
    pub fn position(&self, code: &str) -> usize {
        self.labels.iter().position(|label| label.code == code).unwrap_or(usize::MAX)
    }

    /// Whether any of the policies is only an example.
    #[must_use]
    pub fn illustrative(&self) -> bool {
        self.illustrative
    }
}
