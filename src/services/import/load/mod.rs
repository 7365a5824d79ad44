//! Reads the sheets in order, checks each row against the book and against the
//! registry, and writes. Rows go through in batches; what stays in memory is a
//! key and a few numbers per person.

mod area;
mod award;
mod case;
mod decision;
mod household;
mod member;
mod member_checks;
mod opening;
mod people;
mod person_records;
mod resident;
mod settle;
mod stream;
mod trail;
mod visit;
mod workshop;

use std::collections::{BTreeMap, HashMap, HashSet};

use chrono::{NaiveDate, NaiveDateTime};

use super::book::Sheet;
use super::report::{ImportReport, Outcome};
use super::rows::{Row, place};
use super::source::BookSource;
use super::{ImportOptions, Progress};
use crate::domain::ids::{BeneficiaryId, HouseholdId, ResidentId, UnitId};
use crate::domain::month::Month;
use crate::domain::scope::Scope;
use crate::error::{AppError, AppResult, ErrorCode, Refusal};
use crate::services::record::{seal_opt, sealed};
use crate::store::area::AreaTree;
use crate::store::history::{self, HistoryRow};
use crate::store::{Cipher, Db, Store, book};

use household::Homes;
use opening::Openings;
use people::People;
use trail::Trail;

/// Everything one import needs while it runs.
pub(super) struct Load<'a, 'c> {
    conn: &'c mut Db,
    store: &'a Store,
    scope: &'a Scope,
    street: String,
    actor: String,
    /// Whether the actor may change the area tree.
    may_areas: bool,
    today: NaiveDate,
    now: NaiveDateTime,
    import_id: i64,
    /// False in a dry run, and once a row was refused in an import that is
    /// whole or not at all.
    writing: bool,
    skip_rejected: bool,
    /// No resident before this book: nothing to look up.
    fresh: bool,
    /// Codes of the programs in force; empty as long as no policy is.
    programs: Vec<String>,
    /// No run yet: nothing to compute again.
    marking: bool,
    tree: AreaTree,
    places: HashMap<String, Option<Refusal>>,
    people: People,
    homes: Homes,
    homes_drafts: Vec<member::Draft>,
    /// Who ever was in which assistance household that occurs.
    assisted: HashSet<(HouseholdId, ResidentId)>,
    /// Accounts of the book, by owner and blind index.
    accounts: HashMap<(ResidentId, Vec<u8>), i64>,
    /// Cases of the book, by number.
    cases: HashMap<String, case::Case>,
    /// Awards of the book, by program and beneficiary.
    awards: HashMap<(String, BeneficiaryId), award::Award>,
    /// Visits of the book, by number.
    visits: HashMap<String, i64>,
    openings: Openings,
    history: Vec<HistoryRow>,
    marks: BTreeMap<(UnitId, NaiveDate), Month>,
    report: ImportReport,
    progress: Progress<'a>,
}

/// What the loader needs to begin.
pub(super) struct Begin<'a> {
    pub store: &'a Store,
    pub scope: &'a Scope,
    pub actor: &'a str,
    pub may_areas: bool,
    pub options: &'a ImportOptions,
    pub progress: Progress<'a>,
}

impl<'a, 'c> Load<'a, 'c> {
    pub(super) fn new(
        conn: &'c mut Db,
        begin: Begin<'a>,
        report: ImportReport,
    ) -> AppResult<Load<'a, 'c>> {
        let street = begin.scope.street_code().to_owned();
        let clock = begin.store.clock();
        let today = clock.today();
        let fresh = !book::has_residents(conn, &street)?;
        let marking = book::has_runs(conn, &street)?;
        let programs = award::program_codes(conn)?;
        let tree = crate::store::area::load_tree(conn, today)?;
        Ok(Load {
            store: begin.store,
            scope: begin.scope,
            actor: begin.actor.to_owned(),
            may_areas: begin.may_areas,
            today,
            now: clock.now(),
            import_id: begin.store.next_id(),
            writing: !begin.options.dry_run,
            skip_rejected: begin.options.skip_rejected,
            fresh,
            programs,
            marking,
            tree,
            places: HashMap::new(),
            people: People::default(),
            homes: Homes::default(),
            homes_drafts: Vec::new(),
            assisted: HashSet::new(),
            accounts: HashMap::new(),
            cases: HashMap::new(),
            awards: HashMap::new(),
            visits: HashMap::new(),
            openings: Openings::default(),
            history: Vec::new(),
            marks: BTreeMap::new(),
            report,
            progress: begin.progress,
            street,
            conn,
        })
    }

    /// Reads the whole book.
    ///
    /// # Errors
    /// The file or the database failed. What is wrong with rows goes into the
    /// report.
    pub(super) fn book(&mut self, source: &mut dyn BookSource) -> AppResult<()> {
        use super::book as b;
        let sheets = self.sheets_of(source)?;
        let at = |sheet: &Sheet| {
            let mine = sheets.iter().filter(|(s, _)| s.key == sheet.key);
            mine.map(|(_, at)| *at).collect::<Vec<usize>>()
        };
        self.areas(source, &at(&b::AREA))?;
        self.residents(source, &at(&b::RESIDENT))?;
        self.households(source, &at(&b::HOUSEHOLD))?;
        self.members(source, &at(&b::MEMBER))?;
        self.save_homes()?;
        self.events(source, &at(&b::EVENT))?;
        self.facts(source, &at(&b::FACT))?;
        self.certificates(source, &at(&b::CERTIFICATE))?;
        self.guardians(source, &at(&b::GUARDIAN))?;
        self.accounts(source, &at(&b::ACCOUNT))?;
        self.cases(source, &at(&b::TEMP_CASE))?;
        self.awards(source, &at(&b::AWARD))?;
        self.decisions(source, &at(&b::DECISION))?;
        self.visits(source, &at(&b::VISIT))?;
        self.visit_persons(source, &at(&b::VISIT_PERSON))?;
        self.starts(source, &at(&b::START))?;
        self.openings(source, &at(&b::OPENING))
    }

    /// Which sheet of the file is which register; unknown names are refused.
    fn sheets_of(&mut self, source: &dyn BookSource) -> AppResult<Vec<(&'static Sheet, usize)>> {
        let (mut known, mut refusals) = (Vec::new(), Vec::new());
        for (at, name) in source.sheets().into_iter().enumerate() {
            if super::book::IGNORED_SHEETS.contains(&name.as_str()) {
                continue;
            }
            match Sheet::find(&name) {
                Some(sheet) => known.push((sheet, at)),
                None => refusals.push(Refusal::field(
                    &name,
                    format!("没有“{name}”这张表。请改成模板里的表名,或删去这张表。"),
                    format!("There is no sheet \"{name}\". Use the template's name or delete it."),
                )),
            }
        }
        if known.is_empty() && refusals.is_empty() {
            refusals.push(Refusal::field(
                &source.name(),
                "工作簿里没有可导入的表。",
                "The book holds no sheet to import.",
            ));
        }
        AppError::refused_unless_empty(refusals)?;
        Ok(known)
    }

    /// A row that is not taken.
    pub(super) fn reject(&mut self, sheet: &'static Sheet, row: &mut Row) {
        self.report.count(sheet, Outcome::Rejected);
        let refusals = row.take_refusals();
        self.report.refuse(refusals);
        self.stop_writing();
    }

    /// A row that is not taken, when only its number is still known.
    pub(super) fn reject_line(
        &mut self,
        (sheet, line, key): (&'static Sheet, u32, &str),
        zh: impl Into<String>,
        en: impl Into<String>,
    ) {
        let refusal = Refusal::new(ErrorCode::InvalidInput, zh, en).at(place(
            sheet,
            line,
            sheet.header_of(key),
        ));
        self.report.refuse(vec![refusal]);
        self.stop_writing();
    }

    /// Whole or not at all: after the first refusal the rest is only checked.
    fn stop_writing(&mut self) {
        if !self.skip_rejected {
            self.writing = false;
        }
    }

    /// Notes the remarks of a row that was taken.
    pub(super) fn taken(&mut self, sheet: &'static Sheet, row: &mut Row, outcome: Outcome) {
        self.report.count(sheet, outcome);
        let remarks = row.take_remarks();
        if !remarks.is_empty() {
            self.report.remark(remarks);
        }
    }

    /// The refusal of an area where nobody can live, or out of scope.
    pub(super) fn place_fault(&mut self, code: &str) -> Option<Refusal> {
        if let Some(known) = self.places.get(code) {
            return known.clone();
        }
        let mut found =
            crate::services::area::check_place(&self.tree, &self.street, "area", code, self.today);
        if found.is_none() && !self.scope.contains(code) {
            found = Some(Refusal::field(
                "area",
                "该区划不在您的管辖范围内。",
                "This area is outside your scope.",
            ));
        }
        self.places.insert(code.to_owned(), found.clone());
        found
    }

    /// A changed field, for the history.
    pub(super) fn changed(
        &mut self,
        (kind, id): (&str, i64),
        field: &str,
        old: Option<&str>,
        new: Option<&str>,
    ) -> AppResult<()> {
        let entry = self.store.next_id();
        let cipher = self.store.cipher();
        self.history.push(HistoryRow {
            id: entry,
            street_code: self.street.clone(),
            object_kind: kind.to_owned(),
            object_id: id,
            field: Some(field.to_owned()),
            old_enc: seal_opt(cipher, history::OLD, entry, old)?,
            new_enc: seal_opt(cipher, history::NEW, entry, new)?,
            at: self.now,
            actor: self.actor.clone(),
            reason: None,
            audit_seq: 0,
        });
        Ok(())
    }

    /// From `from` on the unit has to be computed again.
    pub(super) fn mark(&mut self, unit: UnitId, from: Month, known_on: NaiveDate) {
        if self.marking {
            let mark = self.marks.entry((unit, known_on)).or_insert(from);
            *mark = (*mark).min(from);
        }
    }

    /// The id that the records carry.
    pub(super) fn import_id(&self) -> i64 {
        self.import_id
    }

    /// What is left when the book is read.
    pub(super) fn into_parts(self) -> (ImportReport, Trail) {
        let trail =
            Trail { history: self.history, marks: self.marks, openings: self.openings.lines };
        (self.report, trail)
    }

    /// Field encryption.
    pub(super) fn cipher(&self) -> &'a Cipher {
        self.store.cipher()
    }

    /// Opens a sealed text.
    pub(super) fn open(&self, field: &str, owner: i64, value: &[u8]) -> AppResult<String> {
        self.store.cipher().open_text(field, owner, value).map_err(sealed)
    }
}

/// The keys of records of a sheet that occurred already, with their rows.
pub(super) struct Seen<K>(HashMap<K, u32>);

impl<K> Default for Seen<K> {
    fn default() -> Seen<K> {
        Seen(HashMap::new())
    }
}

impl<K: std::hash::Hash + Eq> Seen<K> {
    /// The row where the key stood before, if it did.
    pub(super) fn before(&mut self, key: K, line: u32) -> Option<u32> {
        match self.0.entry(key) {
            std::collections::hash_map::Entry::Occupied(entry) => Some(*entry.get()),
            std::collections::hash_map::Entry::Vacant(entry) => {
                entry.insert(line);
                None
            }
        }
    }
}

/// Says that a row repeats an earlier one.
pub(super) fn repeated(row: &mut Row, key: &str, line: u32) {
    row.fault(key, format!("与第 {line} 行重复。"), format!("This repeats row {line}."));
}

/// Without repetitions.
pub(super) fn distinct<T: std::hash::Hash + Eq + Clone>(
    values: impl IntoIterator<Item = T>,
) -> Vec<T> {
    let mut seen = HashSet::new();
    values.into_iter().filter(|v| seen.insert(v.clone())).collect()
}
