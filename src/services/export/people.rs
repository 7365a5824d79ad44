//! Areas, people, homes, events, guardians and visits.

use std::collections::HashMap;

use super::names::{Names, day, flag, pages, zh};
use super::writer::Writer;
use crate::domain::citizen_id::CitizenId;
use crate::domain::code_table::{Ethnicity, Relation, Sex};
use crate::domain::ids::{HouseholdId, ResidentId};
use crate::domain::resident::{ResidentStatus, mismatches};
use crate::error::AppResult;
use crate::services::import::book::{
    AREA, EVENT, GUARDIAN, HOUSEHOLD, MEMBER, RESIDENT, VISIT, VISIT_PERSON,
};
use crate::services::record::{open_opt, sealed};
use crate::store::book;
use crate::store::resident::{DOC_NO, PHONE, ResidentRow};

pub(super) fn areas(names: &mut Names<'_>, writer: &mut Writer) -> AppResult<()> {
    writer.sheet(&AREA, |row| {
        let areas = book::list_street_areas(names.conn, names.street)?;
        let parents: HashMap<String, String> = book::list_open_parents(names.conn)?
            .into_iter()
            .map(|parent| (parent.code, parent.parent_code))
            .collect();
        for area in areas {
            // The street's own parent may not be part of the registry.
            let parent = parents.get(&area.code).filter(|_| area.code != names.street).cloned();
            row(vec![
                Some(area.code),
                Some(area.name),
                parent,
                day(Some(area.opened_on)),
                day(area.closed_on),
            ])?;
        }
        Ok(())
    })
}

pub(super) fn residents(names: &mut Names<'_>, writer: &mut Writer) -> AppResult<()> {
    writer.sheet(&RESIDENT, |row| {
        pages!(names, book::page_residents, ResidentId(0), |rows| {
            for person in &rows {
                if person.status != ResidentStatus::Merged {
                    row(resident(names, person)?)?;
                }
            }
        });
        Ok(())
    })
}

fn resident(names: &Names<'_>, row: &ResidentRow) -> AppResult<Vec<Option<String>>> {
    let cipher = names.cipher;
    let number = open_opt(cipher, DOC_NO, row.id.0, row.doc_no_enc.as_deref())?;
    let id = number.as_deref().and_then(|n| CitizenId::parse(n, chrono::NaiveDate::MAX).ok());
    let sex = Sex::from_number(row.sex).unwrap_or(Sex::Unknown);
    let differs = id.is_some_and(|id| !mismatches(&id, Some(sex), Some(row.birth_on)).is_empty());
    let ethnicity = row.ethnicity.as_deref().and_then(Ethnicity::parse);
    Ok(vec![
        Some(row.name.clone()),
        zh(row.doc_kind.zh()),
        number,
        row.temp_no.clone(),
        zh(sex.zh()),
        day(Some(row.birth_on)),
        Some(row.area_code.clone()),
        open_opt(cipher, PHONE, row.id.0, row.phone_enc.as_deref())?,
        ethnicity.map(|e| e.zh().to_owned()),
        row.marital.map(|m| m.zh().to_owned()),
        row.education.map(|e| e.zh().to_owned()),
        zh(row.residence_status.zh()),
        zh(row.status.zh()),
        differs.then(|| "以登记簿为准".to_owned()),
    ])
}

pub(super) fn households(names: &mut Names<'_>, writer: &mut Writer) -> AppResult<()> {
    writer.sheet(&HOUSEHOLD, |row| {
        pages!(names, book::page_households, HouseholdId(0), |rows| {
            for home in rows {
                row(vec![
                    zh(home.kind.zh()),
                    Some(home.household_no),
                    Some(home.area_code),
                    Some(home.address),
                    day(Some(home.opened_on)),
                    day(home.closed_on),
                    home.close_reason,
                ])?;
            }
        });
        Ok(())
    })
}

pub(super) fn members(names: &mut Names<'_>, writer: &mut Writer) -> AppResult<()> {
    writer.sheet(&MEMBER, |row| {
        pages!(names, book::page_members, 0, |rows| {
            let people = names.people(rows.iter().map(|m| m.resident_id))?;
            let homes = names.households(rows.iter().map(|m| m.household_id))?;
            for member in &rows {
                let (Some(person), Some((kind, number))) =
                    (people.get(&member.resident_id), homes.get(&member.household_id))
                else {
                    continue;
                };
                row(vec![
                    zh(kind.zh()),
                    Some(number.clone()),
                    Some(person.clone()),
                    Relation::parse(&member.relation_code).map(|r| r.zh().to_owned()),
                    flag(member.counted),
                    day(Some(member.from_on)),
                    day(member.to_on),
                    zh(member.reason_in.zh()),
                    member.reason_out.map(|r| r.zh().to_owned()),
                    Some(member.from_month.to_string()),
                    member.to_month.map(|m| m.to_string()),
                    day(Some(member.known_on)),
                    day(member.end_known_on),
                ])?;
            }
        });
        Ok(())
    })
}

pub(super) fn events(names: &mut Names<'_>, writer: &mut Writer) -> AppResult<()> {
    writer.sheet(&EVENT, |row| {
        pages!(names, book::page_events, 0, |rows| {
            let people = names.people(rows.iter().filter_map(|e| e.resident_id))?;
            let homes = names.households(rows.iter().filter_map(|e| e.household_id))?;
            for event in &rows {
                let person = event.resident_id.map(|id| people.get(&id).cloned());
                // Of a person who was merged into another record.
                if person == Some(None) {
                    continue;
                }
                let home = event.household_id.and_then(|id| homes.get(&id));
                row(vec![
                    person.flatten(),
                    home.map(|(kind, _)| kind.zh().to_owned()),
                    home.map(|(_, number)| number.clone()),
                    zh(event.kind.zh()),
                    day(Some(event.event_on)),
                    day(Some(event.reported_on)),
                    day(event.decided_on),
                    Some(event.confidence.to_string()),
                    event.from_area.clone(),
                    event.to_area.clone(),
                    event.note.clone(),
                    day(event.annulled_on),
                ])?;
            }
        });
        Ok(())
    })
}

pub(super) fn guardians(names: &mut Names<'_>, writer: &mut Writer) -> AppResult<()> {
    use crate::store::guardian::{NAME, PHONE};
    writer.sheet(&GUARDIAN, |row| {
        pages!(names, book::page_guardians, 0, |rows| {
            let ids = rows.iter().flat_map(|g| [Some(g.ward_id), g.guardian_id]).flatten();
            let people = names.people(ids)?;
            for guardian in &rows {
                let Some(ward) = people.get(&guardian.ward_id) else { continue };
                let cipher = names.cipher;
                let id = guardian.id;
                row(vec![
                    Some(ward.clone()),
                    guardian.guardian_id.and_then(|id| people.get(&id).cloned()),
                    Some(cipher.open_text(NAME, id, &guardian.name_enc).map_err(sealed)?),
                    open_opt(cipher, PHONE, id, guardian.phone_enc.as_deref())?,
                    zh(guardian.kind.zh()),
                    zh(guardian.basis.zh()),
                    day(Some(guardian.from_on)),
                    day(guardian.to_on),
                ])?;
            }
        });
        Ok(())
    })
}

pub(super) fn visits(names: &mut Names<'_>, writer: &mut Writer) -> AppResult<()> {
    writer.sheet(&VISIT, |row| {
        pages!(names, book::page_visits, 0, |rows| {
            let homes = names.households(rows.iter().filter_map(|v| v.household_id))?;
            for visit in &rows {
                let home = visit.household_id.and_then(|id| homes.get(&id));
                row(vec![
                    Some(visit.visit_no.clone()),
                    home.map(|(kind, _)| kind.zh().to_owned()),
                    home.map(|(_, number)| number.clone()),
                    zh(visit.purpose.zh()),
                    day(visit.planned_on),
                    day(visit.done_on),
                    Some(visit.worker.clone()),
                    visit.co_visitor.clone(),
                    visit.result.map(|r| r.zh().to_owned()),
                    zh(visit.status.zh()),
                    day(visit.reviewed_on),
                ])?;
            }
        });
        Ok(())
    })
}

pub(super) fn visit_persons(names: &mut Names<'_>, writer: &mut Writer) -> AppResult<()> {
    writer.sheet(&VISIT_PERSON, |row| {
        pages!(names, book::page_visits, 0, |rows| {
            let ids: Vec<i64> = rows.iter().map(|visit| visit.id).collect();
            let mut persons = book::persons_of_visits(names.conn, names.street, &ids)?;
            persons.sort_by_key(|p| (p.visit_id, p.resident_id));
            let people = names.people(persons.iter().map(|p| p.resident_id))?;
            let numbers: HashMap<i64, &str> =
                rows.iter().map(|visit| (visit.id, visit.visit_no.as_str())).collect();
            for person in &persons {
                if let (Some(number), Some(name)) =
                    (numbers.get(&person.visit_id), people.get(&person.resident_id))
                {
                    row(vec![Some((*number).to_owned()), Some(name.clone())])?;
                }
            }
        });
        Ok(())
    })
}
