//! A report as a file, with the purpose for which it is taken.

use actix_web::HttpResponse;
use actix_web::http::header;

use crate::domain::annual::FigureId;
use crate::domain::month::Month;
use crate::domain::role::Rights;
use crate::error::Refusal;
use crate::http::{Allowed, Fault, Fields, Form, FromFields, Outcome};
use crate::services::auth::ExportMasked;
use crate::services::report::render::Format;
use crate::services::report::{
    AnnualQuery, Exported, NoticeQuery, ReportKind, RosterQuery, export_report,
};
use crate::web::Page;

/// The form; the right to see mental-health blocks is not in it.
#[derive(Debug)]
pub struct DownloadForm {
    kind: ReportKind,
    format: Format,
    purpose: String,
}

impl FromFields for DownloadForm {
    const FIELDS: &'static [&'static str] =
        &["report", "month", "program", "figure", "format", "purpose"];
    fn from_fields(fields: &mut Fields) -> Option<DownloadForm> {
        let month: Option<Month> =
            fields.parsed("month", "月份应写作 2023-11。", "Write the month as 2023-11.");
        let purpose = fields.required("purpose", "请填写用途。", "Enter the purpose.");
        let format = file_format(fields);
        let month = month?;
        let query = AnnualQuery { through: month, roster: None, public: false };
        let kind = match fields.value("report") {
            "month" => ReportKind::Month { month, mental: false },
            "notice" if fields.value("program").is_empty() => ReportKind::Public(month),
            "notice" => ReportKind::Notice(NoticeQuery {
                program: fields.value("program").to_owned(),
                month,
                from: month.first_day(),
                phone: None,
            }),
            "roll" => ReportKind::Roster(RosterQuery {
                program: fields.value("program").to_owned(),
                month,
                rights: Rights::default(),
            }),
            "annual" => ReportKind::Annual(query),
            "rows" => ReportKind::Rows(query, FigureId::parse(fields.value("figure"))?),
            _ => return None,
        };
        Some(DownloadForm { kind, format: format?, purpose: purpose? })
    }
}

/// `POST /reports/download`.
///
/// # Errors
/// 422 without a purpose; 404 if there is no such report.
pub async fn send(user: Allowed<ExportMasked>, page: Page, form: Form<DownloadForm>) -> Outcome {
    let (_, form) = form.checked();
    let DownloadForm { kind, format, purpose } = form?;
    let mental = page.has_right("mental");
    let kind = match kind {
        ReportKind::Month { month, .. } => ReportKind::Month { month, mental },
        ReportKind::Roster(query) => {
            super::monthly::check_mental(&page, &query.program, query.month, &user).await?;
            ReportKind::Roster(RosterQuery { rights: user.session().extra(), ..query })
        }
        // Posted from the day on which it is taken.
        ReportKind::Notice(query) => ReportKind::Notice(NoticeQuery {
            from: page.state().store.clock().today(),
            phone: Some(page.contact().to_owned()).filter(|text| !text.is_empty()),
            ..query
        }),
        other => other,
    };
    let file = page
        .run(move |store| {
            let read = user.session().actor.authorize()?;
            export_report(store, &user.authorized()?, &read, &kind, format, &purpose)
        })
        .await?;
    Ok::<HttpResponse, Fault>(file_response(format, file))
}

/// The form of a file that was asked for.
pub(in crate::web) fn file_format(fields: &mut Fields) -> Option<Format> {
    match fields.value("format") {
        "csv" => Some(Format::Csv),
        "xlsx" => Some(Format::Xlsx),
        _ => {
            let (zh, en) = ("请选择文件格式。", "Choose the form of the file.");
            fields.refuse(Refusal::field("format", zh, en));
            None
        }
    }
}

/// A file to be saved, never opened by the browser itself (SEC-078).
pub(in crate::web) fn file_response(format: Format, file: Exported) -> HttpResponse {
    let kind = match format {
        Format::Xlsx => "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
        _ => "text/csv; charset=utf-8",
    };
    // The name is made of codes: letters, digits, hyphens.
    let disposition = format!("attachment; filename=\"{}\"", file.name);
    HttpResponse::Ok()
        .content_type(kind)
        .insert_header((header::CONTENT_DISPOSITION, disposition))
        .insert_header(("x-content-sha256", file.digest))
        .body(file.bytes)
}
