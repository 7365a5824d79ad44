//! JSON of a roster: `{"title", "marks", "tables": [{"heading", "rows": [{…}],
//! "notes"}]}`, written row by row. Amounts are whole fen.

use std::io::{self, Write};

use serde_json::{Map, Value, json};

use super::super::document::{Cell, Head, Section, TableRow};
use super::Render;

/// Writes a document as JSON.
pub struct JsonRows<'a> {
    out: &'a mut dyn Write,
    keys: Vec<&'static str>,
    first_section: bool,
    first_row: bool,
}

impl<'a> JsonRows<'a> {
    /// JSON to `out`.
    pub fn new(out: &'a mut dyn Write) -> JsonRows<'a> {
        JsonRows { out, keys: Vec::new(), first_section: true, first_row: true }
    }
}

impl Render for JsonRows<'_> {
    fn begin(&mut self, head: &Head) -> io::Result<()> {
        let (title, marks) = (json!(head.title), json!(head.marks));
        write!(self.out, "{{\"title\":{title},\"marks\":{marks},\"tables\":[")
    }

    fn section(&mut self, section: &Section) -> io::Result<()> {
        self.keys = section.columns().map(|(_, column)| column.key).collect();
        let comma = if self.first_section { "" } else { "," };
        self.first_section = false;
        self.first_row = true;
        write!(self.out, "{comma}{{\"heading\":{},\"rows\":[", json!(section.heading))
    }

    fn row(&mut self, row: TableRow) -> io::Result<()> {
        let mut object = Map::new();
        for (key, cell) in self.keys.iter().zip(&row.cells) {
            object.insert((*key).to_owned(), value(cell));
        }
        object.insert("total".to_owned(), json!(row.total));
        let comma = if self.first_row { "" } else { "," };
        self.first_row = false;
        write!(self.out, "{comma}\n{}", Value::Object(object))
    }

    fn end_section(&mut self, notes: &[String]) -> io::Result<()> {
        write!(self.out, "],\"notes\":{}}}", json!(notes))
    }

    fn finish(&mut self, _head: &Head) -> io::Result<()> {
        writeln!(self.out, "]}}")?;
        self.out.flush()
    }
}

fn value(cell: &Cell) -> Value {
    match cell {
        Cell::Text(text) => json!(text),
        Cell::Count(count) => json!(count),
        Cell::Money(amount) => json!(amount.0),
        Cell::Percent(permille) => json!(permille),
        Cell::Empty => Value::Null,
    }
}
