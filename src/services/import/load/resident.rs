//! The sheet of residents.

use std::collections::HashMap;

use super::{Load, repeated};
use crate::domain::code_table::{Education, Ethnicity, Marital, ResidenceStatus, Sex};
use crate::domain::document::DocKind;
use crate::domain::ids::ResidentId;
use crate::domain::resident::ResidentStatus;
use crate::error::{AppError, AppResult};
use crate::services::import::book::RESIDENT;
use crate::services::import::person::{PersonKey, temporary};
use crate::services::import::report::Outcome;
use crate::services::import::rows::Row;
use crate::services::import::source::BookSource;
use crate::services::record::seal;
use crate::services::resident::{Maker, ResidentInput, build_row};
use crate::store::resident::{self as rows, IdentityClaim, PHONE, ResidentRow};
use crate::store::{Cipher, book};

/// A row as the reading thread prepared it.
struct Prepared {
    row: Row,
    made: Option<Box<ResidentRow>>,
    key: Option<PersonKey>,
}

/// What a resident's row is made with, besides the row.
struct Workshop<'a> {
    cipher: &'a Cipher,
    store: &'a crate::store::Store,
    street: String,
    today: chrono::NaiveDate,
    now: chrono::NaiveDateTime,
    import_id: i64,
}

impl Load<'_, '_> {
    pub(super) fn residents(
        &mut self,
        source: &mut dyn BookSource,
        places: &[usize],
    ) -> AppResult<()> {
        let workshop = Workshop {
            cipher: self.cipher(),
            store: self.store,
            street: self.street.clone(),
            today: self.today,
            now: self.now,
            import_id: self.import_id,
        };
        let prepare = |row| workshop.prepare(row);
        self.stream(source, (&RESIDENT, places), prepare, |load, batch| load.resident_batch(batch))
    }

    fn resident_batch(&mut self, mut batch: Vec<Prepared>) -> AppResult<()> {
        let existing = self.existing_residents(&batch)?;
        let elsewhere = self.claimed_elsewhere(&batch)?;
        let (mut new, mut claims) = (Vec::new(), Vec::new());
        for prepared in &mut batch {
            let Prepared { row, made, key } = prepared;
            self.check_resident(row, made.as_deref(), *key, &elsewhere);
            let (true, Some(made), Some(key)) = (row.is_sound(), made.take(), *key) else {
                if let Some(key) = key {
                    self.people.add_rejected(*key, row.line);
                }
                self.reject(&RESIDENT, row);
                continue;
            };
            let outcome = match existing.get(&key) {
                Some(old) => self.update_resident(row, old.clone(), &made, key)?,
                None => {
                    self.people.add(key, &made, row.line, true);
                    claims.extend(made.doc_no_index.clone().map(|blind_index| IdentityClaim {
                        blind_index,
                        street_code: self.street.clone(),
                        resident_id: made.id,
                    }));
                    new.push(*made);
                    Outcome::Inserted
                }
            };
            match outcome {
                Outcome::Rejected => {
                    self.people.add_rejected(key, row.line);
                    self.reject(&RESIDENT, row);
                }
                outcome => self.taken(&RESIDENT, row, outcome),
            }
        }
        if self.writing {
            rows::insert_residents(self.conn, &new)?;
            if rows::insert_claims(self.conn, &claims)? != claims.len() {
                return Err(AppError::Database(diesel::result::Error::NotFound));
            }
        }
        Ok(())
    }

    /// Checks against the book and the area tree.
    fn check_resident(
        &mut self,
        row: &mut Row,
        made: Option<&ResidentRow>,
        key: Option<PersonKey>,
        elsewhere: &HashMap<PersonKey, String>,
    ) {
        if let Some(code) = row.owned("area")
            && let Some(refusal) = self.place_fault(&code)
        {
            row.refusal(refusal);
        }
        let Some(key) = key else { return };
        if let Some(person) = self.people.get(key).filter(|person| person.line > 0) {
            repeated(
                row,
                if made.is_some_and(|m| m.temp_no.is_some()) { "temp_no" } else { "doc_no" },
                person.line,
            );
        }
        if let Some(street) = elsewhere.get(&key) {
            row.fault(
                "doc_no",
                format!("该证件号码已在另一街道({street})登记。请由对方办理迁出。"),
                format!(
                    "This number is registered in another street ({street}). Ask them to \
                         register the move."
                ),
            );
        }
    }

    /// Who of the batch is in the registry already.
    fn existing_residents(
        &mut self,
        batch: &[Prepared],
    ) -> AppResult<HashMap<PersonKey, ResidentRow>> {
        if self.fresh {
            return Ok(HashMap::new());
        }
        let made = || batch.iter().filter_map(|p| p.made.as_deref());
        let indexes: Vec<Vec<u8>> = made().filter_map(|m| m.doc_no_index.clone()).collect();
        let numbers: Vec<String> = made().filter_map(|m| m.temp_no.clone()).collect();
        let cipher = self.cipher();
        let mut found = HashMap::new();
        for row in book::residents_by_index(self.conn, &self.street, &indexes)? {
            if let Some(index) = &row.doc_no_index {
                found.insert(PersonKey::of_index(index), row);
            }
        }
        for row in book::residents_by_temp_no(self.conn, &self.street, &numbers)? {
            if let Some(number) = &row.temp_no {
                found.insert(PersonKey::of_temporary(cipher, number), row);
            }
        }
        Ok(found)
    }

    /// Numbers of the batch that another street holds.
    fn claimed_elsewhere(&mut self, batch: &[Prepared]) -> AppResult<HashMap<PersonKey, String>> {
        let indexes: Vec<Vec<u8>> = batch
            .iter()
            .filter_map(|p| p.made.as_deref().and_then(|m| m.doc_no_index.clone()))
            .collect();
        let claims = rows::list_claims(self.conn, &indexes)?;
        let street = self.street.clone();
        Ok(claims
            .into_iter()
            .filter(|claim| claim.street_code != street)
            .map(|claim| (PersonKey::of_index(&claim.blind_index), claim.street_code))
            .collect())
    }

    /// Brings a known resident up to date with what the row says; an empty cell
    /// leaves the stored value.
    fn update_resident(
        &mut self,
        row: &mut Row,
        old: ResidentRow,
        made: &ResidentRow,
        key: PersonKey,
    ) -> AppResult<Outcome> {
        if !self.scope.contains(&old.area_code) {
            row.fault(
                "doc_no",
                "该居民不在您的管辖范围内。",
                "This resident is outside your scope.",
            );
            return Ok(Outcome::Rejected);
        }
        let status = row.code("status", ResidentStatus::from_code);
        if status.is_some_and(|status| status != old.status) {
            row.fault(
                "status",
                format!(
                    "登记簿中的状态是“{}”。死亡、迁出等请用事件登记办理,不能用导入改。",
                    old.status.zh()
                ),
                format!(
                    "The registry says \"{}\". Register the event; an import does not change \
                         the status.",
                    old.status.en()
                ),
            );
            return Ok(Outcome::Rejected);
        }
        let mut next = old.clone();
        next.name.clone_from(&made.name);
        next.name_pinyin.clone_from(&made.name_pinyin);
        next.name_initials.clone_from(&made.name_initials);
        next.area_code.clone_from(&made.area_code);
        if row.text("sex").is_some() {
            next.sex = made.sex;
        }
        if row.date("birth_on").is_some() {
            next.birth_on = made.birth_on;
        }
        if row.text("doc_kind").is_some() {
            next.doc_kind = made.doc_kind;
        }
        next.ethnicity = made.ethnicity.clone().or(next.ethnicity);
        next.marital = made.marital.or(next.marital);
        next.education = made.education.or(next.education);
        if row.text("residence_status").is_some() {
            next.residence_status = made.residence_status;
        }
        let phone = row.text("phone").filter(|_| made.phone_index != old.phone_index);
        if let Some(phone) = phone {
            next.phone_enc = Some(seal(self.cipher(), PHONE, old.id.0, phone)?);
            next.phone_index.clone_from(&made.phone_index);
        }
        self.people.add(key, &next, row.line, false);
        self.remember_death(&next)?;
        if next == old {
            return Ok(Outcome::Unchanged);
        }
        self.resident_history(&old, &next, phone)?;
        next.version += 1;
        next.updated_at = self.now;
        if self.writing && rows::mark_resident(self.conn, &next, old.version)? != 1 {
            return Err(AppError::Database(diesel::result::Error::NotFound));
        }
        Ok(Outcome::Updated)
    }

    fn remember_death(&mut self, row: &ResidentRow) -> AppResult<()> {
        if row.status != ResidentStatus::Dead {
            return Ok(());
        }
        for (id, on) in book::list_deaths(self.conn, &self.street, &[row.id])? {
            self.people.died(id, on);
        }
        Ok(())
    }

    fn resident_history(
        &mut self,
        old: &ResidentRow,
        next: &ResidentRow,
        phone: Option<&str>,
    ) -> AppResult<()> {
        let old_phone = match (&old.phone_enc, phone) {
            (Some(value), Some(_)) => Some(self.open(PHONE, old.id.0, value)?),
            _ => None,
        };
        let text = |row: &ResidentRow| {
            [
                ("name", Some(row.name.clone())),
                ("area_code", Some(row.area_code.clone())),
                ("sex", Some(row.sex.to_string())),
                ("birth_on", Some(row.birth_on.to_string())),
                ("doc_kind", Some(row.doc_kind.code().to_owned())),
                ("ethnicity", row.ethnicity.clone()),
                ("marital", row.marital.map(|v| v.code().to_owned())),
                ("education", row.education.map(|v| v.code().to_owned())),
                ("residence_status", Some(row.residence_status.code().to_owned())),
            ]
        };
        let object = ("resident", old.id.0);
        for ((field, before), (_, after)) in text(old).into_iter().zip(text(next)) {
            if before != after {
                self.changed(object, field, before.as_deref(), after.as_deref())?;
            }
        }
        if phone.is_some() {
            self.changed(object, "phone", old_phone.as_deref(), phone)?;
        }
        Ok(())
    }
}

impl Workshop<'_> {
    /// Checks a row's own fields, seals and indexes: the costly part, done
    /// beside the database.
    fn prepare(&self, mut row: Row) -> Prepared {
        let input = input_of(&mut row);
        let number = match input.doc_kind {
            DocKind::Nothing => self.temporary_no(&mut row),
            _ => None,
        };
        let maker = Maker {
            cipher: self.cipher,
            street: &self.street,
            id: ResidentId(self.store.next_id()),
            today: self.today,
            now: self.now,
            import_id: Some(self.import_id),
        };
        let mut made = match build_row(&maker, &input) {
            Ok(made) => Some(Box::new(made)),
            Err(AppError::Refused(refusals)) => {
                let sound = row.is_sound();
                for refusal in refusals {
                    // A cell that could not be read has said so already.
                    if sound || !is_named(&refusal, &row) {
                        row.refusal(refusal);
                    }
                }
                None
            }
            Err(other) => {
                row.fault("", other.to_string(), other.to_string());
                None
            }
        };
        if let Some(made) = made.as_deref_mut() {
            made.temp_no = number;
            if let Some(status) = row.code("status", ResidentStatus::from_code) {
                made.status = status;
            }
            if made.status == ResidentStatus::Merged {
                row.fault("status", "不能导入已合并的居民。", "A merged resident is not imported.");
            }
        }
        let key = match made.as_deref() {
            Some(made) => match (&made.doc_no_index, &made.temp_no) {
                (Some(index), _) => Some(PersonKey::of_index(index)),
                (None, Some(number)) => Some(PersonKey::of_temporary(self.cipher, number)),
                _ => None,
            },
            None => input.doc_no.as_deref().map(|no| PersonKey::of_document(self.cipher, no)),
        };
        Prepared { row, made, key }
    }

    fn temporary_no(&self, row: &mut Row) -> Option<String> {
        let number = row.text("temp_no").and_then(temporary);
        if number.is_none() {
            row.fault(
                "temp_no",
                format!("没有证件的人必须有临时编号,如 T{}-202309-0001。", self.street),
                format!(
                    "A person without a document needs a temporary number such as \
                         T{}-202309-0001.",
                    self.street
                ),
            );
        }
        number
    }
}

/// Whether the refusal is about a column that is empty because its cell was
/// wrong.
fn is_named(refusal: &crate::error::Refusal, row: &Row) -> bool {
    match &refusal.place {
        Some(crate::error::Place::Field(field)) => row.has_fault(field),
        _ => false,
    }
}

fn input_of(row: &mut Row) -> ResidentInput {
    let doc_no = row.owned("doc_no");
    let kind = row.code("doc_kind", DocKind::from_code);
    let doc_kind = kind.unwrap_or_else(|| kind_of(doc_no.as_deref(), row.text("temp_no")));
    ResidentInput {
        area_code: row.owned("area").unwrap_or_default(),
        name: row.owned("name").unwrap_or_default(),
        doc_kind,
        doc_no,
        sex: row.code("sex", Sex::from_code),
        birth_on: row.date("birth_on"),
        mismatch_reason: row.owned("mismatch"),
        phone: row.owned("phone"),
        ethnicity: row.code("ethnicity", Ethnicity::parse),
        marital: row.code("marital", Marital::from_code),
        education: row.code("education", Education::from_code),
        residence_status: row
            .code("residence_status", ResidenceStatus::from_code)
            .unwrap_or(ResidenceStatus::Here),
    }
}

/// The kind of document where the book does not say.
fn kind_of(number: Option<&str>, temporary: Option<&str>) -> DocKind {
    match number {
        None if temporary.is_some() => DocKind::Nothing,
        Some(number)
            if number.starts_with("81") || number.starts_with("82") || number.starts_with("83") =>
        {
            DocKind::ResidencePermit
        }
        Some(number) if number.len() == 18 && number.starts_with('9') => DocKind::PermanentResident,
        _ => DocKind::IdCard,
    }
}
