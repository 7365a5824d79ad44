//! Names and numbers of the people behind a page of lines, masked unless the
//! caller proved the right to see them plain.

use std::collections::HashMap;

use crate::domain::account::HolderRelation;
use crate::domain::ids::{AwardId, HouseholdId, ResidentId};
use crate::domain::mask;
use crate::error::{AppError, AppResult, ErrorCode};
use crate::store::account::{ACCOUNT_NO, AccountRow, HOLDER_DOC};
use crate::store::resident::{DOC_NO, PHONE};
use crate::store::roster::{
    AwardPerson, Head, list_accounts, list_award_people, list_heads, list_relations,
};
use crate::store::{Cipher, Db};

/// How personal values are shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Shown {
    /// Through the masks of `domain.md` §10.3.
    Masked,
    /// As they are; the caller holds the permission and the view is logged.
    Plain,
}

impl Shown {
    pub(super) fn text(self, plain: String, mask: fn(&str) -> String) -> String {
        match self {
            Shown::Masked => mask(&plain),
            Shown::Plain => plain,
        }
    }
}

/// What a roster says about who is behind a line; empty where nothing is known.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Behind {
    /// 户主姓名.
    pub head_name: String,
    /// 户主身份证号.
    pub head_no: String,
    /// 受益人姓名 (of a household its applicant).
    pub name: String,
    /// 受益人身份证号.
    pub number: String,
    /// 与户主关系, GB/T 4761 code.
    pub relation: String,
    /// 低保证号 or other certificate of the award.
    pub cert_no: String,
    /// 领款人(开户名).
    pub payee_name: String,
    /// 领款人身份证号; the beneficiary's own if the account is theirs.
    pub payee_no: String,
    /// 开户银行.
    pub bank: String,
    /// 账号.
    pub account: String,
    /// 联系电话.
    pub phone: String,
}

/// Everything for the awards of one page of lines.
#[derive(Debug)]
pub struct People {
    persons: HashMap<AwardId, AwardPerson>,
    heads: HashMap<HouseholdId, Head>,
    relations: HashMap<(HouseholdId, ResidentId), String>,
    accounts: HashMap<i64, AccountRow>,
}

impl People {
    /// Loads them: four queries per page.
    ///
    /// # Errors
    /// The database failed.
    pub fn load(conn: &mut Db, street: &str, awards: &[AwardId]) -> AppResult<People> {
        let persons = list_award_people(conn, street, awards)?;
        let mut households: Vec<HouseholdId> =
            persons.iter().filter_map(|person| person.household_id).collect();
        households.sort_unstable();
        households.dedup();
        let accounts: Vec<i64> = persons.iter().filter_map(|person| person.account_id).collect();
        Ok(People {
            heads: list_heads(conn, street, &households)?
                .into_iter()
                .map(|head| (head.household_id, head))
                .collect(),
            relations: list_relations(conn, street, &households)?
                .into_iter()
                .map(|(household, resident, code)| ((household, resident), code))
                .collect(),
            accounts: list_accounts(conn, street, &accounts)?
                .into_iter()
                .map(|account| (account.id, account))
                .collect(),
            persons: persons.into_iter().map(|person| (person.award_id, person)).collect(),
        })
    }

    /// Who is behind an award.
    ///
    /// # Errors
    /// A stored value cannot be decrypted.
    pub fn behind(&self, cipher: &Cipher, award: AwardId, shown: Shown) -> AppResult<Behind> {
        let Some(person) = self.persons.get(&award) else { return Ok(Behind::default()) };
        let number = doc_no(cipher, person.resident_id, person.doc_no_enc.as_deref())?
            .or_else(|| person.temp_no.clone())
            .unwrap_or_default();
        let phone = open(cipher, PHONE, person.resident_id.0, person.phone_enc.as_deref())?;
        let mut behind = Behind {
            name: shown.text(person.name.clone(), mask::name),
            number: shown.text(number, mask::id_number),
            cert_no: shown.text(person.cert_no.clone().unwrap_or_default(), mask::certificate),
            phone: shown.text(phone.unwrap_or_default(), mask::phone),
            ..Behind::default()
        };
        if let Some(household) = person.household_id {
            if let Some(head) = self.heads.get(&household) {
                let number = doc_no(cipher, head.head_id, head.doc_no_enc.as_deref())?;
                behind.head_name = shown.text(head.name.clone(), mask::name);
                behind.head_no = shown.text(number.unwrap_or_default(), mask::id_number);
            }
            let relation = self.relations.get(&(household, person.resident_id));
            behind.relation = relation.cloned().unwrap_or_default();
        }
        if let Some(account) = person.account_id.and_then(|id| self.accounts.get(&id)) {
            self.payee(cipher, account, shown, &mut behind)?;
        }
        Ok(behind)
    }

    fn payee(
        &self,
        cipher: &Cipher,
        account: &AccountRow,
        shown: Shown,
        behind: &mut Behind,
    ) -> AppResult<()> {
        let number = open(cipher, ACCOUNT_NO, account.id, Some(&account.account_enc))?;
        behind.payee_name = shown.text(account.holder_name.clone(), mask::name);
        behind.bank = account.bank_name.clone();
        behind.account = shown.text(number.unwrap_or_default(), mask::bank_card);
        behind.payee_no = match account.relation {
            HolderRelation::Oneself => behind.number.clone(),
            _ => {
                let holder = account.holder_doc_enc.as_deref();
                let number = open(cipher, HOLDER_DOC, account.id, holder)?;
                shown.text(number.unwrap_or_default(), mask::id_number)
            }
        };
        Ok(())
    }
}

fn doc_no(cipher: &Cipher, owner: ResidentId, sealed: Option<&[u8]>) -> AppResult<Option<String>> {
    open(cipher, DOC_NO, owner.0, sealed)
}

fn open(
    cipher: &Cipher,
    field: &str,
    owner: i64,
    sealed: Option<&[u8]>,
) -> AppResult<Option<String>> {
    let Some(sealed) = sealed else { return Ok(None) };
    cipher.open_text(field, owner, sealed).map(Some).map_err(|_| {
        AppError::coded(
            ErrorCode::Sealed,
            format!("记录 {owner} 的 {field} 无法解密,请检查密钥文件并运行 mingce verify。"),
            format!("{field} of record {owner} cannot be decrypted; check the key file and run mingce verify."),
        )
    })
}
