//! `mingce report`: the month's table, rosters, the annual figures.

use std::fs::File;
use std::io::{self, BufWriter, IsTerminal, Write};
use std::path::{Path, PathBuf};

use chrono::NaiveDate;
use clap::{Args, Subcommand, ValueEnum};

use super::Context;
use crate::domain::annual::{FIGURES, FigureId};
use crate::domain::month::Month;
use crate::domain::population::Basis;
use crate::domain::role::Rights;
use crate::domain::summary::Summary;
use crate::error::{AppError, AppResult, ErrorCode, Refusal};
use crate::services::auth::{ExportMasked, ExportPlain, ReadReport};
use crate::services::report::month_table::write_summary;
use crate::services::report::public_table::write_public_totals;
use crate::services::report::render::{Format, renderer};
use crate::services::report::year_table::write_annual;
use crate::services::report::{
    AnnualQuery, NoticeQuery, PopulationQuery, RosterQuery, RosterRight, annual, annual_rows,
    month_summary, population, write_notice, write_population, write_roster,
};

/// What to report.
#[derive(Debug, Subcommand)]
pub enum ReportCommand {
    /// The month's table, program × community 月度汇总表
    Month(MonthArgs),
    /// The roster of a program: one row per beneficiary, masked 发放花名册
    Roster(RosterArgs),
    /// Who receives a program, masked, as it may be posted 公示表
    Notice(NoticeArgs),
    /// The population of a period by community and age band 人口变动表
    Population(PopulationArgs),
    /// Figures R01 and R05–R15 of the annual report, and its paragraph 年度指标
    Year(YearArgs),
}

/// Where and how a report is written.
#[derive(Debug, Args)]
pub struct OutputArgs {
    /// Form of the report 输出格式
    #[arg(long, value_enum, default_value_t = FormatArg::Text)]
    format: FormatArg,
    /// Write to this file instead of the terminal 输出文件
    #[arg(long)]
    out: Option<PathBuf>,
}

/// Forms on the command line.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum FormatArg {
    /// Aligned text
    Text,
    /// JSON; amounts are whole fen
    Json,
    /// CSV for a spreadsheet (UTF-8 with BOM)
    Csv,
    /// Excel workbook
    Xlsx,
    /// A4 landscape page to print
    Html,
}

/// `mingce report month`.
#[derive(Debug, Args)]
pub struct MonthArgs {
    /// Month, for example 2023-11 月份
    month: Month,
    #[command(flatten)]
    output: OutputArgs,
    /// Totals that may leave the office: cells below 5 are hidden 对外公开口径
    #[arg(long)]
    public: bool,
    /// Show mental-health blocks by community too (needs the right) 含监护补助明细
    #[arg(long)]
    mental: bool,
}

/// `mingce report roster`.
#[derive(Debug, Args)]
pub struct RosterArgs {
    /// Month, for example 2023-11 月份
    month: Month,
    /// Code of the program, for example dibao 项目
    #[arg(long)]
    program: String,
    #[command(flatten)]
    output: OutputArgs,
    /// Names and numbers in full, for signing; the log names you 不脱敏
    #[arg(long)]
    plain: bool,
    /// The roster of mental-health awards too (needs the right) 含监护补助
    #[arg(long)]
    mental: bool,
    /// The class of children's awards too (needs the right) 含儿童类别
    #[arg(long)]
    child: bool,
}

/// `mingce report notice`.
#[derive(Debug, Args)]
pub struct NoticeArgs {
    /// Month, for example 2023-11 月份
    month: Month,
    /// Code of the program, for example dibao 项目
    #[arg(long)]
    program: String,
    /// First day of the seven on which it is posted; default: today 公示起始日
    #[arg(long)]
    from: Option<NaiveDate>,
    /// Telephone for objections 监督电话
    #[arg(long)]
    phone: Option<String>,
    #[command(flatten)]
    output: OutputArgs,
}

/// `mingce report year`.
#[derive(Debug, Args)]
pub struct YearArgs {
    /// Year, for example 2023 年份
    year: i32,
    /// Last month of the period, 1 to 12 截至月份
    #[arg(long, default_value_t = 12, value_parser = clap::value_parser!(u32).range(1..=12))]
    through: u32,
    /// Month of the rosters; default: the last closed month of the period 花名册月份
    #[arg(long)]
    roster_month: Option<Month>,
    /// List the rows that a figure counts, for example R05 列出某指标所计对象
    #[arg(long)]
    rows: Option<String>,
    /// Figures that may leave the office: below 5 are hidden 对外公开口径
    #[arg(long)]
    public: bool,
    #[command(flatten)]
    output: OutputArgs,
}

/// `mingce report population`.
#[derive(Debug, Args)]
pub struct PopulationArgs {
    /// First month, for example 2023-01 起始月份
    from: Month,
    /// Last month; default: the first 截止月份
    #[arg(long)]
    through: Option<Month>,
    /// Who is counted: register, hukou (registered here) or living (usual residents) 口径
    #[arg(long, default_value = "register", value_parser = basis)]
    basis: Basis,
    #[command(flatten)]
    output: OutputArgs,
}

fn basis(text: &str) -> Result<Basis, String> {
    Basis::parse(text).ok_or_else(|| {
        let known: Vec<&str> = Basis::ALL.iter().map(|basis| basis.code()).collect();
        format!("可用 / choose one of: {}", known.join(" "))
    })
}

/// Runs `mingce report …`.
///
/// # Errors
/// What the service refuses; the file cannot be written.
pub fn run(context: &Context, command: &ReportCommand) -> AppResult<()> {
    match command {
        ReportCommand::Month(args) => month(context, args),
        ReportCommand::Roster(args) => roster(context, args),
        ReportCommand::Notice(args) => notice(context, args),
        ReportCommand::Population(args) => population_table(context, args),
        ReportCommand::Year(args) => year(context, args),
    }
}

fn month(context: &Context, args: &MonthArgs) -> AppResult<()> {
    let store = context.open_existing()?;
    let actor = context.operator(&context.street(&store)?);
    let by = actor.authorize::<ReadReport>()?;
    let summary = month_summary(&store, &by, args.month)?;
    let summary = if args.mental { summary } else { summary.without_mental() };
    let format = args.output.format(context);
    args.output.write(format, |out| {
        if args.public {
            return written(write_public_totals(&summary, renderer(format, out).as_mut()));
        }
        print_summary(&summary, format, out)
    })
}

/// Writes a month's table: the demo prints the same one.
///
/// # Errors
/// The output cannot be written.
pub fn print_summary(summary: &Summary, format: Format, out: &mut dyn Write) -> AppResult<()> {
    if format == Format::Json {
        return print_json(summary, out);
    }
    written(write_summary(summary, renderer(format, out).as_mut()))
}

fn roster(context: &Context, args: &RosterArgs) -> AppResult<()> {
    let store = context.open_existing()?;
    let actor = context.operator(&context.street(&store)?);
    let rights = Rights { child: args.child, mental: args.mental };
    let query = RosterQuery { program: args.program.clone(), month: args.month, rights };
    let format = args.output.format(context);
    args.output.write(format, |out| {
        let mut table = renderer(format, out);
        if args.plain {
            let by = actor.authorize::<ExportPlain>()?;
            return write_roster(&store, &RosterRight::Plain(&by), &query, table.as_mut());
        }
        let by = actor.authorize::<ReadReport>()?;
        write_roster(&store, &RosterRight::Masked(&by), &query, table.as_mut())
    })
}

fn notice(context: &Context, args: &NoticeArgs) -> AppResult<()> {
    let store = context.open_existing()?;
    let actor = context.operator(&context.street(&store)?);
    let by = actor.authorize::<ReadReport>()?;
    let query = NoticeQuery {
        program: args.program.clone(),
        month: args.month,
        from: args.from.unwrap_or_else(|| store.clock().today()),
        phone: args.phone.clone(),
    };
    let format = args.output.format(context);
    args.output
        .write(format, |out| write_notice(&store, &by, &query, renderer(format, out).as_mut()))
}

/// A broken identity stands in the table and makes the command fail.
fn population_table(context: &Context, args: &PopulationArgs) -> AppResult<()> {
    let store = context.open_existing()?;
    let actor = context.operator(&context.street(&store)?);
    let by = actor.authorize::<ExportMasked>()?;
    let to = args.through.unwrap_or(args.from);
    let table =
        population(&store, &by, PopulationQuery { from: args.from, to, basis: args.basis })?;
    let format = args.output.format(context);
    args.output
        .write(format, |out| written(write_population(&table, renderer(format, out).as_mut())))?;
    if table.broken().is_empty() {
        return Ok(());
    }
    Err(AppError::coded(
        ErrorCode::Integrity,
        "人口变动表勾稽不平,见表上标注;请核对所标社区的记录和事件。",
        "The population does not balance; check the records and events of the marked rows.",
    ))
}

fn year(context: &Context, args: &YearArgs) -> AppResult<()> {
    let through = Month::new(args.year, args.through).ok_or_else(|| {
        AppError::refuse(Refusal::field(
            "year",
            "年份应在 1900 到 2999 之间。",
            "The year must lie between 1900 and 2999.",
        ))
    })?;
    let query = AnnualQuery { through, roster: args.roster_month, public: args.public };
    let rows = args.rows.as_deref().map(figure).transpose()?;
    let store = context.open_existing()?;
    let actor = context.operator(&context.street(&store)?);
    let by = actor.authorize::<ReadReport>()?;
    let format = args.output.format(context);
    args.output.write(format, |out| match rows {
        Some(id) => annual_rows(&store, &by, query, id, renderer(format, out).as_mut()),
        None => {
            let report = annual(&store, &by, query)?;
            if format == Format::Json {
                return print_json(&report, out);
            }
            written(write_annual(&report, renderer(format, out).as_mut()))
        }
    })
}

fn figure(text: &str) -> AppResult<FigureId> {
    FigureId::parse(text).ok_or_else(|| {
        let known: Vec<String> =
            FIGURES.iter().map(|definition| format!("{:?}", definition.id)).collect();
        let known = known.join(" ");
        AppError::refuse(Refusal::field(
            "rows",
            format!("没有指标 {text};可用:{known}"),
            format!("There is no figure {text}; choose one of: {known}"),
        ))
    })
}

impl OutputArgs {
    /// `--json` means JSON for every command.
    fn format(&self, context: &Context) -> Format {
        match self.format {
            FormatArg::Text if context.args.json => Format::Json,
            FormatArg::Text => Format::Text,
            FormatArg::Json => Format::Json,
            FormatArg::Csv => Format::Csv,
            FormatArg::Xlsx => Format::Xlsx,
            FormatArg::Html => Format::Html,
        }
    }

    /// To the file, which appears whole or not at all, or to standard output.
    fn write(
        &self,
        format: Format,
        body: impl FnOnce(&mut dyn Write) -> AppResult<()>,
    ) -> AppResult<()> {
        let Some(path) = &self.out else {
            let stdout = io::stdout();
            if format == Format::Xlsx && stdout.is_terminal() {
                return Err(AppError::refuse(Refusal::field(
                    "out",
                    "工作簿不能显示在终端上,请用 --out 指定文件。",
                    "A workbook cannot be shown on a terminal; name a file with --out.",
                )));
            }
            return match body(&mut BufWriter::new(stdout)) {
                // `| head` is no failure.
                Err(AppError::Io { source, .. }) if source.kind() == io::ErrorKind::BrokenPipe => {
                    Ok(())
                }
                other => other,
            };
        };
        let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty());
        let folder = folder.unwrap_or(Path::new("."));
        let temporary = tempfile::NamedTempFile::new_in(folder).map_err(AppError::io(path))?;
        {
            let file: &File = temporary.as_file();
            let mut buffered = BufWriter::new(file);
            body(&mut buffered)?;
            buffered.flush().map_err(AppError::io(path))?;
            file.sync_all().map_err(AppError::io(path))?;
        }
        temporary.persist(path).map_err(|error| AppError::io(path)(error.error))?;
        eprintln!("已写入 {} / written", path.display());
        Ok(())
    }
}

fn print_json(value: &impl serde::Serialize, out: &mut dyn Write) -> AppResult<()> {
    written(serde_json::to_writer_pretty(&mut *out, value).map_err(io::Error::from))?;
    written(writeln!(out).and_then(|()| out.flush()))
}

fn written(outcome: io::Result<()>) -> AppResult<()> {
    outcome.map_err(|source| AppError::Io { path: "输出 / output".into(), source })
}
