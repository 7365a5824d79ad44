//! The annual figures, their rows, rosters and what their forms say.

use mingce::domain::annual::{Annual, FigureId};
use mingce::domain::award::DecisionKind;
use mingce::domain::role::{Rights, Role};
use mingce::domain::temp_case::CaseLevel;
use mingce::domain::visit::{Purpose, VisitResult, VisitStatus};
use mingce::services::auth::{ExportPlain, ReadReport};
use mingce::services::report::month_table::write_summary;
use mingce::services::report::public_table::write_public_totals;
use mingce::services::report::render::{Format, renderer};
use mingce::services::report::{
    AnnualQuery, RosterQuery, RosterRight, annual, annual_rows, write_roster,
};
use mingce::store::audit;

use super::people::{case, certificate, decide, dibao_award, person_award, resident, visit};
use super::{seed_november, summary};
use crate::harness::{STREET, TestRegistry};
use crate::on_both;
use crate::report::fixture::{
    Line, PROGRAMS, acceptance, add_attempt, add_run, areas, day, example_policy, month, pay,
};

const NUMBER: &str = "320899194901010010";

fn query(through: &str) -> AnnualQuery {
    AnnualQuery { through: month(through), roster: None, public: false }
}

fn figures(registry: &TestRegistry, through: &str) -> Annual {
    let clerk = registry.actor("clerk", Role::Clerk);
    let by = clerk.authorize::<ReadReport>().expect("may read");
    annual(&registry.store, &by, query(through)).expect("figures")
}

fn values(annual: &Annual, id: FigureId) -> Vec<i64> {
    let figure = annual.figures.iter().find(|figure| figure.id == id).expect("a figure");
    figure.values.iter().map(|value| value.value.expect("not hidden")).collect()
}

fn rows(registry: &TestRegistry, through: &str, id: FigureId) -> serde_json::Value {
    let clerk = registry.actor("clerk", Role::Clerk);
    let by = clerk.authorize::<ReadReport>().expect("may read");
    let mut bytes = Vec::new();
    let mut out = renderer(Format::Json, &mut bytes);
    annual_rows(&registry.store, &by, query(through), id, out.as_mut()).expect("rows");
    drop(out);
    let value: serde_json::Value = serde_json::from_slice(&bytes).expect("JSON");
    value["tables"][0]["rows"].clone()
}

fn roster(registry: &TestRegistry, plain: bool, format: Format) -> Vec<u8> {
    let clerk = registry.actor("clerk", Role::Clerk);
    let read = clerk.authorize::<ReadReport>().expect("may read");
    let export = clerk.authorize::<ExportPlain>().expect("may export");
    let right = if plain { RosterRight::Plain(&export) } else { RosterRight::Masked(&read) };
    let query =
        RosterQuery { program: "dibao".into(), month: month("2023-11"), rights: Rights::default() };
    let mut bytes = Vec::new();
    let mut out = renderer(format, &mut bytes);
    write_roster(&registry.store, &right, &query, out.as_mut()).expect("a roster");
    drop(out);
    bytes
}

on_both! {
    fn a_roster_of_patients_needs_the_right(registry) {
        seed_november(registry);
        let policy = example_policy_again(registry);
        let line = crate::report::fixture::Line::regular(1, 0, month("2023-11"), 600);
        crate::report::fixture::add_run(registry, policy, "guardian", month("2023-11"), &[line]);
        let clerk = registry.actor("clerk", Role::Clerk);
        let read = clerk.authorize::<ReadReport>().expect("may read");
        let written = |mental: bool| {
            let query = RosterQuery { program: "guardian".into(), month: month("2023-11"), rights: Rights { mental, child: false } };
            let mut bytes = Vec::new();
            let mut out = renderer(Format::Csv, &mut bytes);
            write_roster(&registry.store, &RosterRight::Masked(&read), &query, out.as_mut())
        };
        let refused = written(false).expect_err("refused");
        assert_eq!(refused.code(), mingce::error::ErrorCode::Forbidden);
        written(true).expect("a roster");
    }

    fn a_notice_shows_what_may_be_posted_and_nothing_else(registry) {
        use mingce::services::report::{NoticeQuery, write_notice};
        areas(registry);
        let policy = example_policy(registry);
        let nov = month("2023-11");
        let mut lines = Vec::new();
        for (at, name) in ["张三丰", "张无忌", "李四"].into_iter().enumerate() {
            let who = resident(registry, name, NUMBER, at);
            let award = dibao_award(registry, who, 1, "2023-06");
            lines.push(Line { award, ..Line::regular(7 + at as i64, 1, nov, 797).of(2, 81) });
        }
        lines.push(Line::regular(99, 0, nov, 0).kind("held", 808));
        add_run(registry, policy, "dibao", nov, &lines);
        add_run(registry, policy, "children", nov, &[Line::regular(1, 0, nov, 1508)]);
        add_run(registry, policy, "guardian", nov, &[Line::regular(1, 0, nov, 600)]);
        let clerk = registry.actor("clerk", Role::Clerk);
        let by = clerk.authorize::<ReadReport>().expect("may read");
        let notice = |program: &str, format: Format| {
            let phone = Some("0517-12345".to_owned());
            let query = NoticeQuery { program: program.into(), month: nov, from: day("2023-11-20"), phone };
            let mut bytes = Vec::new();
            let mut out = renderer(format, &mut bytes);
            write_notice(&registry.store, &by, &query, out.as_mut())?;
            drop(out);
            Ok::<_, mingce::error::AppError>(bytes)
        };
        for restricted in ["children", "guardian"] {
            let refused = notice(restricted, Format::Html).expect_err("never posted");
            assert_eq!(refused.code(), mingce::error::ErrorCode::Forbidden, "{restricted}");
        }
        let json: serde_json::Value =
            serde_json::from_slice(&notice("dibao", Format::Json).expect("a notice")).expect("JSON");
        let rows = json["tables"][0]["rows"].as_array().expect("rows");
        let names: Vec<&str> = rows.iter().filter_map(|row| row["name"].as_str()).collect();
        assert_eq!(names, ["张**(一)", "张**(二)", "李*", "合计"]);
        assert_eq!((&rows[0]["persons"], &rows[0]["amount"]), (&2.into(), &79_700.into()));
        assert_eq!(rows[0]["start"], "2023-06");
        assert_eq!(rows[3]["amount"], 3 * 79_700);
        for format in [Format::Text, Format::Csv, Format::Html] {
            let text = String::from_utf8(notice("dibao", format).expect("a notice")).expect("UTF-8");
            for hidden in ["****", NUMBER, "13800001234", "张三丰", "无忌", "D00"] {
                assert!(!text.contains(hidden), "{hidden} in {text}");
            }
        }
        let html = String::from_utf8(notice("dibao", Format::Html).expect("a notice")).expect("UTF-8");
        for word in ["公示期 7 日：2023-11-20 至 2023-11-26", "0517-12345", "草稿", "A4 landscape"] {
            assert!(html.contains(word), "{word}");
        }
        assert!(notice("dibao", Format::Xlsx).expect("a workbook").starts_with(b"PK"));
        let log = registry.store.read(|conn| Ok(audit::list_after(conn, STREET, 0, 100)?)).expect("log");
        assert!(log.iter().any(|e| e.action == "notice.make"
            && e.detail.as_deref().is_some_and(|d| d.contains("rows=3"))));
    }

    fn the_annual_figures_count_what_they_define(registry) {
        seed_november(registry);
        let (a, b, c) = (
            resident(registry, "张三丰", NUMBER, 0),
            resident(registry, "李四", NUMBER, 1),
            resident(registry, "王五", NUMBER, 2),
        );
        let (met, reviewed) = (VisitResult::Met, VisitStatus::Reviewed);
        visit(registry, "2023-03-01", Purpose::Population, met, reviewed, &[a, b]);
        visit(registry, "2023-06-01", Purpose::Population, VisitResult::Family, reviewed, &[b]);
        visit(registry, "2023-06-01", Purpose::Population, VisitResult::Absent, reviewed, &[c]);
        visit(registry, "2023-06-02", Purpose::Population, met, VisitStatus::Done, &[c]);
        visit(registry, "2023-06-03", Purpose::Mental, met, reviewed, &[c]);
        visit(registry, "2022-12-31", Purpose::Population, met, reviewed, &[c]);
        visit(registry, "2023-12-01", Purpose::Population, met, reviewed, &[c]);
        certificate(registry, a, "2023-02-01", true);
        certificate(registry, b, "2023-02-01", false);
        certificate(registry, c, "2022-12-31", true);
        let policy = example_policy_again(registry);
        let (may, june) = (month("2023-05"), month("2023-06"));
        let cases = [
            case(registry, a, CaseLevel::Street, 1_500),
            case(registry, b, CaseLevel::District, 2_424),
            case(registry, c, CaseLevel::Street, 700),
            case(registry, c, CaseLevel::Street, 300),
        ];
        let lines: Vec<Line> = cases
            .iter()
            .zip([1_500, 2_424, 700, 300])
            .map(|(id, amount)| Line::regular(*id, 0, may, amount))
            .collect();
        let paid = add_run(registry, policy, "temp", may, &lines);
        pay(registry, paid, "2023-05-25");
        // One came back for good, one went out again and arrived.
        add_attempt(registry, paid, cases[2], paid, 1, "returned");
        add_attempt(registry, paid, cases[3], paid, 1, "returned");
        add_attempt(registry, paid, cases[3], paid, 2, "paid");
        let unpaid = case(registry, a, CaseLevel::Street, 999);
        add_run(registry, policy, "temp", june, &[Line::regular(unpaid, 0, june, 999)]);

        let annual = figures(registry, "2023-11");
        assert_eq!(annual.roster_month, month("2023-11"));
        assert!(!annual.roster_closed && annual.illustrative);
        assert_eq!(values(&annual, FigureId::R01), [2]);
        assert_eq!(values(&annual, FigureId::R05), [93, 146]);
        assert_eq!(values(&annual, FigureId::R06), [8_063_200]);
        assert_eq!(values(&annual, FigureId::R08), [3_769_700]);
        assert_eq!(values(&annual, FigureId::R09), [2, 180_000]);
        assert_eq!(values(&annual, FigureId::R10), [1, 242_400]);
        assert_eq!(values(&annual, FigureId::R11), [1]);
        assert_eq!(values(&annual, FigureId::R12), [251]);
        assert_eq!(values(&annual, FigureId::R13), [74]);
        assert_eq!(values(&annual, FigureId::R14), [10_157_500]);
        assert_eq!(values(&annual, FigureId::R15), [8, 258_400]);
        assert!(annual.paragraph_zh.contains("低保93户146人,每月发放低保金80,632元"));

        let listed = rows(registry, "2023-11", FigureId::R05);
        assert_eq!(listed.as_array().expect("rows").len(), 93 + 1);
        assert_eq!(listed[93]["amount"], 8_063_200);
        let verified = rows(registry, "2023-11", FigureId::R01);
        assert_eq!(verified.as_array().expect("rows").len(), 2 + 1);
        assert_eq!(verified[0]["name"], "张**");
        assert_eq!(verified[0]["community"], "东长街社区");
        let helped = rows(registry, "2023-11", FigureId::R09);
        assert_eq!((&helped[2]["no"], &helped[2]["amount"]), (&2.into(), &180_000.into()));
        assert_eq!(rows(registry, "2023-11", FigureId::R14)[251 + 74]["amount"], 10_157_500);
    }

    fn a_roster_shows_everything_and_masks_it(registry) {
        areas(registry);
        let policy = example_policy(registry);
        let (oct, nov) = (month("2023-10"), month("2023-11"));
        let head = resident(registry, "张三丰", NUMBER, 1);
        let award = dibao_award(registry, head, 1, "2023-06");
        let of_award = |line: Line| Line { award, ..line };
        add_run(registry, policy, "dibao", oct, &[of_award(Line::regular(7, 1, oct, 716).of(2, 0))]);
        add_run(registry, policy, "dibao", nov, &[
            of_award(Line::regular(7, 1, nov, 797).of(2, 81)),
            of_award(Line::regular(7, 1, month("2023-08"), 0).kind("arrears", 96)),
            of_award(Line::regular(7, 1, month("2023-09"), 0).kind("arrears", 96)),
            of_award(Line::regular(7, 1, nov, 0).kind("deduction", -214)),
            Line::regular(8, 0, nov, 0).kind("held", 808),
        ]);
        let masked: serde_json::Value =
            serde_json::from_slice(&roster(registry, false, Format::Json)).expect("JSON");
        let table = &masked["tables"][0];
        assert_eq!(table["rows"].as_array().expect("rows").len(), 1 + 1, "a hold is not paid");
        let row = &table["rows"][0];
        for (key, value) in [
            ("community", "三门社区"),
            ("name", "张**"),
            ("head_name", "张**"),
            ("id_no", "320***********0010"),
            ("relation", "户主"),
            ("cert_no", "D00****"),
            ("payee", "张**"),
            ("payee_id_no", "320***********0010"),
            ("bank", "某某银行"),
            ("account", "**** **** **** 0019"),
            ("phone", "138****1234"),
            ("arrears_months", "2023-08 2023-09"),
            ("deduction_reason", "分期扣回"),
            ("start", "2023-06"),
            ("change", "增发"),
        ] {
            assert_eq!(row[key], value, "{key}");
        }
        for (key, fen) in [
            ("standard", 80_800),
            ("base", 71_600),
            ("supplement", 8_100),
            ("regular", 79_700),
            ("arrears", 19_200),
            ("deduction", 21_400),
            ("paid", 77_500),
        ] {
            assert_eq!(row[key], fen, "{key}");
        }
        assert_eq!(table["notes"][0], "实发合计(大写):人民币柒佰柒拾伍元整");
        assert!(masked["marks"].to_string().contains("示例标准"));

        let plain = String::from_utf8(roster(registry, true, Format::Csv)).expect("UTF-8");
        for word in ["张三丰", NUMBER, "6229990000000000019", "13800001234"] {
            assert!(plain.contains(word), "{word}");
        }
        let log = registry
            .store
            .read(|conn| Ok(audit::list_after(conn, STREET, 0, 100)?))
            .expect("the chain");
        let exports: Vec<&str> = log
            .iter()
            .filter(|row| row.action == "roster.export")
            .filter_map(|row| row.detail.as_deref())
            .collect();
        assert_eq!(exports, [
            "program=dibao month=2023-11 shown=Masked",
            "program=dibao month=2023-11 shown=Plain",
        ]);
    }

    fn the_reason_of_a_stop_is_that_of_its_decision(registry) {
        areas(registry);
        let policy = example_policy(registry);
        let (oct, nov) = (month("2023-10"), month("2023-11"));
        let head = resident(registry, "张三丰", NUMBER, 1);
        let award = dibao_award(registry, head, 1, "2023-06");
        decide(registry, award, head, DecisionKind::Stop, "2023-11", Some("income"));
        let line = Line { award, ..Line::regular(7, 1, oct, 716) };
        add_run(registry, policy, "dibao", oct, &[line]);
        add_run(registry, policy, "dibao", nov, &[Line::regular(8, 1, nov, 808)]);
        let table = summary(registry, "2023-11");
        let left = &table.block("dibao").expect("dibao").total.left_by;
        assert_eq!(left.keys().collect::<Vec<_>>(), ["收入超标"]);
    }

    fn who_moves_to_another_program_is_told_so(registry) {
        areas(registry);
        let policy = example_policy(registry);
        let (oct, nov) = (month("2023-10"), month("2023-11"));
        let man = resident(registry, "张三丰", NUMBER, 1);
        let dibao = dibao_award(registry, man, 1, "2023-06");
        let tekun = person_award(registry, man, "tekun");
        add_run(registry, policy, "dibao", oct, &[Line { award: dibao, ..Line::regular(7, 1, oct, 808) }]);
        add_run(registry, policy, "dibao", nov, &[]);
        add_run(registry, policy, "tekun", nov, &[
            Line { award: tekun, ..Line::regular(man.0, 1, nov, 1_051) },
        ]);
        let table = summary(registry, "2023-11");
        let left = &table.block("dibao").expect("dibao").total.left_by;
        assert_eq!(left.keys().collect::<Vec<_>>(), ["转特困供养"]);
        assert_eq!(table.block("tekun").expect("tekun").total.joined.households, 1);
    }
}

/// A second copy of the policy may not have the first one's code and version:
/// the runs of a test share one.
fn example_policy_again(registry: &TestRegistry) -> i64 {
    use diesel::prelude::*;
    use mingce::store::schema::policy;
    registry
        .store
        .read(|conn| Ok(policy::table.select(policy::id).first(conn)?))
        .expect("the policy of the fixture")
}

#[test]
fn the_forms_of_the_official_table() {
    let registry = TestRegistry::new(mingce::store::Backend::Sqlite);
    seed_november(&registry);
    let table = summary(&registry, "2023-11");
    let text = |format: Format| {
        let mut bytes = Vec::new();
        let mut out = renderer(format, &mut bytes);
        write_summary(&table, out.as_mut()).expect("written");
        drop(out);
        bytes
    };
    let plain = String::from_utf8(text(Format::Text)).expect("UTF-8");
    for word in [
        "长东街道2023年11月社会救助资金发放汇总表",
        "本月应发合计(大写):人民币贰拾贰万贰仟肆佰捌拾捌元整",
        "80,632.00",
        "222,488.00",
        "示例标准",
        "草稿",
        "制表人:",
    ] {
        assert!(plain.contains(word), "{word}\n{plain}");
    }
    let csv = String::from_utf8(text(Format::Csv)).expect("UTF-8");
    assert!(csv.contains("城市低保,街道合计,93,146,80632.00,"), "{csv}");
    let html = String::from_utf8(text(Format::Html)).expect("UTF-8");
    assert!(html.contains("@page{size:A4 landscape") && html.contains("222,488.00"));
    assert!(text(Format::Xlsx).starts_with(b"PK"));
}

#[test]
fn public_totals_hide_small_cells_and_what_would_give_them_away() {
    let registry = TestRegistry::new(mingce::store::Backend::Sqlite);
    seed_november(&registry);
    assert_eq!(PROGRAMS.len(), 5);
    assert_eq!(acceptance("living_l5", month("2023-11")).len(), 8);
    let table = summary(&registry, "2023-11");
    let mut bytes = Vec::new();
    let mut out = renderer(Format::Csv, &mut bytes);
    write_public_totals(&table, out.as_mut()).expect("written");
    drop(out);
    let csv = String::from_utf8(bytes).expect("UTF-8");
    assert!(csv.contains("低保外智力精神三四级,东长街社区,<5,<5,<5"), "{csv}");
    assert!(csv.contains("低保外智力精神三四级,街道合计,8,8,2584.00"), "{csv}");
    // Only the street's total of a program for children.
    assert!(
        !csv.contains("困境儿童,东长街社区") && csv.contains("困境儿童,街道合计,34,34,37697.00")
    );
    assert!(csv.contains("城市低保,工农兵社区,7,11,6250.00"), "{csv}");
}
