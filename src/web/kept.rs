//! Where the record of a form is that was sent before.

/// The place of the records that a form makes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Home {
    /// The address before the record's id, or of the record that changed.
    base: String,
    /// The form makes a record of its own.
    is_new: bool,
    /// The form was sent with "add the next member".
    next: bool,
}

impl Home {
    /// By the form's address and fields: `/residents/new` makes a resident,
    /// everything else happens to `/residents/{id}` or `/households/{id}`.
    #[must_use]
    pub fn of(path: &str, pairs: &[(String, String)]) -> Home {
        let mut parts = path.trim_start_matches('/').split('/');
        let (list, record) = (parts.next().unwrap_or("home"), parts.next().unwrap_or_default());
        let is_new = record == "new";
        let base = if is_new || record.is_empty() || list == "visits" {
            format!("/{list}")
        } else {
            format!("/{list}/{record}")
        };
        let next = pairs.iter().any(|(name, value)| name == "then" && value == "member");
        Home { base, is_new, next }
    }

    /// The address of the record with this id.
    #[must_use]
    pub fn of_record(&self, id: i64) -> String {
        let Home { base, is_new, next } = self;
        let record = if *is_new { format!("{base}/{id}") } else { base.clone() };
        if *next { format!("{record}/members/new") } else { record }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_form_leads_to_its_record() {
        let home = |path, then: &str| Home::of(path, &[("then".to_owned(), then.to_owned())]);
        assert_eq!(home("/residents/new", "").of_record(7), "/residents/7");
        assert_eq!(home("/residents/7/death", "").of_record(9), "/residents/7");
        assert_eq!(home("/households/new", "member").of_record(7), "/households/7/members/new");
        assert_eq!(
            home("/households/7/members/new", "member").of_record(9),
            "/households/7/members/new"
        );
        assert_eq!(home("/visits/plan", "").of_record(9), "/visits");
    }
}
