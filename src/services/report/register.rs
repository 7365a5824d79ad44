//! The registers of residents and households as files: masked, or in full for
//! whoever may.

use std::collections::HashMap;

use super::document::{Cell, EVERY_SHEET, Group, Head, Section, TableRow};
use super::export::{Exported, FileAsked, export_file};
use super::people::Shown;
use super::render::{Format, Render};
use super::roster::written;
use crate::domain::code_table::Sex;
use crate::domain::household::HouseholdKind;
use crate::domain::ids::ResidentId;
use crate::domain::mask;
use crate::domain::resident::ResidentStatus;
use crate::error::{AppError, AppResult, Refusal};
use crate::services::auth::{Authorized, ExportPlain, ExportRegister, Permit, ViewRegistry};
use crate::services::directory::{
    HomeQuery, PeopleQuery, area_name, count_people, list_homes, list_people,
};
use crate::services::record::open_opt;
use crate::store::directory::Place;
use crate::store::resident::{DOC_NO, PHONE, ResidentRow, list_residents_by_id};
use crate::store::{Store, area};

/// Rows that a file made by a page may have; more go by the command line.
pub const MAX_ROWS: i64 = 200_000;
/// Rows per query.
const CHUNK: i64 = 5_000;

/// Which register, narrowed as its list is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RegisterQuery {
    /// Residents.
    Residents {
        /// Part of a name, or its sound.
        name: Option<String>,
        /// Part of an address.
        address: Option<String>,
        /// Community or grid.
        area: Option<String>,
        /// State of the record.
        status: Option<ResidentStatus>,
    },
    /// Households.
    Households {
        /// Part of the address or of the number.
        text: Option<String>,
        /// Community or grid.
        area: Option<String>,
        /// Which grouping.
        kind: Option<HouseholdKind>,
        /// Closed ones too.
        closed: bool,
    },
}

impl RegisterQuery {
    fn name(&self) -> &'static str {
        match self {
            RegisterQuery::Residents { .. } => "residents",
            RegisterQuery::Households { .. } => "households",
        }
    }

    /// What it was narrowed to, for the log: typed names and addresses only as
    /// a mark that there were some.
    fn filter(&self) -> String {
        let typed =
            |name: &str, value: &Option<String>| value.as_ref().map(|_| format!("{name}=*"));
        let code = |name: &str, value: Option<&str>| value.map(|value| format!("{name}={value}"));
        let parts: Vec<Option<String>> = match self {
            RegisterQuery::Residents { name, address, area, status } => vec![
                typed("name", name),
                typed("address", address),
                code("area", area.as_deref()),
                code("status", status.map(ResidentStatus::code)),
            ],
            RegisterQuery::Households { text, area, kind, closed } => vec![
                typed("text", text),
                code("area", area.as_deref()),
                code("kind", kind.map(HouseholdKind::code)),
                closed.then(|| "closed=1".to_owned()),
            ],
        };
        parts.into_iter().flatten().collect::<Vec<_>>().join(" ")
    }

    fn people(&self, place: Place<(String, ResidentId)>, limit: i64) -> Option<PeopleQuery> {
        let RegisterQuery::Residents { name, address, area, status } = self else { return None };
        let (name, address, area) = (name.clone(), address.clone(), area.clone());
        Some(PeopleQuery { name, address, area, status: *status, place, limit })
    }

    fn homes(&self, place: Place<crate::domain::ids::HouseholdId>, limit: i64) -> HomeQuery {
        let (text, area, kind, closed) = match self {
            RegisterQuery::Households { text, area, kind, closed } => {
                (text.clone(), area.clone(), *kind, *closed)
            }
            RegisterQuery::Residents { .. } => (None, None, None, false),
        };
        HomeQuery { text, area, kind, closed, place, limit }
    }
}

/// How many rows the file will have.
///
/// # Errors
/// The database failed.
pub fn count_register(
    store: &Store,
    by: &Authorized<'_, ViewRegistry>,
    query: &RegisterQuery,
) -> AppResult<i64> {
    match query.people(Place::Start, 1) {
        Some(people) => count_people(store, by, &people),
        None => {
            let homes = list_homes(store, by, &query.homes(Place::Start, 1))?;
            Ok(homes.total.unwrap_or_default())
        }
    }
}

/// The right to a file of a register.
#[derive(Debug)]
pub enum RegisterRight<'a, 'b> {
    /// Through the masks of `domain.md` §10.3.
    Masked(&'a Authorized<'b, ExportRegister>),
    /// In full.
    Plain(&'a Authorized<'b, ExportPlain>),
}

/// Makes a file of a register and logs it.
///
/// # Errors
/// No purpose; more than [`MAX_ROWS`] rows; the database failed.
pub fn export_register(
    store: &Store,
    view: &Authorized<'_, ViewRegistry>,
    right: &RegisterRight<'_, '_>,
    query: &RegisterQuery,
    (format, purpose): (Format, &str),
) -> AppResult<Exported> {
    let total = count_register(store, view, query)?;
    if total > MAX_ROWS {
        return Err(AppError::refuse(Refusal::field(
            "format",
            format!("共 {total} 行,超过 {MAX_ROWS} 行。请缩小范围,或由管理员用命令行导出。"),
            format!("{total} rows are more than {MAX_ROWS}. Narrow them, or export by command."),
        )));
    }
    match right {
        RegisterRight::Masked(by) => write(store, view, by, query, (format, purpose, false)),
        RegisterRight::Plain(by) => write(store, view, by, query, (format, purpose, true)),
    }
}

fn write<P: Permit>(
    store: &Store,
    view: &Authorized<'_, ViewRegistry>,
    by: &Authorized<'_, P>,
    query: &RegisterQuery,
    (format, purpose, plain): (Format, &str, bool),
) -> AppResult<Exported> {
    let name = format!("{}-{}", query.name(), store.clock().today());
    let asked = FileAsked { name: &name, format, purpose, filter: &query.filter(), plain };
    let shown = if plain { Shown::Plain } else { Shown::Masked };
    export_file(store, by, &asked, |out| match query {
        RegisterQuery::Residents { .. } => write_residents(store, view, query, shown, out),
        RegisterQuery::Households { .. } => write_homes(store, view, query, shown, out),
    })
}

fn begin(
    out: &mut dyn Render,
    title: &str,
    (street, shown): (&str, Shown),
    columns: &[(&'static str, &'static str)],
) -> std::io::Result<Head> {
    let marks = match shown {
        Shown::Masked => Vec::new(),
        Shown::Plain => vec!["含个人信息明文,用后销毁 / personal data in full".to_owned()],
    };
    let title = format!("{street}{title}");
    let head = Head { title, marks, ..Head::default() };
    out.begin(&head)?;
    let groups = columns.iter().map(|(title, key)| Group::single(title, key, EVERY_SHEET));
    out.section(&Section { heading: String::new(), groups: groups.collect(), merge_first: false })?;
    Ok(head)
}

fn end(out: &mut dyn Render, head: &Head) -> std::io::Result<()> {
    out.end_section(&[])?;
    out.finish(head)
}

const PERSON_COLUMNS: [(&str, &str); 10] = [
    ("姓名", "name"),
    ("证件类型", "doc_kind"),
    ("证件号码", "doc_no"),
    ("性别", "sex"),
    ("出生日期", "birth_on"),
    ("社区/网格", "area"),
    ("住址", "address"),
    ("居住状态", "residence_status"),
    ("人员状态", "status"),
    ("联系电话", "phone"),
];

fn write_residents(
    store: &Store,
    view: &Authorized<'_, ViewRegistry>,
    query: &RegisterQuery,
    shown: Shown,
    out: &mut dyn Render,
) -> AppResult<()> {
    let tree = store.read(|conn| Ok(area::load_tree(conn, store.clock().today())?))?;
    let street = tree.area(view.street()).map_or("", |row| row.name.as_str());
    let head = written(begin(out, "居民名册", (street, shown), &PERSON_COLUMNS))?;
    let mut place = Place::Start;
    while let Some(wanted) = query.people(place.clone(), CHUNK) {
        let page = list_people(store, view, &wanted)?;
        let ids: Vec<ResidentId> = page.rows.iter().map(|line| line.id).collect();
        let rows = store.read(|conn| Ok(list_residents_by_id(conn, view.street(), &ids)?))?;
        let rows: HashMap<ResidentId, ResidentRow> =
            rows.into_iter().map(|row| (row.id, row)).collect();
        for line in &page.rows {
            let Some(row) = rows.get(&line.id) else { continue };
            let area = area_name(&tree, &row.area_code);
            let cells = person_cells(store, row, (area, line.address.clone()), shown)?;
            written(out.row(TableRow { total: false, cells }))?;
        }
        match page.rows.last().filter(|_| page.has_next) {
            Some(last) => place = Place::After((last.name_pinyin.clone(), last.id)),
            None => break,
        }
    }
    written(end(out, &head))
}

fn person_cells(
    store: &Store,
    row: &ResidentRow,
    (area, address): (String, String),
    shown: Shown,
) -> AppResult<Vec<Cell>> {
    let open = |field: &str, value: Option<&[u8]>| open_opt(store.cipher(), field, row.id.0, value);
    let number = open(DOC_NO, row.doc_no_enc.as_deref())?.or_else(|| row.temp_no.clone());
    let phone = open(PHONE, row.phone_enc.as_deref())?.unwrap_or_default();
    let birth = match shown {
        Shown::Plain => row.birth_on.to_string(),
        Shown::Masked => mask::birth_year(row.birth_on),
    };
    Ok(vec![
        Cell::text(shown.text(row.name.clone(), mask::name)),
        Cell::text(row.doc_kind.zh()),
        Cell::text(shown.text(number.unwrap_or_default(), mask::id_number)),
        Cell::text(Sex::from_number(row.sex).map_or("", Sex::zh)),
        Cell::text(birth),
        Cell::text(area),
        Cell::text(shown.text(address, mask::address)),
        Cell::text(row.residence_status.zh()),
        Cell::text(row.status.zh()),
        Cell::text(shown.text(phone, mask::phone)),
    ])
}

const HOME_COLUMNS: [(&str, &str); 7] = [
    ("户号", "household_no"),
    ("户类型", "kind"),
    ("户主", "head"),
    ("人数", "members"),
    ("社区/网格", "area"),
    ("住址", "address"),
    ("注销日期", "closed_on"),
];

fn write_homes(
    store: &Store,
    view: &Authorized<'_, ViewRegistry>,
    query: &RegisterQuery,
    shown: Shown,
    out: &mut dyn Render,
) -> AppResult<()> {
    let tree = store.read(|conn| Ok(area::load_tree(conn, store.clock().today())?))?;
    let street = tree.area(view.street()).map_or("", |row| row.name.as_str());
    let head = written(begin(out, "户名册", (street, shown), &HOME_COLUMNS))?;
    let mut place = Place::Start;
    loop {
        let page = list_homes(store, view, &query.homes(place, CHUNK))?;
        for line in &page.rows {
            let cells = vec![
                Cell::text(&line.number),
                Cell::text(line.kind.zh()),
                Cell::text(shown.text(line.head.clone(), mask::name)),
                Cell::Count(line.members),
                Cell::text(&line.area),
                Cell::text(shown.text(line.address.clone(), mask::address)),
                Cell::text(line.closed_on.map(|on| on.to_string()).unwrap_or_default()),
            ];
            written(out.row(TableRow { total: false, cells }))?;
        }
        match page.rows.last().filter(|_| page.has_next) {
            Some(last) => place = Place::After(last.id),
            None => return written(end(out, &head)),
        }
    }
}
