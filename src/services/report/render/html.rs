//! One self-contained page for A4 landscape (`ux.md` §8.1): no script, nothing
//! fetched, every stored text escaped.

use std::io::{self, Write};

use super::super::document::{Cell, Column, Group, Head, Section, TableRow};
use super::Render;
use crate::domain::punctuation::full_width;

/// Official fonts where there are any, otherwise whatever has Chinese.
const STYLE: &str = "\
@page{size:A4 landscape;margin:12mm 10mm}\
body{font-family:FangSong_GB2312,仿宋_GB2312,FangSong,仿宋,STFangsong,'Noto Serif CJK SC',serif;\
color:#000;background:#fff;font-size:10pt;margin:0 auto;max-width:277mm}\
h1{font-family:'FZXiaoBiaoSong-B05S','方正小标宋简体',SimHei,'Noto Sans CJK SC',sans-serif;\
font-size:18pt;font-weight:normal;text-align:center;margin:4mm 0}\
h2{font-size:11pt;margin:4mm 0 1mm}\
.above{display:flex;justify-content:space-between;margin:0 0 1mm}\
.mark{border:1.5pt solid #000;padding:1mm 3mm;margin:0 0 2mm;font-weight:bold;text-align:center}\
table{border-collapse:collapse;width:100%;margin:0 0 3mm;font-size:9pt;\
font-variant-numeric:tabular-nums}\
thead{display:table-header-group}tr{break-inside:avoid}\
th,td{border:.75pt solid #000;padding:.6mm 1mm;text-align:left}\
th{font-weight:bold;text-align:center}td.n{text-align:right;white-space:nowrap}\
tr.t td{font-weight:bold}p{margin:0 0 1mm}\
.footer{display:flex;justify-content:space-between;margin:6mm 0 0}\
.sheet+.sheet{break-before:page}";

/// Writes a document as a page.
pub struct HtmlPage<'a> {
    out: &'a mut dyn Write,
    section: Section,
    /// The second sheet of a wide table, until the first one is finished.
    second: String,
    above: Option<String>,
    /// Only the body, for a page that has a head, a title and a style already.
    fragment: bool,
}

impl<'a> HtmlPage<'a> {
    /// HTML to `out`.
    pub fn new(out: &'a mut dyn Write) -> HtmlPage<'a> {
        let (section, second) = (Section::default(), String::new());
        HtmlPage { out, section, second, above: None, fragment: false }
    }

    /// The tables alone, without document, title and style, for a page that
    /// forbids styles of its own.
    pub fn fragment(out: &'a mut dyn Write) -> HtmlPage<'a> {
        HtmlPage { fragment: true, ..HtmlPage::new(out) }
    }

    fn header(&self, sheet: u8) -> String {
        let groups: Vec<&Group> =
            self.section.groups.iter().filter(|group| group.sheets & sheet != 0).collect();
        let two_rows = self.section.two_rows();
        // Wide on a phone: who has no mouse scrolls it by keyboard.
        let mut html = String::from(
            "<div class=\"table-scroll\" tabindex=\"0\"><table class=\"report\"><thead><tr>",
        );
        for group in &groups {
            let title = said(group.title);
            if group.below {
                let end = html.len() - "</th>".len();
                html.insert_str(end, &format!("<br>{title}"));
            } else if two_rows && group.columns.iter().all(|column| column.title.is_empty()) {
                html.push_str(&format!("<th rowspan=\"2\">{title}</th>"));
            } else {
                html.push_str(&format!("<th colspan=\"{}\">{title}</th>", group.columns.len()));
            }
        }
        html.push_str("</tr>");
        if two_rows {
            html.push_str("<tr>");
            let lower = groups.iter().flat_map(|group| &group.columns);
            for Column { title, .. } in lower.filter(|column| !column.title.is_empty()) {
                html.push_str(&format!("<th>{}</th>", said(title)));
            }
            html.push_str("</tr>");
        }
        html.push_str("</thead><tbody>\n");
        html
    }

    fn cells(&self, row: &TableRow, sheet: u8, repeated: bool) -> String {
        let mut html = String::from(if row.total { "<tr class=\"t\">" } else { "<tr>" });
        let columns = self.section.columns().zip(&row.cells).enumerate();
        for (at, ((group, _), cell)) in columns {
            if group.sheets & sheet == 0 {
                continue;
            }
            let class = if cell.is_number() { " class=\"n\"" } else { "" };
            let text = if at == 0 && repeated { String::new() } else { on_screen(cell) };
            if group.below {
                let end = html.len() - "</td>".len();
                html.insert_str(end, &format!("<br>{text}"));
            } else {
                html.push_str(&format!("<td{class}>{text}</td>"));
            }
        }
        html.push_str("</tr>\n");
        html
    }
}

impl Render for HtmlPage<'_> {
    fn begin(&mut self, head: &Head) -> io::Result<()> {
        let title = said(&head.title);
        if !self.fragment {
            write!(
                self.out,
                "<!DOCTYPE html>\n<html lang=\"zh-CN\"><head><meta charset=\"utf-8\">\
                 <title>{title}</title><style>{STYLE}</style></head><body>\n<h1>{title}</h1>\n",
            )?;
        }
        write!(
            self.out,
            "<div class=\"above\"><span>{}</span><span>{}</span><span>{}</span></div>\n",
            said(&head.left),
            said(&head.middle),
            said(&head.right),
        )?;
        for mark in &head.marks {
            writeln!(self.out, "<p class=\"mark\">{}</p>", said(mark))?;
        }
        Ok(())
    }

    fn section(&mut self, section: &Section) -> io::Result<()> {
        self.section = section.clone();
        self.second.clear();
        self.above = None;
        writeln!(self.out, "<section class=\"sheet\">")?;
        if !section.heading.is_empty() {
            writeln!(self.out, "<h2>{}</h2>", said(&section.heading))?;
        }
        if section.sheets().len() > 1 {
            self.second = self.header(2);
        }
        let header = self.header(1);
        self.out.write_all(header.as_bytes())
    }

    fn row(&mut self, row: TableRow) -> io::Result<()> {
        let first = row.cells.first().map(Cell::show);
        let repeated = self.section.merge_first && first == self.above;
        self.above = first;
        let html = self.cells(&row, 1, repeated);
        if self.section.sheets().len() > 1 {
            let second = self.cells(&row, 2, repeated);
            self.second.push_str(&second);
        }
        self.out.write_all(html.as_bytes())
    }

    fn end_section(&mut self, notes: &[String]) -> io::Result<()> {
        writeln!(self.out, "</tbody></table></div>")?;
        if !self.second.is_empty() {
            let second = std::mem::take(&mut self.second);
            writeln!(
                self.out,
                "</section>\n<section class=\"sheet\">{second}</tbody></table></div>"
            )?;
        }
        for note in notes {
            writeln!(self.out, "<p>{}</p>", said(note))?;
        }
        writeln!(self.out, "</section>")
    }

    fn finish(&mut self, head: &Head) -> io::Result<()> {
        write!(self.out, "<div class=\"footer\">")?;
        for text in &head.footer {
            write!(self.out, "<span>{}</span>", said(text))?;
        }
        if !head.export.is_empty() {
            write!(self.out, "<span>{}</span>", escape(&head.export))?;
        }
        writeln!(self.out, "</div>{}", if self.fragment { "" } else { "\n</body></html>" })?;
        self.out.flush()
    }
}

/// A minus sign on screen is U+2212 (`ux.md` I-05).
fn on_screen(cell: &Cell) -> String {
    let text = cell.show();
    let text = if cell.is_number() { text.replace('-', "\u{2212}") } else { text };
    escape(&text)
}

/// What the report itself says, as Chinese print sets it; stored values stay as
/// they are.
fn said(text: &str) -> String {
    escape(&full_width(text))
}

fn escape(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            '\'' => escaped.push_str("&#39;"),
            other => escaped.push(other),
        }
    }
    escaped
}
