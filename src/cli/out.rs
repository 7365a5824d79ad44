//! Printing that never panics. Whoever closes the pipe early (`| head -1`) has
//! seen enough: the command goes on, and its exit status says how it went. An
//! output that could not be written (a full disk) is told at the end.

use std::fmt::Arguments;
use std::io::{ErrorKind, Write};
use std::sync::OnceLock;

use crate::error::AppError;

static FAILED: OnceLock<std::io::Error> = OnceLock::new();

/// Writes to standard output.
pub(super) fn write(text: Arguments<'_>) {
    if let Err(error) = std::io::stdout().lock().write_fmt(text)
        && error.kind() != ErrorKind::BrokenPipe
    {
        // The first one tells what happened.
        let _ = FAILED.set(error);
    }
}

/// Writes to standard error; there is nowhere left to tell that it failed.
pub(super) fn write_error(text: Arguments<'_>) {
    let _ = std::io::stderr().lock().write_fmt(text);
}

/// Whether everything that was printed has arrived.
///
/// # Errors
/// `Io`, as the system said it.
pub(super) fn finish() -> Result<(), AppError> {
    if let Err(error) = std::io::stdout().lock().flush()
        && error.kind() != ErrorKind::BrokenPipe
    {
        let _ = FAILED.set(error);
    }
    match FAILED.get() {
        Some(error) => Err(AppError::Io {
            path: "输出 / output".into(),
            source: std::io::Error::new(error.kind(), error.to_string()),
        }),
        None => Ok(()),
    }
}

// The standard macros panic when a pipe is closed; these take their place in
// every command, so that no command has to think of it.
macro_rules! println {
    () => { $crate::cli::out::write(format_args!("\n")) };
    ($($text:tt)*) => { $crate::cli::out::write(format_args!("{}\n", format_args!($($text)*))) };
}
macro_rules! eprintln {
    () => { $crate::cli::out::write_error(format_args!("\n")) };
    ($($text:tt)*) => { $crate::cli::out::write_error(format_args!("{}\n", format_args!($($text)*))) };
}
