//! The part of the registry that somebody may see.

/// Every finder on office data takes it as its first filter; outside of it is
/// the same as missing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Scope {
    street_code: String,
    areas: Option<Vec<String>>,
}

impl Scope {
    /// A whole street.
    #[must_use]
    pub fn street(street_code: &str) -> Scope {
        Scope { street_code: street_code.to_owned(), areas: None }
    }

    /// Some communities or grids of a street, by code, each with everything
    /// below it already listed.
    #[must_use]
    pub fn areas(street_code: &str, areas: Vec<String>) -> Scope {
        Scope { street_code: street_code.to_owned(), areas: Some(areas) }
    }

    /// The street.
    #[must_use]
    pub fn street_code(&self) -> &str {
        &self.street_code
    }

    /// The areas to filter by; `None` for the whole street.
    #[must_use]
    pub fn area_codes(&self) -> Option<&[String]> {
        self.areas.as_deref()
    }

    /// Whether an area lies in the scope.
    #[must_use]
    pub fn contains(&self, area_code: &str) -> bool {
        self.areas.as_ref().is_none_or(|areas| areas.iter().any(|a| a == area_code))
    }
}
