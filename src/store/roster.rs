//! What a roster shows beside the lines: people, heads, accounts. Each query
//! takes the ids of one page of lines.

use chrono::NaiveDate;
use diesel::dsl::{not, sql};
use diesel::prelude::*;
use diesel::sql_types::Bool;

use super::Db;
use super::account::AccountRow;
use super::report::ReportLine;
use super::schema::{account, award, decision, household, line, membership, resident};
use crate::domain::award::{AwardMode, DecisionKind};
use crate::domain::ids::{AwardId, HouseholdId, ResidentId};
use crate::domain::money::Fen;
use crate::domain::month::Month;
use crate::domain::payout::LineKind;

/// Values per `IN (…)`.
const BATCH: usize = 500;

/// The lines of a run in the order of a roster: by area, those of one
/// beneficiary together; only in `areas` if given. The whole run in one pass:
/// some 200 bytes a line, where reading pages in this order would look up each
/// line by itself.
///
/// # Errors
/// The database failed.
pub fn list_roster_lines(
    conn: &mut Db,
    street: &str,
    run_id: i64,
    areas: Option<&[String]>,
) -> QueryResult<Vec<ReportLine>> {
    let mut query = line::table
        .filter(line::street_code.eq(street).and(line::run_id.eq(run_id)))
        .filter(line::void.eq(false))
        .into_boxed();
    if let Some(areas) = areas {
        query = query.filter(line::area_code.eq_any(areas));
    }
    let mut lines: Vec<ReportLine> = query.select(ReportLine::as_select()).load(conn)?;
    lines.sort_unstable_by(|a, b| {
        let place = |line: &ReportLine| (line.beneficiary_id, line.month, line.kind);
        a.area_code.cmp(&b.area_code).then_with(|| place(a).cmp(&place(b)))
    });
    Ok(lines)
}

/// An award with the person it names.
#[derive(Debug, Clone, PartialEq, Eq, Queryable)]
pub struct AwardPerson {
    /// The award.
    pub award_id: AwardId,
    /// The person; of a household its applicant.
    pub resident_id: ResidentId,
    /// The assistance household.
    pub household_id: Option<HouseholdId>,
    /// Whole household or one member.
    pub mode: AwardMode,
    /// 低保证号.
    pub cert_no: Option<String>,
    /// Where the money goes.
    pub account_id: Option<i64>,
    /// Name of the person.
    pub name: String,
    /// Sealed number.
    pub doc_no_enc: Option<Vec<u8>>,
    /// Number of a person without a document.
    pub temp_no: Option<String>,
    /// Sealed phone.
    pub phone_enc: Option<Vec<u8>>,
}

/// The people of some awards.
///
/// # Errors
/// The database failed.
pub fn list_award_people(
    conn: &mut Db,
    street: &str,
    awards: &[AwardId],
) -> QueryResult<Vec<AwardPerson>> {
    let mut found = Vec::with_capacity(awards.len());
    for some in awards.chunks(BATCH) {
        found.extend(
            award::table
                .inner_join(
                    resident::table.on(resident::street_code
                        .eq(award::street_code)
                        .and(resident::id.eq(award::resident_id))),
                )
                .filter(award::street_code.eq(street).and(award::id.eq_any(some)))
                .select((
                    award::id,
                    award::resident_id,
                    award::household_id,
                    award::mode,
                    award::cert_no,
                    award::account_id,
                    resident::name,
                    resident::doc_no_enc,
                    resident::temp_no,
                    resident::phone_enc,
                ))
                .load::<AwardPerson>(conn)?,
        );
    }
    Ok(found)
}

/// The head of a household.
#[derive(Debug, Clone, PartialEq, Eq, Queryable)]
pub struct Head {
    /// The household.
    pub household_id: HouseholdId,
    /// Its head.
    pub head_id: ResidentId,
    /// Name.
    pub name: String,
    /// Sealed number.
    pub doc_no_enc: Option<Vec<u8>>,
}

/// The heads of some households.
///
/// # Errors
/// The database failed.
pub fn list_heads(
    conn: &mut Db,
    street: &str,
    households: &[HouseholdId],
) -> QueryResult<Vec<Head>> {
    let mut found = Vec::with_capacity(households.len());
    for some in households.chunks(BATCH) {
        found.extend(
            household::table
                .inner_join(
                    resident::table.on(resident::street_code
                        .eq(household::street_code)
                        .and(resident::id.nullable().eq(household::head_id))),
                )
                .filter(household::street_code.eq(street).and(household::id.eq_any(some)))
                .select((household::id, resident::id, resident::name, resident::doc_no_enc))
                .load::<Head>(conn)?,
        );
    }
    Ok(found)
}

/// Relation codes of the members of some households, latest membership last.
///
/// # Errors
/// The database failed.
pub fn list_relations(
    conn: &mut Db,
    street: &str,
    households: &[HouseholdId],
) -> QueryResult<Vec<(HouseholdId, ResidentId, String)>> {
    let mut found = Vec::new();
    for some in households.chunks(BATCH) {
        found.extend(
            membership::table
                .filter(membership::street_code.eq(street))
                .filter(membership::household_id.eq_any(some))
                .order(membership::id)
                .select((
                    membership::household_id,
                    membership::resident_id,
                    membership::relation_code,
                ))
                .load::<(HouseholdId, ResidentId, String)>(conn)?,
        );
    }
    Ok(found)
}

/// Some accounts.
///
/// # Errors
/// The database failed.
pub fn list_accounts(conn: &mut Db, street: &str, ids: &[i64]) -> QueryResult<Vec<AccountRow>> {
    let mut found = Vec::with_capacity(ids.len());
    for some in ids.chunks(BATCH) {
        found.extend(
            account::table
                .filter(account::street_code.eq(street).and(account::id.eq_any(some)))
                .select(AccountRow::as_select())
                .load::<AccountRow>(conn)?,
        );
    }
    Ok(found)
}

/// A regular line of an earlier month.
#[derive(Debug, Clone, PartialEq, Eq, Queryable)]
pub struct EarlierLine {
    /// Who.
    pub beneficiary_id: i64,
    /// How much.
    pub amount_fen: Fen,
    /// People behind it.
    pub persons: i32,
    /// Tier.
    pub tier: Option<String>,
}

/// The regular lines of a run.
///
/// # Errors
/// The database failed.
pub fn list_regular_lines(
    conn: &mut Db,
    street: &str,
    run_id: i64,
) -> QueryResult<Vec<EarlierLine>> {
    line::table
        .filter(line::street_code.eq(street).and(line::run_id.eq(run_id)))
        .filter(line::kind.eq(LineKind::Regular).and(line::void.eq(false)))
        .select((line::beneficiary_id, line::amount_fen, line::persons, line::tier))
        .load(conn)
}

/// The regular lines that some beneficiaries had for a month.
///
/// # Errors
/// The database failed.
pub fn list_regular_of(
    conn: &mut Db,
    street: &str,
    program: &str,
    beneficiaries: &[i64],
    month: Month,
) -> QueryResult<Vec<EarlierLine>> {
    let mut found = Vec::with_capacity(beneficiaries.len());
    for some in beneficiaries.chunks(BATCH) {
        found.extend(
            line::table
                .filter(line::street_code.eq(street).and(line::program.eq(program)))
                .filter(line::beneficiary_id.eq_any(some).and(line::month.eq(month)))
                // Written as its partial index is.
                .filter(sql::<Bool>("kind = 'regular'").and(not(line::void)))
                .select((line::beneficiary_id, line::amount_fen, line::persons, line::tier))
                .load::<EarlierLine>(conn)?,
        );
    }
    Ok(found)
}

/// The confirmations of some awards known on `known`, oldest first.
///
/// # Errors
/// The database failed.
pub fn list_confirmed_from(
    conn: &mut Db,
    street: &str,
    awards: &[AwardId],
    known: NaiveDate,
) -> QueryResult<Vec<(AwardId, Month)>> {
    let mut found = Vec::with_capacity(awards.len());
    for some in awards.chunks(BATCH) {
        found.extend(
            decision::table
                .filter(decision::street_code.eq(street).and(decision::award_id.eq_any(some)))
                .filter(decision::kind.eq(DecisionKind::Confirm).and(decision::known_on.le(known)))
                .order((decision::known_on, decision::id))
                .select((decision::award_id, decision::from_month))
                .load::<(AwardId, Month)>(conn)?,
        );
    }
    Ok(found)
}
