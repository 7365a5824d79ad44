//! Guardians.

use chrono::NaiveDate;
use diesel::prelude::*;

use super::super::people::Person;
use super::super::settle::{Field, Record, Settling, day};
use super::super::{Load, distinct};
use crate::domain::guardian::{GuardianBasis, GuardianKind};
use crate::domain::ids::ResidentId;
use crate::error::AppResult;
use crate::services::import::book::GUARDIAN;
use crate::services::import::rows::Row;
use crate::services::import::source::BookSource;
use crate::services::record::{open_opt, seal, seal_opt, sealed};
use crate::store::guardian::{self as rows, GuardianRow, NAME, PHONE};
use crate::store::{Cipher, Db, book};

impl Record for GuardianRow {
    const KIND: &'static str = "guardian";
    const MUTABLE: &'static [&'static str] = &["name", "phone", "basis", "to_on"];
    type Key = (ResidentId, GuardianKind, NaiveDate);

    fn key(&self) -> Self::Key {
        (self.ward_id, self.kind, self.from_on)
    }

    fn id(&self) -> i64 {
        self.id
    }

    fn fields(&self, cipher: &Cipher) -> AppResult<Vec<Field>> {
        Ok(vec![
            ("guardian", self.guardian_id.map(|id| id.to_string())),
            ("name", Some(cipher.open_text(NAME, self.id, &self.name_enc).map_err(sealed)?)),
            ("phone", open_opt(cipher, PHONE, self.id, self.phone_enc.as_deref())?),
            ("basis", Some(self.basis.code().to_owned())),
            ("to_on", day(self.to_on)),
        ])
    }

    fn adopt(&mut self, new: &Self, cipher: &Cipher) -> AppResult<()> {
        let name = cipher.open_text(NAME, new.id, &new.name_enc).map_err(sealed)?;
        self.name_enc = seal(cipher, NAME, self.id, &name)?;
        if let Some(phone) = open_opt(cipher, PHONE, new.id, new.phone_enc.as_deref())? {
            self.phone_enc = Some(seal(cipher, PHONE, self.id, &phone)?);
        }
        self.basis = new.basis;
        self.to_on = new.to_on.or(self.to_on);
        Ok(())
    }

    fn insert(conn: &mut Db, new: &[Self]) -> AppResult<()> {
        rows::insert_guardians(conn, new)?;
        Ok(())
    }

    fn update(&self, conn: &mut Db) -> AppResult<()> {
        use crate::store::schema::guardian;
        diesel::update(guardian::table.find((self.id, &self.street_code)))
            .set(self)
            .execute(conn)?;
        Ok(())
    }
}

impl Load<'_, '_> {
    pub(in super::super) fn guardians(
        &mut self,
        source: &mut dyn BookSource,
        places: &[usize],
    ) -> AppResult<()> {
        let mut settling = Settling::<GuardianRow>::new(&GUARDIAN, "person");
        self.stream(
            source,
            (&GUARDIAN, places),
            |row| row,
            |load, mut batch| {
                let wards = load.resolve(&mut batch, "person")?;
                let guardians = load.resolve(&mut batch, "guardian")?;
                let mut made = Vec::with_capacity(batch.len());
                for (row, (ward, guardian)) in
                    batch.iter_mut().zip(wards.into_iter().zip(guardians))
                {
                    made.push(load.guardian(row, ward, guardian)?);
                }
                let ids = distinct(made.iter().flatten().map(|g| g.ward_id));
                let existing = match load.fresh {
                    true => Vec::new(),
                    false => book::guardians_of(load.conn, &load.street, &ids)?,
                };
                load.settle(&mut settling, &mut batch, made, existing).map(|_| ())
            },
        )
    }

    fn guardian(
        &mut self,
        row: &mut Row,
        ward: Option<Person>,
        guardian: Option<Person>,
    ) -> AppResult<Option<GuardianRow>> {
        let kind = row.code("kind", GuardianKind::from_code);
        let basis = row.code("basis", GuardianBasis::from_code);
        let (Some(ward), Some(kind), Some(basis), Some(from_on), Some(name)) =
            (ward, kind, basis, row.date("from_on"), row.owned("name"))
        else {
            return Ok(None);
        };
        self.check_days(row, &ward, &["from_on", "to_on"]);
        let to_on = row.date("to_on");
        super::check_order(row, "to_on", Some(from_on), to_on);
        if guardian.is_some_and(|g| g.id == ward.id) {
            row.fault("guardian", "监护人不能是本人。", "Nobody is their own guardian.");
        }
        let id = self.store.next_id();
        let cipher = self.cipher();
        Ok(Some(GuardianRow {
            id,
            street_code: self.street.clone(),
            ward_id: ward.id,
            guardian_id: guardian.map(|g| g.id),
            name_enc: seal(cipher, NAME, id, &name)?,
            phone_enc: seal_opt(cipher, PHONE, id, row.text("phone"))?,
            kind,
            basis,
            from_on,
            to_on,
            import_id: Some(self.import_id),
        }))
    }
}
