//! A folder of CSV files, one per sheet: UTF-8 with or without BOM, or GB18030
//! as spreadsheets in China write it. Never held in memory.

use std::fs::File;
use std::io::{BufReader, Read};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use sha2::{Digest, Sha256};

use super::{BookSource, EachRow, file_name, refuse_file};
use crate::error::{AppError, AppResult};
use crate::services::import::book::Sheet;
use crate::services::import::cell::Cell;

/// SEC-098.
const MAX_LINE: u64 = 1 << 20;
const CHUNK: usize = 1 << 16;

/// CSV files, one per sheet.
#[derive(Debug)]
pub struct CsvBook {
    name: String,
    digest: [u8; 32],
    files: Vec<CsvFile>,
}

#[derive(Debug)]
struct CsvFile {
    sheet: String,
    name: String,
    content: Content,
    gb18030: bool,
}

/// Where the text lies.
#[derive(Debug)]
enum Content {
    File(PathBuf),
    Memory(Arc<[u8]>),
}

impl Content {
    fn open(&self) -> AppResult<Box<dyn Read + '_>> {
        Ok(match self {
            Content::File(path) => Box::new(File::open(path).map_err(AppError::io(path))?),
            Content::Memory(bytes) => Box::new(&bytes[..]),
        })
    }
}

impl CsvBook {
    /// All `.csv` files of a folder; the stem of the name says which sheet.
    ///
    /// # Errors
    /// The folder holds no CSV, or a file cannot be read or breaks a limit.
    pub fn open_dir(dir: &Path) -> AppResult<CsvBook> {
        let mut paths = Vec::new();
        for entry in std::fs::read_dir(dir).map_err(AppError::io(dir))? {
            let path = entry.map_err(AppError::io(dir))?.path();
            if path.extension().is_some_and(|e| e.eq_ignore_ascii_case("csv")) {
                paths.push(path);
            }
        }
        paths.sort();
        if paths.is_empty() {
            return Err(refuse_file(
                &file_name(dir),
                "文件夹里没有 .csv 文件。",
                "There is no .csv file in the folder.",
            ));
        }
        CsvBook::from_paths(file_name(dir), paths)
    }

    /// One file.
    ///
    /// # Errors
    /// As [`CsvBook::open_dir`].
    pub fn open_file(path: &Path) -> AppResult<CsvBook> {
        CsvBook::from_paths(file_name(path), vec![path.to_path_buf()])
    }

    fn from_paths(name: String, paths: Vec<PathBuf>) -> AppResult<CsvBook> {
        let mut parts = Vec::new();
        for path in paths {
            let stem = path.file_stem().map(|s| s.to_string_lossy().into_owned());
            parts.push((stem.unwrap_or_default(), file_name(&path), Content::File(path)));
        }
        CsvBook::from_parts(name, parts)
    }

    /// One file that came by another way; the stem of its name says which sheet.
    ///
    /// # Errors
    /// As [`CsvBook::open_dir`].
    pub fn from_bytes(name: String, bytes: Vec<u8>) -> AppResult<CsvBook> {
        let stem = name.rsplit_once('.').map_or(name.as_str(), |(stem, _)| stem).to_owned();
        let parts = vec![(stem, name.clone(), Content::Memory(bytes.into()))];
        CsvBook::from_parts(name, parts)
    }

    fn from_parts(name: String, parts: Vec<(String, String, Content)>) -> AppResult<CsvBook> {
        let mut whole = Sha256::new();
        let mut files = Vec::new();
        for (stem, name, content) in parts {
            let (digest, gb18030) = examine(&name, &content)?;
            let sheet = Sheet::find(&stem).map_or(stem, |sheet| sheet.zh.to_owned());
            whole.update((sheet.len() as u64).to_be_bytes());
            whole.update(sheet.as_bytes());
            whole.update(digest);
            files.push(CsvFile { sheet, name, content, gb18030 });
        }
        Ok(CsvBook { name, digest: whole.finalize().into(), files })
    }
}

/// One pass over a file: digest, encoding, and the limits of SEC-098.
fn examine(name: &str, content: &Content) -> AppResult<([u8; 32], bool)> {
    let mut file = content.open()?;
    let mut hash = Sha256::new();
    let mut utf8 = encoding_rs::UTF_8.new_decoder_without_bom_handling();
    let (mut valid, mut line) = (true, 0_u64);
    let mut buffer = vec![0_u8; CHUNK];
    let mut text = String::with_capacity(CHUNK * 3);
    loop {
        let read = file.read(&mut buffer).map_err(AppError::io(Path::new(name)))?;
        let bytes = buffer.get(..read).unwrap_or_default();
        hash.update(bytes);
        for part in bytes.split_inclusive(|b| *b == b'\n') {
            line += part.len() as u64;
            if line > MAX_LINE {
                return Err(refuse_file(
                    name,
                    "有一行超过 1 MB,不像 CSV 文件。",
                    "A line is longer than 1 MB; this is no CSV file.",
                ));
            }
            if part.ends_with(b"\n") {
                line = 0;
            }
        }
        if bytes.contains(&0) {
            return Err(refuse_file(
                name,
                "文件里有 NUL 字符。请另存为 CSV UTF-8。",
                "The file holds NUL characters. Save it as CSV UTF-8.",
            ));
        }
        if valid {
            text.clear();
            let (_, _, malformed) = utf8.decode_to_string(bytes, &mut text, read == 0);
            valid = !malformed;
        }
        if read == 0 {
            return Ok((hash.finalize().into(), !valid));
        }
    }
}

impl BookSource for CsvBook {
    fn name(&self) -> String {
        self.name.clone()
    }

    fn digest(&self) -> [u8; 32] {
        self.digest
    }

    fn sheets(&self) -> Vec<String> {
        self.files.iter().map(|file| file.sheet.clone()).collect()
    }

    fn read(&mut self, sheet: usize, each: EachRow<'_>) -> AppResult<()> {
        if let Some(file) = self.files.get(sheet) {
            let open = file.content.open()?;
            let encoding = if file.gb18030 { encoding_rs::GB18030 } else { encoding_rs::UTF_8 };
            let decoded = Decoded::new(BufReader::with_capacity(CHUNK, open), encoding);
            read_records(decoded, &file.name, each)?;
        }
        Ok(())
    }
}

fn read_records(input: impl Read, name: &str, each: EachRow<'_>) -> AppResult<()> {
    let mut reader = ::csv::ReaderBuilder::new()
        .has_headers(false)
        .flexible(true)
        .buffer_capacity(CHUNK)
        .from_reader(input);
    let mut record = ::csv::StringRecord::new();
    loop {
        match reader.read_record(&mut record) {
            Ok(false) => return Ok(()),
            Ok(true) => {}
            Err(error) => {
                let line = error.position().map_or(0, ::csv::Position::line);
                return Err(refuse_file(
                    name,
                    &format!("第 {line} 行不是有效的 CSV 文本。"),
                    &format!("Line {line} is not valid CSV text."),
                ));
            }
        }
        let line = record.position().map_or(0, ::csv::Position::line);
        let cells: Vec<Cell> = record.iter().map(|text| Cell::text(unguard(text))).collect();
        if cells.iter().any(|cell| !cell.is_blank()) {
            each(u32::try_from(line).unwrap_or(u32::MAX), cells)?;
        }
    }
}

/// Whether a spreadsheet could take the text for a formula (SEC-085).
fn looks_like_formula(text: &str) -> bool {
    text.starts_with(['=', '+', '-', '@', '\t', '\r', '\n', '\0', '＝', '＋', '－', '＠'])
}

/// Puts an apostrophe in front of such a text; [`unguard`] takes it off again.
#[must_use]
pub(crate) fn guard(text: &str) -> std::borrow::Cow<'_, str> {
    if looks_like_formula(text.trim_start_matches('\'')) {
        return format!("'{text}").into();
    }
    text.into()
}

/// Takes off the one apostrophe that the export put in front of such a text.
fn unguard(text: &str) -> &str {
    match text.strip_prefix('\'') {
        Some(rest) if looks_like_formula(rest.trim_start_matches('\'')) => rest,
        _ => text,
    }
}

/// Decodes while reading, BOM taken off.
struct Decoded<R> {
    input: R,
    decoder: encoding_rs::Decoder,
    raw: Vec<u8>,
    text: Vec<u8>,
    at: usize,
    done: bool,
}

impl<R: Read> Decoded<R> {
    fn new(input: R, encoding: &'static encoding_rs::Encoding) -> Decoded<R> {
        Decoded {
            input,
            decoder: encoding.new_decoder_with_bom_removal(),
            raw: vec![0; CHUNK],
            text: Vec::new(),
            at: 0,
            done: false,
        }
    }

    fn refill(&mut self) -> std::io::Result<()> {
        let read = self.input.read(&mut self.raw)?;
        self.done = read == 0;
        let bytes = self.raw.get(..read).unwrap_or_default();
        let room = self.decoder.max_utf8_buffer_length(read).unwrap_or(CHUNK * 4);
        self.text.resize(room, 0);
        let (_, _, written, _) = self.decoder.decode_to_utf8(bytes, &mut self.text, self.done);
        self.text.truncate(written);
        self.at = 0;
        Ok(())
    }
}

impl<R: Read> Read for Decoded<R> {
    fn read(&mut self, out: &mut [u8]) -> std::io::Result<usize> {
        while self.at == self.text.len() && !self.done {
            self.refill()?;
        }
        let rest = self.text.get(self.at..).unwrap_or_default();
        let count = rest.len().min(out.len());
        if let (Some(to), Some(from)) = (out.get_mut(..count), rest.get(..count)) {
            to.copy_from_slice(from);
        }
        self.at += count;
        Ok(count)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rows_of(bytes: &[u8]) -> Vec<Vec<String>> {
        let dir = tempfile::tempdir().expect("a folder");
        let path = dir.path().join("居民.csv");
        std::fs::write(&path, bytes).expect("written");
        let mut book = CsvBook::open_dir(dir.path()).expect("a book");
        let mut rows = Vec::new();
        book.read(0, &mut |_, cells| {
            rows.push(cells.iter().map(Cell::shown).collect());
            Ok(())
        })
        .expect("read");
        rows
    }

    #[test]
    fn both_encodings_are_read() {
        let text = "姓名,区划代码\r\n张三,\"a,b\"\r\n\r\n'=1+1,'x\r\n";
        let want = vec![
            vec!["姓名".to_owned(), "区划代码".to_owned()],
            vec!["张三".to_owned(), "a,b".to_owned()],
            vec!["=1+1".to_owned(), "'x".to_owned()],
        ];
        assert_eq!(rows_of(text.as_bytes()), want);
        assert_eq!(rows_of(format!("\u{feff}{text}").as_bytes()), want);
        assert_eq!(rows_of(&encoding_rs::GB18030.encode(text).0), want);
    }

    #[test]
    fn what_looks_like_a_formula_comes_back_as_it_was() {
        for text in ["=1+1", "'=1", "''@x", "-2", "＝a", "张三", "'", "", "a'=b"] {
            assert_eq!(unguard(&guard(text)), text);
        }
        assert_eq!(guard("=cmd|' /C calc'!A0"), "'=cmd|' /C calc'!A0");
    }

    #[test]
    fn limits_hold() {
        let dir = tempfile::tempdir().expect("a folder");
        for bytes in [vec![b'a'; 2 << 20], b"a\0b".to_vec()] {
            let path = dir.path().join("居民.csv");
            std::fs::write(&path, bytes).expect("written");
            assert!(CsvBook::open_file(&path).is_err());
        }
    }
}
