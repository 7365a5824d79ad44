//! A book on its way in: sent, its columns named, checked, loaded. It waits a
//! day for its owner and counts for nothing until it is loaded; so sending one
//! twice does no harm, and takes no `Idempotency-Key`.

use actix_web::dev::Payload;
use actix_web::http::{StatusCode, header};
use actix_web::web::{Bytes, BytesMut, Data};
use actix_web::{FromRequest, HttpRequest};
use futures_util::StreamExt as _;
use futures_util::future::LocalBoxFuture;
use serde::{Deserialize, Deserializer};
use serde_json::{Value, json};

use super::book::count;
use super::operation::{Api, Argument, Operation};
use super::reply::{Done, Made, Queued, Read, Reply};
use super::shape::{Id, Instant, Query, Shape, Types, shapes};
use crate::domain::role::Permission;
use crate::error::{AppError, ErrorCode, Refusal};
use crate::http::upload::MAX_FILE;
use crate::http::{Access, Allowed, AppState, Fault, Json, Path};
use crate::jobs::import::ImportBook;
use crate::services::auth::Import;
use crate::services::import::{
    ImportReport, SheetMapping, UploadView, discard_upload, list_uploads, load_upload, receive,
    set_mapping,
};
use crate::services::job;

/// Registers the operations.
pub fn routes(api: &mut Api<'_>) {
    let may = Access::Needs(Permission::Import);
    api.get("/api/v1/uploads", may, list, "The caller's books that wait");
    api.post("/api/v1/uploads", may, send, "Send a book (XLSX or CSV) as the body");
    api.upload();
    api.get("/api/v1/uploads/{id}", may, show, "A book: its columns, its last check or loading");
    let words = "Say which sheet is which register, and which column which field";
    api.add("PUT", "/api/v1/uploads/{id}/columns", may, columns, words);
    api.post("/api/v1/uploads/{id}/check", may, check, "Check a book without loading it");
    api.post("/api/v1/uploads/{id}/load", may, load, "Load a book that was checked");
    api.add("DELETE", "/api/v1/uploads/{id}", may, discard, "Remove a book that is not wanted");
}

shapes! {
    /// What the file is called.
    request FileAsked {
        /// Its ending says what it is.
        name: FileName,
    }

    /// Books that wait.
    answer UploadList {
        /// The latest first.
        items: Vec<UploadItem>,
    }

    /// A book that waits.
    answer UploadItem {
        /// Id.
        id: Id,
        /// Name of the file.
        file_name: String,
        /// Rows below the headers.
        rows: i64,
        /// When it was sent.
        created_at: Instant,
    }

    /// A book that was taken in.
    answer UploadMade {
        /// Id.
        id: Id,
    }

    /// A book with what is known of it.
    answer UploadRecord {
        /// Id.
        id: Id,
        /// Name of the file.
        file_name: String,
        /// Rows below the headers.
        rows: i64,
        /// What the file holds.
        sheets: Vec<UploadSheet>,
        /// What belongs where, one for each sheet.
        mapping: Vec<UploadMapping>,
        /// The last check or loading.
        report: Option<UploadReport>,
        /// The import that came of it.
        import: Option<Id>,
        /// When it was sent.
        created_at: Instant,
    }

    /// A sheet of a file.
    answer UploadSheet {
        /// Its name.
        name: String,
        /// Its headers.
        headers: Vec<String>,
        /// Its first rows, masked.
        samples: Vec<Vec<String>>,
        /// Rows below the header.
        rows: i64,
    }

    /// What a sheet is.
    answer UploadMapping {
        /// Key of the register; empty for one that is left out.
        register: String,
        /// Key of the field per column; empty for one that is left out.
        columns: Vec<String>,
    }

    /// What a check or loading said.
    answer UploadReport {
        /// Only checked.
        dry_run: bool,
        /// Whether the registry was changed, or would be.
        saved: bool,
        /// Per register.
        sheets: Vec<UploadCounts>,
        /// What was refused, at most 200.
        refusals: Vec<UploadRefusal>,
        /// How many refusals there are.
        refusal_count: i64,
        /// What was taken but is worth a look, at most 200.
        remarks: Vec<UploadRefusal>,
        /// How many remarks there are.
        remark_count: i64,
    }

    /// Counts of a register.
    answer UploadCounts {
        /// Key of the register.
        register: String,
        /// Rows with data.
        rows: i64,
        /// New records.
        inserted: i64,
        /// Records of which a field changes.
        updated: i64,
        /// Records that are the same.
        unchanged: i64,
        /// Rows that are refused.
        rejected: i64,
    }

    /// Something about a cell.
    answer UploadRefusal {
        /// Stable code.
        code: String,
        /// Sheet, row and column.
        place: Option<String>,
        /// In Chinese.
        zh: String,
        /// In English.
        en: String,
    }

    /// What belongs where, one for each sheet of the file.
    request UploadColumns {
        /// In the order of the file.
        sheets: Vec<SheetGiven>,
    }

    /// What a sheet is.
    request SheetGiven {
        /// Key of the register; empty leaves it out.
        register: String,
        /// Key of the field per column; empty leaves it out.
        columns: Vec<String>,
    }

    /// How it is loaded.
    request UploadLoad {
        /// Loads the good rows although others are refused.
        skip_rejected: bool,
    }
}

/// Name of a workbook or a CSV file, without folders.
#[derive(Debug, Clone)]
pub struct FileName(String);

impl<'de> Deserialize<'de> for FileName {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<FileName, D::Error> {
        let name = String::deserialize(deserializer)?;
        let stem = name.strip_suffix(".csv").or_else(|| name.strip_suffix(".xlsx"));
        let fits = stem.is_some_and(|stem| {
            (1..=150).contains(&stem.chars().count())
                && !stem.chars().any(|c| c.is_control() || matches!(c, '/' | '\\'))
        });
        let refused = || serde::de::Error::custom("a file's name ends in .csv or .xlsx");
        if fits { Ok(FileName(name)) } else { Err(refused()) }
    }
}

impl Shape for FileName {
    fn schema(_: &mut Types) -> Value {
        let pattern = r"^[^/\\\u0000-\u001f\u007f-\u009f]{1,150}\.(csv|xlsx)$";
        json!({ "type": "string", "pattern": pattern, "examples": ["book.csv"] })
    }
}

/// A file as the body of a request.
#[derive(Debug)]
pub struct File(Bytes);

impl Argument for File {
    fn describe(operation: &mut Operation) {
        operation.body = Some(json!({ "type": "string", "format": "binary" }));
        operation.body_kind = Some("application/octet-stream");
        operation.refusals.extend([413, 415, 422]);
    }
}

impl FromRequest for File {
    type Error = Fault;
    type Future = LocalBoxFuture<'static, Result<File, Fault>>;

    fn from_request(req: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let (headers, mut payload) = (req.headers().clone(), payload.take());
        Box::pin(async move {
            // The gate leaves the body of an upload unread, and with it the token
            // of a page in it: a browser sends it as a header, a program its own.
            if !headers.contains_key("x-csrf-token") && !headers.contains_key("authorization") {
                return Err(Fault::forbidden());
            }
            let kind = headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok());
            if kind != Some("application/octet-stream") {
                let status = StatusCode::UNSUPPORTED_MEDIA_TYPE;
                return Err(Fault::new(status, "unsupported_media_type"));
            }
            let broken =
                || Fault::bad_request("上传的内容无法读取。", "The upload cannot be read.");
            let mut body = BytesMut::new();
            while let Some(chunk) = payload.next().await {
                body.extend_from_slice(&chunk.map_err(|_| broken())?);
                if body.len() > MAX_FILE {
                    return Err(Fault::new(StatusCode::PAYLOAD_TOO_LARGE, "payload_too_large"));
                }
            }
            Ok(File(body.freeze()))
        })
    }
}

/// Refusals that an answer names.
const NAMED: usize = 200;

fn refusals(found: &[Refusal]) -> Vec<UploadRefusal> {
    let named = found.iter().take(NAMED).map(|refusal| UploadRefusal {
        code: refusal.code.as_str().to_owned(),
        place: refusal.place.as_ref().map(ToString::to_string),
        zh: refusal.zh.clone(),
        en: refusal.en.clone(),
    });
    named.collect()
}

impl From<ImportReport> for UploadReport {
    fn from(report: ImportReport) -> UploadReport {
        let sheets = report.sheets.iter().map(|sheet| UploadCounts {
            register: sheet.key.to_owned(),
            rows: count(sheet.rows),
            inserted: count(sheet.inserted),
            updated: count(sheet.updated),
            unchanged: count(sheet.unchanged),
            rejected: count(sheet.rejected),
        });
        UploadReport {
            dry_run: report.dry_run,
            saved: report.saved,
            sheets: sheets.collect(),
            refusals: refusals(&report.refusals),
            refusal_count: count(report.refusal_count),
            remarks: refusals(&report.remarks),
            remark_count: count(report.remark_count),
        }
    }
}

impl From<UploadView> for UploadRecord {
    fn from(view: UploadView) -> UploadRecord {
        let sheets = view.sheets.into_iter().map(|sheet| UploadSheet {
            name: sheet.name,
            headers: sheet.headers,
            samples: sheet.samples,
            rows: count(sheet.rows),
        });
        let mapping = view.mapping.into_iter();
        UploadRecord {
            id: Id(view.id),
            file_name: view.file_name,
            rows: view.rows,
            sheets: sheets.collect(),
            mapping: mapping
                .map(|SheetMapping { register, columns }| UploadMapping { register, columns })
                .collect(),
            report: view.report.map(UploadReport::from),
            import: view.import_id.map(Id),
            created_at: Instant(view.created_at),
        }
    }
}

async fn list(user: Allowed<Import>, state: Data<AppState>) -> Reply<Read<UploadList>> {
    let rows = state.run(move |store| list_uploads(store, &user.authorized()?)).await?;
    let items = rows.into_iter().map(|row| UploadItem {
        id: Id(row.id),
        file_name: row.file_name,
        rows: row.row_count,
        created_at: Instant(row.created_at),
    });
    Ok(Read(UploadList { items: items.collect() }))
}

async fn send(
    user: Allowed<Import>,
    state: Data<AppState>,
    query: Query<FileAsked>,
    file: File,
) -> Reply<Made<UploadMade>> {
    let name = query.0.name.0;
    let id = state.run(move |store| receive(store, &user.authorized()?, &name, &file.0)).await?;
    Ok(Made(UploadMade { id: Id(id) }))
}

async fn show(
    user: Allowed<Import>,
    state: Data<AppState>,
    path: Path<Id>,
) -> Reply<Read<UploadRecord>> {
    let id = path.0.0;
    let view = state.run(move |store| load_upload(store, &user.authorized()?, id)).await?;
    Ok(Read(view.into()))
}

async fn columns(
    user: Allowed<Import>,
    state: Data<AppState>,
    path: Path<Id>,
    body: Json<UploadColumns>,
) -> Reply<Done> {
    let id = path.0.0;
    let sheets = body.0.sheets.into_iter();
    let mapping: Vec<SheetMapping> =
        sheets.map(|SheetGiven { register, columns }| SheetMapping { register, columns }).collect();
    state.run(move |store| set_mapping(store, &user.authorized()?, id, &mapping)).await?;
    Ok(Done)
}

async fn check(user: Allowed<Import>, state: Data<AppState>, path: Path<Id>) -> Reply<Queued> {
    enqueue(user, state, path, true, false).await
}

async fn load(
    user: Allowed<Import>,
    state: Data<AppState>,
    path: Path<Id>,
    body: Json<UploadLoad>,
) -> Reply<Queued> {
    enqueue(user, state, path, false, body.0.skip_rejected).await
}

/// Asks for the job; a book is loaded once, and only after it was checked.
async fn enqueue(
    user: Allowed<Import>,
    state: Data<AppState>,
    path: Path<Id>,
    dry_run: bool,
    skip_rejected: bool,
) -> Reply<Queued> {
    let upload = path.0.0;
    let id = state
        .run(move |store| {
            let known = load_upload(store, &user.authorized()?, upload)?;
            if known.import_id.is_some() || (known.report.is_none() && !dry_run) {
                return Err(AppError::coded(
                    ErrorCode::Conflict,
                    "该文件尚未检查,或已导入。",
                    "This book was not checked yet, or is loaded already.",
                ));
            }
            let wanted = ImportBook { upload, dry_run, skip_rejected };
            job::enqueue(store, user.session(), &wanted.ask())
        })
        .await?;
    state.jobs.wake();
    Ok(Queued { job: Id(id) })
}

async fn discard(user: Allowed<Import>, state: Data<AppState>, path: Path<Id>) -> Reply<Done> {
    let id = path.0.0;
    state.run(move |store| discard_upload(store, &user.authorized()?, id)).await?;
    Ok(Done)
}
