//! What a change says, in both languages; account numbers masked.

use crate::domain::certificate::CertificateDetail;
use crate::domain::fact::FactKind;
use crate::domain::mask;
use crate::domain::money::Fen;
use crate::domain::month::Month;
use crate::error::AppResult;
use crate::services::record::sealed;
use crate::store::Cipher;
use crate::store::account::{ACCOUNT_NO, AccountRow};
use crate::store::fact::FactRow;

/// A text in both languages.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Words {
    /// Chinese.
    pub zh: String,
    /// English.
    pub en: String,
}

impl Words {
    pub(crate) fn of(zh: impl Into<String>, en: impl Into<String>) -> Words {
        Words { zh: zh.into(), en: en.into() }
    }

    pub(crate) fn same(text: impl Into<String>) -> Words {
        let zh = text.into();
        Words { en: zh.clone(), zh }
    }

    /// Both, separated as each language does.
    pub(crate) fn join(parts: Vec<Words>) -> Words {
        let zh: Vec<String> = parts.iter().map(|w| w.zh.clone()).collect();
        let en: Vec<String> = parts.into_iter().map(|w| w.en).collect();
        Words { zh: zh.join("、"), en: en.join(", ") }
    }
}

pub(super) fn account_words(cipher: &Cipher, row: &AccountRow) -> AppResult<Words> {
    let number = cipher.open_text(ACCOUNT_NO, row.id, &row.account_enc).map_err(sealed)?;
    let number = mask::bank_card(&number);
    Ok(Words::same(format!("{} {number} {}", row.bank_name, row.holder_name)))
}

pub(super) fn certificate_words(detail: &CertificateDetail) -> Words {
    let (category, grade) = (detail.category, detail.grade);
    Words::of(
        format!("{}{}", category.zh(), grade.zh()),
        format!("{}, {}", category.en(), grade.en()),
    )
}

pub(super) fn fact_row_words(row: &FactRow) -> Words {
    fact_words(row.kind, row.code.as_deref(), row.amount_fen, Some(row.from_month))
}

pub(super) fn fact_words(
    kind: FactKind,
    code: Option<&str>,
    amount: Option<Fen>,
    from: Option<Month>,
) -> Words {
    let (mut zh, mut en) = (vec![kind.zh().to_owned()], vec![kind.en().to_owned()]);
    if let Some(code) = code {
        let (name, name_en) = kind.code_name(code).unwrap_or((code, code));
        zh.push(name.to_owned());
        en.push(name_en.to_owned());
    }
    if let Some(amount) = amount {
        zh.push(format!("{amount} 元"));
        en.push(format!("CNY {amount}"));
    }
    if let Some(from) = from {
        zh.push(format!("自 {from} 起"));
        en.push(format!("from {from}"));
    }
    Words { zh: zh.join(" "), en: en.join(" ") }
}
