//! Values as templates hand them over: borrowed any number of times.

/// A whole number, however often a template borrowed it.
pub trait Count {
    /// The number.
    fn count(&self) -> i64;
}

impl Count for i64 {
    fn count(&self) -> i64 {
        *self
    }
}

impl Count for i32 {
    fn count(&self) -> i64 {
        i64::from(*self)
    }
}

impl Count for u64 {
    fn count(&self) -> i64 {
        i64::try_from(*self).unwrap_or(i64::MAX)
    }
}

impl Count for usize {
    fn count(&self) -> i64 {
        i64::try_from(*self).unwrap_or(i64::MAX)
    }
}

impl<T: Count + ?Sized> Count for &T {
    fn count(&self) -> i64 {
        (**self).count()
    }
}

/// An instant in UTC, however often a template borrowed it.
pub trait Instant {
    /// The instant.
    fn instant(&self) -> chrono::NaiveDateTime;
}

impl Instant for chrono::NaiveDateTime {
    fn instant(&self) -> chrono::NaiveDateTime {
        *self
    }
}

impl<T: Instant + ?Sized> Instant for &T {
    fn instant(&self) -> chrono::NaiveDateTime {
        (**self).instant()
    }
}
