//! 公示表: who receives a program, as it may be posted in the community
//! (`domain.md` §9.7, `ux.md` §8.3). Masked name, community, program, members,
//! amount and first month; nothing that names a number, an address, a tier or a
//! reason. Children's allowances and mental-health awards are never posted
//! (`rulings.md` P6).

use std::collections::HashMap;

use chrono::{Days, NaiveDate};

use super::document::{Cell, EVERY_SHEET, Group, Head, Section, TableRow};
use super::lines::Places;
use super::month_table::{DRAFT_MARK, EXAMPLE_MARK};
use super::people::{People, Shown};
use super::programs::{Programs, load_programs};
use super::render::Render;
use super::roster::{find_run, pages, written};
use crate::domain::ids::AwardId;
use crate::domain::money::Fen;
use crate::domain::month::Month;
use crate::domain::payout::{LineKind, RunState};
use crate::domain::summary::ProgramLabel;
use crate::error::{AppError, AppResult, ErrorCode};
use crate::services::auth::{Authorized, ReadReport};
use crate::store::audit::Entry;
use crate::store::report::RunHead;
use crate::store::roster::{list_confirmed_from, list_roster_lines};
use crate::store::{Db, Store};

/// How long a notice is posted.
const DAYS: u64 = 7;

/// Which notice is asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NoticeQuery {
    /// Program code.
    pub program: String,
    /// Month of the run.
    pub month: Month,
    /// First day on which it is posted.
    pub from: NaiveDate,
    /// 监督电话; none leaves a line to write it on.
    pub phone: Option<String>,
}

/// One household, person or case of the notice.
struct Posted {
    community: usize,
    name: String,
    persons: i32,
    amount: Fen,
    start: Option<Month>,
}

/// Whether a program may be posted with names.
#[must_use]
pub fn may_be_posted(label: &ProgramLabel) -> bool {
    !label.child && !label.mental
}

/// Writes a notice. That it was made, by whom and with how many rows, is in the
/// audit log.
///
/// # Errors
/// No such run; a program that is never posted; the output cannot be written.
pub fn write_notice(
    store: &Store,
    by: &Authorized<'_, ReadReport>,
    query: &NoticeQuery,
    out: &mut dyn Render,
) -> AppResult<()> {
    let street = by.street();
    let (head, places, mut rows) = store.read(|conn| {
        let run = find_run(conn, street, &query.program, query.month)?;
        let programs = load_programs(conn, std::slice::from_ref(&run))?;
        let label = programs.label(&run.program);
        if !may_be_posted(&label) {
            return Err(AppError::coded(
                ErrorCode::Forbidden,
                "儿童和精神障碍类待遇一律不公示。",
                "Allowances for children and mental-health awards are never posted.",
            ));
        }
        let mut places = Places::load(conn, street, run.month)?;
        let rows = posted(conn, store, &run, by, &mut places)?;
        let head = head(&run, &programs, &label, &places, query);
        Ok((head, places, rows))
    })?;
    tell_apart(&mut rows);
    let detail = format!("program={} month={} rows={}", query.program, query.month, rows.len());
    store.write(street, |tx| {
        tx.audit(&Entry {
            actor: by.username(),
            action: "notice.make",
            object_kind: "report",
            object_id: None,
            reason: None,
            detail: Some(&detail),
        })?;
        Ok(())
    })?;
    written(table(&head, &places, &rows, out))
}

/// Everybody with a regular amount in the run, by community.
fn posted(
    conn: &mut Db,
    store: &Store,
    run: &RunHead,
    by: &Authorized<'_, ReadReport>,
    places: &mut Places,
) -> AppResult<Vec<Posted>> {
    let street = by.street();
    let lines = list_roster_lines(conn, street, run.id, by.scope().area_codes())?;
    let mut rows = Vec::new();
    for page in pages(&lines) {
        let regular: Vec<_> = page
            .iter()
            .filter(|line| line.kind == LineKind::Regular && line.amount_fen.is_positive())
            .collect();
        let awards: Vec<AwardId> = regular.iter().map(|line| line.award_id).collect();
        let people = People::load(conn, street, &awards)?;
        let started: HashMap<AwardId, Month> =
            list_confirmed_from(conn, street, &awards, run.cut_off)?.into_iter().collect();
        for line in regular {
            rows.push(Posted {
                community: places.community(&line.area_code),
                name: people.behind(store.cipher(), line.award_id, Shown::Masked)?.name,
                persons: line.persons,
                amount: line.amount_fen,
                start: started.get(&line.award_id).copied(),
            });
        }
    }
    rows.sort_by_key(|row| row.community);
    Ok(rows)
}

/// Masked names that are alike in one community get a neutral suffix.
fn tell_apart(rows: &mut [Posted]) {
    const NUMERALS: [&str; 10] = ["一", "二", "三", "四", "五", "六", "七", "八", "九", "十"];
    let mut counts: HashMap<(usize, String), usize> = HashMap::new();
    for row in rows.iter() {
        *counts.entry((row.community, row.name.clone())).or_default() += 1;
    }
    counts.retain(|_, count| *count > 1);
    let mut seen: HashMap<(usize, String), usize> = HashMap::new();
    for row in rows {
        let key = (row.community, row.name.clone());
        if !counts.contains_key(&key) {
            continue;
        }
        let at = seen.entry(key).or_default();
        let number =
            NUMERALS.get(*at).map_or_else(|| (*at + 1).to_string(), |text| (*text).to_owned());
        *at += 1;
        row.name = format!("{}({number})", row.name);
    }
}

fn head(
    run: &RunHead,
    programs: &Programs,
    label: &ProgramLabel,
    places: &Places,
    query: &NoticeQuery,
) -> Head {
    let mut marks = Vec::new();
    if !matches!(run.state, RunState::Approved | RunState::Paid | RunState::Closed) {
        marks.push(DRAFT_MARK.to_owned());
    }
    if programs.illustrative() {
        marks.push(EXAMPLE_MARK.to_owned());
    }
    let last = query.from.checked_add_days(Days::new(DAYS - 1)).unwrap_or(query.from);
    let phone = query.phone.as_deref().unwrap_or("____________");
    Head {
        export: String::new(),
        title: format!("{}{}{}公示表", places.street_name(), run.month.zh(), label.zh),
        left: format!("公示单位:{}", places.street_name()),
        middle: format!("公示期 {DAYS} 日:{} 至 {last}", query.from),
        right: "单位:人、元".to_owned(),
        marks,
        footer: vec![
            format!("监督电话:{phone}"),
            "公示期满即撤下。".to_owned(),
            "对公示内容有异议的,请在公示期内反映。".to_owned(),
        ],
    }
}

fn table(
    head: &Head,
    places: &Places,
    rows: &[Posted],
    out: &mut dyn Render,
) -> std::io::Result<()> {
    out.begin(head)?;
    let groups = [
        ("序号", "no"),
        ("姓名", "name"),
        ("社区", "community"),
        ("保障人数", "persons"),
        ("月额(元)", "amount"),
        ("起始月", "start"),
    ]
    .map(|(title, key)| Group::single(title, key, EVERY_SHEET));
    out.section(&Section { groups: groups.to_vec(), ..Section::default() })?;
    let (mut persons, mut amount) = (0, Fen(0));
    for (at, row) in rows.iter().enumerate() {
        persons += i64::from(row.persons);
        amount += row.amount;
        out.row(TableRow {
            total: false,
            cells: vec![
                Cell::Count(i64::try_from(at + 1).unwrap_or(i64::MAX)),
                Cell::text(&row.name),
                Cell::text(places.name(row.community)),
                Cell::Count(i64::from(row.persons)),
                Cell::Money(row.amount),
                Cell::text(row.start.map(|month| month.to_string()).unwrap_or_default()),
            ],
        })?;
    }
    out.row(TableRow {
        total: true,
        cells: vec![
            Cell::Empty,
            Cell::text("合计"),
            Cell::Empty,
            Cell::Count(persons),
            Cell::Money(amount),
            Cell::Empty,
        ],
    })?;
    out.end_section(&[])?;
    out.finish(head)
}
