//! How domain types are stored. The types derive `AsExpression` and
//! `FromSqlRow`; the conversions are here, generic over both backends.

use diesel::backend::Backend;
use diesel::deserialize::{self, FromSql};
use diesel::serialize::{self, Output, ToSql};
use diesel::sql_types::{BigInt, Integer};

use crate::domain::ids::{
    AwardId, BeneficiaryId, ClaimId, HouseholdId, LineId, ResidentId, RunId, UnitId,
};
use crate::domain::money::Fen;
use crate::domain::month::Month;

macro_rules! stored_as_bigint {
    ($($name:ident),*) => {$(
        impl<DB: Backend> ToSql<BigInt, DB> for $name
        where
            i64: ToSql<BigInt, DB>,
        {
            fn to_sql<'b>(&'b self, out: &mut Output<'b, '_, DB>) -> serialize::Result {
                self.0.to_sql(out)
            }
        }

        impl<DB: Backend> FromSql<BigInt, DB> for $name
        where
            i64: FromSql<BigInt, DB>,
        {
            fn from_sql(bytes: DB::RawValue<'_>) -> deserialize::Result<Self> {
                i64::from_sql(bytes).map($name)
            }
        }
    )*};
}

stored_as_bigint!(
    Fen,
    AwardId,
    BeneficiaryId,
    ClaimId,
    HouseholdId,
    LineId,
    ResidentId,
    RunId,
    UnitId
);

impl<DB: Backend> ToSql<Integer, DB> for Month
where
    i32: ToSql<Integer, DB>,
{
    fn to_sql<'b>(&'b self, out: &mut Output<'b, '_, DB>) -> serialize::Result {
        self.stored().to_sql(out)
    }
}

impl<DB: Backend> FromSql<Integer, DB> for Month
where
    i32: FromSql<Integer, DB>,
{
    fn from_sql(bytes: DB::RawValue<'_>) -> deserialize::Result<Self> {
        i32::from_sql(bytes).map(Month::from_index)
    }
}
