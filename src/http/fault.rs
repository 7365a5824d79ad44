//! One error, two faces: what went wrong, for [`super::edge`] to draw as a page
//! or as problem+json. The cause of a system error goes to the log only.

use std::fmt;

use actix_web::body::BoxBody;
use actix_web::http::{StatusCode, header};
use actix_web::{HttpResponse, ResponseError};

use crate::error::{AppError, ErrorCode, Refusal};

/// What a handler returns.
pub type Outcome = Result<HttpResponse, Fault>;

/// An answer that is not what was asked for.
#[derive(Debug, Clone)]
pub struct Fault {
    /// Status.
    pub status: StatusCode,
    /// Stable code.
    pub code: &'static str,
    /// What was refused, in both languages.
    pub refusals: Vec<Refusal>,
    /// Seconds.
    pub retry_after: Option<u32>,
    /// Methods, for 405.
    pub allow: Option<String>,
    /// Where a browser should go instead.
    pub see_other: Option<String>,
}

/// Marks an answer whose body is drawn already (a form with its errors).
#[derive(Debug, Clone, Copy)]
pub struct Drawn;

impl Fault {
    /// A bare status with its code.
    #[must_use]
    pub fn new(status: StatusCode, code: &'static str) -> Fault {
        Fault {
            status,
            code,
            refusals: Vec::new(),
            retry_after: None,
            allow: None,
            see_other: None,
        }
    }

    /// 404, the same for what is missing and what is out of scope.
    #[must_use]
    pub fn not_found() -> Fault {
        Fault::new(StatusCode::NOT_FOUND, "not_found")
    }

    /// 403.
    #[must_use]
    pub fn forbidden() -> Fault {
        Fault::new(StatusCode::FORBIDDEN, "forbidden")
    }

    /// 503, come back in a moment.
    #[must_use]
    pub fn busy() -> Fault {
        Fault { retry_after: Some(5), ..Fault::new(StatusCode::SERVICE_UNAVAILABLE, "busy") }
    }

    /// 400 with a reason.
    pub fn bad_request(zh: impl Into<String>, en: impl Into<String>) -> Fault {
        let refusal = Refusal::new(ErrorCode::InvalidInput, zh, en);
        Fault {
            refusals: vec![refusal],
            ..Fault::new(StatusCode::BAD_REQUEST, ErrorCode::InvalidInput.as_str())
        }
    }

    /// 303.
    pub fn see_other(location: impl Into<String>) -> Fault {
        Fault { see_other: Some(location.into()), ..Fault::new(StatusCode::SEE_OTHER, "see_other") }
    }

    /// What a field's error is, or an empty list for other faults.
    #[must_use]
    pub fn field_errors(&self) -> &[Refusal] {
        if self.status == StatusCode::UNPROCESSABLE_ENTITY { &self.refusals } else { &[] }
    }
}

/// Status of a code.
#[must_use]
pub fn status_of(code: ErrorCode) -> StatusCode {
    match code {
        ErrorCode::InvalidInput => StatusCode::UNPROCESSABLE_ENTITY,
        ErrorCode::NotFound => StatusCode::NOT_FOUND,
        ErrorCode::Gone => StatusCode::GONE,
        ErrorCode::Conflict | ErrorCode::MonthClosed | ErrorCode::Duplicate => StatusCode::CONFLICT,
        ErrorCode::Forbidden | ErrorCode::SeparationOfDuties | ErrorCode::StepUpRequired => {
            StatusCode::FORBIDDEN
        }
        ErrorCode::Stale => StatusCode::PRECONDITION_FAILED,
        ErrorCode::TooMany => StatusCode::TOO_MANY_REQUESTS,
        ErrorCode::SignInFailed => StatusCode::UNAUTHORIZED,
        _ => StatusCode::INTERNAL_SERVER_ERROR,
    }
}

impl From<AppError> for Fault {
    fn from(error: AppError) -> Fault {
        let code = error.code();
        match error {
            AppError::Refused(refusals) => {
                let status = status_of(code);
                if status.is_server_error() {
                    tracing::error!(code = code.as_str(), "a use case failed");
                    return Fault::new(status, code.as_str());
                }
                let retry_after = (code == ErrorCode::TooMany).then_some(60);
                Fault { refusals, retry_after, ..Fault::new(status, code.as_str()) }
            }
            AppError::Connection(_) => {
                tracing::error!("no connection to the database");
                Fault::busy()
            }
            other => {
                let kind = match &other {
                    AppError::Database(diesel_error) => database_kind(diesel_error),
                    _ => "file",
                };
                tracing::error!(kind, "a use case failed");
                Fault::new(StatusCode::INTERNAL_SERVER_ERROR, ErrorCode::System.as_str())
            }
        }
    }
}

/// Names the kind of a database error; its text could quote a value.
fn database_kind(error: &(dyn std::error::Error + 'static)) -> &'static str {
    if error.to_string().contains("locked") { "database locked" } else { "database" }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.status, self.code)
    }
}

impl ResponseError for Fault {
    fn status_code(&self) -> StatusCode {
        self.status
    }

    fn error_response(&self) -> HttpResponse<BoxBody> {
        let mut response = HttpResponse::build(self.status);
        if let Some(location) = &self.see_other {
            response.insert_header((header::LOCATION, location.as_str()));
        }
        if let Some(seconds) = self.retry_after {
            response.insert_header((header::RETRY_AFTER, seconds.to_string()));
        }
        if let Some(methods) = &self.allow {
            response.insert_header((header::ALLOW, methods.as_str()));
        }
        let mut response = response.finish();
        response.extensions_mut().insert(self.clone());
        response
    }
}

/// 303 to another page.
#[must_use]
pub fn see_other(location: &str) -> HttpResponse {
    HttpResponse::SeeOther().insert_header((header::LOCATION, location)).finish()
}
