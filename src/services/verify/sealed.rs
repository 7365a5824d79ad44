//! Encrypted values open where they lie, and the blind index beside each one
//! is that of its value.

use super::{Check, Fault, NAMED};
use crate::domain::document::DocKind;
use crate::error::AppResult;
use crate::store::sealed::{self, OFFICE_SEALED, SEALED, SealedColumn, SealedValue};
use crate::store::{Cipher, Db};

const PAGE: i64 = 1_000;
/// Values per column that a quick verification opens.
const SAMPLE: u64 = 20_000;

/// Two checks: everything opens; every index fits.
pub(super) fn check(conn: &mut Db, cipher: &Cipher, full: bool) -> AppResult<[Check; 2]> {
    let (mut opened, mut compared) = (0, 0);
    let (mut sealed_faults, mut index_faults) = (Vec::new(), Vec::new());
    for column in SEALED.iter().chain(OFFICE_SEALED) {
        let mut after = i64::MIN;
        let mut seen = 0;
        loop {
            let values = sealed::list_sealed(conn, column, after, PAGE)?;
            let Some(last) = values.last() else { break };
            after = last.id;
            for value in &values {
                seen += 1;
                let record = || format!("{} {} ({})", column.table, value.id, value.street_code);
                match cipher.open(column.field, value.id, &value.sealed) {
                    Err(_) => sealed_faults.push(Fault::new(
                        record(),
                        format!("{} 打不开:被改动、挪动,或密钥缺失。", column.column),
                        format!(
                            "{} does not open: changed, moved, or its key is missing.",
                            column.column
                        ),
                    )),
                    Ok(plain) if column.index.is_some() => {
                        compared += 1;
                        if !index_fits(cipher, column, value, &plain) {
                            index_faults.push(Fault::new(
                                record(),
                                format!("{} 的盲索引与内容不符。", column.column),
                                format!(
                                    "The blind index of {} is not that of its value.",
                                    column.column
                                ),
                            ));
                        }
                    }
                    Ok(_) => {}
                }
            }
            if !full && seen >= SAMPLE {
                break;
            }
        }
        opened += seen;
        sealed_faults.truncate(NAMED);
        index_faults.truncate(NAMED);
    }
    Ok([
        Check {
            name: "sealed_fields",
            zh: "加密字段在原处能打开",
            en: "encrypted fields open where they lie",
            examined: Some(opened),
            faults: sealed_faults,
        },
        Check {
            name: "blind_indexes",
            zh: "盲索引与内容一致",
            en: "blind indexes match their values",
            examined: Some(compared),
            faults: index_faults,
        },
    ])
}

/// Whether the index is that of the value. A value without an index (a record
/// that gave its number up) has nothing to compare.
fn index_fits(cipher: &Cipher, column: &SealedColumn, value: &SealedValue, plain: &[u8]) -> bool {
    let (Some((_, kind)), Some(blind)) = (column.index, &value.blind) else { return true };
    let Ok(text) = std::str::from_utf8(plain) else { return false };
    if cipher.blind(kind, text) == *blind {
        return true;
    }
    // Documents other than the citizen's are indexed together with their kind.
    let doc_kind = value.doc_kind.as_deref().and_then(DocKind::from_code);
    doc_kind.is_some_and(|doc| cipher.blind(kind, &format!("{}:{text}", doc.code())) == *blind)
}
