//! Payee accounts. The holder 领款人 may be another person than the
//! beneficiary 受益人; then a written agreement is on file (`domain.md` §9.6).

use super::normalise;

coded! {
    /// Relation of the holder to the beneficiary.
    HolderRelation {
        Oneself = "self", "本人", "the beneficiary";
        Spouse = "spouse", "配偶", "spouse";
        Parent = "parent", "父母", "parent";
        Child = "child", "子女", "child";
        Guardian = "guardian", "监护人", "guardian";
        Relative = "relative", "其他亲属", "other relative";
        Committee = "committee", "村居委会", "residents' committee";
        Institution = "institution", "供养机构", "institution";
        Other = "other", "其他", "other";
    }
}

/// A bank account number: 8 to 30 digits.
#[derive(Clone, PartialEq, Eq)]
pub struct AccountNo(String);

impl std::fmt::Debug for AccountNo {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("AccountNo(…)")
    }
}

/// Not 8 to 30 digits.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("an account number has 8 to 30 digits")]
pub struct AccountNoError;

impl AccountNoError {
    /// What to do, in Chinese.
    #[must_use]
    pub const fn zh(self) -> &'static str {
        "银行账号应为 8–30 位数字。"
    }

    /// What to do, in English.
    #[must_use]
    pub const fn en(self) -> &'static str {
        "A bank account number has 8 to 30 digits."
    }
}

impl AccountNo {
    /// Reads a number; spaces and hyphens between groups are dropped.
    ///
    /// # Errors
    /// [`AccountNoError`]. A wrong Luhn digit is a warning only
    /// ([`AccountNo::luhn_ok`]): passbook accounts have none.
    pub fn parse(text: &str) -> Result<AccountNo, AccountNoError> {
        let number = normalise::number(text);
        let fits = (8..=30).contains(&number.len()) && number.bytes().all(|b| b.is_ascii_digit());
        if fits { Ok(AccountNo(number)) } else { Err(AccountNoError) }
    }

    /// The digits.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether the last digit is right by Luhn, for cards of 16 to 19 digits;
    /// other numbers are not cards and always fit.
    #[must_use]
    pub fn luhn_ok(&self) -> bool {
        if !(16..=19).contains(&self.0.len()) {
            return true;
        }
        let sum: u32 = self
            .0
            .bytes()
            .rev()
            .enumerate()
            .map(|(at, b)| {
                let digit = u32::from(b.wrapping_sub(b'0'));
                match at % 2 {
                    0 => digit,
                    _ if digit > 4 => digit * 2 - 9,
                    _ => digit * 2,
                }
            })
            .sum();
        sum.is_multiple_of(10)
    }
}

/// A CNAPS bank code has 12 digits.
#[must_use]
pub fn cnaps_ok(code: &str) -> bool {
    code.len() == 12 && code.bytes().all(|b| b.is_ascii_digit())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cards_have_a_luhn_digit() {
        let luhn = |text: &str| AccountNo::parse(text).map(|a| a.luhn_ok());
        assert_eq!(luhn("6229 9900 0000 0000 019"), Ok(true));
        assert_eq!(luhn("6229990000000000018"), Ok(false));
        assert_eq!(luhn("1234567890"), Ok(true));
        assert_eq!(luhn("1234"), Err(AccountNoError));
        assert_eq!(luhn("62299900000000000A9"), Err(AccountNoError));
    }
}
