//! Payee accounts.

use chrono::NaiveDate;
use diesel::prelude::*;

use super::Db;
use super::coded::insert_batches;
use super::schema::account;
use crate::domain::account::HolderRelation;
use crate::domain::ids::ResidentId;

/// Binds the sealed account number to its field.
pub const ACCOUNT_NO: &str = "account.account";
/// Binds the sealed document number of the holder to its field.
pub const HOLDER_DOC: &str = "account.holder_doc";
/// Kind of the blind index over account numbers.
pub const ACCOUNT_INDEX: &str = "account";

/// One account.
#[derive(Debug, Clone, PartialEq, Eq, Queryable, Selectable, Insertable, AsChangeset)]
#[diesel(table_name = account, primary_key(id, street_code))]
#[diesel(treat_none_as_default_value = false, treat_none_as_null = true)]
pub struct AccountRow {
    /// Its id.
    pub id: i64,
    /// Never changes in a row.
    pub street_code: String,
    /// The beneficiary, or the head of the household.
    pub owner_id: ResidentId,
    /// 开户名.
    pub holder_name: String,
    /// Of a holder who is somebody else; sealed with [`HOLDER_DOC`].
    pub holder_doc_enc: Option<Vec<u8>>,
    /// The holder to the beneficiary.
    pub relation: HolderRelation,
    /// 开户行.
    pub bank_name: String,
    /// 联行号.
    pub bank_cnaps: Option<String>,
    /// Sealed with [`ACCOUNT_NO`].
    pub account_enc: Vec<u8>,
    /// Blind index.
    pub account_index: Vec<u8>,
    /// First day it may be used.
    pub opened_on: NaiveDate,
    /// Last day.
    pub closed_on: Option<NaiveDate>,
    /// The agreement when the holder is somebody else.
    pub agreement_no: Option<String>,
    /// The book that brought it.
    pub import_id: Option<i64>,
}

/// Inserts accounts in batches.
///
/// # Errors
/// The database failed.
pub fn insert_accounts(conn: &mut Db, rows: &[AccountRow]) -> QueryResult<usize> {
    insert_batches!(conn, account::table, rows)
}

/// An account by id.
///
/// # Errors
/// The database failed.
pub fn find_account(conn: &mut Db, street: &str, id: i64) -> QueryResult<Option<AccountRow>> {
    account::table.find((id, street)).select(AccountRow::as_select()).first(conn).optional()
}

/// All accounts for a person, oldest first.
///
/// # Errors
/// The database failed.
pub fn list_accounts_of(
    conn: &mut Db,
    street: &str,
    owner_id: ResidentId,
) -> QueryResult<Vec<AccountRow>> {
    account::table
        .filter(account::street_code.eq(street).and(account::owner_id.eq(owner_id)))
        .order(account::opened_on)
        .select(AccountRow::as_select())
        .load(conn)
}

/// The accounts of a street with this number.
///
/// # Errors
/// The database failed.
pub fn list_accounts_by_no(
    conn: &mut Db,
    street: &str,
    blind_index: &[u8],
) -> QueryResult<Vec<AccountRow>> {
    account::table
        .filter(account::street_code.eq(street).and(account::account_index.eq(blind_index)))
        .order(account::id)
        .select(AccountRow::as_select())
        .load(conn)
}

/// Closes an open account. Returns the row count.
///
/// # Errors
/// The database failed.
pub fn mark_account_closed(
    conn: &mut Db,
    street: &str,
    id: i64,
    closed_on: NaiveDate,
) -> QueryResult<usize> {
    diesel::update(account::table.find((id, street)).filter(account::closed_on.is_null()))
        .set(account::closed_on.eq(closed_on))
        .execute(conn)
}
