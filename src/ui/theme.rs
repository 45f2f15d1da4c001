//! Themes: what each role looks like, on terminals with many, sixteen or no colours.

use ratatui::style::{Color, Modifier, Style};
use serde::Deserialize;

/// The themes for a room full of people, whose text has a contrast of at least 7 : 1 (WCAG 2.1, AAA): `light` where there is light, with a
/// projector, and `contrast` on dark screens. That of the others has at least 4.5 : 1 (AA); `mono` leaves it to the terminal.
pub const FOR_PRESENTATIONS: [&str; 2] = ["light", "contrast"];

/// How many colours the terminal shows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Depth {
    /// None: `NO_COLOR`, or a terminal without.
    None,
    /// The sixteen of old.
    Sixteen,
    /// The palette of 256.
    Palette,
    /// All.
    True,
}

/// The part that something plays on the screen. Views name roles, never colours.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Role {
    /// Ordinary text and what lies behind it.
    Base,
    /// What is secondary.
    Dim,
    /// What is hardly there.
    Faint,
    /// What asks for attention; the one accent.
    Accent,
    /// The value that matters.
    Strong,
    /// Done, ready, right.
    Good,
    /// Under way, unusual.
    Warn,
    /// Failed, wrong.
    Bad,
    /// The frame of what has the focus.
    Focus,
    /// Lines that separate.
    Rule,
    /// The selected row where the focus is.
    Selection,
    /// The selected row elsewhere.
    QuietSelection,
    /// SQL: words of the language.
    Keyword,
    /// SQL: functions and types.
    Function,
    /// SQL: text.
    Literal,
    /// SQL: numbers.
    Number,
    /// SQL: comments.
    Comment,
}

#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct Entry {
    rgb: Option<String>,
    bg: Option<String>,
    ansi: Option<String>,
    ansi_bg: Option<String>,
    #[serde(default)]
    modifiers: Vec<String>,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
struct File {
    base: Entry,
    dim: Entry,
    faint: Entry,
    accent: Entry,
    strong: Entry,
    good: Entry,
    warn: Entry,
    bad: Entry,
    focus: Entry,
    rule: Entry,
    selection: Entry,
    quiet_selection: Entry,
    keyword: Entry,
    function: Entry,
    literal: Entry,
    number: Entry,
    comment: Entry,
}

/// A theme on a terminal.
#[derive(Debug, Clone, PartialEq)]
pub struct Theme {
    styles: [Style; 17],
}

/// Why a theme cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the theme cannot be read: {0}")]
pub struct ThemeError(String);

impl Theme {
    /// The built-in theme of a name; `dark` when there is none of that name. Of `sixteen` there are sixteen colours on every terminal that
    /// has any.
    pub fn named(name: &str, depth: Depth) -> Theme {
        let (text, depth) = match (name, depth) {
            (_, Depth::None) | ("mono", _) => (include_str!("../../assets/themes/mono.toml"), depth),
            ("sixteen", _) => (include_str!("../../assets/themes/sixteen.toml"), Depth::Sixteen),
            ("light", _) => (include_str!("../../assets/themes/light.toml"), depth),
            ("contrast", _) => (include_str!("../../assets/themes/contrast.toml"), depth),
            ("colour-blind", _) => (include_str!("../../assets/themes/colour-blind.toml"), depth),
            _ => (include_str!("../../assets/themes/dark.toml"), depth),
        };
        // The files are part of the program and a test reads each; without a theme the terminal's own colours are used.
        Theme::parse(text, depth).unwrap_or(Theme { styles: [Style::new(); 17] })
    }

    /// Reads a theme file.
    pub fn parse(text: &str, depth: Depth) -> Result<Theme, ThemeError> {
        let file: File = toml::from_str(text).map_err(|error| ThemeError(error.to_string()))?;
        let entries = [
            &file.base,
            &file.dim,
            &file.faint,
            &file.accent,
            &file.strong,
            &file.good,
            &file.warn,
            &file.bad,
            &file.focus,
            &file.rule,
            &file.selection,
            &file.quiet_selection,
            &file.keyword,
            &file.function,
            &file.literal,
            &file.number,
            &file.comment,
        ];
        let mut styles = [Style::new(); 17];
        for (style, entry) in styles.iter_mut().zip(entries) {
            *style = entry.style(depth)?;
        }
        Ok(Theme { styles })
    }

    /// What a role looks like.
    pub fn style(&self, role: Role) -> Style {
        self.styles[role as usize]
    }

    /// A style on what is selected; `role` says how. Where the theme leaves colours as they are, what is faint on the ground would be lost,
    /// and is written as ordinary text.
    pub fn selected(&self, style: Style, role: Role) -> Style {
        let over = self.style(role);
        let quiet = [Role::Dim, Role::Faint, Role::Comment].iter().any(|role| style.fg.is_some() && self.style(*role).fg == style.fg);
        let style = if over.bg.is_some() && quiet { Style { fg: self.style(Role::Base).fg, ..style } } else { style };
        style.patch(over)
    }
}

impl Entry {
    fn style(&self, depth: Depth) -> Result<Style, ThemeError> {
        let mut style = Style::new();
        let (fg, bg) = match depth {
            Depth::None => (None, None),
            Depth::Sixteen => (named(self.ansi.as_deref())?, named(self.ansi_bg.as_deref())?),
            Depth::Palette => (rgb(self.rgb.as_deref())?.map(palette), rgb(self.bg.as_deref())?.map(palette)),
            Depth::True => (rgb(self.rgb.as_deref())?.map(truecolor), rgb(self.bg.as_deref())?.map(truecolor)),
        };
        style.fg = fg;
        style.bg = bg;
        for modifier in &self.modifiers {
            style = style.add_modifier(match modifier.as_str() {
                "bold" => Modifier::BOLD,
                "dim" => Modifier::DIM,
                "italic" => Modifier::ITALIC,
                "underlined" => Modifier::UNDERLINED,
                "reversed" => Modifier::REVERSED,
                other => return Err(ThemeError(format!("`{other}` is none of bold, dim, italic, underlined, reversed"))),
            });
        }
        Ok(style)
    }
}

fn rgb(text: Option<&str>) -> Result<Option<(u8, u8, u8)>, ThemeError> {
    let Some(text) = text else { return Ok(None) };
    let wrong = || ThemeError(format!("`{text}` is not a colour like #6cb6ff"));
    let digits = text.strip_prefix('#').filter(|digits| digits.len() == 6 && digits.is_ascii()).ok_or_else(wrong)?;
    let value = u32::from_str_radix(digits, 16).map_err(|_| wrong())?;
    Ok(Some(((value >> 16) as u8, (value >> 8) as u8, value as u8)))
}

fn truecolor((r, g, b): (u8, u8, u8)) -> Color {
    Color::Rgb(r, g, b)
}

/// The nearest colour of the palette of 256: its cube of six steps, or its greys.
fn palette((r, g, b): (u8, u8, u8)) -> Color {
    const STEPS: [u8; 6] = [0, 95, 135, 175, 215, 255];
    let distance = |a: (u8, u8, u8)| {
        let d = |x: u8, y: u8| (i32::from(x) - i32::from(y)).pow(2);
        d(a.0, r) + d(a.1, g) + d(a.2, b)
    };
    let cube = (16..=231u8).map(|index| {
        let n = usize::from(index - 16);
        (index, (STEPS[n / 36], STEPS[n / 6 % 6], STEPS[n % 6]))
    });
    let greys = (232..=255u8).map(|index| {
        let level = 8 + (index - 232) * 10;
        (index, (level, level, level))
    });
    let nearest = cube.chain(greys).min_by_key(|(_, colour)| distance(*colour));
    nearest.map_or(Color::Reset, |(index, _)| Color::Indexed(index))
}

fn named(text: Option<&str>) -> Result<Option<Color>, ThemeError> {
    let Some(text) = text else { return Ok(None) };
    Ok(Some(match text {
        "reset" => Color::Reset,
        "black" => Color::Black,
        "red" => Color::Red,
        "green" => Color::Green,
        "yellow" => Color::Yellow,
        "blue" => Color::Blue,
        "magenta" => Color::Magenta,
        "cyan" => Color::Cyan,
        "white" => Color::Gray,
        "bright-black" => Color::DarkGray,
        "bright-red" => Color::LightRed,
        "bright-green" => Color::LightGreen,
        "bright-yellow" => Color::LightYellow,
        "bright-blue" => Color::LightBlue,
        "bright-magenta" => Color::LightMagenta,
        "bright-cyan" => Color::LightCyan,
        "bright-white" => Color::White,
        other => return Err(ThemeError(format!("`{other}` is not one of the sixteen colours"))),
    }))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
    use super::*;
    use crate::config::settings::THEMES;

    fn text(name: &str) -> &'static str {
        match name {
            "dark" => include_str!("../../assets/themes/dark.toml"),
            "light" => include_str!("../../assets/themes/light.toml"),
            "contrast" => include_str!("../../assets/themes/contrast.toml"),
            "colour-blind" => include_str!("../../assets/themes/colour-blind.toml"),
            "sixteen" => include_str!("../../assets/themes/sixteen.toml"),
            "mono" => include_str!("../../assets/themes/mono.toml"),
            other => panic!("no file for {other}"),
        }
    }

    #[test]
    fn every_theme_can_be_read_at_every_depth() {
        for name in THEMES {
            for depth in [Depth::None, Depth::Sixteen, Depth::Palette, Depth::True] {
                Theme::parse(text(name), depth).unwrap_or_else(|error| panic!("{name} {depth:?}: {error}"));
            }
        }
    }

    #[test]
    fn without_colours_there_are_none() {
        for name in THEMES {
            let theme = Theme::named(name, Depth::None);
            assert!(theme.styles.iter().all(|style| style.fg.is_none() && style.bg.is_none()));
            assert!(theme.style(Role::Selection).add_modifier.contains(Modifier::REVERSED));
        }
    }

    #[test]
    fn sixteen_colours_are_all_there_is_in_the_theme_of_that_name() {
        for depth in [Depth::Sixteen, Depth::Palette, Depth::True] {
            let theme = Theme::named("sixteen", depth);
            let colours = theme.styles.iter().flat_map(|style| [style.fg, style.bg]).flatten();
            assert!(!colours.clone().any(|colour| matches!(colour, Color::Rgb(..) | Color::Indexed(_))));
            assert!(colours.count() > 17, "it has colours");
        }
    }

    #[test]
    fn what_is_faint_is_ordinary_on_a_selected_row_and_states_keep_their_colour() {
        let theme = Theme::named("dark", Depth::True);
        let colour = |role| theme.style(role).fg.unwrap();
        let selected = |role| theme.selected(theme.style(role), Role::Selection);
        assert_eq!(selected(Role::Faint).fg, Some(colour(Role::Base)));
        assert_eq!(selected(Role::Bad).fg, Some(colour(Role::Bad)));
        assert!(selected(Role::Bad).bg == theme.style(Role::Selection).bg && selected(Role::Bad).bg.is_some());
        let contrast = Theme::named("contrast", Depth::True);
        assert_eq!(contrast.selected(contrast.style(Role::Bad), Role::Selection).fg, contrast.style(Role::Selection).fg);
    }

    #[test]
    fn mistakes_in_a_theme_are_named() {
        assert!(rgb(Some("blue")).is_err());
        assert!(named(Some("#123456")).is_err());
        assert_eq!(palette((255, 255, 255)), Color::Indexed(231));
        assert_eq!(palette((8, 8, 8)), Color::Indexed(232));
    }
}
