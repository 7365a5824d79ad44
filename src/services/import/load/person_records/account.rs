//! Payee accounts.

use diesel::prelude::*;

use super::super::people::Person;
use super::super::settle::{Field, Record, Settling, day};
use super::super::{Load, distinct};
use crate::domain::account::{HolderRelation, cnaps_ok};
use crate::domain::ids::ResidentId;
use crate::error::AppResult;
use crate::services::import::book::ACCOUNT;
use crate::services::import::rows::Row;
use crate::services::import::source::BookSource;
use crate::services::record::{open_opt, seal, seal_opt};
use crate::store::account::{self as rows, ACCOUNT_INDEX, ACCOUNT_NO, AccountRow, HOLDER_DOC};
use crate::store::{Cipher, Db, book};

impl Record for AccountRow {
    const KIND: &'static str = "account";
    const MUTABLE: &'static [&'static str] =
        &["holder_doc", "bank_name", "bank_cnaps", "closed_on", "agreement_no"];
    type Key = (ResidentId, Vec<u8>, chrono::NaiveDate);

    fn key(&self) -> Self::Key {
        (self.owner_id, self.account_index.clone(), self.opened_on)
    }

    fn id(&self) -> i64 {
        self.id
    }

    fn fields(&self, cipher: &Cipher) -> AppResult<Vec<Field>> {
        Ok(vec![
            ("holder_name", Some(self.holder_name.clone())),
            ("holder_doc", open_opt(cipher, HOLDER_DOC, self.id, self.holder_doc_enc.as_deref())?),
            ("relation", Some(self.relation.code().to_owned())),
            ("bank_name", Some(self.bank_name.clone())),
            ("bank_cnaps", self.bank_cnaps.clone()),
            ("closed_on", day(self.closed_on)),
            ("agreement_no", self.agreement_no.clone()),
        ])
    }

    fn adopt(&mut self, new: &Self, cipher: &Cipher) -> AppResult<()> {
        if let Some(number) = open_opt(cipher, HOLDER_DOC, new.id, new.holder_doc_enc.as_deref())? {
            self.holder_doc_enc = Some(seal(cipher, HOLDER_DOC, self.id, &number)?);
        }
        self.bank_name.clone_from(&new.bank_name);
        self.bank_cnaps = new.bank_cnaps.clone().or(self.bank_cnaps.take());
        self.closed_on = new.closed_on.or(self.closed_on);
        self.agreement_no = new.agreement_no.clone().or(self.agreement_no.take());
        Ok(())
    }

    fn insert(conn: &mut Db, new: &[Self]) -> AppResult<()> {
        rows::insert_accounts(conn, new)?;
        Ok(())
    }

    fn update(&self, conn: &mut Db) -> AppResult<()> {
        use crate::store::schema::account;
        diesel::update(account::table.find((self.id, &self.street_code)))
            .set(self)
            .execute(conn)?;
        Ok(())
    }
}

impl Load<'_, '_> {
    pub(in super::super) fn accounts(
        &mut self,
        source: &mut dyn BookSource,
        places: &[usize],
    ) -> AppResult<()> {
        let mut settling = Settling::<AccountRow>::new(&ACCOUNT, "account");
        self.stream(
            source,
            (&ACCOUNT, places),
            |row| row,
            |load, mut batch| {
                let people = load.resolve(&mut batch, "person")?;
                let mut made = Vec::with_capacity(batch.len());
                for (row, person) in batch.iter_mut().zip(people) {
                    made.push(load.account(row, person)?);
                }
                let ids = distinct(made.iter().flatten().map(|account| account.owner_id));
                let existing = match load.fresh {
                    true => Vec::new(),
                    false => book::accounts_of(load.conn, &load.street, &ids)?,
                };
                let settled = load.settle(&mut settling, &mut batch, made, existing)?;
                for account in settled.into_iter().flatten() {
                    load.accounts.insert((account.owner_id, account.account_index), account.id);
                }
                Ok(())
            },
        )
    }

    fn account(&mut self, row: &mut Row, person: Option<Person>) -> AppResult<Option<AccountRow>> {
        let relation = row.code("relation", HolderRelation::from_code);
        let (Some(person), Some(relation), Some(number), Some(holder_name), Some(opened_on)) = (
            person,
            relation,
            row.owned("account"),
            row.owned("holder_name"),
            row.date("opened_on"),
        ) else {
            return Ok(None);
        };
        if row.text("bank_cnaps").is_some_and(|code| !cnaps_ok(code)) {
            row.fault("bank_cnaps", "联行号应为 12 位数字。", "A CNAPS code has 12 digits.");
        }
        let closed_on = row.date("closed_on");
        super::check_order(row, "closed_on", Some(opened_on), closed_on);
        if opened_on > self.today {
            row.fault("opened_on", "日期不能晚于今天。", "The date must not be in the future.");
        }
        let id = self.store.next_id();
        let cipher = self.cipher();
        Ok(Some(AccountRow {
            id,
            street_code: self.street.clone(),
            owner_id: person.id,
            holder_name,
            holder_doc_enc: seal_opt(cipher, HOLDER_DOC, id, row.text("holder_doc"))?,
            relation,
            bank_name: row.owned("bank_name").unwrap_or_default(),
            bank_cnaps: row.owned("bank_cnaps"),
            account_enc: seal(cipher, ACCOUNT_NO, id, &number)?,
            account_index: cipher.blind(ACCOUNT_INDEX, &number),
            opened_on,
            closed_on,
            agreement_no: row.owned("agreement_no"),
            import_id: Some(self.import_id),
        }))
    }
}
