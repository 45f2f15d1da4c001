//! Texts without the blanks at their end, for the comparisons of Redshift.

use std::sync::{Arc, LazyLock};

use datafusion::arrow::array::{
    Array, ArrayRef, AsArray, GenericStringArray, LargeStringArray, OffsetSizeTrait, StringArray, StringViewArray,
};
use datafusion::arrow::datatypes::DataType;
use datafusion::logical_expr::ScalarUDF;

use super::kernel::Kernel;

/// The name of [`without_blanks`].
pub(in crate::engine::dialect) const WITHOUT_BLANKS: &str = "without_blanks";

/// The function that takes the blanks at the end from texts of any kind. No statement can call it: it is registered nowhere.
pub(in crate::engine::dialect) fn without_blanks() -> Arc<ScalarUDF> {
    static FUNCTION: LazyLock<Arc<ScalarUDF>> = LazyLock::new(|| {
        Kernel::coerced(WITHOUT_BLANKS, |given| Ok(given.to_vec()), |given| Ok(given[0].clone()), |args| Ok(bared(&args[0])))
    });
    Arc::clone(&FUNCTION)
}

/// Texts without the blanks at their end. Those that have none, which is the rule, are handed on as they are.
fn bared(texts: &ArrayRef) -> ArrayRef {
    match texts.data_type() {
        DataType::Utf8 if ends_in_blank(texts.as_string::<i32>()) => {
            Arc::new(texts.as_string::<i32>().iter().map(|text| text.map(trimmed)).collect::<StringArray>())
        }
        DataType::LargeUtf8 if ends_in_blank(texts.as_string::<i64>()) => {
            Arc::new(texts.as_string::<i64>().iter().map(|text| text.map(trimmed)).collect::<LargeStringArray>())
        }
        DataType::Utf8View if texts.as_string_view().iter().flatten().any(|text| text.ends_with(' ')) => {
            Arc::new(texts.as_string_view().iter().map(|text| text.map(trimmed)).collect::<StringViewArray>())
        }
        DataType::Dictionary(..) => {
            let dictionary = texts.as_any_dictionary();
            dictionary.with_values(bared(dictionary.values()))
        }
        _ => Arc::clone(texts),
    }
}

/// Whether a text ends in a blank, by the bytes before each end: this is asked of every text that is compared.
fn ends_in_blank<O: OffsetSizeTrait>(texts: &GenericStringArray<O>) -> bool {
    let bytes = texts.value_data();
    texts.value_offsets().windows(2).any(|ends| ends[0] < ends[1] && bytes[ends[1].as_usize() - 1] == b' ')
}

fn trimmed(text: &str) -> &str {
    text.trim_end_matches(' ')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_without_blanks_are_the_same_array() {
        let plain: ArrayRef = Arc::new(StringArray::from(vec![Some("a"), None, Some(" b")]));
        assert!(Arc::ptr_eq(&bared(&plain), &plain));
    }

    #[test]
    fn only_blanks_at_the_end_go() {
        let given = [Some("a  "), None, Some(" b"), Some("  "), Some("c\t")];
        let wanted = [Some("a"), None, Some(" b"), Some(""), Some("c\t")];
        let of = |texts: [Option<&str>; 5]| -> [ArrayRef; 2] {
            [Arc::new(StringArray::from(texts.to_vec())), Arc::new(StringViewArray::from(texts.to_vec()))]
        };
        for (given, wanted) in of(given).iter().zip(of(wanted)) {
            assert_eq!(&bared(given), &wanted);
        }
    }
}
