//! Files of reports: the month's table, notices, rolls, annual figures, the
//! population. They come like the files of the registers (`export`).

use actix_web::web::Data;
use serde::Deserialize;
use serde_json::{Value, json};

use super::export::FileFormat;
use super::once::{Effect, Once, create};
use super::operation::Api;
use super::population::{query_of, wanted};
use super::reply::{Created, Reply};
use super::shape::{Shape, Types, shapes};
use crate::domain::annual::FigureId;
use crate::domain::month::Month;
use crate::domain::population::{Band, Basis, Flow, Late};
use crate::error::{AppError, AppResult, Refusal};
use crate::http::{Access, Allowed, AppState, Fault, Json};
use crate::services::auth::ExportMasked;
use crate::services::report::{
    AnnualQuery, NoticeQuery, PopulationCell, ReportKind, RosterQuery, export_population,
    export_report,
};

/// Registers the operations.
pub fn routes(api: &mut Api<'_>, masked: Access) {
    let words = "Make a file of a report; needs the right to read reports too";
    api.post("/api/v1/exports/report", masked, report, words);
    let words = "Make a file of the population, or of the people that a figure counts";
    api.post("/api/v1/exports/population", masked, population, words);
}

/// Which report.
#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum ReportName {
    /// 汇总表.
    Month,
    /// 公示: of a program, or the totals.
    Notice,
    /// 花名册 of a program.
    Roll,
    /// The annual figures through the month.
    Annual,
    /// The rows that a figure of them counts.
    Rows,
}

impl Shape for ReportName {
    fn schema(_: &mut Types) -> Value {
        json!({ "type": "string", "enum": ["month", "notice", "roll", "annual", "rows"] })
    }
}

shapes! {
    /// A file of a report.
    request ReportFile {
        /// Which one.
        report: ReportName,
        /// The month; of the annual figures the last one.
        month: Month,
        /// Code of the program: of a roll always, of a notice for its names.
        program: Option<String>,
        /// Of `rows`: which figure.
        figure: Option<FigureId>,
        /// Its form.
        format: FileFormat,
        /// Why; stands in the log.
        purpose: String,
    }

    /// A file of the population.
    request PopulationFile {
        /// First month.
        from: Month,
        /// Last month.
        to: Month,
        /// Who is counted; by default everybody on the register.
        basis: Option<Basis>,
        /// The people that a figure counts, instead of the table.
        people: Option<bool>,
        /// Which figure: a column,
        figure: Option<Flow>,
        /// or reports that came late; with neither the records that break the
        /// identity.
        late: Option<Late>,
        /// Only this community.
        community: Option<String>,
        /// Only this age band.
        band: Option<Band>,
        /// Its form.
        format: FileFormat,
        /// Why; stands in the log.
        purpose: String,
    }
}

/// The report that is asked for; the caller's own rights are not in the body.
fn report_kind(
    asked: &ReportFile,
    user: &Allowed<ExportMasked>,
    state: &AppState,
) -> AppResult<ReportKind> {
    let month = asked.month;
    let missing = |field: &str, zh: &str, en: &str| AppError::refuse(Refusal::field(field, zh, en));
    let no_program = || missing("program", "请填写项目代码。", "Enter the code of the program.");
    let query = AnnualQuery { through: month, roster: None, public: false };
    Ok(match asked.report {
        ReportName::Month => {
            ReportKind::Month { month, mental: user.session().has_right("mental") }
        }
        ReportName::Notice => match asked.program.clone() {
            None => ReportKind::Public(month),
            // Posted from the day on which it is taken.
            Some(program) => ReportKind::Notice(NoticeQuery {
                program,
                month,
                from: state.store.clock().today(),
                phone: Some(state.settings.contact.clone()).filter(|text| !text.is_empty()),
            }),
        },
        ReportName::Roll => ReportKind::Roster(RosterQuery {
            program: asked.program.clone().ok_or_else(no_program)?,
            month,
            rights: user.session().extra(),
        }),
        ReportName::Annual => ReportKind::Annual(query),
        ReportName::Rows => {
            let none = || missing("figure", "请填写指标编号。", "Enter the number of the figure.");
            ReportKind::Rows(query, asked.figure.ok_or_else(none)?)
        }
    })
}

async fn report(
    user: Allowed<ExportMasked>,
    state: Data<AppState>,
    once: Once,
    body: Json<ReportFile>,
) -> Reply<Created> {
    let asked = body.0;
    let kind = report_kind(&asked, &user, &state).map_err(Fault::from)?;
    let actor = user.session().actor.clone();
    create(user, &state, once, move |store, by| {
        let (read, format) = (actor.authorize()?, asked.format.into());
        let file = export_report(store, by, &read, &kind, format, &asked.purpose)?;
        Ok(Effect::Made(file.id))
    })
    .await
}

async fn population(
    user: Allowed<ExportMasked>,
    state: Data<AppState>,
    once: Once,
    body: Json<PopulationFile>,
) -> Reply<Created> {
    let asked = body.0;
    let query = query_of(asked.from, asked.to, asked.basis);
    let cell = (asked.people == Some(true)).then(|| PopulationCell {
        wanted: wanted(asked.figure, asked.late),
        community: asked.community,
        band: asked.band,
    });
    let (format, purpose) = (asked.format.into(), asked.purpose);
    create(user, &state, once, move |store, by| {
        let file = export_population(store, by, query, cell.as_ref(), format, &purpose)?;
        Ok(Effect::Made(file.id))
    })
    .await
}
