//! Taking the records of a book out again, as long as nothing has been built
//! on them.

use chrono::NaiveDateTime;
use diesel::dsl::exists;
use diesel::prelude::*;
use diesel::{delete, select};

use super::Db;
use super::book::ImportBookRow;
use super::schema::{
    account, address_part, attempt, award, certificate, claim, decision, fact, guardian, history,
    hold, household, identity_claim, import_book, life_event, line, membership, name_part,
    not_duplicate, pending_change, resident, review_task, run, temp_case, visit, visit_person,
    visit_photo,
};
use crate::domain::payout::RunState;

/// A book by its id.
///
/// # Errors
/// The database failed.
pub fn find_import_book(
    conn: &mut Db,
    street: &str,
    id: i64,
) -> QueryResult<Option<ImportBookRow>> {
    import_book::table.find((id, street)).select(ImportBookRow::as_select()).first(conn).optional()
}

/// The last books of a street, the latest first.
///
/// # Errors
/// The database failed.
pub fn list_import_books(
    conn: &mut Db,
    street: &str,
    limit: i64,
) -> QueryResult<Vec<ImportBookRow>> {
    import_book::table
        .filter(import_book::street_code.eq(street))
        .order(import_book::id.desc())
        .limit(limit)
        .select(ImportBookRow::as_select())
        .load(conn)
}

/// A record of a table that carries the book's id.
macro_rules! of_book {
    ($parent:ident, $street:expr, $import:expr) => {
        $parent::table
            .filter($parent::street_code.eq($street).and($parent::import_id.eq($import)))
            .select($parent::id.nullable())
    };
}

/// Whether a record that is not of the book refers to one that is.
macro_rules! refers {
    // The referring table knows which book brought its records.
    ($conn:expr, $at:expr, $child:ident.$column:ident => $parent:ident) => {{
        let (street, import) = $at;
        select(exists(
            $child::table
                .filter($child::street_code.eq(street))
                .filter($child::import_id.is_null().or($child::import_id.ne(import)))
                .filter($child::$column.nullable().eq_any(of_book!($parent, street, import))),
        ))
        .get_result::<bool>($conn)?
    }};
    // Nothing of this table comes from a book.
    ($conn:expr, $at:expr, $child:ident.$column:ident -> $parent:ident) => {{
        let (street, import) = $at;
        select(exists(
            $child::table
                .filter($child::street_code.eq(street))
                .filter($child::$column.nullable().eq_any(of_book!($parent, street, import))),
        ))
        .get_result::<bool>($conn)?
    }};
}

/// What has been built on the records of a book: names of tables, none if it
/// can be taken out.
///
/// # Errors
/// The database failed.
pub fn list_built_on(conn: &mut Db, street: &str, import: i64) -> QueryResult<Vec<&'static str>> {
    let at = (street, import);
    let mut found = Vec::new();
    let mut note = |name, there: bool| {
        if there && !found.contains(&name) {
            found.push(name);
        }
    };
    note("membership", refers!(conn, at, membership.household_id => household));
    note("membership", refers!(conn, at, membership.resident_id => resident));
    note("household", refers!(conn, at, household.head_id => resident));
    note("life_event", refers!(conn, at, life_event.resident_id => resident));
    note("life_event", refers!(conn, at, life_event.household_id => household));
    note("fact", refers!(conn, at, fact.resident_id => resident));
    note("certificate", refers!(conn, at, certificate.resident_id => resident));
    note("guardian", refers!(conn, at, guardian.ward_id => resident));
    note("guardian", refers!(conn, at, guardian.guardian_id => resident));
    note("account", refers!(conn, at, account.owner_id => resident));
    note("award", refers!(conn, at, award.resident_id => resident));
    note("award", refers!(conn, at, award.household_id => household));
    note("award", refers!(conn, at, award.account_id => account));
    note("decision", refers!(conn, at, decision.award_id => award));
    note("temp_case", refers!(conn, at, temp_case.resident_id => resident));
    note("temp_case", refers!(conn, at, temp_case.household_id => household));
    note("visit", refers!(conn, at, visit.household_id => household));
    note("visit", refers!(conn, at, visit_photo.visit_id -> visit));
    note("hold", refers!(conn, at, hold.award_id -> award));
    note("line", refers!(conn, at, line.award_id -> award));
    note("claim", refers!(conn, at, claim.award_id -> award));
    note("attempt", refers!(conn, at, attempt.account_id -> account));
    note("review_task", refers!(conn, at, review_task.award_id -> award));
    note("not_duplicate", refers!(conn, at, not_duplicate.first_id -> resident));
    note("not_duplicate", refers!(conn, at, not_duplicate.second_id -> resident));
    note("pending_change", refers!(conn, at, pending_change.resident_id -> resident));
    note("visit", is_visited(conn, street, import)?);
    Ok(found)
}

/// Whether somebody of the book was visited since.
fn is_visited(conn: &mut Db, street: &str, import: i64) -> QueryResult<bool> {
    let own = visit::table
        .filter(visit::street_code.eq(street).and(visit::import_id.eq(import)))
        .select(visit::id);
    select(exists(
        visit_person::table
            .filter(visit_person::street_code.eq(street))
            .filter(visit_person::resident_id.nullable().eq_any(of_book!(resident, street, import)))
            .filter(visit_person::visit_id.ne_all(own)),
    ))
    .get_result(conn)
}

/// Whether a record of the book was changed since it came: then its history
/// has entries.
///
/// # Errors
/// The database failed.
pub fn is_touched(conn: &mut Db, street: &str, import: i64) -> QueryResult<bool> {
    macro_rules! touched {
        ($($table:ident),*) => {
            $(select(exists(history::table.filter(
                history::street_code.eq(street)
                    .and(history::object_id.nullable().eq_any(of_book!($table, street, import))),
            )))
            .get_result::<bool>(conn)?)||*
        };
    }
    Ok(touched!(
        resident,
        household,
        membership,
        life_event,
        fact,
        certificate,
        guardian,
        account,
        award,
        decision,
        temp_case,
        visit
    ))
}

/// Whether a run was drafted at or after an instant.
///
/// # Errors
/// The database failed.
pub fn is_drafted_since(conn: &mut Db, street: &str, since: NaiveDateTime) -> QueryResult<bool> {
    select(exists(
        run::table
            .filter(run::street_code.eq(street).and(run::drafted_at.ge(since)))
            .filter(run::state.ne(RunState::Void)),
    ))
    .get_result(conn)
}

/// Takes every record of the book out, what refers before what is referred to.
/// Returns how many.
///
/// # Errors
/// The database failed, or something refers to one of them.
pub fn delete_book_records(conn: &mut Db, street: &str, import: i64) -> QueryResult<usize> {
    let visits = visit::table
        .filter(visit::street_code.eq(street).and(visit::import_id.eq(import)))
        .select(visit::id);
    delete(
        visit_person::table
            .filter(visit_person::street_code.eq(street))
            .filter(visit_person::visit_id.eq_any(visits)),
    )
    .execute(conn)?;
    let people = resident::table
        .filter(resident::street_code.eq(street).and(resident::import_id.eq(import)))
        .select(resident::id);
    delete(
        identity_claim::table
            .filter(identity_claim::street_code.eq(street))
            .filter(identity_claim::resident_id.eq_any(people.clone())),
    )
    .execute(conn)?;
    delete(
        name_part::table
            .filter(name_part::street_code.eq(street))
            .filter(name_part::resident_id.eq_any(people)),
    )
    .execute(conn)?;
    let homes = household::table
        .filter(household::street_code.eq(street).and(household::import_id.eq(import)))
        .select(household::id);
    delete(
        address_part::table
            .filter(address_part::street_code.eq(street))
            .filter(address_part::household_id.eq_any(homes)),
    )
    .execute(conn)?;
    let mut gone = 0;
    macro_rules! remove {
        ($($table:ident),*) => {$(
            gone += delete($table::table.filter(
                $table::street_code.eq(street).and($table::import_id.eq(import)),
            ))
            .execute(conn)?;
        )*};
    }
    remove!(visit, decision, award, temp_case, account, guardian, certificate, fact, life_event);
    remove!(membership, household, resident);
    Ok(gone)
}

/// Notes that a book was taken out. Returns the row count: 0 if it was already.
///
/// # Errors
/// The database failed.
pub fn mark_undone(
    conn: &mut Db,
    (street, id): (&str, i64),
    at: NaiveDateTime,
    by: &str,
) -> QueryResult<usize> {
    diesel::update(import_book::table.find((id, street)).filter(import_book::undone_at.is_null()))
        .set((import_book::undone_at.eq(at), import_book::undone_by.eq(by)))
        .execute(conn)
}
