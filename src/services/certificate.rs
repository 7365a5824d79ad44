//! Disability certificates: first issue, renewal, cancellation.

use chrono::NaiveDate;
use serde::{Deserialize, Serialize};

use super::auth::{Authorized, EditAward};
use super::record::{Act, Changes, check_direct, check_required, one_row, seal, sealed};
use super::resident;
use crate::domain::certificate::{CertificateDetail, CertificateError, check};
use crate::domain::citizen_id::CitizenId;
use crate::domain::ids::ResidentId;
use crate::domain::month::Month;
use crate::domain::scope::Scope;
use crate::error::{AppError, AppResult, ErrorCode, Refusal};
use crate::store::certificate::{self as rows, CERT_INDEX, CERT_NO, CertificateRow, DETAIL};
use crate::store::resident::{DOC_NO, ResidentRow};
use crate::store::{Cipher, Store, Tx};

/// A certificate as entered.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct CertificateInput {
    /// Whose.
    pub resident: ResidentId,
    /// 20 characters, B1 … after a replacement.
    pub number: String,
    /// Category, grade, parts.
    pub detail: CertificateDetail,
    /// Date of issue.
    pub issued_on: NaiveDate,
    /// Last valid day.
    pub valid_to: Option<NaiveDate>,
    /// Since when the office knows (of a renewal: the day it was applied for).
    pub known_on: NaiveDate,
    /// First, replacement or renewal.
    pub issue: Issue,
}

/// Which issue of a person's certificate this is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Issue {
    /// The person's first certificate (R11). Counts from the month of issue.
    First,
    /// An older certificate that is registered only now; not a first issue of
    /// the period.
    Existing,
    /// A renewal or a change of grade. Counts from the month in which the
    /// office knows it; with `official_delay` from the day the old one ended
    /// (`ARREARS_ON_RENEWAL`).
    Renewal {
        /// The gap is the office's fault.
        official_delay: bool,
    },
}

/// Registers a certificate. Returns its id.
///
/// # Errors
/// A signed-in person: see [`check_direct`].
/// The number does not agree with its owner or with category and grade; dates
/// in the wrong order; nothing to renew.
pub fn issue(
    store: &Store,
    by: &Authorized<'_, EditAward>,
    input: &CertificateInput,
) -> AppResult<i64> {
    check_direct(by.role())?;
    store.write(by.street(), |tx| {
        let mut changes = Changes::default();
        let id = issue_in(tx, by.scope(), input, &mut changes)?;
        changes.write(tx, &act(by, "certificate.issue", id, None))?;
        Ok(id)
    })
}

/// Registers a certificate inside a transaction.
pub(crate) fn issue_in(
    tx: &mut Tx<'_>,
    scope: &Scope,
    input: &CertificateInput,
    changes: &mut Changes,
) -> AppResult<i64> {
    let person = resident::load(tx, scope, input.resident)?;
    let earlier = rows::list_certificates_of(tx.conn, scope.street_code(), person.id)?;
    let mut refusals = date_faults(tx, input, &person);
    let owner = owner_id(tx, &person)?;
    let number = check(&input.number, owner.as_ref(), &input.detail, tx.clock().today())
        .map_err(|e| refusals.push(Refusal::field(field_of(&e), e.zh(), e.en())))
        .ok();
    refusals.extend(issue_fault(input.issue, &earlier));
    AppError::refused_unless_empty(refusals)?;
    let id = tx.next_id();
    let number = number.as_ref().map(|n| n.as_str()).unwrap_or_default();
    let row = build_row(
        &CertificateMaker { cipher: tx.cipher(), id, person: &person, import_id: None },
        input,
        number,
        first_month(input, &earlier),
    )?;
    if earlier
        .iter()
        .any(|c| c.cert_no_index == row.cert_no_index && c.from_month == row.from_month)
    {
        return Err(AppError::coded(
            ErrorCode::Duplicate,
            "该证从同一月起已登记。",
            "This certificate is registered from the same month already.",
        ));
    }
    rows::insert_certificates(tx.conn, std::slice::from_ref(&row))?;
    changes.created("certificate", id);
    changes.mark(person.unit_id, row.from_month, input.known_on);
    Ok(id)
}

/// What a certificate's row needs besides the input.
pub struct CertificateMaker<'a> {
    /// Seals and indexes.
    pub cipher: &'a Cipher,
    /// The new id.
    pub id: i64,
    /// The owner.
    pub person: &'a ResidentRow,
    /// The book, in an import.
    pub import_id: Option<i64>,
}

/// The row of a certificate whose number was checked.
///
/// # Errors
/// The system gives no randomness.
pub fn build_row(
    maker: &CertificateMaker<'_>,
    input: &CertificateInput,
    number: &str,
    from_month: Month,
) -> AppResult<CertificateRow> {
    let detail = detail_text(&input.detail);
    Ok(CertificateRow {
        id: maker.id,
        street_code: maker.person.street_code.clone(),
        resident_id: maker.person.id,
        unit_id: maker.person.unit_id,
        cert_no_enc: seal(maker.cipher, CERT_NO, maker.id, number)?,
        cert_no_index: maker.cipher.blind(CERT_INDEX, number),
        detail_enc: seal(maker.cipher, DETAIL, maker.id, &detail)?,
        first_issue: input.issue == Issue::First,
        issued_on: input.issued_on,
        valid_to: input.valid_to,
        from_month,
        known_on: input.known_on,
        cancelled_on: None,
        cancel_known_on: None,
        import_id: maker.import_id,
    })
}

/// How category, grade and parts are stored (then sealed).
#[must_use]
pub fn detail_text(detail: &CertificateDetail) -> String {
    serde_json::to_string(detail).unwrap_or_default()
}

/// Opens the health detail of a certificate.
///
/// # Errors
/// It was changed or moved, or the key is missing.
pub fn open_detail(cipher: &Cipher, row: &CertificateRow) -> AppResult<CertificateDetail> {
    let text = cipher.open_text(DETAIL, row.id, &row.detail_enc).map_err(sealed)?;
    serde_json::from_str(&text).map_err(|_| sealed(crate::store::cipher::SealError))
}

/// First month that the payout may count a certificate.
fn first_month(input: &CertificateInput, earlier: &[CertificateRow]) -> Month {
    let Issue::Renewal { official_delay } = input.issue else {
        return Month::of(input.issued_on);
    };
    let known = Month::of(input.known_on.max(input.issued_on));
    if !official_delay {
        return known;
    }
    let ended = earlier.iter().filter_map(|c| c.valid_to).filter(|to| *to < input.known_on).max();
    ended.map_or(known, |day| Month::of(day).next().min(known))
}

fn owner_id(tx: &Tx<'_>, person: &ResidentRow) -> AppResult<Option<CitizenId>> {
    let number =
        super::record::open_opt(tx.cipher(), DOC_NO, person.id.0, person.doc_no_enc.as_deref())?;
    let today = tx.clock().today();
    Ok(number.and_then(|number| CitizenId::parse(&number, today).ok()))
}

const fn field_of(error: &CertificateError) -> &'static str {
    match error {
        CertificateError::Disagrees | CertificateError::PartGrade => "grade",
        CertificateError::Parts => "parts",
        _ => "cert_no",
    }
}

fn issue_fault(issue: Issue, earlier: &[CertificateRow]) -> Option<Refusal> {
    match issue {
        Issue::First if !earlier.is_empty() => Some(Refusal::field(
            "issue",
            "该居民已有残疾人证,不是首次办证。",
            "This resident had a certificate before; this is not the first issue.",
        )),
        Issue::Renewal { .. } if earlier.is_empty() => Some(Refusal::field(
            "issue",
            "该居民没有可换的残疾人证。",
            "This resident has no certificate to renew.",
        )),
        _ => None,
    }
}

fn date_faults(tx: &Tx<'_>, input: &CertificateInput, person: &ResidentRow) -> Vec<Refusal> {
    let mut refusals = Vec::new();
    if input.valid_to.is_some_and(|to| to < input.issued_on) {
        let error = CertificateError::Dates;
        refusals.push(Refusal::field("valid_to", error.zh(), error.en()));
    }
    if input.issued_on < person.birth_on {
        refusals.push(Refusal::field(
            "issued_on",
            format!("发证日期不能早于出生日期({})。", person.birth_on),
            format!("The issue must not lie before the date of birth ({}).", person.birth_on),
        ));
    }
    let today = tx.clock().today();
    for (field, day) in [("issued_on", input.issued_on), ("known_on", input.known_on)] {
        if day > today {
            refusals.push(super::award::future(field));
        }
    }
    refusals
}

fn act<'a>(
    by: &'a Authorized<'_, EditAward>,
    action: &'a str,
    id: i64,
    reason: Option<&'a str>,
) -> Act<'a> {
    Act {
        street: by.street(),
        actor: by.username(),
        action,
        object_kind: "certificate",
        object_id: id,
        reason,
    }
}

/// Cancels a certificate: it no longer counts from the month after
/// `cancelled_on`.
///
/// # Errors
/// A signed-in person: see [`check_direct`].
/// Not found; cancelled already; no reason; dates in the wrong order.
pub fn cancel(
    store: &Store,
    by: &Authorized<'_, EditAward>,
    id: i64,
    cancelled_on: NaiveDate,
    known_on: NaiveDate,
    reason: &str,
) -> AppResult<()> {
    check_direct(by.role())?;
    store.write(by.street(), |tx| {
        let mut changes = Changes::default();
        cancel_in(tx, by.scope(), id, (cancelled_on, known_on), reason, &mut changes)?;
        changes.write(tx, &act(by, "certificate.cancel", id, Some(reason)))
    })
}

/// Cancels a certificate inside a transaction.
pub(crate) fn cancel_in(
    tx: &mut Tx<'_>,
    scope: &Scope,
    id: i64,
    (cancelled_on, known_on): (NaiveDate, NaiveDate),
    reason: &str,
    changes: &mut Changes,
) -> AppResult<()> {
    let street = scope.street_code();
    let not_found = || AppError::not_found("残疾人证", "certificate");
    let row = rows::find_certificate(tx.conn, street, id)?.ok_or_else(not_found)?;
    resident::load(tx, scope, row.resident_id).map_err(|_| not_found())?;
    let mut refusals = Vec::new();
    check_required(&mut refusals, "reason", reason);
    let today = tx.clock().today();
    if cancelled_on < row.issued_on || known_on < cancelled_on || known_on > today {
        refusals.push(Refusal::field(
            "cancelled_on",
            format!("注销日期应在发证({})与获知日期之间,获知日期不晚于今天。", row.issued_on),
            format!(
                "The cancellation must lie between the issue ({}) and the day it became \
                     known, which must not be in the future.",
                row.issued_on
            ),
        ));
    }
    AppError::refused_unless_empty(refusals)?;
    one_row(rows::mark_certificate_cancelled(tx.conn, street, id, cancelled_on, known_on)?)?;
    let day = Some(cancelled_on.to_string());
    changes.field(("certificate", id), "cancelled_on", None, day);
    changes.mark(row.unit_id, Month::of(cancelled_on).next(), known_on);
    Ok(())
}
