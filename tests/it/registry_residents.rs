//! Areas and residents.

use mingce::domain::code_table::{ResidenceStatus, Sex};
use mingce::domain::document::DocKind;
use mingce::domain::ids::ResidentId;
use mingce::domain::life_event::{Confidence, EventDates};
use mingce::domain::resident::ResidentStatus;
use mingce::domain::role::Role;
use mingce::error::ErrorCode;
use mingce::services::area::{AreaInput, add_areas, close_area, move_area};
use mingce::services::auth::{EditRegistry, ManageSystem, ViewRegistry};
use mingce::services::directory::{PeopleQuery, list_people};
use mingce::services::event::{MoveOutInput, move_out};
use mingce::services::resident::{
    self, ResidentInput, ResidentPatch, correct, find_by_id_number, list_history, register, reveal,
};
use mingce::store::area::load_tree;
use mingce::store::directory::Place;

use crate::harness::STREET;
use crate::on_both;
use crate::registry_office::{
    EAST, GRID, OTHER, Office, THERE, WEST, code, day, fields, number, refused,
};

on_both! {
    fn a_community_moves_under_another_street_from_a_day(registry) {
        let _office = Office::new(registry);
        let operator = registry.actor("setup", Role::Operator);
        let by = operator.authorize::<ManageSystem>().expect("may");
        move_area(&registry.store, &by, WEST, OTHER, day("2023-07-01")).expect("moved");
        let street = |on: &str| {
            registry
                .store
                .read(|conn| {
                    let tree = load_tree(conn, day(on))?;
                    Ok(tree.street_of(WEST).map(str::to_owned))
                })
                .expect("a tree")
        };
        assert_eq!(street("2023-06-30").as_deref(), Some(STREET));
        assert_eq!(street("2023-07-01").as_deref(), Some(OTHER));
        // The same day again, a wrong level, an unknown area.
        assert_eq!(
            fields(move_area(&registry.store, &by, WEST, STREET, day("2023-07-01"))),
            ["from"]
        );
        assert_eq!(fields(move_area(&registry.store, &by, GRID, OTHER, day("2023-08-01"))), ["parent"]);
        assert_eq!(fields(move_area(&registry.store, &by, "999", OTHER, day("2023-08-01"))), ["code"]);
        close_area(&registry.store, &by, GRID, day("2023-10-31")).expect("closed");
        assert_eq!(
            code(close_area(&registry.store, &by, GRID, day("2023-10-31"))),
            ErrorCode::Conflict
        );
    }

    fn wrong_areas_are_refused_together(registry) {
        let _office = Office::new(registry);
        let operator = registry.actor("setup", Role::Operator);
        let by = operator.authorize::<ManageSystem>().expect("may");
        let area = |code: &str, name: &str, parent: Option<&str>| AreaInput {
            code: code.to_owned(),
            name: name.to_owned(),
            parent: parent.map(str::to_owned),
            opened_on: day("2020-01-01"),
        };
        let wrong = [
            area("12", "短", None),
            area(EAST, "重复", None),
            area("320899001009001", "孤儿网格", None),
            area("320899001003", "", None),
            area("320899001004", "错上级", Some("320899")),
        ];
        let got = refused(add_areas(&registry.store, &by, &wrong));
        assert_eq!(got.len(), 5, "{got:?}");
        let tree = registry.store.read(|conn| Ok(load_tree(conn, day("2023-01-01"))?)).expect("read");
        assert!(tree.area("320899001003").is_none(), "nothing half-saved");
        assert_eq!(tree.below(EAST), [EAST, GRID]);
    }

    fn a_resident_is_registered_and_found(registry) {
        let office = Office::new(registry);
        let id = office.person("单田芳", "1949-01-01", 1);
        let row = office.row(id);
        assert_eq!((row.name_pinyin.as_str(), row.name_initials.as_str()), ("shantianfang", "stf"));
        assert_eq!((row.sex, row.birth_on), (1, day("1949-01-01")));
        let view = office.may::<ViewRegistry>();
        let found = find_by_id_number(&registry.store, &view, " ３２０８９９194901010010 ");
        assert_eq!(found.expect("a search").map(|r| r.id), Some(id));
        let shown = reveal(&registry.store, &view, id, "核对身份").expect("revealed");
        assert_eq!(shown.doc_no.as_deref(), Some("320899194901010010"));
        assert_eq!(fields(find_by_id_number(&registry.store, &view, "3208991949")), ["doc_no"]);
        assert_eq!(fields(reveal(&registry.store, &view, id, " ")), ["reason"]);
    }

    fn a_common_name_is_paged_by_pinyin(registry) {
        let office = Office::new(registry);
        let by = office.may::<EditRegistry>();
        let somebody = |name: String, area: &str| {
            let input = ResidentInput {
                doc_kind: DocKind::Nothing,
                doc_no: None,
                sex: Some(Sex::Male),
                birth_on: Some(day("1980-01-01")),
                ..ResidentInput::citizen(&name, "", area)
            };
            register(&registry.store, &by, &input).expect("registered")
        };
        // More than are counted, so that the page comes from the index.
        let given = ["安", "白", "海", "天", "云"];
        for n in 0..1_005 {
            let name = format!("王{}{}", given[n % 5], given[n / 5 % 5]);
            somebody(name, if n % 67 == 0 { WEST } else { EAST });
        }
        let last = somebody("小王子哥".to_owned(), GRID);
        let view = office.may::<ViewRegistry>();
        let ask = |name: &str, area: Option<&str>, place, limit| {
            let query = PeopleQuery {
                name: Some(name.to_owned()),
                address: None,
                area: area.map(str::to_owned),
                status: Some(ResidentStatus::Active),
                place,
                limit,
            };
            list_people(&registry.store, &view, &query).expect("a page")
        };
        for name in ["王", "w", "wang"] {
            let mut seen: Vec<(String, ResidentId)> = Vec::new();
            let mut place = Place::Start;
            loop {
                let page = ask(name, None, place, 200);
                assert_eq!((page.total, page.has_previous), (None, !seen.is_empty()), "{name}");
                seen.extend(page.rows.iter().map(|row| (row.name_pinyin.clone(), row.id)));
                if !page.has_next {
                    break;
                }
                place = Place::After(seen.last().cloned().expect("rows"));
            }
            assert!(seen.is_sorted(), "{name}");
            let inside = usize::from(name == "王");
            assert_eq!(seen.len(), 1_005 + inside, "{name}");
            let back = ask(name, None, Place::Before(seen[200].clone()), 100);
            let ids: Vec<ResidentId> = back.rows.iter().map(|row| row.id).collect();
            let known: Vec<ResidentId> = seen[100..200].iter().map(|(_, id)| *id).collect();
            assert_eq!(ids, known, "{name}");
            assert!(back.has_previous && back.has_next);
        }
        // Few areas, a rarer part, three characters, initials: counted.
        assert_eq!(ask("王", Some(WEST), Place::Start, 20).total, Some(15));
        assert_eq!(ask("王", Some(EAST), Place::Start, 20).total, Some(991));
        for (name, total) in [("王安", 201), ("安白", 40), ("王安白", 40), ("wab", 40), ("子哥", 1), ("xwzg", 1)] {
            assert_eq!(ask(name, None, Place::Start, 20).total, Some(total), "{name}");
        }
        let found = ask("小王子", None, Place::Start, 20);
        assert_eq!(found.rows.iter().map(|row| row.id).collect::<Vec<_>>(), [last]);
        // Under another name they are found by that one only.
        let patch = ResidentPatch { name: Some("赵大".to_owned()), ..ResidentPatch::default() };
        correct(&registry.store, &by, last, 1, &patch, "户口簿为准").expect("corrected");
        assert_eq!(ask("子哥", None, Place::Start, 20).total, Some(0));
        assert_eq!(ask("zd", None, Place::Start, 20).total, Some(1));
    }

    fn every_wrong_field_is_named_at_once(registry) {
        let office = Office::new(registry);
        let by = office.may::<EditRegistry>();
        let wrong = ResidentInput {
            name: String::new(),
            phone: Some("123".to_owned()),
            area_code: "320899009009".to_owned(),
            ..ResidentInput::citizen("", "320899194901010011", EAST)
        };
        assert_eq!(
            fields(register(&registry.store, &by, &wrong)),
            ["area", "name", "doc_no", "phone"]
        );
        let february = ResidentInput::citizen("张三", "320899202402310010", EAST);
        assert_eq!(fields(register(&registry.store, &by, &february)), ["doc_no"]);
        let elsewhere = ResidentInput::citizen("张三", &number("1949-01-01", 1), THERE);
        assert_eq!(fields(register(&registry.store, &by, &elsewhere)), ["area"]);
        let differs = ResidentInput {
            sex: Some(Sex::Female),
            birth_on: Some(day("1950-01-01")),
            ..ResidentInput::citizen("张三", &number("1949-01-01", 1), EAST)
        };
        assert_eq!(fields(register(&registry.store, &by, &differs)), ["birth_on", "sex"]);
        let explained = ResidentInput {
            mismatch_reason: Some("户口簿为准".to_owned()),
            ..differs
        };
        register(&registry.store, &by, &explained).expect("a reason was given");
        let told = ResidentInput {
            mismatch_reason: Some("电话 13800001234 告知".to_owned()),
            ..ResidentInput::citizen("李四", &number("1950-01-01", 1), EAST)
        };
        assert_eq!(fields(register(&registry.store, &by, &told)), ["mismatch_reason"]);
    }

    fn a_person_is_once_in_the_registry(registry) {
        let office = Office::new(registry);
        office.person("张三", "1949-01-01", 1);
        let again = ResidentInput::citizen("张三", &number("1949-01-01", 1), GRID);
        let by = office.may::<EditRegistry>();
        assert_eq!(
            refused(register(&registry.store, &by, &again)),
            [("doc_no".to_owned(), ErrorCode::Duplicate)]
        );
        let other = mingce::services::Actor::new(
            "other".to_owned(),
            Role::Clerk,
            mingce::services::Scope::street(OTHER),
        );
        let there = ResidentInput::citizen("张三", &number("1949-01-01", 1), THERE);
        let by = other.authorize().expect("may");
        assert_eq!(code(register(&registry.store, &by, &there)), ErrorCode::Duplicate);
        // Once they moved away from here, they can arrive there.
        let view = office.may::<ViewRegistry>();
        let man = find_by_id_number(&registry.store, &view, &number("1949-01-01", 1));
        let left = MoveOutInput {
            residents: vec![man.expect("a search").expect("found").id],
            destination: "外地".to_owned(),
            dates: EventDates::on(day("2023-10-01")),
            confidence: Confidence::Confirmed,
            heads: vec![],
            note: None,
        };
        move_out(&registry.store, &office.may(), &left).expect("left");
        register(&registry.store, &by, &there).expect("arrived in the other street");
        let by = office.may::<EditRegistry>();
        assert_eq!(code(register(&registry.store, &by, &again)), ErrorCode::Duplicate);
    }

    fn people_without_a_document_get_a_number_of_their_own(registry) {
        let office = Office::new(registry);
        let by = office.may::<EditRegistry>();
        let baby = ResidentInput {
            doc_kind: DocKind::Nothing,
            doc_no: None,
            birth_on: Some(day("2023-11-01")),
            ..ResidentInput::citizen("小宝", "", EAST)
        };
        let first = register(&registry.store, &by, &baby).expect("registered");
        let second = register(&registry.store, &by, &baby).expect("registered");
        assert_eq!(office.row(first).temp_no.as_deref(), Some("T320899001-202311-0001"));
        assert_eq!(office.row(second).temp_no.as_deref(), Some("T320899001-202311-0002"));
        let undated = ResidentInput { birth_on: None, ..baby };
        assert_eq!(fields(register(&registry.store, &by, &undated)), ["birth_on"]);
        let foreigner = ResidentInput {
            doc_kind: DocKind::Passport,
            doc_no: Some("E12345678".to_owned()),
            birth_on: Some(day("1980-05-05")),
            residence_status: ResidenceStatus::Foreign,
            ..ResidentInput::citizen("John Smith", "", EAST)
        };
        register(&registry.store, &by, &foreigner).expect("registered");
    }

    fn a_correction_keeps_what_was_and_claims_the_new_number(registry) {
        let office = Office::new(registry);
        let id = office.person("张三", "1949-01-01", 1);
        let by = office.may::<EditRegistry>();
        let patch = ResidentPatch {
            name: Some("张山".to_owned()),
            document: Some((DocKind::IdCard, number("1950-02-02", 2))),
            phone: Some("13800001234".to_owned()),
            ..ResidentPatch::default()
        };
        let version = correct(&registry.store, &by, id, 1, &patch, "公安更正").expect("corrected");
        assert_eq!(version, 2);
        let row = office.row(id);
        assert_eq!((row.birth_on, row.sex), (day("1950-02-02"), 2));
        let view = office.may::<ViewRegistry>();
        let history = list_history(&registry.store, &view, "resident", id.0).expect("history");
        let created = history.iter().filter(|h| h.field.is_none()).count();
        assert_eq!(created, 1);
        let of = |field: &str| {
            history
                .iter()
                .find(|h| h.field.as_deref() == Some(field))
                .map(|h| (h.old.clone().unwrap_or_default(), h.new.clone().unwrap_or_default()))
                .expect(field)
        };
        assert_eq!(of("name"), ("张三".to_owned(), "张山".to_owned()));
        assert_eq!(of("doc_no"), (number("1949-01-01", 1), number("1950-02-02", 2)));
        assert_eq!(of("birth_on"), ("1949-01-01".to_owned(), "1950-02-02".to_owned()));
        assert_eq!(of("phone"), (String::new(), "13800001234".to_owned()));
        assert_eq!(of("sex"), ("1".to_owned(), "2".to_owned()));
        assert_eq!(history.len(), 6, "creation and five fields");
        // The old number is free again, the new one is taken.
        office.person("王五", "1949-01-01", 1);
        let taken = ResidentInput::citizen("赵六", &number("1950-02-02", 2), EAST);
        assert_eq!(code(register(&registry.store, &by, &taken)), ErrorCode::Duplicate);
        // A stale version, no reason.
        assert_eq!(
            code(correct(&registry.store, &by, id, 1, &patch, "再改")),
            ErrorCode::Stale
        );
        let other = ResidentPatch { name: Some("张四".to_owned()), ..ResidentPatch::default() };
        assert_eq!(fields(correct(&registry.store, &by, id, 2, &other, "")), ["reason"]);
        assert_eq!(office.row(id).version, 2);
    }

    fn out_of_scope_is_the_same_as_missing(registry) {
        let office = Office::new(registry);
        let id = office.person("张三", "1949-01-01", 1);
        let grid = office.in_area(Role::Grid, &[GRID]);
        let view = grid.authorize::<ViewRegistry>().expect("may");
        assert_eq!(
            code(resident::load_resident(&registry.store, &view, id)),
            ErrorCode::NotFound
        );
        let by = grid.authorize::<EditRegistry>().expect("may");
        let outside = ResidentInput::citizen("李四", &number("1960-01-01", 1), EAST);
        assert_eq!(fields(register(&registry.store, &by, &outside)), ["area"]);
        let admin = registry.actor("admin", Role::Admin);
        assert!(admin.authorize::<ViewRegistry>().is_err());
    }
}
