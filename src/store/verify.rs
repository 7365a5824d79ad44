//! Queries that hold the registry against itself. Each finds records that
//! should not exist; an empty answer is the good one.

use diesel::prelude::*;
use diesel::sql_types::Text;

use super::connection::Db;
use super::schema::{audit, chain_head, summary};

/// A check that one query answers.
#[derive(Debug, Clone, Copy)]
pub struct SetCheck {
    /// Stable name.
    pub name: &'static str,
    /// What must hold, in Chinese.
    pub zh: &'static str,
    /// What must hold, in English.
    pub en: &'static str,
    /// Finds what breaks it: one text column `record`.
    query: &'static str,
}

/// Records that a person can find again: `table id (street)`.
macro_rules! checks {
    ($($name:literal, $zh:literal, $en:literal, $query:literal;)*) => {
        /// All checks of this kind.
        pub const SET_CHECKS: &[SetCheck] = &[
            $(SetCheck { name: $name, zh: $zh, en: $en, query: $query },)*
        ];
    };
}

checks! {
    "run_totals", "批次合计等于明细之和", "a run's totals are the sum of its lines",
    "SELECT 'run ' || r.id || ' (' || r.street_code || ' ' || r.program || ')' AS record
     FROM run r LEFT JOIN (
         SELECT run_id, street_code, count(*) AS n,
                sum(CASE WHEN kind = 'regular' THEN amount_fen ELSE 0 END) AS regular,
                sum(CASE WHEN kind = 'arrears' THEN amount_fen ELSE 0 END) AS arrears,
                sum(CASE WHEN kind = 'claim' THEN amount_fen ELSE 0 END) AS claims,
                sum(CASE WHEN kind = 'deduction' THEN amount_fen ELSE 0 END) AS deductions
         FROM line GROUP BY run_id, street_code
     ) l ON l.run_id = r.id AND l.street_code = r.street_code
     WHERE r.state NOT IN ('generating', 'void')
       AND (r.line_count <> coalesce(l.n, 0) OR r.regular_fen <> coalesce(l.regular, 0)
            OR r.arrears_fen <> coalesce(l.arrears, 0) OR r.claim_fen <> coalesce(l.claims, 0)
            OR r.deduction_fen <> coalesce(l.deductions, 0))";

    "regular_once", "每项目、对象、月份至多一条应发", "at most one regular line per program, beneficiary and month",
    "SELECT 'line ' || min(id) || ' (' || street_code || ' ' || program || ')' AS record
     FROM line WHERE kind = 'regular' AND NOT void
     GROUP BY street_code, program, beneficiary_id, month HAVING count(*) > 1";

    "line_of_run", "明细属于本街道、本项目的批次,金额符号正确", "a line belongs to a run of its street and program, with the sign of its kind",
    "SELECT 'line ' || l.id || ' (' || l.street_code || ' ' || l.program || ')' AS record
     FROM line l LEFT JOIN run r ON r.id = l.run_id AND r.street_code = l.street_code
     WHERE r.id IS NULL OR r.program <> l.program OR l.month > r.month
        OR (l.kind IN ('regular', 'arrears') AND l.amount_fen < 0)
        OR (l.kind IN ('claim', 'waived', 'deduction') AND l.amount_fen > 0)";

    "separation", "审批人未参与制表", "whoever approved a run had no part in making it",
    "SELECT 'run ' || r.id || ' (' || r.street_code || ' ' || r.program || ')' AS record
     FROM run r WHERE r.approved_by IS NOT NULL AND r.origin = 'engine'
       AND (r.approved_by = r.submitted_by OR r.approved_by = r.drafted_by
            OR EXISTS (SELECT 1 FROM run_contributor c WHERE c.run_id = r.id
                       AND c.street_code = r.street_code AND c.username = r.approved_by))";

    "approved_by_somebody", "已审批的批次有审批人和时间", "an approved run says by whom and when",
    "SELECT 'run ' || id || ' (' || street_code || ' ' || program || ')' AS record
     FROM run WHERE origin = 'engine' AND state IN ('approved', 'paid', 'closed')
       AND (approved_by IS NULL OR approved_at IS NULL OR content_hash IS NULL)";

    "closed_together", "已关账的月份存有汇总表", "a closed month has its stored summary",
    "SELECT 'run ' || r.id || ' (' || r.street_code || ' ' || r.program || ')' AS record
     FROM run r WHERE r.state = 'closed' AND r.origin = 'engine'
       AND NOT EXISTS (SELECT 1 FROM run o WHERE o.street_code = r.street_code
                       AND o.month = r.month AND o.state NOT IN ('closed', 'void'))
       AND NOT EXISTS (SELECT 1 FROM summary s WHERE s.street_code = r.street_code
                       AND s.month = r.month)";

    "one_head", "每户恰有一名户主,且为现有成员", "an open household has exactly one head, who is a member",
    "SELECT 'household ' || h.id || ' (' || h.street_code || ')' AS record
     FROM household h WHERE h.closed_on IS NULL AND (h.head_id IS NULL OR 1 <>
         (SELECT count(*) FROM membership m WHERE m.household_id = h.id
          AND m.street_code = h.street_code AND m.to_on IS NULL AND m.relation_code = '02')
       OR NOT EXISTS (SELECT 1 FROM membership m WHERE m.household_id = h.id
          AND m.street_code = h.street_code AND m.to_on IS NULL
          AND m.relation_code = '02' AND m.resident_id = h.head_id))";

    "closed_household_empty", "已销户的家庭没有现有成员", "a closed household has no open member",
    "SELECT 'household ' || h.id || ' (' || h.street_code || ')' AS record
     FROM household h WHERE h.closed_on IS NOT NULL AND EXISTS (
         SELECT 1 FROM membership m WHERE m.household_id = h.id
         AND m.street_code = h.street_code AND m.to_on IS NULL)";

    "one_membership", "同类家庭中至多一个现有成员资格", "one open membership per person and kind of household",
    "SELECT 'resident ' || resident_id || ' (' || street_code || ' ' || kind || ')' AS record
     FROM membership WHERE to_on IS NULL
     GROUP BY street_code, resident_id, kind HAVING count(*) > 1";

    "membership_kind", "成员资格与家庭类别一致,日期不倒置", "a membership has its household's kind and does not end before it begins",
    "SELECT 'membership ' || m.id || ' (' || m.street_code || ')' AS record
     FROM membership m LEFT JOIN household h
       ON h.id = m.household_id AND h.street_code = m.street_code
     WHERE h.id IS NULL OR h.kind <> m.kind OR m.to_on < m.from_on";

    "identity", "在册人员的证件号登记且只登记一次", "an active resident's document is claimed once, by that resident",
    "SELECT 'resident ' || r.id || ' (' || r.street_code || ')' AS record
     FROM resident r LEFT JOIN identity_claim c ON c.blind_index = r.doc_no_index
     WHERE r.status = 'active' AND r.doc_no_index IS NOT NULL
       AND (c.resident_id IS NULL OR c.resident_id <> r.id OR c.street_code <> r.street_code)
     UNION ALL
     SELECT 'identity_claim of resident ' || c.resident_id || ' (' || c.street_code || ')'
     FROM identity_claim c LEFT JOIN resident r
       ON r.id = c.resident_id AND r.street_code = c.street_code
     WHERE r.id IS NULL OR r.doc_no_index IS NULL OR r.doc_no_index <> c.blind_index";

    "units", "同一人的各项记录属于同一核算单元", "the records of a person lie in the person's unit",
    "SELECT 'award ' || a.id || ' (' || a.street_code || ')' AS record
     FROM award a LEFT JOIN resident r ON r.id = a.resident_id AND r.street_code = a.street_code
     WHERE r.id IS NULL OR r.unit_id <> a.unit_id
     UNION ALL
     SELECT 'fact ' || a.id || ' (' || a.street_code || ')'
     FROM fact a LEFT JOIN resident r ON r.id = a.resident_id AND r.street_code = a.street_code
     WHERE r.id IS NULL OR r.unit_id <> a.unit_id
     UNION ALL
     SELECT 'certificate ' || a.id || ' (' || a.street_code || ')'
     FROM certificate a LEFT JOIN resident r
       ON r.id = a.resident_id AND r.street_code = a.street_code
     WHERE r.id IS NULL OR r.unit_id <> a.unit_id
     UNION ALL
     SELECT 'membership ' || m.id || ' (' || m.street_code || ')'
     FROM membership m LEFT JOIN resident r
       ON r.id = m.resident_id AND r.street_code = m.street_code
     WHERE m.kind = 'assist' AND (r.id IS NULL OR r.unit_id <> m.unit_id)
     UNION ALL
     SELECT 'decision ' || d.id || ' (' || d.street_code || ')'
     FROM decision d LEFT JOIN award a ON a.id = d.award_id AND a.street_code = d.street_code
     WHERE a.id IS NULL OR a.unit_id <> d.unit_id
     UNION ALL
     SELECT 'hold ' || h.id || ' (' || h.street_code || ')'
     FROM hold h LEFT JOIN award a ON a.id = h.award_id AND a.street_code = h.street_code
     WHERE a.id IS NULL OR a.unit_id <> h.unit_id";
}

#[derive(QueryableByName)]
struct Finding {
    #[diesel(sql_type = Text)]
    record: String,
}

/// What breaks a check, at most `limit` records.
///
/// # Errors
/// The database failed.
pub fn list_findings(conn: &mut Db, check: &SetCheck, limit: usize) -> QueryResult<Vec<String>> {
    let query = format!("SELECT record FROM ({}) AS found LIMIT {limit}", check.query);
    let found: Vec<Finding> = diesel::sql_query(query).load(conn)?;
    Ok(found.into_iter().map(|finding| finding.record).collect())
}

/// Chains that have entries but no head.
///
/// # Errors
/// The database failed.
pub fn list_headless(conn: &mut Db) -> QueryResult<Vec<String>> {
    audit::table
        .left_join(chain_head::table.on(chain_head::street_code.eq(audit::street_code)))
        .filter(chain_head::street_code.nullable().is_null())
        .select(audit::street_code)
        .distinct()
        .load(conn)
}

/// Which summaries are stored: street and month index.
///
/// # Errors
/// The database failed.
pub fn list_summaries(conn: &mut Db) -> QueryResult<Vec<(String, i32)>> {
    summary::table
        .order((summary::street_code, summary::month))
        .select((summary::street_code, summary::month))
        .load(conn)
}

/// One stored summary: body and digest.
///
/// # Errors
/// The database failed.
pub fn load_summary(conn: &mut Db, street: &str, month: i32) -> QueryResult<(String, Vec<u8>)> {
    summary::table
        .filter(summary::street_code.eq(street).and(summary::month.eq(month)))
        .select((summary::body, summary::digest))
        .first(conn)
}

/// Triggers that keep recorded things as they were recorded.
pub const TRIGGERS: &[&str] = &[
    "audit_no_update",
    "audit_no_delete",
    "history_no_update",
    "history_no_delete",
    "claim_entry_no_update",
    "claim_entry_no_delete",
    "summary_no_update",
    "summary_no_delete",
    "line_no_update",
    "line_no_delete",
    "line_no_insert",
    "run_closed_no_update",
    "run_no_delete",
    "attempt_closed_no_update",
    "attempt_no_delete",
    "view_log_no_update",
    "view_log_no_delete",
];

/// Triggers of [`TRIGGERS`] that are missing or switched off.
///
/// # Errors
/// The database failed.
pub fn list_missing_triggers(conn: &mut Db) -> QueryResult<Vec<&'static str>> {
    let query = match conn {
        Db::Lite(_) => "SELECT name AS record FROM sqlite_master WHERE type = 'trigger'",
        Db::Pg(_) => {
            "SELECT tgname::text AS record FROM pg_trigger WHERE NOT tgisinternal AND tgenabled <> 'D'"
        }
    };
    let found: Vec<Finding> = diesel::sql_query(query).load(conn)?;
    let there = |name: &str| found.iter().any(|finding| finding.record == name);
    Ok(TRIGGERS.iter().copied().filter(|name| !there(name)).collect())
}

#[derive(QueryableByName)]
struct Complaint {
    #[diesel(sql_type = Text)]
    quick_check: String,
}

#[derive(QueryableByName)]
struct Orphan {
    #[diesel(sql_type = Text)]
    table: String,
}

/// What SQLite says about its own pages and foreign keys; PostgreSQL keeps
/// both by itself.
///
/// # Errors
/// The database failed.
pub fn list_file_faults(conn: &mut Db) -> QueryResult<Vec<String>> {
    let Db::Lite(conn) = conn else { return Ok(Vec::new()) };
    let pages: Vec<Complaint> = diesel::sql_query("PRAGMA quick_check(20)").load(conn)?;
    let orphans: Vec<Orphan> =
        diesel::sql_query("SELECT \"table\" AS \"table\" FROM pragma_foreign_key_check LIMIT 20")
            .load(conn)?;
    let pages = pages.into_iter().map(|line| line.quick_check).filter(|line| line != "ok");
    let orphans =
        orphans.into_iter().map(|row| format!("{}: a record without its owner", row.table));
    Ok(pages.chain(orphans).collect())
}
