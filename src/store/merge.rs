//! Two records of one person become one: what names the one that ends names
//! the other from now on.

use diesel::prelude::*;

use super::Db;
use super::schema::{
    account, award, certificate, claim, fact, guardian, life_event, line, not_duplicate, resident,
    temp_case, visit_person,
};
use crate::domain::ids::ResidentId;
use crate::domain::resident::ResidentStatus;
use crate::domain::scope::Scope;
use crate::store::resident::ResidentRow;

macro_rules! move_rows {
    ($conn:expr, $street:expr, $from:expr, $into:expr, $($table:ident.$column:ident),*) => {{
        let mut moved = Vec::new();
        $(
            let count = diesel::update(
                $table::table
                    .filter($table::street_code.eq($street).and($table::$column.eq($from))),
            )
            .set($table::$column.eq($into))
            .execute($conn)?;
            moved.push((stringify!($table), count));
        )*
        moved
    }};
}

/// Moves events, facts, certificates, guardianships, accounts, cases and visits.
/// Returns how many rows of each table moved.
///
/// # Errors
/// The database failed.
pub fn mark_records_moved(
    conn: &mut Db,
    street: &str,
    from: ResidentId,
    into: ResidentId,
) -> QueryResult<Vec<(&'static str, usize)>> {
    let mut moved = move_rows!(
        conn,
        street,
        from,
        into,
        life_event.resident_id,
        fact.resident_id,
        certificate.resident_id,
        guardian.ward_id,
        guardian.guardian_id,
        account.owner_id,
        temp_case.resident_id
    );
    // A visit that verified both verified one person.
    let both: Vec<i64> = visit_person::table
        .filter(visit_person::street_code.eq(street).and(visit_person::resident_id.eq(into)))
        .select(visit_person::visit_id)
        .load(conn)?;
    for some in both.chunks(500) {
        diesel::delete(
            visit_person::table
                .filter(visit_person::street_code.eq(street))
                .filter(visit_person::resident_id.eq(from))
                .filter(visit_person::visit_id.eq_any(some)),
        )
        .execute(conn)?;
    }
    moved.extend(move_rows!(conn, street, from, into, visit_person.resident_id));
    Ok(moved)
}

/// Lets an award of a person be another record's. Returns the row count.
///
/// # Errors
/// The database failed, or the other record has an award of the program.
pub fn mark_award_moved(
    conn: &mut Db,
    street: &str,
    from: ResidentId,
    into: ResidentId,
) -> QueryResult<usize> {
    let own = diesel::update(
        award::table
            .filter(award::street_code.eq(street).and(award::resident_id.eq(from)))
            .filter(award::beneficiary_id.eq(from.0)),
    )
    .set((award::resident_id.eq(into), award::beneficiary_id.eq(into.0)))
    .execute(conn)?;
    // Of a household's or a case's award only the applicant changes.
    let applied = diesel::update(
        award::table.filter(award::street_code.eq(street).and(award::resident_id.eq(from))),
    )
    .set(award::resident_id.eq(into))
    .execute(conn)?;
    Ok(own + applied)
}

/// Whether money was ever drafted or claimed for this person as beneficiary.
///
/// # Errors
/// The database failed.
pub fn has_money(conn: &mut Db, street: &str, person: ResidentId) -> QueryResult<bool> {
    let lines: bool = diesel::select(diesel::dsl::exists(
        line::table
            .filter(line::street_code.eq(street).and(line::beneficiary_id.eq(person.0)))
            .filter(line::void.eq(false)),
    ))
    .get_result(conn)?;
    let claims: bool = diesel::select(diesel::dsl::exists(
        claim::table.filter(claim::street_code.eq(street).and(claim::beneficiary_id.eq(person.0))),
    ))
    .get_result(conn)?;
    Ok(lines || claims)
}

/// People in scope who share name and date of birth with somebody of the
/// street, in the order of both: at most `limit`.
///
/// # Errors
/// The database failed.
pub fn list_namesakes(conn: &mut Db, scope: &Scope, limit: i64) -> QueryResult<Vec<ResidentRow>> {
    let other = diesel::alias!(resident as other);
    let mut query = resident::table
        .filter(resident::street_code.eq(scope.street_code().to_owned()))
        .filter(resident::status.ne(ResidentStatus::Merged))
        .filter(diesel::dsl::exists(
            other
                .filter(other.field(resident::street_code).eq(resident::street_code))
                .filter(other.field(resident::name_pinyin).eq(resident::name_pinyin))
                .filter(other.field(resident::name).eq(resident::name))
                .filter(other.field(resident::birth_on).eq(resident::birth_on))
                .filter(other.field(resident::status).ne(ResidentStatus::Merged))
                .filter(other.field(resident::id).ne(resident::id)),
        ))
        .order((resident::name_pinyin, resident::name, resident::birth_on, resident::id))
        .limit(limit)
        .select(ResidentRow::as_select())
        .into_boxed();
    if let Some(areas) = scope.area_codes() {
        query = query.filter(resident::area_code.eq_any(areas.to_vec()));
    }
    query.load(conn)
}

/// Two records of which somebody said that they are two people.
#[derive(Debug, Clone, PartialEq, Eq, Queryable, Selectable, Insertable)]
#[diesel(table_name = not_duplicate, treat_none_as_default_value = false)]
pub struct NotDuplicateRow {
    /// Never changes in a row.
    pub street_code: String,
    /// The smaller id.
    pub first_id: ResidentId,
    /// The greater id.
    pub second_id: ResidentId,
    /// Who said so.
    pub decided_by: String,
    /// UTC.
    pub decided_at: chrono::NaiveDateTime,
    /// Why.
    pub reason: String,
}

/// Adds a pair.
///
/// # Errors
/// The database failed, or the pair is known.
pub fn insert_not_duplicate(conn: &mut Db, row: &NotDuplicateRow) -> QueryResult<usize> {
    diesel::insert_into(not_duplicate::table).values(row).execute(conn)
}

/// All pairs of a street.
///
/// # Errors
/// The database failed.
pub fn list_not_duplicates(
    conn: &mut Db,
    street: &str,
) -> QueryResult<Vec<(ResidentId, ResidentId)>> {
    not_duplicate::table
        .filter(not_duplicate::street_code.eq(street))
        .select((not_duplicate::first_id, not_duplicate::second_id))
        .load(conn)
}
