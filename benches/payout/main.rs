//! A month over many awards, on either backend, with a year of history.
//!
//! `cargo bench --bench payout -- [UNITS]`: a unit is a dibao household of two
//! severely disabled people, which makes five awards; 200,000 units are
//! 1,000,000 awards. `DATABASE_URL` chooses PostgreSQL (an empty database);
//! the default is a file in a temporary folder. One JSON object per phase.
//! `benches/bare_insert.sh` then writes the same lines bare, for the ratio. At
//! the end the roster of `care` (two rows per unit) becomes a workbook, and the
//! same cells are written bare.

mod roster;

use std::path::PathBuf;
use std::time::Instant;

use chrono::NaiveDate;
use diesel::connection::SimpleConnection;

use mingce::clock::Clock;
use mingce::config::Config;
use mingce::domain::certificate::{Category, CertificateDetail, Grade};
use mingce::domain::ids::{ResidentId, UnitId};
use mingce::domain::month::Month;
use mingce::domain::role::{Rights, Role};
use mingce::error::{AppError, AppResult, ErrorCode};
use mingce::per_backend;
use mingce::services::payout::{DraftOptions, draft};
use mingce::services::report::RosterQuery;
use mingce::services::{Actor, Scope, policy};
use mingce::store::certificate::{CertificateRow, DETAIL, insert_certificates};
use mingce::store::{Db, Store};

const STREET: &str = "320899001";
const PROGRAMS: [&str; 3] = ["dibao", "care", "living"];

fn execute(store: &Store, statements: &str) -> AppResult<()> {
    store.maintain(|conn: &mut Db| {
        for statement in statements.split(";\n").filter(|s| !s.trim().is_empty()) {
            per_backend!(conn, |c| c.batch_execute(statement))?;
        }
        Ok(())
    })
}

/// People, households, incomes, awards and decisions, written by the database.
fn population(units: u64) -> String {
    let numbers = format!(
        "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < {units})"
    );
    let person = |k: u64| format!("10000000 + 2 * i + {k}");
    let mut sql = vec![format!(
        "INSERT INTO area VALUES ('{STREET}', 'street', '示例街道', '2000-01-01', NULL),
         ('{STREET}001', 'community', '示例社区', '2000-01-01', NULL)"
    )];
    sql.push(format!(
        "INSERT INTO area_parent VALUES ('{STREET}001', '{STREET}', '2000-01-01', NULL)"
    ));
    for k in 0..2 {
        sql.push(format!(
            "INSERT INTO resident {numbers}
             SELECT {0}, '{STREET}', i, '{STREET}001', '示例', 'shili', 'sl', 1, '1980-05-01', '990',
             NULL, NULL, 'T' || ({0}), NULL, NULL, NULL, NULL, NULL, 'R1', 'active', NULL, NULL, 1,
             '2022-01-01 00:00:00', '2022-01-01 00:00:00' FROM n",
            person(k)
        ));
    }
    sql.push(format!(
        "INSERT INTO household {numbers}
         SELECT i, '{STREET}', 'assist', 'H' || i, '{STREET}001', '示例路', {}, i, '2021-01-01',
         NULL, NULL, NULL, 1, '2022-01-01 00:00:00', '2022-01-01 00:00:00' FROM n",
        person(0)
    ));
    let from = Month::new(2021, 2).map_or(0, Month::index);
    for k in 0..2 {
        sql.push(format!(
            "INSERT INTO membership {numbers}
             SELECT 30000000 + 2 * i + {k}, '{STREET}', i, {}, i, 'assist', '0' || (2 - {k}), TRUE,
             '2021-01-01', NULL, 'registered', NULL, {from}, NULL, '2021-01-10', NULL, NULL FROM n",
            person(k)
        ));
    }
    sql.push(format!(
        "INSERT INTO fact {numbers}
         SELECT 40000000 + i, '{STREET}', {}, i, 'income', 'wage', 600000 + (i % 500) * 100, NULL,
         {from}, NULL, NULL, NULL, '2021-01-10', '2021-01-10', NULL, NULL, NULL FROM n WHERE i % 2 = 0",
        person(0)
    ));
    let award = |id: String, program: &str, kind: &str, beneficiary: String, household: &str| {
        format!(
            "INSERT INTO award {numbers}
             SELECT {id}, '{STREET}', '{program}', '{kind}', {beneficiary}, {}, {household}, i,
             'standard', NULL, NULL, NULL, FALSE, '2021-01-10', NULL, 1 FROM n",
            if kind == "household" { person(0) } else { beneficiary.clone() }
        )
    };
    sql.push(award("50000000 + i".into(), "dibao", "household", "i".into(), "i"));
    for (at, program) in ["care", "living"].iter().enumerate() {
        for k in 0..2 {
            let id = format!("{} + 2 * i + {k}", 60_000_000 + at * 10_000_000);
            sql.push(award(id, program, "person", person(k), "NULL"));
        }
    }
    sql.push(format!(
        "INSERT INTO decision
         SELECT id + 100000000, street_code, id, unit_id, 'confirm', {from}, NULL, '2021-01-10', NULL,
         '2021-01-10', NULL, NULL, NULL, NULL, NULL FROM award"
    ));
    sql.join(";\n")
}

fn certificates(store: &Store, units: u64) -> AppResult<()> {
    let issued = NaiveDate::from_ymd_opt(2020, 1, 1).unwrap_or_default();
    let details = [Grade::G1, Grade::G2].map(|grade| {
        let detail = CertificateDetail { category: Category::Body, grade, parts: Vec::new() };
        serde_json::to_string(&detail).unwrap_or_default()
    });
    let ids: Vec<u64> = (2..2 * units + 2).collect();
    for chunk in ids.chunks(20_000) {
        store.write(STREET, |tx| {
            let mut rows = Vec::with_capacity(chunk.len());
            for n in chunk {
                let id = 20_000_000 + *n as i64;
                let detail = details[(n % 2) as usize].as_bytes();
                rows.push(CertificateRow {
                    id,
                    street_code: STREET.to_owned(),
                    resident_id: ResidentId(10_000_000 + *n as i64),
                    unit_id: UnitId(*n as i64 / 2),
                    cert_no_enc: vec![0],
                    cert_no_index: tx.cipher().blind("certificate", &id.to_string()),
                    detail_enc: tx.cipher().seal(DETAIL, id, detail).map_err(sealing_failed)?,
                    first_issue: true,
                    issued_on: issued,
                    valid_to: None,
                    from_month: Month::of(issued),
                    known_on: issued,
                    cancelled_on: None,
                    cancel_known_on: None,
                    import_id: None,
                });
            }
            insert_certificates(tx.conn, &rows)?;
            Ok(())
        })?;
    }
    Ok(())
}

fn sealing_failed(error: mingce::store::cipher::SealError) -> AppError {
    AppError::coded(ErrorCode::Sealed, "加密失败", error.to_string())
}

/// Eleven more months that look like the first one, closed.
fn history(first: Month) -> String {
    let mut sql = Vec::new();
    for k in 1..12_i64 {
        let shift = k << 44;
        let month = first.plus(k as i32);
        sql.push(format!(
            "INSERT INTO run SELECT id + {shift}, street_code, program, {}, 'draft', origin, policy_id,
             '{}', marks_through, line_count, regular_fen, arrears_fen, claim_fen, deduction_fen,
             content_hash, drafted_by, drafted_at, submitted_by, submitted_at, approved_by, approved_at,
             payment_on, closed_by, closed_at, note, version FROM run WHERE month = {}",
            month.index(),
            month.day(15),
            first.index()
        ));
        sql.push(format!(
            "INSERT INTO line SELECT id + {shift}, street_code, run_id + {shift}, program, beneficiary_id,
             award_id, {}, kind, amount_fen, base_fen, supplement_fen, persons, area_code, tier, reason,
             void, inputs FROM line WHERE month = {}",
            month.index(),
            first.index()
        ));
    }
    sql.push("UPDATE run SET state = 'closed', submitted_by = 'a', approved_by = 'b'".to_owned());
    sql.join(";\n")
}

/// Peak resident memory in MB since the last reset.
fn peak_mb() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find(|l| l.starts_with("VmHWM")).unwrap_or_default();
    line.split_whitespace().nth(1).and_then(|kb| kb.parse::<u64>().ok()).unwrap_or(0) / 1024
}

fn phase<T>(name: &str, awards: u64, work: impl FnOnce() -> AppResult<T>) -> AppResult<T> {
    // Writing 5 resets the peak.
    let _ = std::fs::write("/proc/self/clear_refs", "5");
    let started = Instant::now();
    let value = work()?;
    println!(
        "{{\"bench\":\"payout\",\"phase\":\"{name}\",\"awards\":{awards},\"seconds\":{:.3},\"peak_mb\":{}}}",
        started.elapsed().as_secs_f64(),
        peak_mb()
    );
    Ok(value)
}

fn main() -> AppResult<()> {
    let units = std::env::args().filter_map(|a| a.parse().ok()).next().unwrap_or(200_000);
    let awards = units * 5;
    let dir = std::env::temp_dir().join(format!("mingce-bench-{units}"));
    let _ = std::fs::remove_dir_all(&dir);
    let url = std::env::var("DATABASE_URL").ok();
    let config = Config::new(PathBuf::from(&dir), url.as_deref(), None)?;
    let clock = Clock::set_to(NaiveDate::from_ymd_opt(2023, 8, 16).unwrap_or_default());
    let store = Store::open(&config, clock.clone())?;
    let operator = Actor::operator("bench", STREET);
    let clerk = Actor::new("clerk".to_owned(), Role::Clerk, Scope::street(STREET));

    phase("load", awards, || {
        execute(&store, &population(units))?;
        certificates(&store, units)?;
        store.refresh_statistics()
    })?;
    let boss = Actor::new("boss".to_owned(), Role::Approver, Scope::street(STREET));
    let id = policy::propose(&store, &clerk.authorize()?, policy::EXAMPLE)?;
    policy::activate(&store, &boss.authorize()?, id)?;
    let first = Month::new(2023, 8).unwrap_or(Month::from_index(0));
    store.write(STREET, |tx| {
        for program in PROGRAMS {
            mingce::store::program_start::insert_program_start(tx.conn, STREET, program, first)?;
        }
        Ok(())
    })?;
    let options = DraftOptions { programs: Some(&PROGRAMS), ..DraftOptions::default() };
    let make = clerk.authorize()?;
    phase("first month, empty ledger", awards, || draft(&store, &make, first, options))?;
    phase("eleven months of history", awards, || {
        execute(&store, &history(first))?;
        store.refresh_statistics()
    })?;
    let month = first.plus(12);
    clock.move_to(month.day(16));
    phase("month run", awards, || draft(&store, &make, month, options))?;
    phase("month run, nothing changed", awards, || draft(&store, &make, month, options))?;
    let query = RosterQuery { program: "care".to_owned(), month, rights: Rights::default() };
    let rows = phase("roster, not written", awards, || roster::collect(&store, &clerk, &query))?;
    for _ in 0..3 {
        let book = dir.join("roster.xlsx");
        phase("roster as workbook", awards, || roster::export(&store, &clerk, &query, &book))?;
        phase("the same cells bare", awards, || roster::bare(&rows, &book))?;
    }
    println!("{{\"bench\":\"payout\",\"database\":\"{}\"}}", dir.join("mingce.db").display());
    Ok(())
}
