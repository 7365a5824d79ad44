//! The restricted file of a child or a patient, and guardians. Without the
//! right `child` or `mental` there is no such file (`rulings.md` P6).

use actix_web::web::Data;
use chrono::NaiveDate;

use super::once::{Effect, Once, create};
use super::operation::Api;
use super::reply::{Created, Done, Read, Reply};
use super::shape::{Id, shapes};
use crate::domain::fact::FactKind;
use crate::domain::guardian::{GuardianBasis, GuardianKind};
use crate::domain::ids::ResidentId;
use crate::domain::month::Month;
use crate::domain::role::{Permission, Rights};
use crate::domain::visit::{Purpose, VisitResult, VisitStatus};
use crate::http::{Access, Allowed, AppState, Fault, Json, Path};
use crate::services::auth::{EditAward, ViewRegistry};
use crate::services::guardian::{self, GuardianInput};
use crate::services::protection::{self, ProtectionFile};

/// Registers the operations.
pub fn routes(api: &mut Api<'_>) {
    let view = Access::Needs(Permission::ViewRegistry);
    let edit = Access::Needs(Permission::EditAward);
    let words = "Guardians, restricted facts and visits of a child or a patient; logged";
    api.get("/api/v1/residents/{id}/protection", view, show, words);
    api.post("/api/v1/guardians", edit, add, "Register a guardian");
    api.post("/api/v1/guardians/{id}/end", edit, end, "End a guardianship");
}

shapes! {
    /// What the caller's rights show of a person.
    answer ProtectionRecord {
        /// Who.
        resident: Id,
        /// Of a child with the right `child`, of an adult with `mental`.
        guardians: Vec<GuardianItem>,
        /// Facts that are not annulled, the latest first.
        facts: Vec<RestrictedFact>,
        /// Protection visits.
        visits: Vec<RestrictedVisit>,
    }

    /// A guardian.
    answer GuardianItem {
        /// Id.
        id: Id,
        /// Name.
        name: String,
        /// Masked telephone.
        phone: String,
        /// Who.
        kind: GuardianKind,
        /// On what ground.
        basis: GuardianBasis,
        /// First day.
        from_on: NaiveDate,
        /// Last day.
        to_on: Option<NaiveDate>,
    }

    /// A restricted fact.
    answer RestrictedFact {
        /// What about.
        kind: FactKind,
        /// Class, or pass and fail.
        code: String,
        /// First month.
        from_month: Month,
        /// First month that is no longer covered.
        to_month: Option<Month>,
    }

    /// A protection visit.
    answer RestrictedVisit {
        /// The day.
        on: Option<NaiveDate>,
        /// What for.
        purpose: Purpose,
        /// What came of it.
        result: Option<VisitResult>,
        /// State.
        status: VisitStatus,
    }

    /// A guardianship.
    request NewGuardian {
        /// The child or patient.
        ward: Id,
        /// The guardian, if a resident of the street: then the name is theirs.
        guardian: Option<Id>,
        /// Name of a guardian from elsewhere, or of the committee.
        name: Option<String>,
        /// Telephone.
        phone: Option<String>,
        /// Who.
        kind: GuardianKind,
        /// On what ground.
        basis: GuardianBasis,
        /// First day.
        from_on: NaiveDate,
    }

    /// The end of a guardianship.
    request GuardianEnd {
        /// Last day.
        to_on: NaiveDate,
        /// Why.
        reason: String,
    }
}

impl From<ProtectionFile> for ProtectionRecord {
    fn from(file: ProtectionFile) -> ProtectionRecord {
        let guardians = file.guardians.into_iter().map(|line| GuardianItem {
            id: Id(line.id),
            name: line.name,
            phone: line.phone,
            kind: line.kind,
            basis: line.basis,
            from_on: line.from_on,
            to_on: line.to_on,
        });
        let facts = file.facts.into_iter().map(|fact| RestrictedFact {
            kind: fact.kind,
            code: fact.code,
            from_month: fact.from_month,
            to_month: fact.to_month,
        });
        let visits = file.visits.into_iter().map(|visit| RestrictedVisit {
            on: visit.on,
            purpose: visit.purpose,
            result: visit.result,
            status: visit.status,
        });
        ProtectionRecord {
            resident: file.resident.into(),
            guardians: guardians.collect(),
            facts: facts.collect(),
            visits: visits.collect(),
        }
    }
}

async fn show(
    user: Allowed<ViewRegistry>,
    state: Data<AppState>,
    path: Path<Id>,
) -> Reply<Read<ProtectionRecord>> {
    let id = ResidentId(path.0.0);
    let file = state
        .run(move |store| {
            protection::load_file(store, &user.authorized()?, id, user.session().extra())
        })
        .await?;
    Ok(Read(file.into()))
}

async fn add(
    user: Allowed<EditAward>,
    state: Data<AppState>,
    once: Once,
    body: Json<NewGuardian>,
) -> Reply<Created> {
    let new = body.0;
    let input = GuardianInput {
        ward: new.ward.into(),
        guardian: new.guardian.map(Into::into),
        name: new.name,
        phone: new.phone,
        kind: new.kind,
        basis: new.basis,
        from_on: new.from_on,
    };
    create(user, &state, once, move |store, by| guardian::add(store, by, &input).map(Effect::Made))
        .await
}

async fn end(
    user: Allowed<EditAward>,
    state: Data<AppState>,
    path: Path<Id>,
    body: Json<GuardianEnd>,
) -> Reply<Done> {
    if user.session().extra() == Rights::default() {
        return Err(Fault::not_found());
    }
    let (id, GuardianEnd { to_on, reason }) = (path.0.0, body.0);
    state.run(move |store| guardian::end(store, &user.authorized()?, id, to_on, &reason)).await?;
    Ok(Done)
}
