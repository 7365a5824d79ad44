//! Temporary assistance 临时救助: a decided case and its one payment.

use actix_web::web::Data;
use chrono::NaiveDate;

use super::once::{Effect, Once, create};
use super::operation::Api;
use super::reply::{Created, Read, Reply};
use super::shape::{Id, Limit, Query, shapes};
use crate::domain::money::Fen;
use crate::domain::role::Permission;
use crate::domain::temp_case::{CaseKind, CaseLevel, Cause, FamilyCategory};
use crate::http::{Access, Allowed, AppState, Json, Path};
use crate::services::auth::{EditAward, ViewRegistry};
use crate::services::temp_case::{self, CaseInput};
use crate::store::temp_case::TempCaseRow;

/// Registers the operations.
pub fn routes(api: &mut Api<'_>) {
    let view = Access::Needs(Permission::ViewRegistry);
    let edit = Access::Needs(Permission::EditAward);
    api.get("/api/v1/temporary-cases", view, list, "Temporary cases, the latest first");
    let words = "Register a decided case; the month's run pays it";
    api.post("/api/v1/temporary-cases", edit, register, words);
    api.get("/api/v1/temporary-cases/{id}", view, show, "A temporary case");
}

shapes! {
    /// Which page.
    request CasesAsked {
        /// Only cases before this one: `next` of the page before.
        before: Option<Id>,
        /// Rows of the page.
        limit: Option<Limit>,
    }

    /// A page of cases.
    answer CaseList {
        /// The latest first.
        items: Vec<CaseItem>,
        /// `before` of the next page; none on the last one.
        next: Option<Id>,
    }

    /// A case.
    answer CaseItem {
        /// Id.
        id: Id,
        /// Unique in the street.
        case_no: String,
        /// The applicant.
        resident: Id,
        /// Their assistance household.
        household: Option<Id>,
        /// Code of the community or grid.
        area: String,
        /// Emergency or expenditure.
        kind: CaseKind,
        /// What happened.
        cause: Cause,
        /// Who decides and pays.
        level: CaseLevel,
        /// Of the family.
        category: Option<FamilyCategory>,
        /// What the family paid itself.
        self_paid_fen: Option<Fen>,
        /// What was asked for.
        asked_fen: Fen,
        /// What was granted.
        approved_fen: Fen,
        /// The day of the application.
        applied_on: NaiveDate,
        /// The day of the decision.
        decided_on: NaiveDate,
        /// Document.
        doc_no: Option<String>,
    }

    /// A decided case.
    request NewCase {
        /// Code of the program that pays it, as the policy names it.
        program: String,
        /// Unique in the street.
        case_no: String,
        /// The applicant.
        resident: Id,
        /// Their assistance household, if any.
        household: Option<Id>,
        /// Emergency or expenditure.
        kind: CaseKind,
        /// What happened.
        cause: Cause,
        /// Who decides and pays.
        level: CaseLevel,
        /// Of the family.
        category: Option<FamilyCategory>,
        /// What the family paid itself.
        self_paid_fen: Option<Fen>,
        /// What was asked for.
        asked_fen: Fen,
        /// What was granted, at most what was asked for.
        approved_fen: Fen,
        /// The day of the application.
        applied_on: NaiveDate,
        /// The day of the decision.
        decided_on: NaiveDate,
        /// Document.
        doc_no: Option<String>,
        /// Where the money goes.
        account: Option<Id>,
    }
}

impl From<TempCaseRow> for CaseItem {
    fn from(row: TempCaseRow) -> CaseItem {
        CaseItem {
            id: Id(row.id),
            case_no: row.case_no,
            resident: row.resident_id.into(),
            household: row.household_id.map(Id::from),
            area: row.area_code,
            kind: row.kind,
            cause: row.cause,
            level: row.level,
            category: row.category,
            self_paid_fen: row.self_paid_fen,
            asked_fen: row.asked_fen,
            approved_fen: row.approved_fen,
            applied_on: row.applied_on,
            decided_on: row.decided_on,
            doc_no: row.doc_no,
        }
    }
}

impl From<NewCase> for CaseInput {
    fn from(new: NewCase) -> CaseInput {
        CaseInput {
            program: new.program,
            case_no: new.case_no,
            resident: new.resident.into(),
            household: new.household.map(Into::into),
            kind: new.kind,
            cause: new.cause,
            level: new.level,
            category: new.category,
            self_paid: new.self_paid_fen,
            asked: new.asked_fen,
            approved: new.approved_fen,
            applied_on: new.applied_on,
            decided_on: new.decided_on,
            doc_no: new.doc_no,
            account_id: new.account.map(|id| id.0),
        }
    }
}

async fn list(
    user: Allowed<ViewRegistry>,
    state: Data<AppState>,
    query: Query<CasesAsked>,
) -> Reply<Read<CaseList>> {
    let (before, limit) = (query.0.before.map(|id| id.0), Limit::or_usual(query.0.limit));
    let (rows, more) =
        state.run(move |store| temp_case::list(store, &user.authorized()?, before, limit)).await?;
    let next = rows.last().filter(|_| more).map(|row| Id(row.id));
    Ok(Read(CaseList { items: rows.into_iter().map(CaseItem::from).collect(), next }))
}

async fn show(
    user: Allowed<ViewRegistry>,
    state: Data<AppState>,
    path: Path<Id>,
) -> Reply<Read<CaseItem>> {
    let id = path.0.0;
    let row = state.run(move |store| temp_case::load(store, &user.authorized()?, id)).await?;
    Ok(Read(row.into()))
}

async fn register(
    user: Allowed<EditAward>,
    state: Data<AppState>,
    once: Once,
    body: Json<NewCase>,
) -> Reply<Created> {
    let input = CaseInput::from(body.0);
    create(user, &state, once, move |store, by| {
        temp_case::register_by_policy(store, by, &input).map(|made| Effect::Made(made.case))
    })
    .await
}
