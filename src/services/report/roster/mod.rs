//! 发放花名册: one row per beneficiary of a run, by community (`domain.md` §9.3).

mod layout;
mod pages;

use std::collections::HashMap;

use self::layout::{columns, sums, total_row};
use self::pages::Row;
pub(super) use self::pages::pages;
use super::document::{Cell, Head, Section};
use super::lines::Places;
use super::month_table::{DRAFT_MARK, EXAMPLE_MARK};
use super::people::{Behind, People, Shown};
use super::programs::{Programs, load_programs};
use super::render::Render;
use crate::domain::chinese_amount::chinese_amount;
use crate::domain::code_table::Relation;
use crate::domain::ids::AwardId;
use crate::domain::money::Fen;
use crate::domain::month::Month;
use crate::domain::payout::{LineKind, RunState};
use crate::domain::role::Rights;
use crate::domain::summary::{Period, ProgramLabel};
use crate::error::{AppError, AppResult, ErrorCode};
use crate::services::Authorized;
use crate::services::auth::{ExportPlain, ReadReport};
use crate::store::audit::Entry;
use crate::store::report::{ReportLine, RunHead, list_runs};
use crate::store::roster::{
    EarlierLine, list_confirmed_from, list_regular_lines, list_roster_lines,
};
use crate::store::{Cipher, Db, Store};

/// Which roster is asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RosterQuery {
    /// Program code.
    pub program: String,
    /// Month of the run.
    pub month: Month,
    /// What the caller may see beyond the role (`rulings.md` P6): without `mental`
    /// no roster of patients, without `child` no class of a child's award.
    pub rights: Rights,
}

/// The right under which a roster is written.
#[derive(Debug)]
pub enum RosterRight<'a, 'b> {
    /// Masked names and numbers.
    Masked(&'a Authorized<'b, ReadReport>),
    /// The signed roster: plain.
    Plain(&'a Authorized<'b, ExportPlain>),
}

/// Writes a roster row by row. That it was made, by whom and whether plain, is
/// in the audit log before the first row is.
///
/// # Errors
/// No such run; a stored value does not open; the output cannot be written.
pub fn write_roster(
    store: &Store,
    right: &RosterRight<'_, '_>,
    query: &RosterQuery,
    out: &mut dyn Render,
) -> AppResult<()> {
    let (scope, user, shown) = match right {
        RosterRight::Masked(by) => (by.scope(), by.username(), Shown::Masked),
        RosterRight::Plain(by) => (by.scope(), by.username(), Shown::Plain),
    };
    let street = scope.street_code();
    let (roster, lines) = store.read(|conn| {
        let run = find_run(conn, street, &query.program, query.month)?;
        let lines = list_roster_lines(conn, street, run.id, scope.area_codes())?;
        let roster = Roster::open(conn, street, run, (shown, query.rights))?;
        if roster.label.mental && !query.rights.mental {
            return Err(AppError::coded(
                ErrorCode::Forbidden,
                "监护补助的名单需要“精神障碍信息”权限;汇总表中有其合计。",
                "This roster needs the right \"mental\"; the summary shows the block's total.",
            ));
        }
        Ok((roster, lines))
    })?;
    let detail = format!("program={} month={} shown={shown:?}", query.program, query.month);
    store.write(street, |tx| {
        tx.audit(&Entry {
            actor: user,
            action: "roster.export",
            object_kind: "run",
            object_id: Some(roster.run.id),
            reason: None,
            detail: Some(&detail),
        })?;
        Ok(())
    })?;
    let now = store.clock().now() + chrono::Duration::hours(8);
    let printed = format!("制作:{user} {}(北京时间)", now.format("%Y-%m-%d %H:%M"));
    let head = roster.head(&printed);
    written(out.begin(&head))?;
    written(out.section(&Section { groups: columns(), ..Section::default() }))?;
    let (count, totals) = pages::write_pages(store, &roster, &lines, out)?;
    written(out.row(total_row(count, totals)))?;
    let words = chinese_amount(totals.paid());
    written(out.end_section(&[format!("实发合计(大写):人民币{words}")]))?;
    written(out.finish(&head))
}

/// The regular lines of the program's run one period before.
fn earlier_lines(
    conn: &mut Db,
    street: &str,
    run: &RunHead,
    period: Period,
) -> AppResult<HashMap<i64, EarlierLine>> {
    let back = match period {
        Period::Monthly => 1,
        Period::Quarterly => 3,
        Period::Once => return Ok(HashMap::new()),
    };
    let before = list_runs(conn, street, &[run.month.plus(-back)])?;
    let Some(before) = before.into_iter().find(|other| other.program == run.program) else {
        return Ok(HashMap::new());
    };
    let lines = list_regular_lines(conn, street, before.id)?;
    Ok(lines.into_iter().map(|line| (line.beneficiary_id, line)).collect())
}

/// The run of a program in a month.
pub(super) fn find_run(
    conn: &mut Db,
    street: &str,
    program: &str,
    month: Month,
) -> AppResult<RunHead> {
    let runs = list_runs(conn, street, &[month])?;
    let known: Vec<String> = runs.iter().map(|run| run.program.clone()).collect();
    runs.into_iter().find(|run| run.program == program).ok_or_else(|| {
        let known = if known.is_empty() { "—".to_owned() } else { known.join(", ") };
        AppError::coded(
            ErrorCode::NotFound,
            format!("{month} 没有项目 {program} 的批次。本月有批次的项目:{known}"),
            format!("No run of program {program} in {month}. Programs with a run: {known}"),
        )
    })
}

/// Everything that stays the same from page to page.
struct Roster<'a> {
    street: &'a str,
    run: RunHead,
    shown: Shown,
    shows_tier: bool,
    places: Places,
    label: ProgramLabel,
    illustrative: bool,
    standard: Option<Fen>,
    standard_changed: bool,
    /// Regular lines of the month, or quarter, before.
    earlier: HashMap<i64, EarlierLine>,
}

impl<'a> Roster<'a> {
    fn open(
        conn: &mut Db,
        street: &'a str,
        run: RunHead,
        (shown, rights): (Shown, Rights),
    ) -> AppResult<Roster<'a>> {
        let programs: Programs = load_programs(conn, std::slice::from_ref(&run))?;
        let standard = programs.standard(&run.program, run.month, run.cut_off);
        let earlier = run.month.prev();
        let before = programs.standard(&run.program, earlier, earlier.day(15).min(run.cut_off));
        let label = programs.label(&run.program);
        Ok(Roster {
            shows_tier: !label.child || rights.child,
            street,
            shown,
            places: Places::load(conn, street, run.month)?,
            earlier: earlier_lines(conn, street, &run, label.period)?,
            label,
            illustrative: programs.illustrative(),
            standard,
            standard_changed: standard != before,
            run,
        })
    }

    fn head(&self, printed: &str) -> Head {
        let month = self.run.month.zh();
        let mut marks = Vec::new();
        if self.run.state != RunState::Closed {
            marks.push(DRAFT_MARK.to_owned());
        }
        if self.illustrative {
            marks.push(EXAMPLE_MARK.to_owned());
        }
        Head {
            export: String::new(),
            title: format!("{}{month}{}发放花名册", self.places.street_name(), self.label.zh),
            left: format!("填报单位:{}", self.places.street_name()),
            middle: printed.to_owned(),
            right: "单位:人、元".to_owned(),
            marks,
            footer: [
                "制表人:        ",
                "审核人:        ",
                "负责人:        ",
                "填表日期:    年  月  日",
            ]
            .map(str::to_owned)
            .to_vec(),
        }
    }

    fn page(&self, conn: &mut Db, cipher: &Cipher, lines: &[ReportLine]) -> AppResult<Vec<Row>> {
        let groups = || lines.chunk_by(|a, b| a.beneficiary_id == b.beneficiary_id);
        let awards: Vec<AwardId> =
            groups().filter_map(|group| group.first()).map(|line| line.award_id).collect();
        let people = People::load(conn, self.street, &awards)?;
        let started: HashMap<AwardId, Month> =
            list_confirmed_from(conn, self.street, &awards, self.run.cut_off)?
                .into_iter()
                .collect();
        let mut rows = Vec::with_capacity(awards.len());
        for group in groups() {
            let Some(first) = group.first() else { continue };
            // What is only below the table (a claim, a hold) is in no roster.
            if !group.iter().any(|line| line.kind.is_paid()) {
                continue;
            }
            let behind = people.behind(cipher, first.award_id, self.shown)?;
            let start = started.get(&first.award_id).copied();
            rows.push(self.row(group, first, &behind, start));
        }
        Ok(rows)
    }

    fn row(
        &self,
        group: &[ReportLine],
        first: &ReportLine,
        behind: &Behind,
        start: Option<Month>,
    ) -> Row {
        let regular = group.iter().find(|line| line.kind == LineKind::Regular);
        let sums = sums(group);
        let months: Vec<String> = group
            .iter()
            .filter(|line| line.kind == LineKind::Arrears)
            .map(|line| line.month.to_string())
            .collect();
        let (_, community) = self.places.community_of(&first.area_code);
        let relation = Relation::parse(&behind.relation).map_or("", Relation::zh);
        let change = self.change(regular, self.earlier.get(&first.beneficiary_id));
        let text = |text: &str| Cell::text(text);
        let cells = vec![
            Cell::Empty, // its number, known when it is written
            text(self.places.street_name()),
            text(community),
            text(self.places.grid_name(&first.area_code)),
            text(&self.label.zh),
            text(first.tier.as_deref().filter(|_| self.shows_tier).unwrap_or_default()),
            text(&behind.head_name),
            text(&behind.head_no),
            text(&behind.name),
            text(&behind.number),
            text(relation),
            text(&behind.cert_no),
            Cell::Count(i64::from(regular.unwrap_or(first).persons)),
            self.standard.map_or(Cell::Empty, Cell::Money),
            Cell::Money(sums.base),
            Cell::Money(sums.supplement),
            Cell::Money(sums.regular),
            Cell::Money(sums.arrears),
            text(&months.join(" ")),
            Cell::Money(sums.deduction),
            text(if sums.deduction.is_positive() { "分期扣回" } else { "" }),
            Cell::Money(sums.paid()),
            text(&behind.payee_name),
            text(&behind.payee_no),
            text(&behind.bank),
            text(&behind.account),
            text(&behind.phone),
            text(&start.map(|month| month.to_string()).unwrap_or_default()),
            text(change),
            text(if months.is_empty() { "" } else { "含补发" }),
        ];
        Row { cells, sums }
    }

    /// 变动类型 against the month (or quarter) before.
    fn change(&self, regular: Option<&ReportLine>, earlier: Option<&EarlierLine>) -> &'static str {
        let before = earlier.map(|line| line.amount_fen).unwrap_or_default();
        let now = regular.map(|line| line.amount_fen).unwrap_or_default();
        let same_people = earlier.zip(regular).is_some_and(|(earlier, regular)| {
            earlier.persons == regular.persons && earlier.tier == regular.tier
        });
        match (before.is_positive(), now.is_positive()) {
            (false, false) => "",
            (false, true) => "新增",
            (true, false) => "停发",
            (true, true) if now == before => "不变",
            (true, true) if self.standard_changed && same_people => "调标",
            (true, true) if now > before => "增发",
            (true, true) => "减发",
        }
    }
}

pub(super) fn written<T>(outcome: std::io::Result<T>) -> AppResult<T> {
    outcome.map_err(|source| AppError::Io { path: "输出 / output".into(), source })
}
