//! The sheet of residents.

use std::collections::{HashMap, HashSet};

use chrono::NaiveDate;

use super::workshop::{Prepared, Workshop};
use super::{Load, repeated};
use crate::domain::resident::ResidentStatus;
use crate::error::{AppError, AppResult};
use crate::services::import::book::RESIDENT;
use crate::services::import::person::PersonKey;
use crate::services::import::report::Outcome;
use crate::services::import::rows::Row;
use crate::services::import::source::BookSource;
use crate::services::record::seal;
use crate::store::book;
use crate::store::resident::{self as rows, IdentityClaim, PHONE, ResidentRow};

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
        let namesakes = self.namesakes(&batch, &existing)?;
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
                    if namesakes.contains(&(made.name.clone(), made.birth_on)) {
                        row.remark(
                            if made.temp_no.is_some() { "name" } else { "doc_no" },
                            "登记簿中已有姓名和出生日期相同、证件号码不同的居民,可能是同一人:请核对号码;已导入的可在“疑似重复”中合并。",
                            "Somebody of this name and date of birth is registered under another \
                             number, perhaps the same person: compare the number, or merge the \
                             records afterwards under \"Possible duplicates\".",
                        );
                    }
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

    /// Names and dates of birth of new people that the registry has already,
    /// under other numbers.
    fn namesakes(
        &mut self,
        batch: &[Prepared],
        existing: &HashMap<PersonKey, ResidentRow>,
    ) -> AppResult<HashSet<(String, NaiveDate)>> {
        if self.fresh {
            return Ok(HashSet::new());
        }
        let is_new = |p: &&Prepared| p.key.is_some_and(|key| !existing.contains_key(&key));
        let made = || batch.iter().filter(is_new).filter_map(|p| p.made.as_deref());
        let sounds: Vec<String> = made().map(|m| m.name_pinyin.clone()).collect();
        let wanted: HashSet<(String, NaiveDate)> =
            made().map(|m| (m.name.clone(), m.birth_on)).collect();
        let import = self.import_id;
        let known = book::names_by_sound(self.conn, &self.street, &sounds, import)?;
        Ok(known.into_iter().filter(|found| wanted.contains(found)).collect())
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
        if old.status == ResidentStatus::Merged {
            let number = if old.temp_no.is_some() { "temp_no" } else { "doc_no" };
            row.fault(
                number,
                "该号码的记录已并入另一条记录。请改用保留的那条记录的证件号码。",
                "The record with this number was merged into another one. Use the number of \
                 the record that stayed.",
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
