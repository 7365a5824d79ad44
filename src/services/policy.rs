//! Policies in force: proposed by one person, activated by another, and only
//! if every worked case of the file comes out.

use sha2::{Digest, Sha256};

use crate::domain::policy::{CaseResult, Policy, run_cases};
use crate::error::{AppError, AppResult, ErrorCode, Place, Refusal};
use crate::services::auth::{ActivatePolicy, Authorized, Permit, ProposePolicy, ReadReport};
use crate::services::record::check_required;
use crate::store::audit::Entry;
use crate::store::policy::{self as store_policy, PolicyRow};
use crate::store::{Db, REGISTRY_CHAIN, Store};

/// The example profile that ships with the program: illustrative amounts.
pub const EXAMPLE: &str = include_str!("../../policies/js-ill-2023.toml");

/// A policy row with what it compiles to.
#[derive(Debug, Clone)]
pub struct InForce {
    /// The stored row.
    pub row: PolicyRow,
    /// Its compiled form.
    pub policy: Policy,
}

/// Reads a policy and runs its cases.
///
/// # Errors
/// Every fault of the file and every case that does not come out or is missing.
pub fn check(text: &str) -> AppResult<Policy> {
    let policy = Policy::parse(text).map_err(|faults| {
        AppError::Refused(
            faults
                .into_iter()
                .map(|f| Refusal::new(ErrorCode::InvalidInput, f.zh, f.en).at(Place::Field(f.at)))
                .collect(),
        )
    })?;
    let results = run_cases(&policy);
    let failed = results.iter().filter(|case| !case.passed);
    AppError::refused_unless_empty(failed.map(|case| case_refusal(&policy, case)).collect())?;
    Ok(policy)
}

/// Which case, and what it expects against what comes out; or that a program
/// has none.
fn case_refusal(policy: &Policy, case: &CaseResult) -> Refusal {
    let (mut zh, mut en) = (Vec::new(), Vec::new());
    for figure in case.figures.iter().filter(|f| f.expected != f.actual) {
        let index = policy.program_index(&figure.program);
        let program = index.and_then(|index| policy.program(index));
        let code = figure.program.as_str();
        let (name_zh, name_en) = program.map_or((code, code), |p| (&p.zh, &p.en));
        let (expected, actual) = (figure.expected, figure.actual);
        zh.push(format!("{name_zh}应为 {expected} 元,算得 {actual} 元({})", figure.why.0));
        en.push(format!("{name_en}: {expected} expected, {actual} computed ({})", figure.why.1));
    }
    let (zh, en) = if case.figures.is_empty() {
        (case.zh.clone(), case.en.clone())
    } else {
        (
            format!("算例不通过:{} {}", zh.join(";"), case.zh),
            format!("the case does not come out: {}. {}", en.join("; "), case.en),
        )
    };
    Refusal::new(ErrorCode::InvalidInput, zh, en).at(Place::Record(case.id.clone()))
}

/// Proposes a policy (one file, or several joined by `Policy::join`). The same
/// text again is the same proposal. Returns its id.
///
/// # Errors
/// As [`check`].
pub fn propose(store: &Store, by: &Authorized<'_, ProposePolicy>, text: &str) -> AppResult<i64> {
    let policy = check(text)?;
    let digest = Sha256::digest(text.as_bytes()).to_vec();
    store.write(REGISTRY_CHAIN, |tx| {
        if let Some(known) = store_policy::find_policy_by_digest(tx.conn, &digest)? {
            return Ok(known.id);
        }
        let code = policy.profiles.iter().map(|p| p.code.as_str()).collect::<Vec<_>>().join("+");
        let title = policy.profiles.iter().map(|p| p.zh.as_str()).collect::<Vec<_>>().join(" + ");
        let row = PolicyRow {
            id: tx.next_id(),
            version: store_policy::last_version(tx.conn, &code)? + 1,
            code,
            title,
            digest: digest.clone(),
            body: text.to_owned(),
            illustrative: policy.illustrative(),
            status: "proposed".to_owned(),
            proposed_by: by.username().to_owned(),
            ended_by: None,
            ended_at: None,
            end_reason: None,
            activated_by: None,
            activated_at: None,
            created_at: tx.clock().now(),
        };
        store_policy::insert_policy(tx.conn, &row)?;
        tx.audit(&Entry {
            actor: by.username(),
            action: "policy.propose",
            object_kind: "policy",
            object_id: Some(row.id),
            reason: None,
            detail: Some(&format!("{} v{}", row.code, row.version)),
        })?;
        Ok(row.id)
    })
}

/// Puts a proposal in force; the policy before is superseded. Runs that were
/// made keep the policy that made them.
///
/// # Errors
/// No such proposal, its proposer activates it, or a case fails.
pub fn activate(store: &Store, by: &Authorized<'_, ActivatePolicy>, id: i64) -> AppResult<()> {
    store.write(REGISTRY_CHAIN, |tx| {
        let row = store_policy::find_policy(tx.conn, id)?
            .ok_or_else(|| AppError::not_found("政策", "policy"))?;
        if row.status == "active" {
            return Ok(());
        }
        if row.proposed_by == by.username() {
            return Err(AppError::coded(
                ErrorCode::SeparationOfDuties,
                "提出政策的人不能自己启用,请另一位审批人启用。",
                "Who proposed a policy cannot activate it; ask another approver.",
            ));
        }
        check(&row.body)?;
        let at = tx.clock().now();
        if store_policy::mark_policy_active(tx.conn, id, by.username(), at)? != 1 {
            return Err(no_longer_waits());
        }
        tx.audit(&Entry {
            actor: by.username(),
            action: "policy.activate",
            object_kind: "policy",
            object_id: Some(id),
            reason: None,
            detail: Some(&format!("{} v{}", row.code, row.version)),
        })?;
        Ok(())
    })
}

/// Whoever proposed a policy takes it back before it is in force.
///
/// # Errors
/// Not found; another's proposal; not waiting any more; no reason.
pub fn withdraw(
    store: &Store,
    by: &Authorized<'_, ProposePolicy>,
    id: i64,
    reason: &str,
) -> AppResult<()> {
    end(store, by, id, ("withdrawn", "policy.withdraw"), reason, |row| {
        (row.proposed_by != by.username()).then(|| {
            AppError::coded(
                ErrorCode::SeparationOfDuties,
                "只有提出人可以撤回;审批人可以退回。",
                "Only who proposed it can withdraw it; an approver can reject it.",
            )
        })
    })
}

/// The second person refuses a policy before it is in force.
///
/// # Errors
/// Not found; one's own proposal; not waiting any more; no reason.
pub fn reject(
    store: &Store,
    by: &Authorized<'_, ActivatePolicy>,
    id: i64,
    reason: &str,
) -> AppResult<()> {
    end(store, by, id, ("rejected", "policy.reject"), reason, |row| {
        (row.proposed_by == by.username()).then(|| {
            AppError::coded(
                ErrorCode::SeparationOfDuties,
                "自己提出的政策请撤回,不能自己退回。",
                "Your own proposal is withdrawn, not rejected by yourself.",
            )
        })
    })
}

fn end<P: Permit>(
    store: &Store,
    by: &Authorized<'_, P>,
    id: i64,
    (status, action): (&str, &str),
    reason: &str,
    refused: impl FnOnce(&PolicyRow) -> Option<AppError>,
) -> AppResult<()> {
    let mut refusals = Vec::new();
    check_required(&mut refusals, "reason", reason);
    AppError::refused_unless_empty(refusals)?;
    store.write(REGISTRY_CHAIN, |tx| {
        let row = store_policy::find_policy(tx.conn, id)?
            .ok_or_else(|| AppError::not_found("政策", "policy"))?;
        if let Some(error) = refused(&row) {
            return Err(error);
        }
        let (at, reason) = (tx.clock().now(), reason.trim());
        let ended =
            store_policy::mark_policy_ended(tx.conn, id, status, (by.username(), at, reason))?;
        if ended != 1 {
            return Err(no_longer_waits());
        }
        tx.audit(&Entry {
            actor: by.username(),
            action,
            object_kind: "policy",
            object_id: Some(id),
            reason: Some(reason),
            detail: Some(&format!("{} v{}", row.code, row.version)),
        })?;
        Ok(())
    })
}

fn no_longer_waits() -> AppError {
    AppError::coded(
        ErrorCode::Conflict,
        "该政策版本不在待启用状态,请重新提出。",
        "This version does not wait to be activated any more; propose it again.",
    )
}

/// The policy in force.
///
/// # Errors
/// None is in force yet.
pub fn in_force(conn: &mut Db) -> AppResult<InForce> {
    let row = store_policy::find_active_policy(conn)?.ok_or_else(|| {
        AppError::coded(
            ErrorCode::Setup,
            "还没有启用的政策。请经办提交政策文件,再由审批人启用(网页或 mingce policy)。",
            "No policy is in force. A clerk proposes a file and an approver puts it in force (by page or mingce policy).",
        )
    })?;
    compiled(row)
}

/// Every policy that was ever proposed.
///
/// # Errors
/// The database failed.
pub fn list(store: &Store, _by: &Authorized<'_, ReadReport>) -> AppResult<Vec<PolicyRow>> {
    store.read(|conn| Ok(store_policy::list_policies(conn)?))
}

/// The policies as the office's list shows them.
#[derive(Debug, Clone)]
pub struct PolicyBoard {
    /// Every policy that was ever proposed, newest first.
    pub rows: Vec<PolicyRow>,
    /// The one in force, if any is.
    pub in_force: Option<InForce>,
}

/// The policies as the office's list shows them.
///
/// # Errors
/// A stored policy cannot be read; the database failed.
pub fn board(store: &Store, _by: &Authorized<'_, ReadReport>) -> AppResult<PolicyBoard> {
    store.read(|conn| {
        let rows = store_policy::list_policies(conn)?;
        let active = rows.iter().find(|row| row.status == "active").cloned();
        Ok(PolicyBoard { in_force: active.map(compiled).transpose()?, rows })
    })
}

/// One policy as its page shows it.
#[derive(Debug, Clone)]
pub struct PolicyPage {
    /// The version and what it compiles to.
    pub version: InForce,
    /// Its worked cases with their results.
    pub cases: Vec<CaseResult>,
    /// What is in force, unless that is this version.
    pub present: Option<Policy>,
}

/// One policy with its cases, run again.
///
/// # Errors
/// Not found; a stored policy cannot be read.
pub fn load_page(
    store: &Store,
    _by: &Authorized<'_, ReadReport>,
    id: i64,
) -> AppResult<PolicyPage> {
    store.read(|conn| {
        let version = pinned(conn, id)?;
        let present = store_policy::find_active_policy(conn)?.filter(|row| row.id != id);
        let present = present.map(compiled).transpose()?.map(|found| found.policy);
        Ok(PolicyPage { cases: run_cases(&version.policy), version, present })
    })
}

/// The policy that a run pinned.
///
/// # Errors
/// It is missing or cannot be read.
pub fn pinned(conn: &mut Db, id: i64) -> AppResult<InForce> {
    let row = store_policy::find_policy(conn, id)?
        .ok_or_else(|| AppError::not_found("政策版本", "policy version"))?;
    compiled(row)
}

fn compiled(row: PolicyRow) -> AppResult<InForce> {
    let policy = Policy::parse(&row.body).map_err(|faults| {
        let first = faults.first().map(ToString::to_string).unwrap_or_default();
        AppError::coded(
            ErrorCode::Integrity,
            format!("已存的政策读不出来:{first}"),
            format!("the stored policy cannot be read: {first}"),
        )
    })?;
    Ok(InForce { row, policy })
}
