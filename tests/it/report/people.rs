//! Residents, awards, visits, cases and certificates behind the figures.

use mingce::domain::account::HolderRelation;
use mingce::domain::award::{AwardMode, BeneficiaryKind, DecisionKind};
use mingce::domain::code_table::ResidenceStatus;
use mingce::domain::document::DocKind;
use mingce::domain::household::{HouseholdKind, JoinReason};
use mingce::domain::ids::{AwardId, BeneficiaryId, HouseholdId, ResidentId, UnitId};
use mingce::domain::month::Month;
use mingce::domain::resident::ResidentStatus;
use mingce::domain::temp_case::{CaseKind, CaseLevel, Cause};
use mingce::domain::visit::{Purpose, VisitResult, VisitStatus};
use mingce::store::account::{ACCOUNT_NO, AccountRow, insert_accounts};
use mingce::store::award::{AwardRow, insert_awards};
use mingce::store::certificate::{CertificateRow, insert_certificates};
use mingce::store::decision::{DecisionRow, insert_decisions};
use mingce::store::household::{HouseholdRow, insert_households};
use mingce::store::membership::{MembershipRow, insert_memberships};
use mingce::store::resident::{DOC_NO, PHONE, ResidentRow, insert_residents};
use mingce::store::temp_case::{TempCaseRow, insert_temp_cases};
use mingce::store::visit::{VisitPersonRow, VisitRow, insert_visit_persons, insert_visits};

use super::fixture::{community, day, yuan};
use crate::harness::{STREET, TestRegistry};

/// A resident with a fictitious number of region 320899.
pub fn resident(registry: &TestRegistry, name: &str, number: &str, place: usize) -> ResidentId {
    let id = registry.store.next_id();
    let cipher = registry.store.cipher();
    let now = registry.clock.now();
    let row = ResidentRow {
        id: ResidentId(id),
        street_code: STREET.into(),
        unit_id: UnitId(id),
        area_code: community(place),
        name: name.into(),
        name_pinyin: "zhang".into(),
        name_initials: "z".into(),
        sex: 1,
        birth_on: day("1949-01-01"),
        doc_kind: DocKind::IdCard,
        doc_no_enc: Some(cipher.seal(DOC_NO, id, number.as_bytes()).expect("sealed")),
        doc_no_index: Some(cipher.blind("doc_no", &format!("{number}{id}"))),
        temp_no: None,
        phone_enc: Some(cipher.seal(PHONE, id, b"13800001234").expect("sealed")),
        phone_index: None,
        ethnicity: None,
        marital: None,
        education: None,
        residence_status: ResidenceStatus::Here,
        status: ResidentStatus::Active,
        merged_into: None,
        import_id: None,
        version: 1,
        created_at: now,
        updated_at: now,
    };
    registry.store.write(STREET, |tx| Ok(insert_residents(tx.conn, &[row])?)).expect("a resident");
    ResidentId(id)
}

/// An assistance household with its head and an award of dibao, paid to the
/// head's own account, confirmed from `from`.
pub fn dibao_award(registry: &TestRegistry, head: ResidentId, place: usize, from: &str) -> i64 {
    let store = &registry.store;
    let now = registry.clock.now();
    let (household, award, account) = (store.next_id(), store.next_id(), store.next_id());
    let card = b"6229990000000000019";
    let rows = (
        HouseholdRow {
            id: HouseholdId(household),
            street_code: STREET.into(),
            kind: HouseholdKind::Assist,
            household_no: format!("A{household}"),
            area_code: community(place),
            address: "淮海花园9幢".into(),
            head_id: Some(head),
            unit_id: UnitId(head.0),
            opened_on: day("2023-01-01"),
            closed_on: None,
            close_reason: None,
            import_id: None,
            version: 1,
            created_at: now,
            updated_at: now,
        },
        MembershipRow {
            id: store.next_id(),
            street_code: STREET.into(),
            household_id: HouseholdId(household),
            resident_id: head,
            unit_id: UnitId(head.0),
            kind: HouseholdKind::Assist,
            relation_code: "02".into(),
            counted: true,
            from_on: day("2023-01-01"),
            to_on: None,
            reason_in: JoinReason::Opening,
            reason_out: None,
            from_month: from.parse().expect("a month"),
            to_month: None,
            known_on: day("2023-01-01"),
            end_known_on: None,
            import_id: None,
        },
        AccountRow {
            id: account,
            street_code: STREET.into(),
            owner_id: head,
            holder_name: "张三丰".into(),
            holder_doc_enc: None,
            relation: HolderRelation::Oneself,
            bank_name: "某某银行".into(),
            bank_cnaps: None,
            account_enc: store.cipher().seal(ACCOUNT_NO, account, card).expect("sealed"),
            account_index: store.cipher().blind("account", "6229990000000000019"),
            opened_on: day("2023-01-01"),
            closed_on: None,
            agreement_no: None,
            import_id: None,
        },
        AwardRow {
            id: AwardId(award),
            street_code: STREET.into(),
            program: "dibao".into(),
            beneficiary_kind: BeneficiaryKind::Household,
            beneficiary_id: BeneficiaryId(household),
            resident_id: head,
            household_id: Some(HouseholdId(household)),
            unit_id: UnitId(head.0),
            mode: AwardMode::Standard,
            cert_no: Some("D000123".into()),
            account_id: Some(account),
            review_class: None,
            near_relative: false,
            opened_on: day("2023-01-01"),
            import_id: None,
            version: 1,
        },
    );
    store
        .write(STREET, |tx| {
            insert_households(tx.conn, &[rows.0])?;
            insert_memberships(tx.conn, &[rows.1])?;
            insert_accounts(tx.conn, &[rows.2])?;
            insert_awards(tx.conn, &[rows.3])?;
            Ok(())
        })
        .expect("an award");
    decide(registry, award, head, DecisionKind::Confirm, from, None);
    award
}

/// A decision on an award, known on the 10th of the month before.
pub fn decide(
    registry: &TestRegistry,
    award: i64,
    unit: ResidentId,
    kind: DecisionKind,
    from: &str,
    reason: Option<&str>,
) {
    let from_month: Month = from.parse().expect("a month");
    let row = DecisionRow {
        id: registry.store.next_id(),
        street_code: STREET.into(),
        award_id: AwardId(award),
        unit_id: UnitId(unit.0),
        kind,
        from_month,
        to_month: None,
        decided_on: from_month.prev().day(10),
        applied_on: None,
        known_on: from_month.prev().day(10),
        amount_fen: None,
        reason: reason.map(str::to_owned),
        doc_no: None,
        annuls: None,
        import_id: None,
    };
    registry.store.write(STREET, |tx| Ok(insert_decisions(tx.conn, &[row])?)).expect("decided");
}

/// A reviewed visit on a day.
pub fn visit(
    registry: &TestRegistry,
    on: &str,
    purpose: Purpose,
    result: VisitResult,
    status: VisitStatus,
    who: &[ResidentId],
) {
    let id = registry.store.next_id();
    let row = VisitRow {
        id,
        street_code: STREET.into(),
        visit_no: format!("V{id}"),
        household_id: None,
        purpose,
        planned_on: None,
        done_on: Some(day(on)),
        worker: "grid1".into(),
        co_visitor: None,
        result: Some(result),
        status,
        reviewed_on: None,
        import_id: None,
        changed: String::new(),
    };
    let persons: Vec<VisitPersonRow> = who
        .iter()
        .map(|resident_id| VisitPersonRow {
            street_code: STREET.into(),
            visit_id: id,
            resident_id: *resident_id,
        })
        .collect();
    registry
        .store
        .write(STREET, |tx| {
            insert_visits(tx.conn, &[row])?;
            insert_visit_persons(tx.conn, &persons)?;
            Ok(())
        })
        .expect("a visit");
}

/// A case of temporary assistance; returns its id, the beneficiary of its line.
pub fn case(registry: &TestRegistry, who: ResidentId, level: CaseLevel, approved: i64) -> i64 {
    let id = registry.store.next_id();
    let row = TempCaseRow {
        id,
        street_code: STREET.into(),
        case_no: format!("L{id}"),
        resident_id: who,
        household_id: None,
        area_code: community(0),
        kind: CaseKind::Emergency,
        cause: Cause::Illness,
        level,
        category: None,
        self_paid_fen: None,
        asked_fen: yuan(approved),
        approved_fen: yuan(approved),
        applied_on: day("2023-05-02"),
        decided_on: day("2023-05-08"),
        doc_no: None,
        import_id: None,
    };
    registry.store.write(STREET, |tx| Ok(insert_temp_cases(tx.conn, &[row])?)).expect("a case");
    id
}

/// A certificate.
pub fn certificate(registry: &TestRegistry, who: ResidentId, on: &str, first_issue: bool) {
    let id = registry.store.next_id();
    let row = CertificateRow {
        id,
        street_code: STREET.into(),
        resident_id: who,
        unit_id: UnitId(who.0),
        cert_no_enc: vec![0],
        cert_no_index: registry.store.cipher().blind("cert", &id.to_string()),
        detail_enc: vec![0],
        first_issue,
        issued_on: day(on),
        valid_to: None,
        from_month: Month::of(day(on)),
        known_on: day(on),
        cancelled_on: None,
        cancel_known_on: None,
        import_id: None,
    };
    registry
        .store
        .write(STREET, |tx| Ok(insert_certificates(tx.conn, &[row])?))
        .expect("a certificate");
}

/// An award of a program paid to a person.
pub fn person_award(registry: &TestRegistry, who: ResidentId, program: &str) -> i64 {
    let award = registry.store.next_id();
    let row = AwardRow {
        id: AwardId(award),
        street_code: STREET.into(),
        program: program.into(),
        beneficiary_kind: BeneficiaryKind::Person,
        beneficiary_id: BeneficiaryId(who.0),
        resident_id: who,
        household_id: None,
        unit_id: UnitId(who.0),
        mode: AwardMode::Standard,
        cert_no: None,
        account_id: None,
        review_class: None,
        near_relative: false,
        opened_on: day("2023-01-01"),
        import_id: None,
        version: 1,
    };
    registry.store.write(STREET, |tx| Ok(insert_awards(tx.conn, &[row])?)).expect("an award");
    award
}
