//! A report as a file, with the purpose for which it is taken.

use actix_web::HttpResponse;
use actix_web::http::header;
use askama::Template;

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
use crate::web::form_view::redrawable;
use crate::web::pager::page_address;
use crate::web::{FormView, Page};

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
/// Redrawn without a purpose; 404 if there is no such report.
pub async fn send(user: Allowed<ExportMasked>, page: Page, form: Form<DownloadForm>) -> Outcome {
    let (fields, form) = form.checked();
    let DownloadForm { kind, format, purpose } = match form {
        Ok(form) => form,
        Err(error) => {
            let of = report_form(&fields);
            return again(page, fields, error.into(), &of);
        }
    };
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
    let made = page
        .run(move |store| {
            let read = user.session().actor.authorize()?;
            export_report(store, &user.authorized()?, &read, &kind, format, &purpose)
        })
        .await;
    match made {
        Ok(file) => Ok::<HttpResponse, Fault>(file_response(format, file)),
        Err(fault) => {
            let of = report_form(&fields);
            again(page, fields, fault, &of)
        }
    }
}

/// The names that say which file is wanted; the purpose is typed.
const WANTED: &[&str] = &["report", "month", "program", "figure"];

fn report_form(fields: &Fields) -> FileForm {
    let (path, names): (_, &[&str]) = match fields.value("report") {
        "month" => ("/reports/monthly", &["month"]),
        "rows" => ("/reports/annual/rows", &["month", "figure"]),
        "annual" => ("/reports/annual", &["month"]),
        "roll" => ("/reports/roll", &["month", "program"]),
        _ => ("/reports/notice", &["month", "program"]),
    };
    let back = page_address(path, fields, names, &[]);
    FileForm { action: "/reports/download", hidden: hidden(fields, WANTED), back }
}

/// Where the form of a file goes, what it carries, and where it stands.
pub(super) struct FileForm {
    pub(super) action: &'static str,
    pub(super) hidden: Vec<(&'static str, String)>,
    pub(super) back: String,
}

/// The values of these fields, to be sent along.
pub(in crate::web) fn hidden(
    fields: &Fields,
    names: &[&'static str],
) -> Vec<(&'static str, String)> {
    names.iter().map(|name| (*name, fields.value(name).to_owned())).collect()
}

#[derive(Template)]
#[template(path = "report/export.html")]
struct AgainPage<'a> {
    page: &'a Page,
    form: FormView,
    of: &'a FileForm,
}

/// The form of a file again, with what is wrong and what was typed.
pub(super) fn again(page: Page, fields: Fields, fault: Fault, of: &FileForm) -> Outcome {
    let refusals = redrawable(fault)?;
    let page = page.title("report.export").with_errors();
    let form = FormView::with_errors(&page, fields, &refusals);
    page.again(&AgainPage { page: &page, form, of })
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
