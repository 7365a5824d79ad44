//! The area tree: new areas, and re-division from a day on.

use chrono::NaiveDate;

use super::area_plan;
use super::auth::{Authorized, ManageSystem};
use super::record::check_required;
use crate::domain::area::{AreaCode, Level};
use crate::error::{AppError, AppResult, ErrorCode, Refusal};
use crate::store::area::{self, AreaParentRow, AreaRow, AreaTree};
use crate::store::audit::Entry;
use crate::store::{Db, REGISTRY_CHAIN, Store, Tx, book};

/// A new area.
#[derive(Debug, Clone)]
pub struct AreaInput {
    /// 6, 9, 12 or 15 digits.
    pub code: String,
    /// Its name.
    pub name: String,
    /// The parent; by default the one that the digits name.
    pub parent: Option<String>,
    /// First day.
    pub opened_on: NaiveDate,
}

fn wrong_code(field: &str) -> Refusal {
    use crate::domain::area::AreaCodeError;
    Refusal::field(field, AreaCodeError.zh(), AreaCodeError.en())
}

fn unknown(field: &str, code: &str) -> Refusal {
    // Said back as text: whatever an address holds.
    let code: String = code.chars().filter(|c| !c.is_control()).take(40).collect();
    Refusal::field(
        field,
        format!("没有区划“{code}”,请先建立该区划或改正代码。"),
        format!("There is no area \"{code}\". Create it first or correct the code."),
    )
}

/// Adds areas, parents before children.
///
/// # Errors
/// Wrong or known codes, unknown parents, a parent of the wrong level.
pub fn add_areas(
    store: &Store,
    by: &Authorized<'_, ManageSystem>,
    inputs: &[AreaInput],
) -> AppResult<usize> {
    store.write(REGISTRY_CHAIN, |tx| {
        let known = area::list_areas(tx.conn)?;
        let mut levels: std::collections::HashMap<String, Level> =
            known.into_iter().map(|row| (row.code, row.level)).collect();
        let mut ordered: Vec<&AreaInput> = inputs.iter().collect();
        ordered.sort_by_key(|input| input.code.trim().len());
        let (mut rows, mut parents, mut refusals) = (Vec::new(), Vec::new(), Vec::new());
        for input in ordered {
            match area_rows(input, &levels) {
                Ok((row, parent)) => {
                    levels.insert(row.code.clone(), row.level);
                    rows.push(row);
                    parents.extend(parent);
                }
                Err(found) => refusals.extend(found),
            }
        }
        AppError::refused_unless_empty(refusals)?;
        area::insert_areas(tx.conn, &rows)?;
        area::insert_area_parents(tx.conn, &parents)?;
        audit(tx, by, "area.add", Some(format!("count={}", rows.len())))?;
        Ok(rows.len())
    })
}

fn area_rows(
    input: &AreaInput,
    levels: &std::collections::HashMap<String, Level>,
) -> Result<(AreaRow, Option<AreaParentRow>), Vec<Refusal>> {
    let mut refusals = Vec::new();
    check_required(&mut refusals, "name", &input.name);
    let Ok(code) = AreaCode::parse(&input.code) else {
        refusals.push(wrong_code("code"));
        return Err(refusals);
    };
    if levels.contains_key(code.as_str()) {
        refusals.push(Refusal::new(
            ErrorCode::Duplicate,
            format!("区划“{}”已存在。", code.as_str()),
            format!("The area \"{}\" exists already.", code.as_str()),
        ));
    }
    let mut parent = None;
    if let Some(above) = code.level().above() {
        let wanted = input.parent.clone().or_else(|| code.parent_by_digits()).unwrap_or_default();
        match levels.get(&wanted) {
            Some(level) if *level == above => parent = Some(wanted),
            Some(_) => refusals.push(wrong_level(above)),
            // The registry may begin at the street: nothing above is needed.
            None if input.parent.is_none() && code.level() <= Level::Street => {}
            None => refusals.push(unknown("parent", &wanted)),
        }
    }
    if !refusals.is_empty() {
        return Err(refusals);
    }
    let row = AreaRow {
        code: code.as_str().to_owned(),
        level: code.level(),
        name: input.name.trim().to_owned(),
        opened_on: input.opened_on,
        closed_on: None,
    };
    let parent = parent.map(|parent_code| AreaParentRow {
        code: row.code.clone(),
        parent_code,
        valid_from: input.opened_on,
        valid_to: None,
    });
    Ok((row, parent))
}

fn wrong_level(above: Level) -> Refusal {
    Refusal::field(
        "parent",
        format!("上级应为{}。", above.zh()),
        format!("The parent must be a {}.", above.en()),
    )
}

/// Everything that speaks against putting an area under another one. Records
/// never change their street: people move to another one by an event of theirs.
pub(super) fn check_move(
    conn: &mut Db,
    code: &str,
    parent: &str,
    from: NaiveDate,
) -> AppResult<()> {
    let row = load(conn, "code", code)?;
    let above = load(conn, "parent", parent)?;
    if row.level.above() != Some(above.level) {
        let level = row.level.above().unwrap_or(Level::Province);
        return Err(AppError::refuse(wrong_level(level)));
    }
    for (field, area) in [("code", &row), ("parent", &above)] {
        if area.closed_on.is_some_and(|closed| closed < from) {
            return Err(AppError::refuse(Refusal::field(
                field,
                format!("区划“{}”届时已撤销。", area.name),
                format!("The area \"{}\" has ended by then.", area.name),
            )));
        }
    }
    let periods = area::list_parents_of(conn, code)?;
    let last = periods.last();
    if last.is_some_and(|p| p.valid_to.is_some_and(|to| to >= from) || p.valid_from >= from) {
        return Err(AppError::refuse(Refusal::field(
            "from",
            "生效日期必须晚于现行隶属关系的起始日期。",
            "The date must lie after the start of the present division.",
        )));
    }
    if last.is_some_and(|p| p.parent_code == parent) {
        return Err(AppError::refuse(Refusal::field(
            "parent",
            "该区划现在就属于这个上级。",
            "The area lies there already.",
        )));
    }
    let tree = area::load_tree(conn, from)?;
    if tree.street_of(code) != tree.street_of(parent) && row.level > Level::Street {
        let why = (
            "记录不能换街道:请先为他们办理街道间迁移。",
            "Records never change their street: register their moves first.",
        );
        area_plan::check_empty(conn, &tree, code, "parent", why)?;
    }
    Ok(())
}

/// Gives an area another name, on past tables as well.
///
/// # Errors
/// Unknown; a name that is empty or too long.
pub fn rename_area(
    store: &Store,
    by: &Authorized<'_, ManageSystem>,
    code: &str,
    name: &str,
) -> AppResult<()> {
    let mut refusals = Vec::new();
    check_required(&mut refusals, "name", name);
    AppError::refused_unless_empty(refusals)?;
    store.write(REGISTRY_CHAIN, |tx| {
        let row = load(tx.conn, "code", code)?;
        let detail = format!("code={code} from={} to={}", row.name, name.trim());
        book::mark_area(tx.conn, &AreaRow { name: name.trim().to_owned(), ..row })?;
        audit(tx, by, "area.rename", Some(detail))
    })
}

/// Puts an area under another parent from a day on. Earlier days keep the old
/// division; so do the records of past months.
///
/// # Errors
/// Unknown areas, a parent of the wrong level, a day not after the start of
/// the present period.
pub fn move_area(
    store: &Store,
    by: &Authorized<'_, ManageSystem>,
    code: &str,
    parent: &str,
    from: NaiveDate,
) -> AppResult<()> {
    store.write(REGISTRY_CHAIN, |tx| {
        check_move(tx.conn, code, parent, from)?;
        if let Some(day_before) = from.pred_opt() {
            area::mark_parent_ended(tx.conn, code, day_before)?;
        }
        let next = AreaParentRow {
            code: code.to_owned(),
            parent_code: parent.to_owned(),
            valid_from: from,
            valid_to: None,
        };
        area::insert_area_parents(tx.conn, &[next])?;
        audit(tx, by, "area.move", Some(format!("code={code} parent={parent} from={from}")))
    })
}

/// Closes an area from the day after `last_day`.
///
/// # Errors
/// Unknown or closed already; somebody still lives there.
pub fn close_area(
    store: &Store,
    by: &Authorized<'_, ManageSystem>,
    code: &str,
    last_day: NaiveDate,
) -> AppResult<()> {
    store.write(REGISTRY_CHAIN, |tx| {
        let row = load(tx.conn, "code", code)?;
        if last_day < row.opened_on {
            return Err(AppError::refuse(Refusal::field(
                "from",
                format!("撤销日期不能早于启用日期({})。", row.opened_on),
                format!("The last day must not lie before the first ({}).", row.opened_on),
            )));
        }
        let tree = area::load_tree(tx.conn, last_day)?;
        let why = ("请先迁出或改划。", "Move them first, or divide the area anew.");
        area_plan::check_empty(tx.conn, &tree, code, "code", why)?;
        let open = |c: &String| tree.area(c).is_some_and(|a| a.closed_on.is_none());
        if tree.below(code).iter().filter(|c| *c != code).any(open) {
            return Err(AppError::refuse(Refusal::field(
                "code",
                "其下还有在用的区划,请先撤销或改划。",
                "Areas below it are in use. End them or put them elsewhere first.",
            )));
        }
        super::record::one_row(area::mark_area_closed(tx.conn, code, last_day)?)?;
        area::mark_parent_ended(tx.conn, code, last_day)?;
        audit(tx, by, "area.close", Some(format!("code={code} last_day={last_day}")))
    })
}

fn load(conn: &mut Db, field: &str, code: &str) -> AppResult<AreaRow> {
    area::find_area(conn, code)?.ok_or_else(|| AppError::refuse(unknown(field, code)))
}

fn audit(
    tx: &mut Tx<'_>,
    by: &Authorized<'_, ManageSystem>,
    action: &str,
    detail: Option<String>,
) -> AppResult<()> {
    tx.audit(&Entry {
        actor: by.username(),
        action,
        object_kind: "area",
        object_id: None,
        reason: None,
        detail: detail.as_deref(),
    })?;
    Ok(())
}

/// The tree on a day.
///
/// # Errors
/// The database failed.
pub fn tree(conn: &mut Db, on: NaiveDate) -> AppResult<AreaTree> {
    Ok(area::load_tree(conn, on)?)
}

/// The refusal of an area where people cannot live: unknown, closed, above the
/// community, or of another street.
#[must_use]
pub fn check_place(
    tree: &AreaTree,
    street: &str,
    field: &str,
    code: &str,
    on: NaiveDate,
) -> Option<Refusal> {
    let Some(row) = tree.area(code) else { return Some(unknown(field, code)) };
    if !matches!(row.level, Level::Community | Level::Grid) {
        return Some(Refusal::field(field, "请选择社区或网格。", "Choose a community or a grid."));
    }
    if row.closed_on.is_some_and(|closed| closed < on) {
        return Some(Refusal::field(
            field,
            format!("区划“{}”已撤销。", row.name),
            format!("The area \"{}\" is closed.", row.name),
        ));
    }
    if tree.street_of(code) != Some(street) {
        return Some(Refusal::field(
            field,
            format!("区划“{code}”不属于本街道。"),
            format!("The area \"{code}\" does not lie in this street."),
        ));
    }
    None
}
