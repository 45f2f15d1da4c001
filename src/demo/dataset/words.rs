//! How the rows and their two classes are spoken of.

use std::borrow::Cow;

/// What the program's own texts call a row.
const CUSTOMER: &str = "customer";

/// How the rows and their two classes are spoken of.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Words {
    /// One row (`customer`).
    pub row: String,
    /// What the rows of the positive class did (`said yes`).
    pub positive: String,
    /// What those of the negative class did (`said no`).
    pub negative: String,
    /// The columns that are added up (`the economic columns`).
    pub sums: String,
}

impl Words {
    /// A text of the program, which is written about customers, about these rows. It is for texts without anything of the data in them.
    pub fn speak<'a>(&self, text: &'a str) -> Cow<'a, str> {
        if self.row == CUSTOMER || !text.to_ascii_lowercase().contains(CUSTOMER) {
            return Cow::Borrowed(text);
        }
        let mut letters = self.row.chars();
        let capital: String = letters.next().into_iter().flat_map(char::to_uppercase).chain(letters).collect();
        Cow::Owned(text.replace(CUSTOMER, &self.row).replace("Customer", &capital))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_are_about_the_rows() {
        let of = |row: &str| Words { row: row.into(), positive: String::new(), negative: String::new(), sums: String::new() };
        assert!(matches!(of("customer").speak("Customers of the data"), Cow::Borrowed("Customers of the data")));
        assert_eq!(of("machine").speak("Customers of the data, a customer at a time"), "Machines of the data, a machine at a time");
        assert!(matches!(of("machine").speak("Draw again"), Cow::Borrowed(_)));
    }
}
