//! What can go wrong, as the person at the keyboard is told it.
//!
//! The store returns `QueryResult`, the domain its own small enums; only
//! services and front ends speak [`AppError`]. Each error code stands once in
//! [`ErrorCode`], with the exit status of the command line.

use std::fmt;
use std::path::{Path, PathBuf};

/// Where the input is that has to be mended.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Place {
    /// A field of a form or a flag of a command.
    Field(String),
    /// A cell of a workbook; `row` counts from 1, as the spreadsheet shows it.
    Cell {
        /// Name of the sheet or of the CSV file.
        sheet: String,
        /// Row number as the spreadsheet shows it.
        row: u32,
        /// The column's header.
        column: String,
    },
    /// A record, by a number that the user knows.
    Record(String),
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Place::Field(name) => f.write_str(name),
            Place::Cell { sheet, row, column } => write!(f, "{sheet}!{row}:{column}"),
            Place::Record(record) => f.write_str(record),
        }
    }
}

/// One thing that was refused: what happened and what to do, in both languages.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Refusal {
    /// Stable code, for programs.
    pub code: ErrorCode,
    /// Where, if it is about one place.
    pub place: Option<Place>,
    /// Chinese text.
    pub zh: String,
    /// English text.
    pub en: String,
}

impl Refusal {
    /// A refusal that is not bound to one field.
    pub fn new(code: ErrorCode, zh: impl Into<String>, en: impl Into<String>) -> Refusal {
        Refusal { code, place: None, zh: zh.into(), en: en.into() }
    }

    /// A refusal of one field's value.
    pub fn field(field: &str, zh: impl Into<String>, en: impl Into<String>) -> Refusal {
        Refusal::new(ErrorCode::InvalidInput, zh, en).at(Place::Field(field.to_owned()))
    }

    /// The same refusal, under another code.
    #[must_use]
    pub fn with_code(mut self, code: ErrorCode) -> Refusal {
        self.code = code;
        self
    }

    /// The same refusal, at a place.
    #[must_use]
    pub fn at(mut self, place: Place) -> Refusal {
        self.place = Some(place);
        self
    }
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(place) = &self.place {
            write!(f, "[{place}] ")?;
        }
        write!(f, "{} / {}", self.zh, self.en)
    }
}

macro_rules! error_codes {
    ($($(#[$doc:meta])* $name:ident = $text:literal, $exit:literal;)*) => {
        /// Every code that a program may switch on. They never change meaning.
        #[derive(
            Debug, Clone, Copy, PartialEq, Eq, Hash, serde::Serialize, serde::Deserialize,
        )]
        pub enum ErrorCode {
            $($(#[$doc])* #[serde(rename = $text)] $name,)*
        }

        impl ErrorCode {
            /// All codes, for the documentation and its test.
            pub const ALL: &'static [ErrorCode] = &[$(ErrorCode::$name,)*];

            /// The code as programs see it.
            #[must_use]
            pub const fn as_str(self) -> &'static str {
                match self { $(ErrorCode::$name => $text,)* }
            }

            /// Exit status of the command line.
            #[must_use]
            pub const fn exit_status(self) -> u8 {
                match self { $(ErrorCode::$name => $exit,)* }
            }
        }
    };
}

error_codes! {
    /// A value is missing, malformed or contradicts another.
    InvalidInput = "invalid_input", 1;
    /// There is no such record, or it lies outside the caller's scope.
    NotFound = "not_found", 3;
    /// It was there, for a limited time.
    Gone = "gone", 3;
    /// The record's state does not allow this, or somebody else was faster.
    Conflict = "conflict", 4;
    /// Another version of the record than the one that was read.
    Stale = "precondition_failed", 4;
    /// The month is closed.
    MonthClosed = "month_closed", 4;
    /// Such a record exists already.
    Duplicate = "duplicate", 4;
    /// The caller may not do this.
    Forbidden = "forbidden", 5;
    /// The same thing too often in a short time.
    TooMany = "too_many_requests", 5;
    /// Who worked on a run may not approve it.
    SeparationOfDuties = "separation_of_duties", 5;
    /// Wrong name or password, or the account cannot be used now.
    SignInFailed = "sign_in_failed", 5;
    /// The password or a code has to be entered again first.
    StepUpRequired = "step_up_required", 5;
    /// A check of the registry against itself failed.
    Integrity = "integrity", 6;
    /// A stored value cannot be decrypted: wrong key, or it was moved.
    Sealed = "sealed", 6;
    /// Settings are wrong: the address of the database, a missing key file.
    Setup = "setup", 7;
    /// The database was written by a newer version.
    NewerDatabase = "newer_database", 7;
    /// The database or the disk failed.
    System = "system", 8;
}

/// The one error of services and front ends.
#[derive(Debug, thiserror::Error)]
pub enum AppError {
    /// Input or state was refused; nothing was saved.
    #[error("{}", join(.0))]
    Refused(Vec<Refusal>),
    /// The database failed, or lost the connection.
    #[error("数据库出错,未保存任何内容 / the database failed, nothing was saved: {0}")]
    Database(#[from] diesel::result::Error),
    /// No connection to the database.
    #[error("连不上数据库 / cannot connect to the database: {0}")]
    Connection(String),
    /// A file could not be read or written.
    #[error("文件读写失败 / file error: {path}: {source}", path = path.display())]
    Io {
        /// Which file.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
}

/// What a service returns.
pub type AppResult<T> = Result<T, AppError>;

fn join(refusals: &[Refusal]) -> String {
    refusals.iter().map(Refusal::to_string).collect::<Vec<_>>().join("\n")
}

impl AppError {
    /// One refusal.
    #[must_use]
    pub fn refuse(refusal: Refusal) -> AppError {
        AppError::Refused(vec![refusal])
    }

    /// A refusal with a code and both texts.
    pub fn coded(code: ErrorCode, zh: impl Into<String>, en: impl Into<String>) -> AppError {
        AppError::refuse(Refusal::new(code, zh, en))
    }

    /// There is no such record (or not in the caller's scope: the same answer).
    #[must_use]
    pub fn not_found(what_zh: &str, what_en: &str) -> AppError {
        AppError::coded(
            ErrorCode::NotFound,
            format!("找不到该{what_zh},或不在您的范围内。"),
            format!("No such {what_en}, or it is outside your scope."),
        )
    }

    /// A file error that names the file.
    pub fn io(path: &Path) -> impl FnOnce(std::io::Error) -> AppError + '_ {
        move |source| AppError::Io { path: path.to_path_buf(), source }
    }

    /// Refused if there is anything to refuse.
    ///
    /// # Errors
    /// All the refusals at once, so that a form can show every one of them.
    pub fn refused_unless_empty(refusals: Vec<Refusal>) -> AppResult<()> {
        if refusals.is_empty() { Ok(()) } else { Err(AppError::Refused(refusals)) }
    }

    /// The code that decides the exit status.
    #[must_use]
    pub fn code(&self) -> ErrorCode {
        match self {
            AppError::Refused(refusals) => {
                refusals.first().map_or(ErrorCode::System, |refusal| refusal.code)
            }
            AppError::Database(_) | AppError::Connection(_) | AppError::Io { .. } => {
                ErrorCode::System
            }
        }
    }
}
