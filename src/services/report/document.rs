//! A table as paper knows it, before it becomes text, CSV, a workbook or a
//! page: title, two-row header, rows, notes, signature line.

use crate::domain::money::Fen;

/// What stands above and below everything.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Head {
    /// 长东街道2023年11月社会救助资金发放汇总表
    pub title: String,
    /// 填报单位, left above the table.
    pub left: String,
    /// Date line, in the middle.
    pub middle: String,
    /// 单位, right above the table.
    pub right: String,
    /// What nobody may overlook: 草稿, 示例标准. Repeated in every row of a CSV.
    pub marks: Vec<String>,
    /// Signature line.
    pub footer: Vec<String>,
    /// Number of the export, who took it and when; empty for what stays here.
    pub export: String,
}

/// One table of a document.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Section {
    /// Heading, empty for none.
    pub heading: String,
    /// Header, left to right.
    pub groups: Vec<Group>,
    /// Whether a first cell equal to the one above is left blank on paper.
    pub merge_first: bool,
}

/// A header cell with the columns below it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Group {
    /// Upper header; a group of one column may leave the column's title empty.
    pub title: &'static str,
    /// Columns.
    pub columns: Vec<Column>,
    /// On which of the two sheets of a wide table it stands (bits 1 and 2).
    pub sheets: u8,
    /// Whether a page shows it in the cell of the group before it, below.
    pub below: bool,
}

/// A column.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Column {
    /// Lower header.
    pub title: &'static str,
    /// Key in JSON.
    pub key: &'static str,
    /// Whether the terminal shows it (a roster has more columns than one can).
    pub brief: bool,
}

/// Stands on both sheets.
pub const EVERY_SHEET: u8 = 3;

impl Group {
    /// A group of one column without a lower header.
    #[must_use]
    pub fn single(title: &'static str, key: &'static str, sheets: u8) -> Group {
        let columns = vec![Column { title: "", key, brief: true }];
        Group { title, columns, sheets, below: false }
    }

    /// A group of several columns.
    #[must_use]
    pub fn of(title: &'static str, columns: &[(&'static str, &'static str)], sheets: u8) -> Group {
        let columns =
            columns.iter().map(|&(title, key)| Column { title, key, brief: true }).collect();
        Group { title, columns, sheets, below: false }
    }

    /// The same, on a page in the cell of the group before it.
    #[must_use]
    pub fn below(mut self) -> Group {
        self.below = true;
        self
    }

    /// The same, but not on a terminal.
    #[must_use]
    pub fn not_brief(mut self) -> Group {
        for column in &mut self.columns {
            column.brief = false;
        }
        self
    }
}

impl Section {
    /// All columns with their group's title.
    pub fn columns(&self) -> impl Iterator<Item = (&Group, &Column)> {
        self.groups.iter().flat_map(|group| group.columns.iter().map(move |column| (group, column)))
    }

    /// Whether any group has a lower header.
    #[must_use]
    pub fn two_rows(&self) -> bool {
        self.columns().any(|(_, column)| !column.title.is_empty())
    }

    /// How many sheets a wide table is printed on.
    #[must_use]
    pub fn sheets(&self) -> &'static [u8] {
        if self.groups.iter().all(|group| group.sheets == EVERY_SHEET) { &[1] } else { &[1, 2] }
    }
}

/// A row.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TableRow {
    /// Whether it is a total.
    pub total: bool,
    /// One cell per column.
    pub cells: Vec<Cell>,
}

/// A cell.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Cell {
    /// Text, never a formula and never a number.
    Text(String),
    /// A count.
    Count(i64),
    /// An amount.
    Money(Fen),
    /// Tenths of a percent; none is `—`.
    Percent(Option<i64>),
    /// Nothing.
    Empty,
}

impl Cell {
    /// A text cell.
    #[must_use]
    pub fn text(text: impl Into<String>) -> Cell {
        Cell::Text(text.into())
    }

    /// Whether paper aligns it to the right.
    #[must_use]
    pub fn is_number(&self) -> bool {
        matches!(self, Cell::Count(_) | Cell::Money(_) | Cell::Percent(_))
    }

    /// As people read it: `1,284`, `80,632.00`, `-1.1%`.
    #[must_use]
    pub fn show(&self) -> String {
        match self {
            Cell::Text(text) => text.clone(),
            Cell::Count(count) => group_thousands(*count),
            Cell::Money(amount) => amount.to_string(),
            Cell::Percent(permille) => crate::domain::summary::show_permille(*permille),
            Cell::Empty => String::new(),
        }
    }
}

/// `28973` → `28,973`.
#[must_use]
pub fn group_thousands(count: i64) -> String {
    let text = Fen(count.saturating_mul(100)).to_string();
    text.strip_suffix(".00").unwrap_or(&text).to_owned()
}
