//! How well a name fits what was typed.

/// How well `name` fits `typed`, both in any case; less is better. `None` when it does not fit.
pub fn fit(name: &str, typed: &str) -> Option<u32> {
    if typed.is_empty() {
        return Some(0);
    }
    let (n, t) = (name.as_bytes(), typed.as_bytes());
    if n.len() >= t.len() && n[..t.len()].eq_ignore_ascii_case(t) {
        return Some(u32::from(n.len() != t.len()));
    }
    // At the start of one of its words.
    let starts = |index: usize| index == 0 || !n[index - 1].is_ascii_alphanumeric();
    if (1..n.len()).any(|index| starts(index) && n.len() - index >= t.len() && n[index..index + t.len()].eq_ignore_ascii_case(t)) {
        return Some(10);
    }
    // The letters in order, the first one at the start of a word; gaps count.
    let mut index = (0..n.len()).find(|index| starts(*index) && n[*index].eq_ignore_ascii_case(&t[0]))?;
    let mut gaps = 0;
    for letter in &t[1..] {
        let found = (index + 1..n.len()).find(|at| n[*at].eq_ignore_ascii_case(letter))?;
        if found > index + 1 && !starts(found) {
            gaps += u32::try_from(found - index).unwrap_or(u32::MAX).min(50);
        }
        index = found;
    }
    Some(20 + gaps)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_prefix_is_better_than_a_word_and_a_word_better_than_letters() {
        let order = |names: &[&str], typed: &str| {
            let mut fitting: Vec<(u32, String)> =
                names.iter().filter_map(|name| fit(name, typed).map(|fit| (fit, (*name).to_owned()))).collect();
            fitting.sort();
            fitting.into_iter().map(|(_, name)| name).collect::<Vec<_>>()
        };
        assert_eq!(
            order(&["customer_id", "id", "identity", "period", "order_item_data"], "id"),
            ["id", "identity", "customer_id", "order_item_data"]
        );
        assert_eq!(order(&["days_last_contact", "data", "deal"], "dlc"), ["days_last_contact"]);
        assert_eq!(fit("age", "AGE"), Some(0));
        assert_eq!(fit("Größe", "gr"), Some(1));
        assert_eq!(fit("x", "Ö"), None);
    }
}
