//! Plain text in aligned columns, for the listings that `qd` prints. Knows no colour and no terminal width: what is
//! printed may go into a pipe.

use unicode_width::UnicodeWidthStr;

/// Lays rows out in columns two cells apart; the last column is never padded. Every line ends with a newline.
pub fn columns<const N: usize>(rows: &[[String; N]]) -> String {
    let mut widths = [0; N];
    for row in rows {
        for (width, cell) in widths.iter_mut().zip(row) {
            *width = (*width).max(cell.width());
        }
    }
    let mut text = String::new();
    for row in rows {
        let mut line = String::new();
        for (width, cell) in widths.iter().zip(row) {
            line.push_str(cell);
            line.push_str(&" ".repeat(width.saturating_sub(cell.width()) + 2));
        }
        text.push_str(line.trim_end());
        text.push('\n');
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_are_as_wide_as_their_widest_cell_on_the_screen() {
        let rows = [["●".to_owned(), "a".to_owned()], ["日本".to_owned(), "b".to_owned()]];
        assert_eq!(columns(&rows), "●     a\n日本  b\n");
    }
}
