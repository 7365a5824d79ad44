//! What a workbook must pass before anything parses it (SEC-092, SEC-094,
//! SEC-095): it is inflated once, counting, and nothing is kept.

use std::io::{Cursor, Read};

use super::{not_a_book, refuse_file};
use crate::error::AppResult;

/// By browser and by command line alike.
pub(super) const MAX_FILE: u64 = 20 << 20;
const MAX_ENTRIES: usize = 500;
const MAX_ENTRY: u64 = 100 << 20;
const MAX_TOTAL: u64 = 200 << 20;
const MAX_RATIO: u64 = 200;
/// Small entries may compress however well they like.
const RATIO_FROM: u64 = 1 << 20;
const MAX_STRINGS: usize = 500_000;

/// Refuses what is not a plain workbook, and bombs.
pub(super) fn check(name: &str, bytes: &[u8]) -> AppResult<()> {
    if !bytes.starts_with(b"PK\x03\x04") {
        return Err(not_a_book(name));
    }
    let mut archive = zip::ZipArchive::new(Cursor::new(bytes)).map_err(|_| damaged(name))?;
    if archive.len() > MAX_ENTRIES {
        return Err(bomb(name));
    }
    let (mut types, mut workbook, mut total) = (false, false, 0_u64);
    for at in 0..archive.len() {
        let mut entry = archive.by_index(at).map_err(|_| not_a_book(name))?;
        let path = entry.name().map_err(|_| not_a_book(name))?.to_ascii_lowercase();
        if path.ends_with("vbaproject.bin") || path.contains("externallinks/") || entry.encrypted()
        {
            return Err(not_a_book(name));
        }
        types |= path == "[content_types].xml";
        workbook |= path == "xl/workbook.xml";
        let packed = entry.compressed_size();
        total += inflate(name, &path, &mut entry, packed)?;
        if total > MAX_TOTAL {
            return Err(bomb(name));
        }
    }
    if types && workbook { Ok(()) } else { Err(not_a_book(name)) }
}

/// Inflates one entry and counts what really comes out; the sizes that the
/// archive declares are the sender's.
fn inflate(name: &str, path: &str, entry: &mut impl Read, packed: u64) -> AppResult<u64> {
    let mut buffer = vec![0_u8; 1 << 16];
    let (mut size, mut strings, mut first) = (0_u64, 0_usize, true);
    loop {
        let read = entry.read(&mut buffer).map_err(|_| damaged(name))?;
        let bytes = buffer.get(..read).unwrap_or_default();
        if read == 0 {
            return Ok(size);
        }
        if first {
            first = false;
            let nested = bytes.starts_with(b"PK\x03\x04");
            // A document type stands before the root element.
            let doctype = path.ends_with(".xml") && contains(bytes, b"<!DOCTYPE");
            if nested || doctype {
                return Err(not_a_book(name));
            }
        }
        size += read as u64;
        if size > MAX_ENTRY || size > RATIO_FROM && size > packed.saturating_mul(MAX_RATIO) {
            return Err(bomb(name));
        }
        if path == "xl/sharedstrings.xml" {
            // A string split between two chunks is missed: the limit is no
            // exact count.
            strings += count(bytes, b"<si");
            if strings > MAX_STRINGS {
                return Err(bomb(name));
            }
        }
    }
}

fn contains(bytes: &[u8], what: &[u8]) -> bool {
    bytes.windows(what.len()).any(|w| w.eq_ignore_ascii_case(what))
}

fn count(bytes: &[u8], what: &[u8]) -> usize {
    bytes.windows(what.len()).filter(|w| *w == what).count()
}

fn damaged(name: &str) -> crate::error::AppError {
    refuse_file(
        name,
        "文件已损坏,打不开。请在表格软件中重新另存为 .xlsx。",
        "The file is damaged. Save it again as .xlsx.",
    )
}

fn bomb(name: &str) -> crate::error::AppError {
    refuse_file(
        name,
        "文件解压后过大,已拒绝。请只保留数据,去掉图片和多余的格式后另存,或改用 CSV。",
        "The file becomes too large when unpacked and was refused. Keep only the data, without \
         pictures and formats, or use CSV.",
    )
}
