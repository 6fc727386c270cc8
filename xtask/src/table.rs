//! Markdown tables whose columns line up on a terminal too.

use std::fmt;

/// A table with a fixed number of columns.
#[derive(Debug)]
pub(crate) struct Table {
    head: Vec<String>,
    rows: Vec<Vec<String>>,
}

impl Table {
    /// A table with these column heads; a head that ends with `:` aligns its column to the right.
    pub(crate) fn new(head: &[&str]) -> Self {
        Self {
            head: head.iter().map(ToString::to_string).collect(),
            rows: Vec::new(),
        }
    }

    /// Adds a row; cells that are missing at its end stay empty.
    pub(crate) fn row<const N: usize>(&mut self, cells: [String; N]) {
        self.push(cells.into());
    }

    /// Adds a row whose length is known only at run time.
    pub(crate) fn push(&mut self, cells: Vec<String>) {
        self.rows.push(cells);
    }

    fn width(&self, column: usize) -> usize {
        let head = self.head.get(column).map(|head| head.trim_end_matches(':'));
        let cells = self
            .rows
            .iter()
            .filter_map(|row| row.get(column))
            .map(String::as_str);
        cells
            .chain(head)
            .map(|cell| cell.chars().count())
            .max()
            .unwrap_or(0)
            .max(3)
    }
}

impl fmt::Display for Table {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let right: Vec<bool> = self.head.iter().map(|head| head.ends_with(':')).collect();
        let line = |f: &mut fmt::Formatter<'_>, cells: &[String]| {
            for (column, right) in right.iter().enumerate() {
                let cell = cells.get(column).map_or("", String::as_str);
                let width = self.width(column);
                if *right {
                    write!(f, "| {cell:>width$} ")?;
                } else {
                    write!(f, "| {cell:<width$} ")?;
                }
            }
            writeln!(f, "|")
        };
        let head: Vec<String> = self
            .head
            .iter()
            .map(|head| head.trim_end_matches(':').to_owned())
            .collect();
        line(f, &head)?;
        for (column, right) in right.iter().enumerate() {
            let dashes = "-".repeat(self.width(column));
            if *right {
                write!(f, "| {}: ", &dashes[1..])?;
            } else {
                write!(f, "| {dashes} ")?;
            }
        }
        writeln!(f, "|")?;
        self.rows.iter().try_for_each(|row| line(f, row))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_line_up_and_numbers_stand_right() {
        let mut table = Table::new(&["name", "count:"]);
        table.row(["first".into(), "7".into()]);
        table.row(["second".into()]);
        let lines =
            "| name   | count |\n| ------ | ----: |\n| first  |     7 |\n| second |       |\n";
        assert_eq!(table.to_string(), lines);
    }
}
