//! Files of registers and reports: made for a purpose, logged with rows and
//! digest, fetched by whoever made them for a day (SEC-121).

use actix_web::web::Data;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::export_report;
use super::once::{Effect, Once, create};
use super::operation::Api;
use super::reply::{Created, FileSent, Read, Reply};
use super::shape::{Id, Instant, Limit, Query, Shape, Types, shapes};
use crate::domain::household::HouseholdKind;
use crate::domain::resident::ResidentStatus;
use crate::domain::role::Permission as P;
use crate::http::{Access, Allowed, AppState, Json, Path};
use crate::services::auth::{ExportMasked, ExportPlain, ExportRegister, ViewRegistry};
use crate::services::report::register::{RegisterQuery, RegisterRight, export_register};
use crate::services::report::render::Format;
use crate::services::report::taken::{TakenFile, fetch_file, list_files, load_file};

/// Registers the operations.
pub fn routes(api: &mut Api<'_>) {
    let (masked, register) = (Access::Needs(P::ExportMasked), Access::Needs(P::ExportRegister));
    let plain = Access::SteppedUp(P::ExportPlain);
    api.get("/api/v1/exports", masked, list, "Files that were made, the latest first");
    let words = "Make a file of residents, masked";
    api.post("/api/v1/exports/residents", register, residents, words);
    let words = "Make a file of households, masked";
    api.post("/api/v1/exports/households", register, households, words);
    let words = "Make a file of residents in full";
    api.post("/api/v1/exports/residents-plain", plain, residents_plain, words);
    let words = "Make a file of households in full";
    api.post("/api/v1/exports/households-plain", plain, households_plain, words);
    export_report::routes(api, masked);
    api.get("/api/v1/exports/{id}", masked, show, "What is known of a file");
    let words = "The file itself, for whoever made it, for a day";
    api.get("/api/v1/exports/{id}/file", masked, file, words);
    let words = "The same, of a file in full";
    api.get("/api/v1/exports/{id}/plain", plain, plain_file, words);
}

/// The form of a file.
#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum FileFormat {
    /// UTF-8 with BOM, safe to open in a spreadsheet.
    Csv,
    /// A workbook without formulas.
    Xlsx,
}

impl Shape for FileFormat {
    fn schema(_: &mut Types) -> Value {
        json!({ "type": "string", "enum": ["csv", "xlsx"] })
    }
}

impl From<FileFormat> for Format {
    fn from(format: FileFormat) -> Format {
        match format {
            FileFormat::Csv => Format::Csv,
            FileFormat::Xlsx => Format::Xlsx,
        }
    }
}

shapes! {
    /// A file of residents.
    request ResidentsFile {
        /// Part of a name, or its sound.
        name: Option<String>,
        /// Part of an address.
        address: Option<String>,
        /// Community or grid.
        area: Option<String>,
        /// State of the record.
        status: Option<ResidentStatus>,
        /// Its form.
        format: FileFormat,
        /// Why; stands in the log.
        purpose: String,
    }

    /// A file of households.
    request HouseholdsFile {
        /// Part of the address or of the number.
        text: Option<String>,
        /// Community or grid.
        area: Option<String>,
        /// Which grouping.
        kind: Option<HouseholdKind>,
        /// Closed ones too.
        closed: Option<bool>,
        /// Its form.
        format: FileFormat,
        /// Why; stands in the log.
        purpose: String,
    }

    /// Which page of the files.
    request FilesAsked {
        /// Only files before this one: `next` of the page before.
        before: Option<Id>,
        /// Rows of the page.
        limit: Option<Limit>,
    }

    /// Files: the caller's own; an auditor sees everybody's.
    answer FileList {
        /// The rows.
        items: Vec<FileItem>,
        /// `before` of the next page; none on the last one.
        next: Option<Id>,
    }

    /// A file.
    answer FileItem {
        /// Number; the file carries it.
        id: Id,
        /// Who made it.
        username: String,
        /// When.
        at: Instant,
        /// Its name.
        file_name: String,
        /// What it was narrowed to, without personal values.
        filter: String,
        /// Rows without totals.
        rows: i64,
        /// SHA-256, hexadecimal.
        sha256: String,
        /// Why it was made.
        purpose: String,
        /// Whether it holds personal values in full.
        plain: bool,
        /// Until when whoever made it can fetch it.
        expires_at: Instant,
        /// Whether the caller can fetch it now.
        waiting: bool,
    }
}

impl From<TakenFile> for FileItem {
    fn from(file: TakenFile) -> FileItem {
        let TakenFile { row, expires_at, is_waiting } = file;
        FileItem {
            id: Id(row.id),
            username: row.username,
            at: Instant(row.at),
            file_name: row.file_name,
            filter: row.filter,
            rows: row.row_count,
            sha256: row.digest,
            purpose: row.purpose,
            plain: row.plain,
            expires_at: Instant(expires_at),
            waiting: is_waiting,
        }
    }
}

async fn list(
    user: Allowed<ExportMasked>,
    state: Data<AppState>,
    query: Query<FilesAsked>,
) -> Reply<Read<FileList>> {
    let (before, limit) = (query.0.before.map(|id| id.0), Limit::or_usual(query.0.limit));
    let (files, more) =
        state.run(move |store| list_files(store, &user.authorized()?, before, limit)).await?;
    let next = files.last().filter(|_| more).map(|file| Id(file.row.id));
    Ok(Read(FileList { items: files.into_iter().map(FileItem::from).collect(), next }))
}

async fn show(
    user: Allowed<ExportMasked>,
    state: Data<AppState>,
    path: Path<Id>,
) -> Reply<Read<FileItem>> {
    let id = path.0.0;
    let file = state.run(move |store| load_file(store, &user.authorized()?, id)).await?;
    Ok(Read(file.into()))
}

async fn file(
    user: Allowed<ExportMasked>,
    state: Data<AppState>,
    path: Path<Id>,
) -> Reply<FileSent> {
    let id = path.0.0;
    let file = state.run(move |store| fetch_file(store, &user.authorized()?, id, false)).await?;
    Ok(FileSent { name: file.name, bytes: file.bytes })
}

async fn plain_file(
    user: Allowed<ExportPlain>,
    state: Data<AppState>,
    path: Path<Id>,
) -> Reply<FileSent> {
    let id = path.0.0;
    let file = state.run(move |store| fetch_file(store, &user.authorized()?, id, true)).await?;
    Ok(FileSent { name: file.name, bytes: file.bytes })
}

/// What is asked for, in which form, why.
type Wanted = (RegisterQuery, Format, String);

impl From<ResidentsFile> for Wanted {
    fn from(asked: ResidentsFile) -> Wanted {
        let ResidentsFile { name, address, area, status, format, purpose } = asked;
        (RegisterQuery::Residents { name, address, area, status }, format.into(), purpose)
    }
}

impl From<HouseholdsFile> for Wanted {
    fn from(asked: HouseholdsFile) -> Wanted {
        let HouseholdsFile { text, area, kind, closed, format, purpose } = asked;
        let closed = closed.unwrap_or_default();
        (RegisterQuery::Households { text, area, kind, closed }, format.into(), purpose)
    }
}

async fn masked_register(
    user: Allowed<ExportRegister>,
    state: Data<AppState>,
    once: Once,
    (query, format, purpose): Wanted,
) -> Reply<Created> {
    let actor = user.session().actor.clone();
    create(user, &state, once, move |store, by| {
        let view = actor.authorize::<ViewRegistry>()?;
        let right = RegisterRight::Masked(by);
        let file = export_register(store, &view, &right, &query, (format, &purpose))?;
        Ok(Effect::Made(file.id))
    })
    .await
}

async fn plain_register(
    user: Allowed<ExportPlain>,
    state: Data<AppState>,
    once: Once,
    (query, format, purpose): Wanted,
) -> Reply<Created> {
    let actor = user.session().actor.clone();
    create(user, &state, once, move |store, by| {
        let view = actor.authorize::<ViewRegistry>()?;
        let right = RegisterRight::Plain(by);
        let file = export_register(store, &view, &right, &query, (format, &purpose))?;
        Ok(Effect::Made(file.id))
    })
    .await
}

/// One handler per register and right.
macro_rules! registers {
    ($($name:ident($right:ty, $body:ty) $make:ident)+) => {$(
        async fn $name(
            user: Allowed<$right>,
            state: Data<AppState>,
            once: Once,
            body: Json<$body>,
        ) -> Reply<Created> {
            $make(user, state, once, body.0.into()).await
        }
    )+};
}

registers! {
    residents(ExportRegister, ResidentsFile) masked_register
    households(ExportRegister, HouseholdsFile) masked_register
    residents_plain(ExportPlain, ResidentsFile) plain_register
    households_plain(ExportPlain, HouseholdsFile) plain_register
}
