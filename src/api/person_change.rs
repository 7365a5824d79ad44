//! Residents: register, correct, find by number, reveal, history.

use actix_web::web::Data;

use super::headers::IfMatch;
use super::once::{Effect, Once, create};
use super::reply::{Created, Read, Reply, Saved};
use super::shape::{Id, Instant, shapes};
use crate::domain::code_table::{Education, Ethnicity, Marital, ResidenceStatus, Sex};
use crate::domain::document::DocKind;
use crate::domain::reveal::{RevealField, RevealPurpose};
use crate::error::{AppError, AppResult, Refusal};
use crate::http::{Allowed, AppState, Json, Path};
use crate::services::auth::{EditRegistry, ViewRegistry};
use crate::services::directory::{self, HistoryLine};
use crate::services::resident::{self, ResidentInput, ResidentPatch};
use chrono::NaiveDate;

shapes! {
    /// A new resident.
    request NewResident {
        /// Code of the community or grid.
        area: String,
        /// Name.
        name: String,
        /// Kind of document.
        doc_kind: DocKind,
        /// Its number; none without a document.
        doc_no: Option<String>,
        /// By default what the ID number says.
        sex: Option<Sex>,
        /// By default what the ID number says.
        birth_on: Option<NaiveDate>,
        /// Why sex or birth differ from the ID number, if they do.
        mismatch_reason: Option<String>,
        /// Mobile or landline.
        phone: Option<String>,
        /// GB/T 3304.
        ethnicity: Option<Ethnicity>,
        /// GB/T 2261.2.
        marital: Option<Marital>,
        /// GB/T 4658.
        education: Option<Education>,
        /// Where registered, where living.
        residence_status: ResidenceStatus,
    }

    /// A correction; what is left out stays.
    request ResidentCorrection {
        /// Why.
        reason: String,
        /// Name.
        name: Option<String>,
        /// Kind of document, with its number.
        doc_kind: Option<DocKind>,
        /// Number of the document, with its kind.
        doc_no: Option<String>,
        /// Sex.
        sex: Option<Sex>,
        /// Date of birth.
        birth_on: Option<NaiveDate>,
        /// Telephone; an empty text removes it.
        phone: Option<String>,
        /// Ethnicity.
        ethnicity: Option<Ethnicity>,
        /// Marital status.
        marital: Option<Marital>,
        /// Education.
        education: Option<Education>,
        /// Where registered, where living.
        residence_status: Option<ResidenceStatus>,
        /// Community or grid (a wrong entry; a move is an event).
        area: Option<String>,
    }

    /// An ID number to look for.
    request NumberAsked {
        /// The whole number, 18 characters.
        doc_no: String,
    }

    /// Who has it.
    answer NumberFound {
        /// The resident; none in the caller's scope has it.
        resident: Option<Id>,
    }

    /// What is to be shown and what for.
    request RevealAsked {
        /// Which value.
        field: RevealField,
        /// What for.
        purpose: RevealPurpose,
        /// In words; needed with `other`.
        words: Option<String>,
    }

    /// The value.
    answer Revealed {
        /// In plain; empty if the record has none.
        value: String,
    }

    /// A record's history.
    answer HistoryAnswer {
        /// The latest first.
        items: Vec<HistoryItem>,
    }

    /// One change of a field, or the record's creation.
    answer HistoryItem {
        /// When.
        at: Instant,
        /// Who.
        actor: String,
        /// Which field; none for the creation.
        field: Option<String>,
        /// Value before, personal ones masked.
        old: String,
        /// Value after, personal ones masked.
        new: String,
        /// Why.
        reason: String,
    }
}

impl From<NewResident> for ResidentInput {
    fn from(new: NewResident) -> ResidentInput {
        ResidentInput {
            area_code: new.area,
            name: new.name,
            doc_kind: new.doc_kind,
            doc_no: new.doc_no,
            sex: new.sex,
            birth_on: new.birth_on,
            mismatch_reason: new.mismatch_reason,
            phone: new.phone,
            ethnicity: new.ethnicity,
            marital: new.marital,
            education: new.education,
            residence_status: new.residence_status,
        }
    }
}

pub async fn register(
    user: Allowed<EditRegistry>,
    state: Data<AppState>,
    once: Once,
    body: Json<NewResident>,
) -> Reply<Created> {
    let input = ResidentInput::from(body.0);
    create(user, &state, once, move |store, by| {
        resident::register(store, by, &input).map(|id| Effect::Made(id.0))
    })
    .await
}

fn patch(asked: ResidentCorrection) -> AppResult<(ResidentPatch, String)> {
    let document: Option<(DocKind, String)> = match (asked.doc_kind, asked.doc_no) {
        (Some(kind), Some(number)) => Some((kind, number)),
        (None, None) => None,
        _ => {
            return Err(AppError::refuse(Refusal::field(
                "doc_no",
                "证件种类和号码应一起填写。",
                "Kind and number of the document go together.",
            )));
        }
    };
    let patch = ResidentPatch {
        name: asked.name,
        document,
        sex: asked.sex,
        birth_on: asked.birth_on,
        phone: asked.phone,
        ethnicity: asked.ethnicity,
        marital: asked.marital,
        education: asked.education,
        residence_status: asked.residence_status,
        area_code: asked.area,
    };
    Ok((patch, asked.reason))
}

pub async fn correct(
    user: Allowed<EditRegistry>,
    state: Data<AppState>,
    path: Path<Id>,
    version: IfMatch,
    body: Json<ResidentCorrection>,
) -> Reply<Saved> {
    let (patch, reason) = patch(body.0)?;
    let id = path.0;
    let version = state
        .run(move |store| {
            resident::correct(store, &user.authorized()?, id.into(), version.0, &patch, &reason)
        })
        .await?;
    Ok(Saved { id, version })
}

pub async fn find(
    user: Allowed<ViewRegistry>,
    state: Data<AppState>,
    body: Json<NumberAsked>,
) -> Reply<Read<NumberFound>> {
    let number = body.0.doc_no;
    let found = state
        .run(move |store| resident::search_by_id_number(store, &user.authorized()?, &number))
        .await?;
    Ok(Read(NumberFound { resident: found.map(|row| row.id.into()) }))
}

pub async fn reveal(
    user: Allowed<ViewRegistry>,
    state: Data<AppState>,
    path: Path<Id>,
    body: Json<RevealAsked>,
) -> Reply<Read<Revealed>> {
    let (id, asked) = (path.0.into(), body.0);
    let value = state
        .run(move |store| {
            let words = asked.words.as_deref().unwrap_or_default();
            let by = user.authorized()?;
            resident::reveal_field(store, &by, id, asked.field, asked.purpose, words)
        })
        .await?;
    Ok(Read(Revealed { value }))
}

/// A history as the API gives it.
pub fn history_answer(lines: Vec<HistoryLine>) -> HistoryAnswer {
    let items = lines.into_iter().map(|line| HistoryItem {
        at: Instant(line.at),
        actor: line.actor,
        field: line.field,
        old: line.old.zh,
        new: line.new.zh,
        reason: line.reason,
    });
    HistoryAnswer { items: items.collect() }
}

pub async fn history(
    user: Allowed<ViewRegistry>,
    state: Data<AppState>,
    path: Path<Id>,
) -> Reply<Read<HistoryAnswer>> {
    let id = path.0.into();
    let page =
        state.run(move |store| directory::load_person(store, &user.authorized()?, id)).await?;
    Ok(Read(history_answer(page.history)))
}
