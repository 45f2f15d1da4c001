//! A selection in a list. Which part of the list is on the screen is known to the last frame only, see
//! [`Viewport`](super::model::Viewport).

/// The selection of a list.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct ListState {
    /// The selected row.
    pub selected: usize,
}

impl ListState {
    /// Moves the selection by `delta` rows inside `len`.
    pub fn move_by(&mut self, delta: isize, len: usize) {
        self.selected = self.selected.saturating_add_signed(delta).min(len.saturating_sub(1));
    }

    /// Selects the first row.
    pub fn first(&mut self) {
        self.selected = 0;
    }

    /// Selects the last row.
    pub fn last(&mut self, len: usize) {
        self.selected = len.saturating_sub(1);
    }

    /// Keeps the selection inside a list that has become shorter.
    pub fn clamp(&mut self, len: usize) {
        self.selected = self.selected.min(len.saturating_sub(1));
    }
}

/// The first row to show so that `selected` is among `height` rows, as near as possible to where `offset` was: nothing jumps.
pub fn window(offset: usize, selected: usize, len: usize, height: usize) -> usize {
    if height == 0 {
        return 0;
    }
    let last_start = len.saturating_sub(height);
    let offset = offset.min(last_start);
    if selected < offset {
        selected
    } else if selected >= offset + height {
        (selected + 1 - height).min(last_start)
    } else {
        offset
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_selection_is_always_inside_the_window() {
        for len in 0..12 {
            for height in 1..8 {
                for selected in 0..len {
                    for offset in 0..15 {
                        let start = window(offset, selected, len, height);
                        assert!(start <= selected && selected < start + height);
                        assert!(start + height <= len || start == 0);
                    }
                }
            }
        }
    }

    #[test]
    fn a_visible_selection_does_not_move_the_window() {
        assert_eq!(window(3, 5, 20, 6), 3);
    }
}
