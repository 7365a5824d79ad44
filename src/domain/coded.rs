//! Closed lists of codes with a Chinese and an English name.
//!
//! `coded!` writes the enum and its four lookups once, so that no list can
//! have a code without a name or a name that reads back to another code.

/// Declares an enum whose variants are stored as a text code and shown in
/// Chinese and English.
macro_rules! coded {
    ($(#[$meta:meta])* $name:ident { $($variant:ident = $code:literal, $zh:literal, $en:literal;)+ }) => {
        $(#[$meta])*
        #[derive(
            Debug,
            Clone,
            Copy,
            PartialEq,
            Eq,
            PartialOrd,
            Ord,
            Hash,
            diesel::expression::AsExpression,
            diesel::deserialize::FromSqlRow,
        )]
        #[diesel(sql_type = diesel::sql_types::Text)]
        pub enum $name {
            $(#[doc = concat!($zh, ": ", $en)] $variant,)+
        }

        impl $name {
            /// Every value, in the order of the code table.
            pub const ALL: &'static [$name] = &[$($name::$variant),+];

            /// The stored code.
            #[must_use]
            pub const fn code(self) -> &'static str {
                match self { $($name::$variant => $code,)+ }
            }

            /// The Chinese name.
            #[must_use]
            pub const fn zh(self) -> &'static str {
                match self { $($name::$variant => $zh,)+ }
            }

            /// The English name.
            #[must_use]
            pub const fn en(self) -> &'static str {
                match self { $($name::$variant => $en,)+ }
            }

            /// The value of a stored code.
            #[must_use]
            pub fn from_code(code: &str) -> Option<$name> {
                match code { $($code => Some($name::$variant),)+ _ => None }
            }

            /// Reads what a person types into a cell: the code, the Chinese or
            /// the English name.
            #[must_use]
            pub fn parse(text: &str) -> Option<$name> {
                let text = text.trim();
                $name::from_code(text).or_else(|| {
                    $name::ALL
                        .iter()
                        .copied()
                        .find(|v| v.zh() == text || v.en().eq_ignore_ascii_case(text))
                })
            }
        }

        impl serde::Serialize for $name {
            fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.serialize_str(self.code())
            }
        }

        impl<'de> serde::Deserialize<'de> for $name {
            fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<$name, D::Error> {
                let code = String::deserialize(deserializer)?;
                $name::from_code(&code).ok_or_else(|| serde::de::Error::custom("unknown code"))
            }
        }
    };
}
