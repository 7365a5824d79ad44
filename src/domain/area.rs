//! Area codes: GB/T 2260 (6 digits), the statistical code of street and
//! community (9, 12), and the grid below it (15) (`domain.md` §1.2).

coded! {
    /// Level in the area tree.
    Level {
        Province = "province", "省", "province";
        City = "city", "设区市", "city";
        County = "county", "区县", "district";
        Street = "street", "街道", "street";
        Community = "community", "社区", "community";
        Grid = "grid", "网格", "grid";
    }
}

impl Level {
    /// The levels that may lie directly above this one.
    #[must_use]
    pub const fn above(self) -> Option<Level> {
        match self {
            Level::Province => None,
            Level::City => Some(Level::Province),
            Level::County => Some(Level::City),
            Level::Street => Some(Level::County),
            Level::Community => Some(Level::Street),
            Level::Grid => Some(Level::Community),
        }
    }
}

/// A code whose length and form say its level.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct AreaCode {
    code: String,
    level: Level,
}

/// Not 6, 9, 12 or 15 digits.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("an area code has 6, 9, 12 or 15 digits")]
pub struct AreaCodeError;

impl AreaCodeError {
    /// What to do, in Chinese.
    #[must_use]
    pub const fn zh(self) -> &'static str {
        "区划代码应为 6 位(省市区)、9 位(街道)、12 位(社区)或 15 位(网格)数字。"
    }

    /// What to do, in English.
    #[must_use]
    pub const fn en(self) -> &'static str {
        "An area code has 6 (district and above), 9 (street), 12 (community) or 15 (grid) digits."
    }
}

impl AreaCode {
    /// Reads a code; full-width digits and spaces are accepted.
    ///
    /// # Errors
    /// [`AreaCodeError`].
    pub fn parse(text: &str) -> Result<AreaCode, AreaCodeError> {
        let code = super::normalise::number(text);
        if !code.bytes().all(|b| b.is_ascii_digit()) {
            return Err(AreaCodeError);
        }
        let level = match code.len() {
            6 if code.ends_with("0000") => Level::Province,
            6 if code.ends_with("00") => Level::City,
            6 => Level::County,
            9 => Level::Street,
            12 => Level::Community,
            15 => Level::Grid,
            _ => return Err(AreaCodeError),
        };
        Ok(AreaCode { code, level })
    }

    /// The digits.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.code
    }

    /// The level.
    #[must_use]
    pub const fn level(&self) -> Level {
        self.level
    }

    /// The parent that the digits name. A re-division may have put the area
    /// under another one: that is data (`area_parent`), this is the default.
    #[must_use]
    pub fn parent_by_digits(&self) -> Option<String> {
        let head = |n: usize| self.code.get(..n).map(str::to_owned);
        match self.level {
            Level::Province => None,
            Level::City => head(2).map(|h| h + "0000"),
            Level::County => head(4).map(|h| h + "00"),
            Level::Street => head(6),
            Level::Community => head(9),
            Level::Grid => head(12),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_length_says_the_level() {
        let level = |code: &str| AreaCode::parse(code).map(|c| c.level());
        assert_eq!(level("320000"), Ok(Level::Province));
        assert_eq!(level("320800"), Ok(Level::City));
        assert_eq!(level("３２０８１２"), Ok(Level::County));
        assert_eq!(level("320812001"), Ok(Level::Street));
        assert_eq!(level("320812001003"), Ok(Level::Community));
        assert_eq!(level("320812001003005"), Ok(Level::Grid));
        for wrong in ["", "32", "32081200", "3208120010030051", "32081200100A"] {
            assert_eq!(AreaCode::parse(wrong), Err(AreaCodeError), "{wrong}");
        }
        let grid = AreaCode::parse("320812001003005").expect("a grid");
        assert_eq!(grid.parent_by_digits().as_deref(), Some("320812001003"));
    }
}
