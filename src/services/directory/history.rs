//! The history of a record in words: codes as their names, areas and people by
//! name, personal values masked.

use chrono::NaiveDateTime;

use super::{area_name, sees_names, shown_address, shown_name};
use crate::domain::code_table::{Education, Ethnicity, Marital, ResidenceStatus, Sex};
use crate::domain::document::DocKind;
use crate::domain::household::{HouseholdKind, LeaveReason};
use crate::domain::ids::ResidentId;
use crate::domain::mask;
use crate::domain::password;
use crate::domain::resident::ResidentStatus;
use crate::error::AppResult;
use crate::services::auth::{Authorized, ViewRegistry};
use crate::services::record::open_opt;
use crate::store::area::{self, AreaTree};
use crate::store::history::{self, HistoryRow};
use crate::store::resident::list_residents_by_id;
use crate::store::{Db, Store, user};

/// A value in both languages.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Said {
    /// Chinese; empty for no value.
    pub zh: String,
    /// English.
    pub en: String,
}

impl Said {
    fn pair((zh, en): (&str, &str)) -> Said {
        Said { zh: zh.to_owned(), en: en.to_owned() }
    }

    fn same(text: String) -> Said {
        Said { en: text.clone(), zh: text }
    }
}

/// One entry of the history.
#[derive(Debug, Clone)]
pub struct HistoryLine {
    /// Id.
    pub id: i64,
    /// UTC.
    pub at: NaiveDateTime,
    /// Who.
    pub actor: String,
    /// Which field; none for the creation.
    pub field: Option<String>,
    /// Value before.
    pub old: Said,
    /// Value after.
    pub new: Said,
    /// Why.
    pub reason: String,
}

/// Who saved a record last, and when.
#[derive(Debug, Clone)]
pub struct LastChange {
    /// Name on screens; the user name if the account is gone.
    pub who: String,
    /// UTC.
    pub at: NaiveDateTime,
}

/// Who saved a record of the caller's scope last. The caller has read it.
///
/// # Errors
/// The database failed.
pub fn last_change(
    store: &Store,
    by: &Authorized<'_, ViewRegistry>,
    kind: &str,
    id: i64,
) -> AppResult<Option<LastChange>> {
    store.read(|conn| {
        let Some(last) = history::list_history(conn, by.street(), kind, id)?.pop() else {
            return Ok(None);
        };
        let account = user::find(conn, &password::username_key(&last.actor))?;
        let who = account.map_or(last.actor, |account| account.display_name);
        Ok(Some(LastChange { who, at: last.at }))
    })
}

/// A record's history, the latest first.
pub(super) fn history_lines(
    conn: &mut Db,
    store: &Store,
    by: &Authorized<'_, ViewRegistry>,
    kind: &str,
    id: i64,
) -> AppResult<Vec<HistoryLine>> {
    let tree = area::load_tree(conn, store.clock().today())?;
    let rows = history::list_history(conn, by.street(), kind, id)?;
    let mut words = Words { conn, by, tree, plain: sees_names(by) };
    rows.into_iter().rev().map(|row| words.line(store, row)).collect()
}

/// What it takes to name a value.
struct Words<'a, 'b> {
    conn: &'a mut Db,
    by: &'a Authorized<'b, ViewRegistry>,
    tree: AreaTree,
    plain: bool,
}

impl Words<'_, '_> {
    fn line(&mut self, store: &Store, row: HistoryRow) -> AppResult<HistoryLine> {
        let open =
            |field: &str, value: Option<&[u8]>| open_opt(store.cipher(), field, row.id, value);
        let old = open(history::OLD, row.old_enc.as_deref())?;
        let new = open(history::NEW, row.new_enc.as_deref())?;
        let field = row.field.as_deref().unwrap_or_default();
        Ok(HistoryLine {
            id: row.id,
            at: row.at,
            old: self.said(field, old)?,
            new: self.said(field, new)?,
            actor: row.actor.clone(),
            reason: row.reason.clone().unwrap_or_default(),
            field: row.field.clone(),
        })
    }

    fn said(&mut self, field: &str, value: Option<String>) -> AppResult<Said> {
        let Some(value) = value else { return Ok(Said::default()) };
        let coded = match field {
            "sex" => value.parse().ok().and_then(Sex::from_number).map(|v| (v.zh(), v.en())),
            "doc_kind" => DocKind::from_code(&value).map(|v| (v.zh(), v.en())),
            "status" => ResidentStatus::from_code(&value).map(|v| (v.zh(), v.en())),
            "residence_status" => ResidenceStatus::from_code(&value).map(|v| (v.zh(), v.en())),
            "marital" => Marital::from_code(&value).map(|v| (v.zh(), v.en())),
            "education" => Education::from_code(&value).map(|v| (v.zh(), v.en())),
            "kind" => HouseholdKind::from_code(&value).map(|v| (v.zh(), v.en())),
            "close_reason" => LeaveReason::from_code(&value).map(|v| (v.zh(), v.en())),
            "ethnicity" => Ethnicity::parse(&value).map(|v| (v.zh(), v.en())),
            _ => None,
        };
        if let Some(pair) = coded {
            return Ok(Said::pair(pair));
        }
        Ok(Said::same(match field {
            "area_code" => area_name(&self.tree, &value),
            "head_id" | "merged_into" => self.name(&value)?,
            "doc_no" => mask::id_number(&value),
            "phone" => mask::phone(&value),
            "name" => shown_name(&value, self.plain),
            "address" => shown_address(&value, self.plain),
            "birth_on" if !self.plain => value.get(..4).unwrap_or_default().to_owned(),
            _ => value,
        }))
    }

    /// The person behind an id.
    fn name(&mut self, id: &str) -> AppResult<String> {
        let Ok(id) = id.parse().map(ResidentId) else { return Ok(String::new()) };
        let found = list_residents_by_id(self.conn, self.by.street(), &[id])?;
        Ok(found.first().map(|row| shown_name(&row.name, self.plain)).unwrap_or_default())
    }
}
