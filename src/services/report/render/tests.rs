//! Every form of one small table, read back.

use std::io::{Cursor, Read};

use super::super::document::{Cell, EVERY_SHEET, Group, Head, Section, TableRow};
use super::*;
use crate::domain::money::Fen;

fn document(format: Format, name: &str) -> Vec<u8> {
    let head = Head {
        title: "花名册".into(),
        left: "填报单位:长东街道".into(),
        right: "单位:元".into(),
        marks: vec!["示例标准".into()],
        footer: vec!["制表人:".into(), "审核人:".into()],
        ..Head::default()
    };
    let mut groups = vec![
        Group::single("序号", "no", EVERY_SHEET),
        Group::single("姓名", "name", EVERY_SHEET),
        Group::single("身份证号", "id_no", EVERY_SHEET),
    ];
    groups.push(Group::of("应发", &[("笔", "count"), ("金额", "amount")], 1));
    groups.push(Group::single("环比", "change", 2));
    let mut bytes = Vec::new();
    let mut out = renderer(format, &mut bytes);
    out.begin(&head).unwrap();
    out.section(&Section { heading: "低保".into(), groups, merge_first: false }).unwrap();
    for (no, total) in [(1, false), (2, true)] {
        out.row(TableRow {
            total,
            cells: vec![
                Cell::Count(no),
                Cell::text(name),
                Cell::text("320899194901010010"),
                Cell::Count(1_284),
                Cell::Money(Fen(-8_063_200)),
                Cell::Percent(Some(-11)),
            ],
        })
        .unwrap();
    }
    out.end_section(&["合计(大写):零元整".to_owned()]).unwrap();
    out.finish(&head).unwrap();
    drop(out);
    bytes
}

fn text_of(format: Format, name: &str) -> String {
    String::from_utf8(document(format, name)).unwrap()
}

#[test]
fn a_chinese_character_takes_two_columns() {
    assert_eq!(display_width("户A（"), 5);
    let text = text_of(Format::Text, "欧阳某某");
    let ends: Vec<usize> = text
        .lines()
        .filter(|line| line.ends_with("80,632.00") || line.ends_with("金额"))
        .map(display_width)
        .collect();
    assert_eq!(ends.len(), 3, "{text}");
    assert!(ends.iter().all(|end| *end == ends[0]), "{text}");
    assert!(text.contains("【示例标准】") && text.contains("-1.1%"), "{text}");
}

#[test]
fn a_name_cannot_steer_the_terminal() {
    assert!(!text_of(Format::Text, "张\u{1b}[31m").contains('\u{1b}'));
}

#[test]
fn csv_is_read_back_and_cannot_become_a_formula() {
    for name in ["=cmd|' /C calc'!A0", "＝1+1", "@x", "-1", "\t=1", "a\",\"b\r\nc", "张三"] {
        let bytes = document(Format::Csv, name);
        assert!(bytes.starts_with(b"\xef\xbb\xbf"));
        let mut reader =
            ::csv::ReaderBuilder::new().has_headers(false).flexible(true).from_reader(&bytes[3..]);
        let rows: Vec<::csv::StringRecord> = reader.records().map(|row| row.unwrap()).collect();
        assert_eq!(&rows[1][4], "应发金额");
        let stored = &rows[2][1];
        assert_eq!(stored.strip_prefix('\'').unwrap_or(stored), name);
        assert!(!stored.starts_with(['=', '+', '-', '@', '\t', '＝']), "{stored}");
        assert_eq!((&rows[2][2], &rows[2][4]), ("320899194901010010", "-80632.00"));
        assert_eq!(&rows[2][6], "示例标准");
    }
}

#[test]
fn a_page_escapes_every_text_and_fetches_nothing() {
    let html = text_of(Format::Html, "<img src=x onerror=1>\"&'");
    assert!(html.contains("&lt;img src=x onerror=1&gt;&quot;&amp;&#39;"), "{html}");
    assert!(html.contains("\u{2212}80,632.00"));
    for active in ["<script", "http://", "https://", "url(", "@import", "<img"] {
        assert!(!html.contains(active), "{active}");
    }
    assert_eq!(html.matches("<table ").count(), 2, "a wide table stands on two sheets");
}

#[test]
fn a_workbook_has_text_cells_and_no_formula() {
    use calamine::{Data, Reader, Xlsx};
    let name = "=cmd|' /C calc'!A0";
    let bytes = document(Format::Xlsx, name);
    let mut book: Xlsx<_> = Xlsx::new(Cursor::new(bytes.clone())).unwrap();
    let range = book.worksheet_range("表").unwrap();
    let row = |at| range.rows().nth(at).unwrap().to_vec();
    assert_eq!(row(0)[0], Data::String("花名册".into()));
    assert_eq!(row(4)[3], Data::String("应发".into()));
    assert_eq!(row(5)[4], Data::String("金额".into()));
    assert_eq!(row(6)[1], Data::String(name.into()));
    assert_eq!(row(6)[2], Data::String("320899194901010010".into()));
    assert_eq!(row(6)[4], Data::Float(-80_632.0));
    let mut zip = zip::ZipArchive::new(Cursor::new(bytes)).unwrap();
    let mut part = |name: &str| {
        let mut text = String::new();
        zip.by_name(name).unwrap().read_to_string(&mut text).unwrap();
        text
    };
    assert!(!part("xl/worksheets/sheet1.xml").contains("<f>"));
    assert!(part("xl/styles.xml").contains("quotePrefix=\"1\""));
}

#[test]
fn json_holds_fen_and_keys() {
    let value: serde_json::Value = serde_json::from_str(&text_of(Format::Json, "张三")).unwrap();
    let row = &value["tables"][0]["rows"][0];
    assert_eq!((row["name"].as_str(), row["amount"].as_i64()), (Some("张三"), Some(-8_063_200)));
    assert_eq!(value["tables"][0]["rows"][1]["total"], true);
    assert_eq!(value["marks"][0], "示例标准");
}
