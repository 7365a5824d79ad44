//! Lines of runs: millions of them, so inserts go in batches (SQLite) and by
//! COPY (PostgreSQL), and readers take only the columns they need.

use diesel::dsl::{not, sql};
use diesel::prelude::*;
use diesel::sql_types::Bool;

use super::Db;
use super::db::per_backend;
use super::schema::line;
use crate::domain::ids::{AwardId, BeneficiaryId, LineId, RunId};
use crate::domain::money::Fen;
use crate::domain::month::Month;
use crate::domain::payout::LineKind;
use crate::domain::payout_hash::{LineContent, LineDigest};

/// What the stored inputs of a line are bound to.
pub const INPUTS: &str = "line.inputs";

/// A line to insert.
#[derive(Debug, Clone, Insertable)]
#[diesel(table_name = line)]
#[diesel(treat_none_as_default_value = false)]
pub struct NewLine<'a> {
    /// Its id, which its inputs are bound to.
    pub id: i64,
    /// The street.
    pub street_code: &'a str,
    /// The run.
    pub run_id: i64,
    /// Code of the program.
    pub program: &'a str,
    /// Who receives.
    pub beneficiary_id: i64,
    /// The award.
    pub award_id: i64,
    /// The month it is for (a quarter: its last month).
    pub month: Month,
    /// What it is.
    pub kind: &'static str,
    /// Signed.
    pub amount_fen: Fen,
    /// Without top-ups.
    pub base_fen: Fen,
    /// Top-ups.
    pub supplement_fen: Fen,
    /// People behind it.
    pub persons: i32,
    /// Community that pays.
    pub area_code: &'a str,
    /// Tier code.
    pub tier: Option<&'a str>,
    /// Reason code.
    pub reason: Option<&'a str>,
    /// Whether its run was voided.
    pub void: bool,
    /// Sealed inputs.
    pub inputs: &'a [u8],
}

/// A stored line.
#[derive(Debug, Clone, PartialEq, Eq, Queryable, Selectable)]
#[diesel(table_name = line)]
pub struct LineRow {
    /// Its id.
    pub id: LineId,
    /// The street.
    pub street_code: String,
    /// The run.
    pub run_id: RunId,
    /// Code of the program.
    pub program: String,
    /// Who receives.
    pub beneficiary_id: BeneficiaryId,
    /// The award.
    pub award_id: AwardId,
    /// The month it is for.
    pub month: Month,
    /// What it is.
    pub kind: LineKind,
    /// Signed.
    pub amount_fen: Fen,
    /// Without top-ups.
    pub base_fen: Fen,
    /// Top-ups.
    pub supplement_fen: Fen,
    /// People behind it.
    pub persons: i32,
    /// Community that pays.
    pub area_code: String,
    /// Tier code.
    pub tier: Option<String>,
    /// Reason code.
    pub reason: Option<String>,
    /// Whether its run was voided.
    pub void: bool,
    /// Sealed inputs.
    pub inputs: Vec<u8>,
}

impl LineRow {
    /// What the run's hash covers.
    #[must_use]
    pub fn content(&self) -> LineContent<'_> {
        LineContent {
            beneficiary: self.beneficiary_id.0,
            award: self.award_id.0,
            month: self.month,
            kind: self.kind,
            amount: self.amount_fen,
            base: self.base_fen,
            supplement: self.supplement_fen,
            persons: self.persons,
            area: &self.area_code,
            tier: self.tier.as_deref(),
            reason: self.reason.as_deref(),
        }
    }
}

/// What an earlier run left at a month.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Queryable)]
pub struct PostedRow {
    /// The run.
    pub run_id: RunId,
    /// The award.
    pub award_id: AwardId,
    /// The month.
    pub month: Month,
    /// What.
    pub kind: LineKind,
    /// Signed.
    pub amount_fen: Fen,
}

/// Rows per INSERT on SQLite: 17 columns, at most 32,766 values.
const BATCH: usize = 1_000;

/// Inserts lines.
///
/// # Errors
/// The database failed; the database itself refuses lines of an approved run.
pub fn insert_lines(conn: &mut Db, rows: &[NewLine<'_>]) -> QueryResult<usize> {
    match conn {
        Db::Lite(c) => {
            let mut inserted = 0;
            for batch in rows.chunks(BATCH) {
                inserted += diesel::insert_into(line::table).values(batch).execute(c)?;
            }
            Ok(inserted)
        }
        Db::Pg(c) => {
            if rows.is_empty() {
                return Ok(0);
            }
            diesel::copy_from(line::table).from_insertable(rows).execute(c)
        }
    }
}

/// A line by id.
///
/// # Errors
/// The database failed.
pub fn find_line(conn: &mut Db, street: &str, id: LineId) -> QueryResult<Option<LineRow>> {
    line::table.find((id, street)).select(LineRow::as_select()).first(conn).optional()
}

/// Up to `limit` lines of a run after a place in its order (beneficiary, month,
/// kind): how a run is read whole, in pieces of constant size.
///
/// # Errors
/// The database failed.
pub fn list_lines_of_run(
    conn: &mut Db,
    street: &str,
    run: RunId,
    after: Option<(BeneficiaryId, Month, LineKind)>,
    limit: i64,
) -> QueryResult<Vec<LineRow>> {
    let mut query = line::table
        .filter(line::street_code.eq(street).and(line::run_id.eq(run)))
        .order((line::beneficiary_id, line::month, line::kind))
        .limit(limit)
        .select(LineRow::as_select())
        .into_boxed();
    if let Some((beneficiary, month, kind)) = after {
        query = query.filter(
            line::beneficiary_id.gt(beneficiary).or(line::beneficiary_id
                .eq(beneficiary)
                .and(line::month.gt(month).or(line::month.eq(month).and(line::kind.gt(kind))))),
        );
    }
    query.load(conn)
}

/// Every line of a run of some kinds.
///
/// # Errors
/// The database failed.
pub fn list_lines_of_kind(
    conn: &mut Db,
    street: &str,
    run: RunId,
    kind: LineKind,
) -> QueryResult<Vec<LineRow>> {
    line::table
        .filter(line::street_code.eq(street).and(line::run_id.eq(run)))
        .filter(line::kind.eq(kind))
        .order((line::beneficiary_id, line::month))
        .select(LineRow::as_select())
        .load(conn)
}

/// Every line of an award, oldest run first.
///
/// # Errors
/// The database failed.
pub fn list_lines_of_award(
    conn: &mut Db,
    street: &str,
    program: &str,
    beneficiary: BeneficiaryId,
) -> QueryResult<Vec<LineRow>> {
    line::table
        .filter(line::street_code.eq(street).and(line::program.eq(program)))
        .filter(line::beneficiary_id.eq(beneficiary))
        .order(line::id)
        .select(LineRow::as_select())
        .load(conn)
}

/// Digests of a run's lines in the order of its hash; `f` gets one at a time.
///
/// # Errors
/// The database failed.
pub fn for_each_digest(
    conn: &mut Db,
    street: &str,
    run: RunId,
    mut f: impl FnMut(&LineDigest),
) -> QueryResult<()> {
    type Row =
        (i64, i64, Month, LineKind, (Fen, Fen, Fen, i32), String, (Option<String>, Option<String>));
    let query = line::table
        .filter(line::street_code.eq(street).and(line::run_id.eq(run)))
        .order((line::beneficiary_id, line::month, line::kind))
        .select((
            line::beneficiary_id,
            line::award_id,
            line::month,
            line::kind,
            (line::amount_fen, line::base_fen, line::supplement_fen, line::persons),
            line::area_code,
            (line::tier, line::reason),
        ));
    let mut each = |row: Row| {
        let (beneficiary, award, month, kind, amounts, area, (tier, reason)) = row;
        let (amount, base, supplement, persons) = amounts;
        let content = LineContent {
            beneficiary,
            award,
            month,
            kind,
            amount,
            base,
            supplement,
            persons,
            area: &area,
            tier: tier.as_deref(),
            reason: reason.as_deref(),
        };
        f(&content.digest());
    };
    // Row by row: a run of a million lines never lies in memory.
    per_backend!(conn, |c| {
        for row in query.load_iter::<Row, diesel::connection::DefaultLoadingMode>(c)? {
            each(row?);
        }
        Ok(())
    })
}

/// What earlier runs left at months from `from` on, for some beneficiaries of a
/// program. The caller sorts out whose run counts.
///
/// # Errors
/// The database failed.
pub fn list_posted(
    conn: &mut Db,
    street: &str,
    program: &str,
    beneficiaries: &[i64],
    from: Month,
) -> QueryResult<Vec<PostedRow>> {
    let mut rows: Vec<PostedRow> = Vec::new();
    for some in beneficiaries.chunks(5_000) {
        // Two queries, each written so that its partial index serves it.
        per_backend!(&mut *conn, |c| {
            let columns = (line::run_id, line::award_id, line::month, line::kind, line::amount_fen);
            let wanted = line::table
                .filter(line::street_code.eq(street).and(line::program.eq(program)))
                .filter(line::beneficiary_id.eq_any(some).and(line::month.ge(from)))
                .select(columns);
            rows.extend(
                wanted
                    .clone()
                    .filter(sql::<Bool>("kind = 'regular'").and(not(line::void)))
                    .load::<PostedRow>(c)?,
            );
            rows.extend(
                wanted
                    .filter(sql::<Bool>("kind <> 'regular'").and(not(line::void)))
                    .load::<PostedRow>(c)?,
            );
            QueryResult::Ok(())
        })?;
    }
    Ok(rows)
}

/// Marks all lines of a voided run. Returns the row count.
///
/// # Errors
/// The database failed.
pub fn mark_lines_void(conn: &mut Db, street: &str, run: RunId) -> QueryResult<usize> {
    diesel::update(line::table.filter(line::street_code.eq(street).and(line::run_id.eq(run))))
        .set(line::void.eq(true))
        .execute(conn)
}

/// Lines that pay into no open account: up to `limit` of them.
///
/// # Errors
/// The database failed.
pub fn list_lines_without_account(
    conn: &mut Db,
    street: &str,
    run: RunId,
    limit: i64,
) -> QueryResult<Vec<LineRow>> {
    use super::schema::{account, award};
    line::table
        .inner_join(
            award::table
                .on(award::street_code.eq(line::street_code).and(award::id.eq(line::award_id))),
        )
        .left_join(
            account::table.on(account::street_code
                .nullable()
                .eq(line::street_code.nullable())
                .and(account::id.nullable().eq(award::account_id))),
        )
        .filter(line::street_code.eq(street).and(line::run_id.eq(run)))
        .filter(line::kind.eq(LineKind::Regular).or(line::kind.eq(LineKind::Arrears)))
        .filter(account::id.nullable().is_null().or(account::closed_on.is_not_null()))
        .order((line::beneficiary_id, line::month))
        .limit(limit)
        .select(LineRow::as_select())
        .load(conn)
}

/// The lines of a run for one beneficiary.
///
/// # Errors
/// The database failed.
pub fn list_lines_of_beneficiary(
    conn: &mut Db,
    street: &str,
    run: RunId,
    beneficiary: BeneficiaryId,
) -> QueryResult<Vec<LineRow>> {
    line::table
        .filter(line::street_code.eq(street).and(line::run_id.eq(run)))
        .filter(line::beneficiary_id.eq(beneficiary))
        .order((line::month, line::kind))
        .select(LineRow::as_select())
        .load(conn)
}
