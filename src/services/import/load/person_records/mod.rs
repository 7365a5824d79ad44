//! What is recorded about people: events, facts, certificates, guardians and
//! accounts.

mod account;
mod certificate;
mod event;
mod fact;
mod guardian;

use chrono::NaiveDate;

use super::Load;
use super::people::Person;
use crate::services::import::rows::Row;

impl Load<'_, '_> {
    /// Dates that lie in the future or before birth get a fault.
    fn check_days(&self, row: &mut Row, person: &Person, keys: &[&str]) {
        for key in keys {
            let Some(day) = row.date(key) else { continue };
            if day > self.today {
                row.fault(key, "日期不能晚于今天。", "The date must not be in the future.");
            } else if day < person.birth_on {
                row.fault(
                    key,
                    format!("日期不能早于出生日期({})。", person.birth_on),
                    format!(
                        "The date must not lie before the date of birth ({}).",
                        person.birth_on
                    ),
                );
            }
        }
    }
}

/// An end that lies before its beginning gets a fault at `key`.
fn check_order(row: &mut Row, key: &str, from: Option<NaiveDate>, to: Option<NaiveDate>) {
    if let (Some(from), Some(to)) = (from, to)
        && to < from
    {
        row.fault(key, format!("不能早于 {from}。"), format!("This must not lie before {from}."));
    }
}
