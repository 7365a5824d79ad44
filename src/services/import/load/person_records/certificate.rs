//! Disability certificates.

use chrono::NaiveDate;
use diesel::prelude::*;

use super::super::people::Person;
use super::super::settle::{Field, Record, Settling, day};
use super::super::{Load, distinct};
use crate::domain::certificate::{Category, CertificateDetail, CertificateNo, Grade, Part, check};
use crate::domain::ids::UnitId;
use crate::domain::month::Month;
use crate::error::AppResult;
use crate::services::certificate::detail_text;
use crate::services::import::book::CERTIFICATE;
use crate::services::import::person::{PersonKey, PersonRef};
use crate::services::import::rows::Row;
use crate::services::import::source::BookSource;
use crate::services::record::{seal, sealed};
use crate::store::certificate::{self as rows, CERT_INDEX, CERT_NO, CertificateRow, DETAIL};
use crate::store::{Cipher, Db, book};

impl Record for CertificateRow {
    const KIND: &'static str = "certificate";
    const MUTABLE: &'static [&'static str] =
        &["valid_to", "cancelled_on", "cancel_known_on", "first_issue"];
    type Key = (Vec<u8>, Month);

    fn key(&self) -> Self::Key {
        (self.cert_no_index.clone(), self.from_month)
    }

    fn id(&self) -> i64 {
        self.id
    }

    fn fields(&self, cipher: &Cipher) -> AppResult<Vec<Field>> {
        let detail = cipher.open_text(DETAIL, self.id, &self.detail_enc).map_err(sealed)?;
        Ok(vec![
            ("person", Some(self.resident_id.to_string())),
            ("parts", Some(detail)),
            ("first_issue", Some(self.first_issue.to_string())),
            ("issued_on", day(Some(self.issued_on))),
            ("valid_to", day(self.valid_to)),
            ("known_on", day(Some(self.known_on))),
            ("cancelled_on", day(self.cancelled_on)),
            ("cancel_known_on", day(self.cancel_known_on)),
        ])
    }

    fn adopt(&mut self, new: &Self, _: &Cipher) -> AppResult<()> {
        self.valid_to = new.valid_to.or(self.valid_to);
        self.cancelled_on = new.cancelled_on.or(self.cancelled_on);
        self.cancel_known_on = new.cancel_known_on.or(self.cancel_known_on);
        self.first_issue = new.first_issue;
        Ok(())
    }

    fn insert(conn: &mut Db, new: &[Self]) -> AppResult<()> {
        rows::insert_certificates(conn, new)?;
        Ok(())
    }

    fn update(&self, conn: &mut Db) -> AppResult<()> {
        use crate::store::schema::certificate;
        diesel::update(certificate::table.find((self.id, &self.street_code)))
            .set(self)
            .execute(conn)?;
        Ok(())
    }

    fn marks(&self) -> Vec<(UnitId, Month, NaiveDate)> {
        vec![(self.unit_id, self.from_month, self.cancel_known_on.unwrap_or(self.known_on))]
    }
}

impl Load<'_, '_> {
    pub(in super::super) fn certificates(
        &mut self,
        source: &mut dyn BookSource,
        places: &[usize],
    ) -> AppResult<()> {
        let mut settling = Settling::<CertificateRow>::new(&CERTIFICATE, "cert_no");
        self.stream(
            source,
            (&CERTIFICATE, places),
            |row| row,
            |load, mut batch| {
                let people = load.resolve(&mut batch, "person")?;
                let mut made = Vec::with_capacity(batch.len());
                for (row, person) in batch.iter_mut().zip(people) {
                    made.push(load.certificate(row, person)?);
                }
                let indexes = distinct(made.iter().flatten().map(|c| c.cert_no_index.clone()));
                let existing = match load.fresh {
                    true => Vec::new(),
                    false => book::certificates_by_index(load.conn, &load.street, &indexes)?,
                };
                load.settle(&mut settling, &mut batch, made, existing).map(|_| ())
            },
        )
    }

    fn certificate(
        &mut self,
        row: &mut Row,
        person: Option<Person>,
    ) -> AppResult<Option<CertificateRow>> {
        let number = row.text("cert_no").and_then(|n| CertificateNo::parse(n, self.today).ok());
        let (issued, known) = (row.date("issued_on"), row.date("known_on"));
        let (
            Some(person),
            Some((number, owner, category, grade)),
            Some(issued_on),
            Some(known_on),
            Some(from_month),
        ) = (person, number, issued, known, row.month("from_month"))
        else {
            return Ok(None);
        };
        let cipher = self.cipher();
        let own = [PersonKey::of_document(cipher, owner.as_str())];
        let named = row.person("person").map(|p| p.keys(cipher)).unwrap_or_default();
        let is_document = matches!(row.person("person"), Some(PersonRef::Document(_)));
        if is_document && named != own {
            row.fault(
                "cert_no",
                "残疾人证号的前 18 位不是本人的身份证号。",
                "The certificate number begins with another person's ID number.",
            );
        }
        let stated =
            (row.code("category", Category::from_code), row.code("grade", Grade::from_code));
        if stated.0.is_some_and(|c| c != category) || stated.1.is_some_and(|g| g != grade) {
            row.fault(
                "category",
                "残疾类别、等级与证号最后两位不一致。",
                "Category or grade differ from the last digits of the number.",
            );
        }
        let parts = parts(row.text("parts").unwrap_or_default());
        let detail =
            CertificateDetail { category, grade, parts: parts.clone().unwrap_or_default() };
        match parts {
            None => row.fault("parts", "分项写法不对,应如 41;52。", "Write the parts as 41;52."),
            Some(_) => {
                if let Err(error) = check(number.as_str(), Some(&owner), &detail, self.today) {
                    row.fault("parts", error.zh(), error.en());
                }
            }
        }
        self.check_days(
            row,
            &person,
            &["issued_on", "known_on", "cancelled_on", "cancel_known_on"],
        );
        let (valid_to, cancelled_on) = (row.date("valid_to"), row.date("cancelled_on"));
        super::check_order(row, "valid_to", Some(issued_on), valid_to);
        super::check_order(row, "cancelled_on", Some(issued_on), cancelled_on);
        let id = self.store.next_id();
        Ok(Some(CertificateRow {
            id,
            street_code: self.street.clone(),
            resident_id: person.id,
            unit_id: person.unit,
            cert_no_enc: seal(cipher, CERT_NO, id, number.as_str())?,
            cert_no_index: cipher.blind(CERT_INDEX, number.as_str()),
            detail_enc: seal(cipher, DETAIL, id, &detail_text(&detail))?,
            first_issue: row.flag("first_issue").unwrap_or(false),
            issued_on,
            valid_to,
            from_month,
            known_on,
            cancelled_on,
            cancel_known_on: row.date("cancel_known_on").or(cancelled_on),
            import_id: Some(self.import_id),
        }))
    }
}

/// `41;52`: category and grade of each part. `None` if written otherwise.
fn parts(text: &str) -> Option<Vec<Part>> {
    text.split([';', '；', ',', '，', '、', ' '])
        .filter(|part| !part.is_empty())
        .map(|part| {
            let (category, grade) = part.split_at_checked(1)?;
            Some(Part { category: Category::from_code(category)?, grade: Grade::from_code(grade)? })
        })
        .collect()
}
