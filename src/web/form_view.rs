//! A form as its template draws it: what was typed, and what is wrong with it.

use chrono::Datelike;

use crate::domain::written_date;
use crate::error::{Place, Refusal};
use crate::http::{Fault, Fields};
use crate::web::Page;

/// A form on a page.
#[derive(Debug, Clone, Default)]
pub struct FormView {
    fields: Fields,
    errors: Vec<FieldError>,
}

/// An error, by field; without one it is about the whole form.
#[derive(Debug, Clone)]
pub struct FieldError {
    /// Name of the field, or empty.
    pub field: String,
    /// In the page's language.
    pub text: String,
}

impl FormView {
    /// With the values to start from and the errors found so far.
    #[must_use]
    pub fn new(page: &Page, fields: Fields) -> FormView {
        let errors = fields.errors().to_vec();
        FormView::with_errors(page, fields, &errors)
    }

    /// With the errors that a service found.
    #[must_use]
    pub fn with_errors(page: &Page, fields: Fields, refusals: &[Refusal]) -> FormView {
        let errors: Vec<FieldError> = refusals
            .iter()
            .map(|refusal| FieldError {
                field: match &refusal.place {
                    Some(Place::Field(name)) => name.clone(),
                    _ => String::new(),
                },
                text: page.said(refusal),
            })
            .collect();
        page.tell(&errors);
        FormView { fields, errors }
    }

    /// What was typed.
    #[must_use]
    pub fn value(&self, name: &str) -> &str {
        self.fields.value(name)
    }

    /// Year, month and day of a date in three boxes, as typed; one that was
    /// understood, or stands whole in the year's box, in its parts.
    #[must_use]
    pub fn date_boxes(&self, name: &str) -> [String; 3] {
        match written_date::day(self.value(name)) {
            Some(day) => [day.year().to_string(), day.month().to_string(), day.day().to_string()],
            None => {
                ["", "_month", "_day"].map(|part| self.value(&format!("{name}{part}")).to_owned())
            }
        }
    }

    /// Whether an option is chosen.
    #[must_use]
    pub fn is(&self, name: &str, value: impl AsRef<str>) -> bool {
        self.fields.has(name, value.as_ref())
    }

    /// The error of a field; empty if there is none.
    #[must_use]
    pub fn error(&self, name: &str) -> &str {
        self.errors.iter().find(|e| e.field == name).map_or("", |e| e.text.as_str())
    }

    /// All errors, in the order of the form.
    #[must_use]
    pub fn errors(&self) -> &[FieldError] {
        &self.errors
    }

    /// For `aria-describedby`.
    #[must_use]
    pub fn described_by(&self, name: &str, has_hint: bool) -> String {
        let mut ids = Vec::new();
        if has_hint {
            ids.push(format!("{name}-hint"));
        }
        if !self.error(name).is_empty() {
            ids.push(format!("{name}-error"));
        }
        ids.join(" ")
    }
}

/// What a form shows again with everything typed: what was refused about its
/// content, or what somebody else saved in the meantime.
///
/// # Errors
/// The fault itself, if it is no matter of the form.
pub fn redrawable(fault: Fault) -> Result<Vec<Refusal>, Fault> {
    let of_form = matches!(fault.status.as_u16(), 409 | 412 | 422) && !fault.refusals.is_empty();
    if of_form { Ok(fault.refusals) } else { Err(fault) }
}
