//! Aligned text. A Chinese character is two columns wide on a terminal.

use std::io::{self, Write};

use super::super::document::{Cell, Column, Group, Head, Section, TableRow};
use super::Render;

/// Columns that a text takes on a terminal: 2 for East Asian wide characters.
#[must_use]
pub fn display_width(text: &str) -> usize {
    text.chars().map(|c| if is_wide(c) { 2 } else { 1 }).sum()
}

/// East Asian Width W and F (UAX #11) in the blocks that names and labels use.
const fn is_wide(c: char) -> bool {
    matches!(c,
        '\u{1100}'..='\u{115f}' | '\u{2e80}'..='\u{303e}' | '\u{3041}'..='\u{33ff}'
        | '\u{3400}'..='\u{4dbf}' | '\u{4e00}'..='\u{9fff}' | '\u{a000}'..='\u{a4cf}'
        | '\u{ac00}'..='\u{d7a3}' | '\u{f900}'..='\u{faff}' | '\u{fe30}'..='\u{fe4f}'
        | '\u{ff01}'..='\u{ff60}' | '\u{ffe0}'..='\u{ffe6}' | '\u{1f300}'..='\u{1faff}'
        | '\u{20000}'..='\u{3fffd}')
}

/// Writes a document as text. Keeps one table in memory, to know its widths.
pub struct TextTable<'a> {
    out: &'a mut dyn Write,
    section: Section,
    rows: Vec<TableRow>,
}

impl<'a> TextTable<'a> {
    /// Text to `out`.
    pub fn new(out: &'a mut dyn Write) -> TextTable<'a> {
        TextTable { out, section: Section::default(), rows: Vec::new() }
    }
}

impl Render for TextTable<'_> {
    fn begin(&mut self, head: &Head) -> io::Result<()> {
        writeln!(self.out, "{}", clean(&head.title))?;
        let above = [&head.left, &head.middle, &head.right];
        let above: Vec<String> =
            above.iter().filter(|text| !text.is_empty()).map(|text| clean(text)).collect();
        writeln!(self.out, "{}", above.join("    "))?;
        for mark in &head.marks {
            writeln!(self.out, "【{}】", clean(mark))?;
        }
        writeln!(self.out)
    }

    fn section(&mut self, section: &Section) -> io::Result<()> {
        self.section = section.clone();
        self.rows.clear();
        if section.heading.is_empty() {
            return Ok(());
        }
        writeln!(self.out, "{}", clean(&section.heading))
    }

    fn row(&mut self, row: TableRow) -> io::Result<()> {
        self.rows.push(row);
        Ok(())
    }

    fn end_section(&mut self, notes: &[String]) -> io::Result<()> {
        for sheet in self.section.sheets() {
            for line in lay_out(&self.section, &self.rows, *sheet) {
                writeln!(self.out, "{line}")?;
            }
            writeln!(self.out)?;
        }
        self.rows.clear();
        for note in notes {
            writeln!(self.out, "{}", clean(note))?;
        }
        if notes.is_empty() { Ok(()) } else { writeln!(self.out) }
    }

    fn finish(&mut self, head: &Head) -> io::Result<()> {
        if !head.footer.is_empty() {
            let footer: Vec<String> = head.footer.iter().map(|text| clean(text)).collect();
            writeln!(self.out, "{}", footer.join("    "))?;
        }
        self.out.flush()
    }
}

/// One sheet of a table as lines: header, rule, rows, a rule before totals.
fn lay_out(section: &Section, rows: &[TableRow], sheet: u8) -> Vec<String> {
    let shown = shown_columns(section, sheet);
    let texts = texts(section, rows, &shown);
    let spans = spans(&shown);
    let widths = widths(&shown, &spans, &texts);
    // A header stands over its cells: right over numbers, left over text.
    let numeric = |at: usize| {
        let cell = |row: &TableRow| {
            shown.get(at).and_then(|(cell, _, _)| row.cells.get(*cell).map(Cell::is_number))
        };
        rows.iter().find_map(cell).unwrap_or(false)
    };
    let upper: Vec<String> = spans
        .iter()
        .map(|&(first, count, title)| {
            let width = span_width(&widths, first, count);
            let right = count == 1 && numeric(first);
            if right { left_pad(title, width) } else { right_pad(title, width) }
        })
        .collect();
    let mut lines = vec![join(&upper)];
    if section.two_rows() {
        let lower: Vec<String> = shown
            .iter()
            .zip(&widths)
            .map(|((_, _, column), width)| left_pad(column.title, *width))
            .collect();
        lines.push(join(&lower));
    }
    let rule = "-".repeat(span_width(&widths, 0, widths.len()));
    lines.push(rule.clone());
    for (row, texts) in rows.iter().zip(&texts) {
        if row.total && rows.len() > 1 {
            lines.push(rule.clone());
        }
        let cells: Vec<String> = shown
            .iter()
            .zip(texts.iter().zip(&widths))
            .map(|((at, _, _), (text, width))| {
                let number = row.cells.get(*at).is_some_and(Cell::is_number);
                if number { left_pad(text, *width) } else { right_pad(text, *width) }
            })
            .collect();
        lines.push(join(&cells));
    }
    lines
}

fn join(cells: &[String]) -> String {
    cells.join("  ").trim_end().to_owned()
}

/// Every column as wide as its widest cell, every group as its title.
fn widths(
    shown: &[(usize, &Group, &Column)],
    spans: &[(usize, usize, &str)],
    texts: &[Vec<String>],
) -> Vec<usize> {
    let mut widths: Vec<usize> = shown
        .iter()
        .enumerate()
        .map(|(at, (_, _, column))| {
            let cells = texts.iter().filter_map(|row| row.get(at)).map(|text| display_width(text));
            cells.chain([display_width(column.title)]).max().unwrap_or(0)
        })
        .collect();
    for (first, count, title) in spans {
        let have = span_width(&widths, *first, *count);
        if let Some(width) = widths.get_mut(first + count - 1) {
            *width += display_width(title).saturating_sub(have);
        }
    }
    widths
}

/// The cells of a sheet as text; a repeated first cell is left blank.
fn texts(
    section: &Section,
    rows: &[TableRow],
    shown: &[(usize, &Group, &Column)],
) -> Vec<Vec<String>> {
    let mut above: Option<String> = None;
    let mut texts = Vec::with_capacity(rows.len());
    for row in rows {
        let mut line: Vec<String> = shown
            .iter()
            .map(|(at, _, _)| row.cells.get(*at).map(|c| clean(&c.show())).unwrap_or_default())
            .collect();
        if section.merge_first
            && let Some(first) = line.first_mut()
        {
            if above.as_deref() == Some(first.as_str()) {
                first.clear();
            } else {
                above = Some(first.clone());
            }
        }
        texts.push(line);
    }
    texts
}

/// Columns of a sheet with their place in the row.
fn shown_columns(section: &Section, sheet: u8) -> Vec<(usize, &Group, &Column)> {
    section
        .columns()
        .enumerate()
        .filter(|(_, (group, column))| group.sheets & sheet != 0 && column.brief)
        .map(|(at, (group, column))| (at, group, column))
        .collect()
}

/// Groups as (first column, columns, title).
fn spans<'a>(shown: &[(usize, &'a Group, &'a Column)]) -> Vec<(usize, usize, &'a str)> {
    let mut spans: Vec<(usize, usize, &str)> = Vec::new();
    let mut last: Option<&Group> = None;
    for (at, (_, group, _)) in shown.iter().enumerate() {
        match spans.last_mut() {
            Some(span) if last.is_some_and(|last| std::ptr::eq(last, *group)) => span.1 += 1,
            _ => spans.push((at, 1, group.title)),
        }
        last = Some(group);
    }
    spans
}

fn span_width(widths: &[usize], first: usize, count: usize) -> usize {
    let columns = widths.iter().skip(first).take(count);
    columns.sum::<usize>() + 2 * count.saturating_sub(1)
}

fn left_pad(text: &str, width: usize) -> String {
    format!("{}{text}", " ".repeat(width.saturating_sub(display_width(text))))
}

fn right_pad(text: &str, width: usize) -> String {
    format!("{text}{}", " ".repeat(width.saturating_sub(display_width(text))))
}

/// A stored name must not steer the terminal.
fn clean(text: &str) -> String {
    text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect()
}
