//! A resident's own copy of what the registry holds about them (SEC-122): in
//! full, for the person who asks, logged.

use crate::domain::certificate::CertificateDetail;
use crate::domain::ids::ResidentId;
use crate::domain::money::Fen;
use crate::domain::month::Month;
use crate::domain::payout::{LineKind, RunState};
use crate::error::{AppError, AppResult};
use crate::services::auth::{Authorized, ExportPlain, ViewRegistry};
use crate::services::certificate::open_detail;
use crate::services::directory::{PersonPage, load_person};
use crate::services::record::{check_required, open_opt, sealed};
use crate::store::Store;
use crate::store::account::{ACCOUNT_NO, list_accounts_of};
use crate::store::audit::Entry;
use crate::store::award::find_award;
use crate::store::certificate::{CERT_NO, list_certificates_of};
use crate::store::line::list_lines_of_award;
use crate::store::resident::{DOC_NO, PHONE};
use crate::store::run::find_run;

/// A certificate in full.
#[derive(Debug, Clone)]
pub struct CopiedCertificate {
    /// Its number.
    pub number: String,
    /// Category and grade.
    pub detail: CertificateDetail,
    /// Date of issue.
    pub issued_on: chrono::NaiveDate,
    /// Last valid day.
    pub valid_to: Option<chrono::NaiveDate>,
}

/// An account in full.
#[derive(Debug, Clone)]
pub struct CopiedAccount {
    /// Whose name it bears.
    pub holder: String,
    /// The bank.
    pub bank: String,
    /// Its number.
    pub number: String,
}

/// What was posted for an award in a month.
#[derive(Debug, Clone)]
pub struct CopiedPayment {
    /// Chinese and English label of the program.
    pub program: (String, String),
    /// The month.
    pub month: Month,
    /// What kind of line.
    pub kind: LineKind,
    /// How much.
    pub amount: Fen,
}

/// Everything that is handed over.
#[derive(Debug, Clone)]
pub struct OwnCopy {
    /// What the person's page shows.
    pub person: PersonPage,
    /// Number of the document.
    pub number: String,
    /// Telephone.
    pub phone: String,
    /// Certificates.
    pub certificates: Vec<CopiedCertificate>,
    /// Accounts.
    pub accounts: Vec<CopiedAccount>,
    /// Payments, the latest first.
    pub payments: Vec<CopiedPayment>,
}

/// The copy; who handed it over, and on which request, is in the log.
///
/// # Errors
/// Not found or out of scope; no word about the request.
pub fn own_copy(
    store: &Store,
    by: &Authorized<'_, ExportPlain>,
    view: &Authorized<'_, ViewRegistry>,
    id: ResidentId,
    request: &str,
) -> AppResult<OwnCopy> {
    let mut refusals = Vec::new();
    check_required(&mut refusals, "purpose", request);
    AppError::refused_unless_empty(refusals)?;
    let person = load_person(store, view, id)?;
    let copy = store.read(|conn| {
        let street = by.street();
        let open = |field: &str, owner: i64, value: Option<&[u8]>| {
            Ok::<_, AppError>(open_opt(store.cipher(), field, owner, value)?.unwrap_or_default())
        };
        let mut certificates = Vec::new();
        for row in list_certificates_of(conn, street, id)? {
            certificates.push(CopiedCertificate {
                number: open(CERT_NO, row.id, Some(&row.cert_no_enc))?,
                detail: open_detail(store.cipher(), &row)?,
                issued_on: row.issued_on,
                valid_to: row.valid_to,
            });
        }
        let mut accounts = Vec::new();
        for row in list_accounts_of(conn, street, id)? {
            let number = store.cipher().open_text(ACCOUNT_NO, row.id, &row.account_enc);
            accounts.push(CopiedAccount {
                holder: row.holder_name,
                bank: row.bank_name,
                number: number.map_err(sealed)?,
            });
        }
        let mut payments = Vec::new();
        for award in &person.awards {
            let Some(row) = find_award(conn, street, award.id)? else { continue };
            for line in list_lines_of_award(conn, street, &row.program, row.beneficiary_id)? {
                let run = find_run(conn, street, line.run_id)?;
                let paid =
                    run.is_some_and(|r| matches!(r.state, RunState::Paid | RunState::Closed));
                if paid && !matches!(line.kind, LineKind::Held | LineKind::Waived) && !line.void {
                    payments.push(CopiedPayment {
                        program: (award.zh.clone(), award.en.clone()),
                        month: line.month,
                        kind: line.kind,
                        amount: line.amount_fen,
                    });
                }
            }
        }
        payments.sort_by_key(|payment| std::cmp::Reverse(payment.month));
        Ok(OwnCopy {
            number: open(DOC_NO, id.0, person.row.doc_no_enc.as_deref())?,
            phone: open(PHONE, id.0, person.row.phone_enc.as_deref())?,
            certificates,
            accounts,
            payments,
            person,
        })
    })?;
    store.write(by.street(), |tx| {
        tx.audit(&Entry {
            actor: by.username(),
            action: "resident.copy",
            object_kind: "resident",
            object_id: Some(id.0),
            reason: Some(request.trim()),
            detail: None,
        })?;
        Ok(())
    })?;
    Ok(copy)
}
