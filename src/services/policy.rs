//! Policies in force: proposed by one person, activated by another (or by the
//! operator), and only if every worked case of the file comes out.

use sha2::{Digest, Sha256};

use crate::domain::policy::{Policy, run_cases};
use crate::domain::role::Role;
use crate::error::{AppError, AppResult, ErrorCode, Place, Refusal};
use crate::services::Actor;
use crate::services::auth::{ActivatePolicy, Authorized, ProposePolicy};
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
    let mut refusals = Vec::new();
    for case in run_cases(&policy).iter().filter(|case| !case.passed) {
        let figures: Vec<String> = case
            .figures
            .iter()
            .filter(|f| f.expected != f.actual)
            .map(|f| format!("{} {} ≠ {}", f.program, f.actual, f.expected))
            .collect();
        let figures = figures.join("; ");
        refusals.push(
            Refusal::new(
                ErrorCode::InvalidInput,
                format!("算例不通过:{} {figures}", case.zh),
                format!("the case does not come out: {} {figures}", case.en),
            )
            .at(Place::Record(case.id.clone())),
        );
    }
    AppError::refused_unless_empty(refusals)?;
    Ok(policy)
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
/// No such proposal, its proposer activates it (unless it is the operator at
/// the machine), or a case fails.
pub fn activate(
    store: &Store,
    actor: &Actor,
    by: &Authorized<'_, ActivatePolicy>,
    id: i64,
) -> AppResult<()> {
    store.write(REGISTRY_CHAIN, |tx| {
        let row = store_policy::find_policy(tx.conn, id)?
            .ok_or_else(|| AppError::not_found("政策", "policy"))?;
        if row.status == "active" {
            return Ok(());
        }
        if row.proposed_by == by.username() && actor.role() != Role::Operator {
            return Err(AppError::coded(
                ErrorCode::SeparationOfDuties,
                "提出政策的人不能自己启用,请另一位审批人启用。",
                "Who proposed a policy cannot activate it; ask another approver.",
            ));
        }
        check(&row.body)?;
        let at = tx.clock().now();
        if store_policy::mark_policy_active(tx.conn, id, by.username(), at)? != 1 {
            return Err(AppError::coded(
                ErrorCode::Conflict,
                "该政策版本已被取代,请重新提出。",
                "This version was superseded; propose it again.",
            ));
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

/// The policy in force.
///
/// # Errors
/// None is in force yet.
pub fn in_force(conn: &mut Db) -> AppResult<InForce> {
    let row = store_policy::find_active_policy(conn)?.ok_or_else(|| {
        AppError::coded(
            ErrorCode::Setup,
            "还没有启用的政策。请先运行 mingce policy propose 与 mingce policy activate。",
            "No policy is in force. Run mingce policy propose and mingce policy activate first.",
        )
    })?;
    compiled(row)
}

/// Every policy that was ever proposed.
///
/// # Errors
/// The database failed.
pub fn list(store: &Store, _by: &Authorized<'_, ProposePolicy>) -> AppResult<Vec<PolicyRow>> {
    store.read(|conn| Ok(store_policy::list_policies(conn)?))
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
