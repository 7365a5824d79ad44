//! `[[case]]` as written.

use std::collections::BTreeMap;

use chrono::NaiveDate;
use serde::Deserialize;

use super::Category;
use crate::domain::month::Month;

/// `[[case]]`: a worked case.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CaseFile {
    /// Number, e.g. `W01`.
    pub id: String,
    /// The case in one Chinese sentence.
    pub zh: String,
    /// The case in one English sentence.
    pub en: String,
    /// The month (for a quarterly program the last month of the quarter).
    pub month: Month,
    /// What is known: by default the cut-off of the month.
    pub known_on: Option<NaiveDate>,
    /// The people; all are counted members of one household unless they say
    /// otherwise.
    pub person: Vec<CasePerson>,
    /// The awards in force.
    pub award: Vec<CaseAward>,
    /// Program → yuan. A program with an award that is not named here must pay
    /// nothing.
    pub expect: BTreeMap<String, String>,
}

/// A person of a case.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CasePerson {
    /// A word for the person, not a real name.
    pub name: String,
    /// Date of birth.
    pub born: NaiveDate,
    /// Income a month, yuan.
    pub income_month: Option<String>,
    /// Income a year, yuan.
    pub income_year: Option<String>,
    /// Later changes of the monthly income.
    #[serde(default)]
    pub income_change: Vec<CaseIncome>,
    /// Property, yuan.
    pub property: Option<String>,
    /// `kind=code` or `kind`, held all the time.
    #[serde(default)]
    pub facts: Vec<String>,
    /// Facts with dates.
    #[serde(default)]
    pub dated_fact: Vec<CaseFact>,
    /// Disability certificate.
    pub certificate: Option<CaseCertificate>,
    /// Death.
    pub death: Option<CaseDeath>,
    /// Day of registration in another street.
    pub moved_out_on: Option<NaiveDate>,
    /// False for somebody who is not a counted member of the household.
    #[serde(default = "yes")]
    pub counted: bool,
}

fn yes() -> bool {
    true
}

/// Income from a month on.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CaseIncome {
    /// First month.
    pub from: Month,
    /// Yuan a month.
    pub income_month: String,
}

/// A fact with dates.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CaseFact {
    /// `kind=code` or `kind`.
    pub fact: String,
    /// The day it happened.
    pub on: NaiveDate,
}

/// A certificate in a case.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CaseCertificate {
    /// Category.
    pub category: Category,
    /// 1–4.
    pub grade: u8,
    /// Last day of validity.
    pub valid_to: Option<NaiveDate>,
}

/// A death in a case.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CaseDeath {
    /// Day of death.
    pub on: NaiveDate,
    /// Day of the report.
    pub reported_on: NaiveDate,
    /// Day of the decision on the household.
    pub decided_on: Option<NaiveDate>,
    /// 1 confirmed, 2 reported, 3 matched only.
    pub confidence: Option<u8>,
}

/// An award in a case.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CaseAward {
    /// Code of the program.
    pub program: String,
    /// Who (for a household program: the applicant; by default the first).
    pub person: Option<String>,
    /// Single-person enrolment.
    #[serde(default)]
    pub single: bool,
    /// Amount in the decision, yuan.
    pub amount: Option<String>,
    /// First month in force; by default long ago.
    pub from: Option<Month>,
    /// First month of a grace period.
    pub grace_from: Option<Month>,
}
