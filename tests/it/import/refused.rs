//! Every refusal names sheet, row and column.

use super::book::{child, dead, good_book, head, id_number, wife};
use super::{assert_balanced, import, places};
use crate::harness::TestRegistry;
use mingce::services::import::{Cell, ImportOptions, MemoryBook};
use mingce::store::Backend;

/// Appends one sheet to a good book; gives the places of what is refused.
fn refused(sheet: &str, header: &[&str], rows: &[&[&str]]) -> Vec<String> {
    let registry = TestRegistry::new(Backend::Sqlite);
    let mut book = good_book();
    book.sheet(sheet, header);
    for row in rows {
        book.row(row.iter().copied());
    }
    let report = import(&registry, &mut book, ImportOptions::default());
    assert!(!report.saved);
    assert_balanced(&report);
    for refusal in &report.refusals {
        assert!(!refusal.zh.is_empty() && !refusal.en.is_empty());
    }
    places(&report)
}

const PERSON: [&str; 3] = ["name", "doc_no", "area"];
const AREA: &str = "320899001001";

#[test]
fn people() {
    let id = |serial| id_number(serial, "19600606", 1);
    assert_eq!(
        refused("居民", &PERSON, &[&["甲乙", "320899194901010011", AREA]]),
        ["居民!2:证件号码"],
        "checksum"
    );
    assert_eq!(
        refused("居民", &PERSON, &[&["甲乙", "320899195802290031", AREA]]),
        ["居民!2:证件号码"],
        "29 February"
    );
    assert_eq!(
        refused("居民", &PERSON, &[&["甲乙", &id(9), "320899001999"]]),
        ["居民!2:区划代码"],
        "unknown area"
    );
    assert_eq!(
        refused("居民", &PERSON, &[&["甲乙", &head(), AREA]]),
        ["居民!2:证件号码"],
        "twice in the book"
    );
    assert_eq!(
        refused("居民", &PERSON, &[&["", &id(9), ""]]),
        ["居民!2:姓名", "居民!2:区划代码"],
        "missing"
    );
    let sex = ["name", "doc_no", "area", "sex", "birth_on"];
    assert_eq!(
        refused("居民", &sex, &[&["甲乙", &id(9), AREA, "女", "1960-06-07"]]),
        ["居民!2:出生日期", "居民!2:性别"]
    );
    assert_eq!(
        refused("居民", &sex, &[&["甲乙", &id(9), AREA, "", "1960-02-31"]]),
        ["居民!2:出生日期"]
    );
    assert_eq!(
        refused("居民", &sex, &[&["甲乙", &id(9), AREA, "雄", ""]]),
        ["居民!2:性别"],
        "unknown code"
    );
}

#[test]
fn an_id_number_that_lost_its_digits() {
    let registry = TestRegistry::new(Backend::Sqlite);
    let mut book = good_book();
    book.sheet("居民", &PERSON).cells(vec![
        Cell::text("甲乙"),
        Cell::Number(3.208_991_960_060_6e17),
        Cell::text(AREA),
    ]);
    let report = import(&registry, &mut book, ImportOptions::default());
    assert_eq!(places(&report), ["居民!2:证件号码"]);
    assert!(report.refusals[0].zh.contains("丢失"));
}

#[test]
fn an_old_number_is_converted_and_remarked() {
    let registry = TestRegistry::new(Backend::Sqlite);
    let mut book = good_book();
    book.sheet("居民", &PERSON).row(["甲乙", "320899600606091", AREA]);
    let report = import(&registry, &mut book, ImportOptions::default());
    assert!(report.saved);
    assert_eq!(report.remarks.len(), 1);
}

#[test]
fn households() {
    let home = ["kind", "household_no", "area", "address", "opened_on"];
    let lonely = ["户籍户", "H002", AREA, "某路 2 号", "2001-01-01"];
    assert_eq!(refused("户", &home, &[&lonely]), ["户!2:户号"], "no members");
    let member = ["kind", "household_no", "person", "relation", "from_on"];
    assert_eq!(
        refused(
            "成员",
            &member,
            &[&["户籍户", "H001", "T320899001-202301-0001", "户主", "2023-02-01"]]
        ),
        [
            "户!2:户号",
            "成员!2:户号",
            "成员!3:户号",
            "成员!4:户号",
            "成员!2:户号",
            "走访!2:户号",
            "走访人员!2:走访编号",
            "走访人员!3:走访编号"
        ],
        "two heads"
    );
    assert_eq!(
        refused("成员", &member, &[&["户籍户", "H009", &dead(), "户主", "2001-01-01"]]),
        ["成员!2:户号"],
        "unknown household"
    );
    assert_eq!(
        refused("成员", &member, &[&["户籍户", "H001", &child(), "孙女", "2010-01-01"]]),
        ["成员!2:加入日期"],
        "before birth"
    );
    assert_eq!(
        refused(
            "成员",
            &member,
            &[&["户籍户", "H001", &id_number(77, "19700707", 1), "子", "2010-01-01"]]
        ),
        ["成员!2:证件号码"],
        "unknown person"
    );
}

#[test]
fn a_person_in_two_assistance_households() {
    let registry = TestRegistry::new(Backend::Sqlite);
    let mut book = good_book();
    book.sheet("户", &["kind", "household_no", "area", "address", "opened_on"]).row([
        "救助家庭",
        "J002",
        AREA,
        "某路 2 号",
        "2023-01-01",
    ]);
    book.sheet("成员", &["kind", "household_no", "person", "relation", "from_on"]).row([
        "救助家庭",
        "J002",
        &wife(),
        "户主",
        "2023-01-01",
    ]);
    let report = import(&registry, &mut book, ImportOptions::default());
    assert_eq!(places(&report), ["成员!2:证件号码", "户!2:户号"]);
    assert!(report.refusals[0].zh.contains("重复保障"));
}

#[test]
fn awards() {
    let award = ["program", "beneficiary", "person", "household_no", "opened_on"];
    assert_eq!(
        refused("待遇", &award, &[&["care", "个人", &dead(), "", "2023-07-01"]]),
        ["待遇!2:开始日期"],
        "dead"
    );
    assert_eq!(
        refused("待遇", &award, &[&["care", "个人", &child(), "", "2014-07-01"]]),
        ["待遇!2:开始日期"],
        "unborn"
    );
    assert_eq!(
        refused("待遇", &award, &[&["care", "家庭", &child(), "J001", "2023-07-01"]]),
        ["待遇!2:证件号码"],
        "no member"
    );
    assert_eq!(
        refused("待遇", &award, &[&["dibao", "家庭", &head(), "J001", "2022-12-20"]]),
        ["待遇!2:项目"],
        "twice"
    );
    let decision = ["program", "beneficiary", "person", "kind", "from_month", "decided_on"];
    assert_eq!(
        refused(
            "决定",
            &decision,
            &[&["children", "个人", &child(), "确认", "2023-07", "2023-06-30"]]
        ),
        ["决定!2:决定类型"],
        "unknown code"
    );
    assert_eq!(
        refused(
            "决定",
            &decision,
            &[&["children", "个人", &child(), "审核确认", "2023-07", "2023-06-30"]]
        ),
        ["决定!2:起始月"],
        "covered already"
    );
    assert_eq!(
        refused(
            "决定",
            &decision,
            &[&["care", "个人", &child(), "审核确认", "2023-07", "2023-06-30"]]
        ),
        ["决定!2:项目"],
        "no award"
    );
    let fact = ["person", "kind", "code", "amount", "from_month", "known_on"];
    assert_eq!(
        refused(
            "收入与情况",
            &fact,
            &[&[&head(), "收入", "wage", "922337203685477.58", "2023-01", "2023-01-05"]]
        ),
        ["收入与情况!2:金额"]
    );
}

#[test]
fn unknown_sheets_and_columns_are_refused() {
    let registry = TestRegistry::new(Backend::Sqlite);
    let actor = mingce::services::Actor::operator("test", crate::harness::STREET);
    let by = actor.authorize().expect("may import");
    let mut tables = Vec::new();
    let mut unknown = good_book();
    unknown.sheet("别的", &["a"]).row(["1"]);
    tables.push(unknown);
    let mut column = MemoryBook::new("column");
    column.sheet("居民", &["name", "doc_no", "area", "宗教信仰"]).row(["甲乙", &head(), AREA, "x"]);
    tables.push(column);
    let mut missing = MemoryBook::new("missing");
    missing.sheet("居民", &["name"]).row(["甲乙"]);
    tables.push(missing);
    for mut book in tables {
        let result = mingce::services::import::import_book(
            &registry.store,
            &by,
            &mut book,
            &ImportOptions::default(),
        );
        assert_eq!(
            result.map(|_| ()).map_err(|e| e.code()),
            Err(mingce::error::ErrorCode::InvalidInput)
        );
    }
}
