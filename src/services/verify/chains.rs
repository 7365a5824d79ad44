//! The audit chains: recomputed, gap-free, and as long as their heads say.

use super::{Check, Fault, NAMED};
use crate::error::AppResult;
use crate::store::audit::{self, AuditRow, ChainHead};
use crate::store::{Cipher, Db, Store, verify as queries};

const PAGE: i64 = 2_000;

/// All chains. Of each one the first fault is named: everything after it hangs
/// on it.
pub(super) fn check(conn: &mut Db, store: &Store) -> AppResult<Check> {
    let mut examined = 0;
    let mut faults = Vec::new();
    for head in audit::list_heads(conn)? {
        let fault = follow(conn, store.cipher(), &head, &mut examined)?;
        if faults.len() < NAMED {
            faults.extend(fault);
        }
    }
    for street in queries::list_headless(conn)? {
        faults.push(Fault::new(
            format!("chain {street}"),
            "该审计链有条目,但链头被删除。",
            "This chain has entries but its head was deleted.",
        ));
    }
    Ok(Check {
        name: "audit_chains",
        zh: "审计链连续、未被改动,且与链头一致",
        en: "the audit chains are gap-free, unchanged and end at their heads",
        examined: Some(examined),
        faults,
    })
}

fn follow(
    conn: &mut Db,
    cipher: &Cipher,
    head: &ChainHead,
    examined: &mut u64,
) -> AppResult<Option<Fault>> {
    let street = &head.street_code;
    let (mut seq, mut hash) = (0, vec![0; 32]);
    loop {
        let rows = audit::list_after(conn, street, seq, PAGE)?;
        if rows.is_empty() {
            break;
        }
        for row in rows {
            *examined += 1;
            if let Some(fault) = entry_fault(cipher, &row, seq, &hash) {
                return Ok(Some(fault));
            }
            (seq, hash) = (row.seq, row.hash);
        }
    }
    Ok(end_fault(head, seq, &hash))
}

fn entry_fault(cipher: &Cipher, row: &AuditRow, before: i64, hash: &[u8]) -> Option<Fault> {
    let at = |seq: i64| format!("audit {}#{seq}", row.street_code);
    if row.seq != before + 1 {
        return Some(Fault::new(
            at(before + 1),
            format!("缺少条目:#{before} 之后是 #{}。", row.seq),
            format!("An entry is missing: after #{before} comes #{}.", row.seq),
        ));
    }
    if row.prev_hash != hash {
        return Some(Fault::new(
            at(row.seq),
            "条目与前一条不相连。",
            "The entry is not linked to the one before.",
        ));
    }
    if row.hash != cipher.chain(&row.prev_hash, &audit::canonical(row)) {
        return Some(Fault::new(
            at(row.seq),
            "条目内容被改动。",
            "The content of the entry was changed.",
        ));
    }
    None
}

/// A cut tail shows here: the entries are in order, but fewer than the head
/// remembers.
fn end_fault(head: &ChainHead, seq: i64, hash: &[u8]) -> Option<Fault> {
    if head.seq == seq && head.hash == hash {
        return None;
    }
    let street = &head.street_code;
    let (record, zh, en) = if head.seq > seq {
        (
            format!("audit {street}#{}", seq + 1),
            format!("末尾被截断:链头记到 #{},实际只到 #{seq}。", head.seq),
            format!(
                "The tail was cut: the head remembers #{}, the entries end at #{seq}.",
                head.seq
            ),
        )
    } else {
        (
            format!("chain {street}"),
            format!("链头(#{})与最后一条(#{seq})不一致。", head.seq),
            format!("The head (#{}) does not match the last entry (#{seq}).", head.seq),
        )
    };
    Some(Fault::new(record, zh, en))
}
