//! An import of many residents from CSV, and a dry run of a workbook against
//! a bare read of it.
//!
//! `cargo bench --bench import -- [ROWS] [XLSX_ROWS] [KEEP_DIR]`: one JSON
//! object per phase. `DATABASE_URL` chooses PostgreSQL (an empty database);
//! the default is a file in a temporary folder. With `KEEP_DIR` the registry
//! stays there, and `benches/bare_import.sh KEEP_DIR` inserts the same rows
//! bare, for the ratio.

use std::io::{BufWriter, Write};
use std::path::{Path, PathBuf};
use std::time::Instant;

use calamine::Reader;
use rust_xlsxwriter::Workbook;

use mingce::clock::Clock;
use mingce::config::Config;
use mingce::error::{AppError, AppResult, ErrorCode};
use mingce::services::Actor;
use mingce::services::import::{ImportOptions, MemoryBook, import_book, open_book};
use mingce::store::Store;

const STREET: &str = "320899001";
const HEADER: [&str; 9] = [
    "姓名",
    "证件号码",
    "性别",
    "出生日期",
    "区划代码",
    "联系电话",
    "民族",
    "婚姻状况",
    "居住状态",
];
const SURNAMES: [&str; 8] = ["王", "李", "张", "刘", "陈", "杨", "赵", "黄"];
const GIVEN: [&str; 10] = ["伟", "芳", "秀英", "建国", "敏", "静", "志强", "丽", "军", "桂英"];

/// A number of region 320899, which is nobody's.
fn id_number(n: u64) -> (String, String, bool) {
    let (day, rest) = (n / 1000 % 20_000, n % 1000);
    let born = chrono::NaiveDate::from_ymd_opt(1940, 1, 1)
        .and_then(|first| first.checked_add_days(chrono::Days::new(day)))
        .unwrap_or_default();
    let body = format!("320899{}{rest:03}", born.format("%Y%m%d"));
    let weights = [7_u32, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2];
    let sum: u32 = body.chars().zip(weights).map(|(c, w)| c.to_digit(10).unwrap_or(0) * w).sum();
    let check = "10X98765432".chars().nth(sum as usize % 11).unwrap_or('?');
    (format!("{body}{check}"), born.to_string(), rest % 2 == 1)
}

fn person(n: u64) -> [String; 9] {
    let (number, born, male) = id_number(n);
    let pick = |list: &[&str], n: u64| {
        list.get(usize::try_from(n).unwrap_or(0) % list.len()).copied().unwrap_or("").to_owned()
    };
    [
        pick(&SURNAMES, n) + &pick(&GIVEN, n / 8),
        number,
        if male { "男" } else { "女" }.to_owned(),
        born,
        format!("{STREET}00{}", n % 5 + 1),
        format!("138{:08}", n % 100_000_000),
        "汉".to_owned(),
        if n % 3 == 0 { "未婚" } else { "已婚" }.to_owned(),
        "人户一致".to_owned(),
    ]
}

fn write_csv(dir: &Path, rows: u64) -> AppResult<()> {
    std::fs::create_dir_all(dir).map_err(AppError::io(dir))?;
    let path = dir.join("居民.csv");
    let file = std::fs::File::create(&path).map_err(AppError::io(&path))?;
    let mut out = BufWriter::new(file);
    let mut line =
        |cells: &[&str]| writeln!(out, "{}", cells.join(",")).map_err(AppError::io(&path));
    line(&HEADER)?;
    for n in 0..rows {
        let cells = person(n);
        let cells: Vec<&str> = cells.iter().map(String::as_str).collect();
        line(&cells)?;
    }
    Ok(())
}

fn odd(error: impl std::fmt::Display) -> AppError {
    AppError::coded(ErrorCode::System, error.to_string(), error.to_string())
}

fn write_xlsx(path: &Path, rows: u32) -> AppResult<()> {
    let mut workbook = Workbook::new();
    let sheet = workbook.add_worksheet_with_constant_memory().map_err(odd)?;
    sheet.set_name("居民").map_err(odd)?;
    for (col, text) in (0_u16..).zip(HEADER) {
        sheet.write_string(0, col, text).map_err(odd)?;
    }
    for row in 0..rows {
        for (col, text) in (0_u16..).zip(person(u64::from(row) + 10_000_000)) {
            sheet.write_string(row + 1, col, text).map_err(odd)?;
        }
    }
    workbook.save(path).map_err(odd)
}

/// Every cell of the sheet, and nothing else done with it.
fn bare_read(path: &Path) -> AppResult<u64> {
    let mut workbook: calamine::Xlsx<_> =
        calamine::open_workbook(path).map_err(|e: calamine::XlsxError| odd(e))?;
    let name = workbook.sheet_names().first().cloned().unwrap_or_default();
    let mut cells = workbook.worksheet_cells_reader(&name).map_err(odd)?;
    let mut count = 0;
    while cells.next_cell().map_err(odd)?.is_some() {
        count += 1;
    }
    Ok(count)
}

/// Peak memory of this process, MiB.
fn peak() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find(|line| line.starts_with("VmHWM")).unwrap_or_default();
    line.split_whitespace().nth(1).and_then(|kib| kib.parse::<u64>().ok()).unwrap_or(0) / 1024
}

fn report(phase: &str, rows: u64, started: Instant) {
    let seconds = started.elapsed().as_secs_f64();
    println!(
        "{{\"phase\":\"{phase}\",\"rows\":{rows},\"seconds\":{seconds:.3},\"peak_mib\":{}}}",
        peak()
    );
}

fn areas() -> MemoryBook {
    let mut book = MemoryBook::new("areas");
    book.sheet("areas", &["code", "name", "opened_on"]).row([STREET, "示例街道", "2000-01-01"]);
    for n in 1..=5 {
        book.row([format!("{STREET}00{n}"), format!("第{n}社区"), "2000-01-01".to_owned()]);
    }
    book
}

fn run() -> AppResult<()> {
    let mut numbers = std::env::args().skip(1).filter(|a| a != "--bench");
    let rows: u64 = numbers.next().and_then(|a| a.parse().ok()).unwrap_or(100_000);
    let sheet_rows: u32 = numbers.next().and_then(|a| a.parse().ok()).unwrap_or(100_000);
    let temporary = tempfile::tempdir().map_err(odd)?;
    let dir = numbers.next().map_or_else(|| temporary.path().to_path_buf(), PathBuf::from);
    let csv = temporary.path().join("csv");
    write_csv(&csv, rows)?;
    let url = std::env::var("DATABASE_URL").ok();
    let config = Config::new(dir.join("data"), url.as_deref(), None)?;
    let store = Store::open(&config, Clock::system())?;
    let actor = Actor::operator("bench", STREET);
    let by = actor.authorize()?;
    let options = ImportOptions::default();
    import_book(&store, &by, &mut areas(), &options)?;

    let started = Instant::now();
    let mut book = open_book(&csv)?;
    let done = import_book(&store, &by, book.as_mut(), &options)?;
    report("import_csv", done.changed(), started);

    let xlsx = temporary.path().join("book.xlsx");
    write_xlsx(&xlsx, sheet_rows)?;
    for _ in 0..3 {
        let started = Instant::now();
        let cells = bare_read(&xlsx)?;
        report("bare_calamine_cells", cells, started);
        let started = Instant::now();
        let mut book = open_book(&xlsx)?;
        let dry = ImportOptions { dry_run: true, ..options };
        let checked = import_book(&store, &by, book.as_mut(), &dry)?;
        report("dry_run_xlsx", checked.changed(), started);
    }
    Ok(())
}

fn main() -> std::process::ExitCode {
    match run() {
        Ok(()) => std::process::ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{error}");
            std::process::ExitCode::FAILURE
        }
    }
}
