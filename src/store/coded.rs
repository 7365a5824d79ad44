//! Closed code lists are stored as the text of their code.

use diesel::backend::Backend;
use diesel::deserialize::{self, FromSql};
use diesel::serialize::{self, Output, ToSql};
use diesel::sql_types::Text;

use crate::domain::account::HolderRelation;
use crate::domain::area::Level;
use crate::domain::award::{AwardMode, BeneficiaryKind, DecisionKind, ReviewClass};
use crate::domain::code_table::{Education, Marital, ResidenceStatus};
use crate::domain::document::DocKind;
use crate::domain::fact::FactKind;
use crate::domain::guardian::{GuardianBasis, GuardianKind};
use crate::domain::household::{HouseholdKind, JoinReason, LeaveReason};
use crate::domain::life_event::EventKind;
use crate::domain::payout::{
    AttemptState, ClaimLineKind, ClaimStatus, LineKind, RunOrigin, RunState,
};
use crate::domain::pending::{ChangeKind, ChangeState, ReviewKind};
use crate::domain::resident::ResidentStatus;
use crate::domain::temp_case::{CaseKind, CaseLevel, Cause, FamilyCategory};
use crate::domain::visit::{Purpose, VisitResult, VisitStatus};

macro_rules! stored_as_text {
    ($($name:ident),* $(,)?) => {$(
        impl<DB: Backend> ToSql<Text, DB> for $name
        where
            str: ToSql<Text, DB>,
        {
            fn to_sql<'b>(&'b self, out: &mut Output<'b, '_, DB>) -> serialize::Result {
                self.code().to_sql(out)
            }
        }

        impl<DB: Backend> FromSql<Text, DB> for $name
        where
            String: FromSql<Text, DB>,
        {
            fn from_sql(bytes: DB::RawValue<'_>) -> deserialize::Result<Self> {
                let code = String::from_sql(bytes)?;
                $name::from_code(&code).ok_or_else(|| {
                    format!("{} has no code {code:?}", stringify!($name)).into()
                })
            }
        }
    )*};
}

stored_as_text!(
    AttemptState,
    AwardMode,
    BeneficiaryKind,
    CaseKind,
    CaseLevel,
    Cause,
    ChangeKind,
    ChangeState,
    ClaimLineKind,
    ClaimStatus,
    DecisionKind,
    DocKind,
    Education,
    EventKind,
    FactKind,
    FamilyCategory,
    GuardianBasis,
    GuardianKind,
    HolderRelation,
    HouseholdKind,
    JoinReason,
    LeaveReason,
    Level,
    LineKind,
    Marital,
    Purpose,
    ResidenceStatus,
    ResidentStatus,
    ReviewClass,
    ReviewKind,
    RunOrigin,
    RunState,
    VisitResult,
    VisitStatus,
);

/// Inserts many rows in statements of a size that both backends take (SQLite
/// binds at most 32,766 values at a time). Returns the number of rows.
macro_rules! insert_batches {
    ($conn:expr, $table:expr, $rows:expr) => {{
        let mut inserted = 0;
        for batch in $rows.chunks($crate::store::coded::BATCH_ROWS) {
            inserted += $crate::per_backend!(&mut *$conn, |c| diesel::insert_into($table)
                .values(batch)
                .execute(c))?;
        }
        Ok(inserted)
    }};
}
pub(crate) use insert_batches;

/// Rows per INSERT statement: measured, the time per row is flat from here.
pub(crate) const BATCH_ROWS: usize = 500;
