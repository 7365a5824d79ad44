//! A write transaction: where to write, whose chain to append to, what to seal
//! with.

use diesel::prelude::*;

use super::audit::{self, ChainHead, Entry};
use super::once::Made;
use super::{Cipher, Db, REGISTRY_CHAIN, Store};
use crate::clock::Clock;

/// A write transaction on one street (or two, for a move between them).
pub struct Tx<'a> {
    /// The connection, inside the transaction.
    pub conn: &'a mut Db,
    pub(super) store: &'a Store,
    pub(super) heads: Vec<ChainHead>,
    pub(super) made: Option<Made>,
}

impl Tx<'_> {
    /// Appends an entry to the chain of the transaction's (first) street.
    ///
    /// # Errors
    /// The database failed; the whole change fails with it (fail closed).
    pub fn audit(&mut self, entry: &Entry<'_>) -> QueryResult<i64> {
        let street =
            self.heads.first().map_or(REGISTRY_CHAIN.to_owned(), |h| h.street_code.clone());
        self.audit_in(&street, entry)
    }

    /// Appends an entry to the chain of one of the transaction's streets.
    ///
    /// # Errors
    /// As [`Tx::audit`]; `NotFound` if the street was not locked.
    pub fn audit_in(&mut self, street: &str, entry: &Entry<'_>) -> QueryResult<i64> {
        let now = self.store.clock.now();
        let head = self
            .heads
            .iter_mut()
            .find(|head| head.street_code == street)
            .ok_or(diesel::result::Error::NotFound)?;
        let waits = entry.object_kind == "pending_change";
        self.made = self.made.or(entry.object_id.map(|id| Made { id, waits }));
        audit::append(self.conn, head, &self.store.cipher, now, "ok", entry)
    }

    /// What the request that this transaction carries out made, where it is not
    /// the object of its first audit entry.
    pub fn made(&mut self, id: i64) {
        self.made = Some(Made { id, waits: false });
    }

    /// Appends an entry about something that was refused (a failed sign-in):
    /// the refusal is the change that this transaction saves.
    ///
    /// # Errors
    /// As [`Tx::audit`].
    pub fn audit_refused(&mut self, entry: &Entry<'_>) -> QueryResult<i64> {
        let now = self.store.clock.now();
        let head = self.heads.first_mut().ok_or(diesel::result::Error::NotFound)?;
        audit::append(self.conn, head, &self.store.cipher, now, "refused", entry)
    }

    /// A new id.
    #[must_use]
    pub fn next_id(&self) -> i64 {
        self.store.next_id()
    }

    /// Field encryption and blind indexes.
    #[must_use]
    pub fn cipher(&self) -> &Cipher {
        &self.store.cipher
    }

    /// Both at once: the connection to write with and the cipher to seal with.
    #[must_use]
    pub fn parts(&mut self) -> (&mut Db, &Cipher) {
        (self.conn, &self.store.cipher)
    }

    /// The clock of the store.
    #[must_use]
    pub fn clock(&self) -> &Clock {
        &self.store.clock
    }
}
