//! Awards and what is decided about them.

use actix_web::web::Data;
use chrono::NaiveDate;

use super::change::Reason;
use super::once::{Effect, Once, create};
use super::operation::Api;
use super::reply::{Created, Done, Read, Reply, Tagged};
use super::shape::{Id, shapes};
use crate::domain::award::{AwardMode, DecisionKind, ReviewClass, StopReason};
use crate::domain::ids::AwardId;
use crate::domain::money::Fen;
use crate::domain::month::Month;
use crate::domain::role::Permission;
use crate::http::{Access, Allowed, AppState, Json, Path};
use crate::services::auth::{EditAward, ViewRegistry};
use crate::services::award::{self, AwardFile, Beneficiary, ConfirmInput, StopInput};
use crate::services::review;

/// Registers the operations.
pub fn routes(api: &mut Api<'_>) {
    let view = Access::Needs(Permission::ViewRegistry);
    let edit = Access::Needs(Permission::EditAward);
    api.post("/api/v1/awards", edit, confirm, "Confirm an award; makes it if there is none");
    api.get("/api/v1/awards/{id}", view, show, "An award with its decisions and holds");
    api.post("/api/v1/awards/{id}/stop", edit, stop, "Stop an award from a month on");
    api.post("/api/v1/awards/{id}/grace", edit, grace, "Grant a grace period");
    api.post("/api/v1/awards/{id}/hold", edit, hold, "Hold an award: due, not paid");
    api.post("/api/v1/holds/{id}/release", edit, release, "Release a hold");
    api.post("/api/v1/stops/{id}/annul", edit, annul_stop, "Annul a stop: its months are paid");
    api.get("/api/v1/reviews", view, reviews, "Awards that somebody has to look at");
    api.post("/api/v1/reviews/{id}/finish", edit, finish, "A review is done");
}

shapes! {
    /// A confirmation. Exactly one of `household` and a lone `resident` receives.
    request NewAward {
        /// Code of the program, as the policy names it.
        program: String,
        /// The person; of a household the one who applies.
        resident: Id,
        /// The assistance household that receives; none: the person does.
        household: Option<Id>,
        /// Of a household: only this person is counted (单人保).
        single: Option<bool>,
        /// The day of the application.
        applied_on: Option<NaiveDate>,
        /// The day of the decision.
        decided_on: NaiveDate,
        /// First month; by default the one after the decision.
        from_month: Option<Month>,
        /// First month that is no longer covered.
        to_month: Option<Month>,
        /// Amount, where the decision names one.
        amount_fen: Option<Fen>,
        /// Document.
        doc_no: Option<String>,
        /// 低保证号.
        cert_no: Option<String>,
        /// Where the money goes.
        account: Option<Id>,
        /// How often it is reviewed.
        review_class: Option<ReviewClass>,
        /// 近亲属备案.
        near_relative: Option<bool>,
    }

    /// An award.
    answer AwardRecord {
        /// Id.
        id: Id,
        /// Counts changes, from 1.
        version: i32,
        /// Code of the program.
        program: String,
        /// The person; of a household the one who applied.
        resident: Id,
        /// The household that receives.
        household: Option<Id>,
        /// How a household is counted.
        mode: AwardMode,
        /// Where the money goes.
        account: Option<Id>,
        /// How often it is reviewed.
        review_class: Option<ReviewClass>,
        /// First decision.
        opened_on: NaiveDate,
        /// In id order.
        decisions: Vec<DecisionItem>,
        /// In id order.
        holds: Vec<HoldItem>,
    }

    /// What was decided.
    answer DecisionItem {
        /// Id.
        id: Id,
        /// What.
        kind: DecisionKind,
        /// First month.
        from_month: Month,
        /// First month that is no longer covered.
        to_month: Option<Month>,
        /// When.
        decided_on: NaiveDate,
    }

    /// A hold.
    answer HoldItem {
        /// Id.
        id: Id,
        /// First month.
        from_month: Month,
        /// When.
        placed_on: NaiveDate,
        /// Why.
        reason: String,
        /// When it was released.
        released_on: Option<NaiveDate>,
    }

    /// A stop.
    request NewStop {
        /// First month without it; by default the one after the decision.
        from_month: Option<Month>,
        /// The day of the decision.
        decided_on: NaiveDate,
        /// Why.
        reason: StopReason,
        /// Document.
        doc_no: Option<String>,
    }

    /// A grace period.
    request NewGrace {
        /// The day of the decision.
        decided_on: NaiveDate,
        /// First month; by default the one after the decision.
        from_month: Option<Month>,
        /// How many, 1 to 24.
        months: i32,
        /// Document.
        doc_no: Option<String>,
    }

    /// A hold.
    request NewHold {
        /// First month.
        from_month: Month,
        /// When.
        placed_on: NaiveDate,
        /// Why.
        reason: String,
    }

    /// The end of a hold.
    request HoldReleased {
        /// When.
        released_on: NaiveDate,
        /// Why.
        reason: String,
    }

    /// A stop that was wrong.
    request StopAnnulled {
        /// The day of the decision.
        decided_on: NaiveDate,
        /// Why.
        reason: String,
        /// Document.
        doc_no: Option<String>,
    }

    /// Awards to look at.
    answer ReviewList {
        /// Open ones.
        items: Vec<ReviewItem>,
    }

    /// An award to look at.
    answer ReviewItem {
        /// Id.
        id: Id,
        /// The applicant.
        resident: Id,
        /// Program in Chinese.
        program_zh: String,
        /// Program in English.
        program_en: String,
        /// Since when.
        opened_on: NaiveDate,
    }
}

fn input(new: NewAward) -> ConfirmInput {
    let resident = new.resident.into();
    let beneficiary = match new.household.map(Into::into) {
        None => Beneficiary::Person(resident),
        Some(household) if new.single == Some(true) => {
            Beneficiary::Single { household, member: resident }
        }
        Some(household) => Beneficiary::Household { household, applicant: resident },
    };
    ConfirmInput {
        applied_on: new.applied_on,
        from_month: new.from_month,
        to_month: new.to_month,
        amount: new.amount_fen,
        doc_no: new.doc_no,
        cert_no: new.cert_no,
        account_id: new.account.map(|id| id.0),
        review_class: new.review_class,
        near_relative: new.near_relative.unwrap_or_default(),
        ..ConfirmInput::new(&new.program, beneficiary, new.decided_on)
    }
}

async fn confirm(
    user: Allowed<EditAward>,
    state: Data<AppState>,
    once: Once,
    body: Json<NewAward>,
) -> Reply<Created> {
    let input = input(body.0);
    create(user, &state, once, move |store, by| {
        award::confirm(store, by, &input).map(|made| Effect::Made(made.award.0))
    })
    .await
}

fn record(file: AwardFile) -> AwardRecord {
    let decisions = file.decisions.into_iter().map(|row| DecisionItem {
        id: Id(row.id),
        kind: row.kind,
        from_month: row.from_month,
        to_month: row.to_month,
        decided_on: row.decided_on,
    });
    let holds = file.holds.into_iter().map(|row| HoldItem {
        id: Id(row.id),
        from_month: row.from_month,
        placed_on: row.placed_on,
        reason: row.reason,
        released_on: row.released_on,
    });
    AwardRecord {
        id: file.award.id.into(),
        version: file.award.version,
        program: file.award.program,
        resident: file.award.resident_id.into(),
        household: file.award.household_id.map(Id::from),
        mode: file.award.mode,
        account: file.award.account_id.map(Id),
        review_class: file.award.review_class,
        opened_on: file.award.opened_on,
        decisions: decisions.collect(),
        holds: holds.collect(),
    }
}

async fn show(
    user: Allowed<ViewRegistry>,
    state: Data<AppState>,
    path: Path<Id>,
) -> Reply<Tagged<AwardRecord>> {
    let id = AwardId::from(path.0);
    let file = state
        .run(move |store| {
            award::load_award_for(store, &user.authorized()?, id, user.session().extra())
        })
        .await?;
    let version = file.award.version;
    Ok(Tagged(record(file), version))
}

async fn stop(
    user: Allowed<EditAward>,
    state: Data<AppState>,
    path: Path<Id>,
    once: Once,
    body: Json<NewStop>,
) -> Reply<Created> {
    let NewStop { from_month, decided_on, reason, doc_no } = body.0;
    let input = StopInput { award: path.0.into(), from_month, decided_on, reason, doc_no };
    create(user, &state, once, move |store, by| award::stop(store, by, &input).map(Effect::Made))
        .await
}

async fn grace(
    user: Allowed<EditAward>,
    state: Data<AppState>,
    path: Path<Id>,
    once: Once,
    body: Json<NewGrace>,
) -> Reply<Created> {
    let (id, new) = (AwardId::from(path.0), body.0);
    let months = u32::try_from(new.months).unwrap_or(0);
    create(user, &state, once, move |store, by| {
        let doc_no = new.doc_no.as_deref();
        award::grace(store, by, id, new.decided_on, new.from_month, months, doc_no)
            .map(Effect::Made)
    })
    .await
}

async fn hold(
    user: Allowed<EditAward>,
    state: Data<AppState>,
    path: Path<Id>,
    once: Once,
    body: Json<NewHold>,
) -> Reply<Created> {
    let (id, new) = (AwardId::from(path.0), body.0);
    create(user, &state, once, move |store, by| {
        award::place_hold(store, by, id, new.from_month, new.placed_on, &new.reason)
            .map(Effect::Made)
    })
    .await
}

async fn release(
    user: Allowed<EditAward>,
    state: Data<AppState>,
    path: Path<Id>,
    body: Json<HoldReleased>,
) -> Reply<Done> {
    let (id, HoldReleased { released_on, reason }) = (path.0.0, body.0);
    state
        .run(move |store| award::release_hold(store, &user.authorized()?, id, released_on, &reason))
        .await?;
    Ok(Done)
}

async fn annul_stop(
    user: Allowed<EditAward>,
    state: Data<AppState>,
    path: Path<Id>,
    once: Once,
    body: Json<StopAnnulled>,
) -> Reply<Created> {
    let (id, new) = (path.0.0, body.0);
    create(user, &state, once, move |store, by| {
        let doc_no = new.doc_no.as_deref();
        award::annul_stop(store, by, id, new.decided_on, &new.reason, doc_no).map(Effect::Made)
    })
    .await
}

async fn reviews(user: Allowed<ViewRegistry>, state: Data<AppState>) -> Reply<Read<ReviewList>> {
    let lines = state
        .run(move |store| review::list_lines(store, &user.authorized()?, user.session().extra()))
        .await?;
    let items = lines.into_iter().map(|line| ReviewItem {
        id: Id(line.id),
        resident: line.resident.into(),
        program_zh: line.program_zh,
        program_en: line.program_en,
        opened_on: line.opened_on,
    });
    Ok(Read(ReviewList { items: items.collect() }))
}

async fn finish(
    user: Allowed<EditAward>,
    state: Data<AppState>,
    path: Path<Id>,
    body: Json<Reason>,
) -> Reply<Done> {
    let (id, note) = (path.0.0, body.0.reason);
    state.run(move |store| review::finish(store, &user.authorized()?, id, &note)).await?;
    Ok(Done)
}
