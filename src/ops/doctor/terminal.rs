//! What the terminal can do for the screen: size, colours, characters, images, the mouse, and what stands between.

use super::Check;
use crate::config::Settings;

/// The least terminal that the screen is usable in.
const LEAST: (u16, u16) = (80, 24);

/// How many colours a terminal shows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Colours {
    /// None.
    None,
    /// The sixteen of old.
    Sixteen,
    /// The palette of 256.
    Palette,
    /// All.
    All,
}

/// What is known of the terminal.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Terminal {
    /// Whether standard output is one.
    pub there: bool,
    /// Columns and rows, or why they are not known.
    pub size: Result<(u16, u16), String>,
    /// Columns and rows from which on all working panes are shown together.
    pub together: (u16, u16),
    /// Colours.
    pub colours: Colours,
    /// Name of the theme that is used.
    pub theme: String,
    /// The protocol by which it is given images, where it shows them.
    pub images: Option<&'static str>,
}

/// What shows its own screen inside of a terminal.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Multiplexer {
    Tmux,
    Screen,
}

impl Multiplexer {
    const fn name(self) -> &'static str {
        match self {
            Multiplexer::Tmux => "tmux",
            Multiplexer::Screen => "screen",
        }
    }
}

/// The checks. Of standard output that is no terminal only what decides on the commands is told.
pub(super) fn checks(settings: &Settings, variable: &dyn Fn(&str) -> Option<String>, terminal: &Terminal) -> Vec<Check> {
    let variable = |name: &str| variable(name).filter(|value| !value.is_empty());
    let term = variable("TERM").unwrap_or_default();
    let multiplexer = if variable("TMUX").is_some() || term.starts_with("tmux") {
        Some(Multiplexer::Tmux)
    } else if variable("STY").is_some() || term.starts_with("screen") {
        Some(Multiplexer::Screen)
    } else {
        None
    };
    let mut checks = vec![
        size(&term, terminal),
        colour(variable("NO_COLOR").is_some(), terminal),
        characters(["LC_ALL", "LC_CTYPE", "LANG"].into_iter().find_map(variable)),
    ];
    if terminal.there {
        checks.push(images(&settings.screen.images, multiplexer, terminal));
        checks.push(mouse(settings.screen.mouse, &term));
        checks.extend(multiplexer.map(between));
    }
    checks
}

fn size(term: &str, terminal: &Terminal) -> Check {
    const NAME: &str = "terminal";
    if !terminal.there {
        return Check::warning(NAME, "standard output is not a terminal", "The screen needs one; the commands do not.");
    }
    if term == "dumb" {
        return Check::warning(NAME, "TERM is `dumb`", "Use a terminal that can place the cursor.");
    }
    let (together_columns, together_rows) = terminal.together;
    match &terminal.size {
        Ok((columns, rows)) if *columns < LEAST.0 || *rows < LEAST.1 => Check::warning(
            NAME,
            format!("{columns}x{rows} is too small: panes are cut"),
            format!("Make it at least {}x{}; 160x45 is comfortable.", LEAST.0, LEAST.1),
        ),
        Ok((columns, rows)) if *columns < together_columns || *rows < together_rows => {
            Check::ok(NAME, format!("{columns}x{rows}: one pane at a time, from {together_columns}x{together_rows} on all together"))
        }
        Ok((columns, rows)) => Check::ok(NAME, format!("{columns}x{rows}")),
        Err(error) => Check::warning(NAME, format!("its size is not known: {error}"), "Try another terminal."),
    }
}

/// What the theme becomes with the colours that there are.
fn colour(none_wanted: bool, terminal: &Terminal) -> Check {
    const NAME: &str = "colour";
    let theme = &terminal.theme;
    if theme == "mono" {
        return Check::ok(NAME, "the theme `mono` needs none");
    }
    match terminal.colours {
        Colours::None if none_wanted => Check::ok(NAME, "none (NO_COLOR): the theme is `mono`"),
        Colours::None => Check::ok(NAME, "none: the theme is `mono`"),
        Colours::Sixteen if terminal.there => Check::warning(
            NAME,
            format!("16 colours: the theme `{theme}` is drawn in the terminal's own, and tones of a chart fall together"),
            "If the terminal has more, say so: TERM=xterm-256color, or COLORTERM=truecolor.",
        ),
        Colours::Sixteen => Check::ok(NAME, "16 colours"),
        Colours::Palette => Check::ok(NAME, format!("256 colours: of each colour of the theme `{theme}` the nearest")),
        Colours::All => Check::ok(NAME, format!("true colour, theme `{theme}`")),
    }
}

fn characters(locale: Option<String>) -> Check {
    const NAME: &str = "characters";
    match locale {
        Some(locale) if locale.to_lowercase().replace('-', "").contains("utf8") => Check::ok(NAME, locale),
        other => Check::warning(
            NAME,
            format!("the locale is {}, not UTF-8", other.as_deref().unwrap_or("not set")),
            "Set LANG to a UTF-8 locale, such as C.UTF-8, if the lines of the screen are not drawn right.",
        ),
    }
}

/// What becomes of the pictures of Explore.
fn images(setting: &str, multiplexer: Option<Multiplexer>, terminal: &Terminal) -> Check {
    const NAME: &str = "images";
    match (terminal.images, setting, multiplexer) {
        (Some(protocol), "auto", _) => Check::ok(NAME, format!("by the protocol of {protocol}")),
        (Some(protocol), _, Some(between)) => Check::warning(
            NAME,
            format!("the setting screen.images is `{protocol}`, but {} keeps images from its terminal", between.name()),
            "Set screen.images to `auto` or `off`, or leave it.",
        ),
        (Some(protocol), ..) => Check::ok(NAME, format!("by the protocol of {protocol}, as the setting screen.images says")),
        (None, "off", _) => Check::ok(NAME, "none (screen.images is `off`): pictures are drawn in characters"),
        (None, _, Some(between)) => Check::ok(NAME, format!("none inside {}: pictures are drawn in characters", between.name())),
        (None, ..) => Check::ok(NAME, "none that this terminal is known for: pictures are drawn in characters"),
    }
}

fn mouse(used: bool, term: &str) -> Check {
    const NAME: &str = "mouse";
    match (used, term) {
        (false, _) => Check::ok(NAME, "left to the terminal (screen.mouse is off)"),
        (true, "linux") => Check::ok(NAME, "the console has none; every action has a key"),
        (true, _) => Check::ok(NAME, "used; with Shift most terminals select text as always"),
    }
}

/// What does not pass through a multiplexer. tmux keeps what programs put on the clipboard to itself unless it is told otherwise
/// (its manual: `set-clipboard`); GNU screen passes on only what is wrapped for it.
fn between(multiplexer: Multiplexer) -> Check {
    const NAME: &str = "multiplexer";
    match multiplexer {
        Multiplexer::Tmux => Check::warning(
            NAME,
            "tmux is in between: no images, and what is copied reaches the clipboard only with `set-clipboard on`",
            "Run `tmux set -s set-clipboard on`, or present outside of tmux.",
        ),
        Multiplexer::Screen => Check::warning(
            NAME,
            "screen is in between: no images, and what is copied does not reach the clipboard",
            "Present outside of screen if you want to copy or show images.",
        ),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
    use super::super::Verdict;
    use super::*;

    fn terminal(size: (u16, u16), colours: Colours, images: Option<&'static str>) -> Terminal {
        Terminal { there: true, size: Ok(size), together: (100, 28), colours, theme: "dark".into(), images }
    }

    /// The checks in an environment, with `screen.images` as given.
    fn found(environment: &[(&str, &str)], images: &str, terminal: &Terminal) -> Vec<Check> {
        let mut settings = Settings::default();
        settings.screen.images = images.into();
        let variable = |name: &str| environment.iter().find(|(key, _)| *key == name).map(|(_, value)| (*value).to_owned());
        checks(&settings, &variable, terminal)
    }

    fn of<'a>(checks: &'a [Check], name: &str) -> &'a Check {
        checks.iter().find(|check| check.name == name).unwrap_or_else(|| panic!("{name} in {checks:?}"))
    }

    #[test]
    fn a_size_is_told_with_what_it_is_enough_for() {
        let told = |size| size_of(size).message;
        fn size_of(size: (u16, u16)) -> Check {
            super::size("xterm", &terminal(size, Colours::All, None))
        }
        assert_eq!(told((160, 45)), "160x45");
        assert_eq!(told((80, 24)), "80x24: one pane at a time, from 100x28 on all together");
        assert_eq!((size_of((79, 24)).verdict, size_of((80, 23)).verdict), (Verdict::Warning, Verdict::Warning));
        let unknown = Terminal { size: Err("no such device".into()), ..terminal((0, 0), Colours::All, None) };
        assert!(super::size("xterm", &unknown).message.contains("no such device"));
        assert_eq!(super::size("dumb", &terminal((160, 45), Colours::None, None)).verdict, Verdict::Warning);
    }

    #[test]
    fn colours_are_held_against_the_theme() {
        let dark = |colours| colour(false, &terminal((160, 45), colours, None));
        assert_eq!(dark(Colours::Sixteen).verdict, Verdict::Warning);
        assert_eq!(dark(Colours::Palette).message, "256 colours: of each colour of the theme `dark` the nearest");
        assert_eq!(dark(Colours::All).message, "true colour, theme `dark`");
        let none = colour(true, &terminal((160, 45), Colours::None, None));
        assert_eq!((none.verdict, none.message.as_str()), (Verdict::Ok, "none (NO_COLOR): the theme is `mono`"));
        let mono = Terminal { theme: "mono".into(), ..terminal((160, 45), Colours::Sixteen, None) };
        assert_eq!(colour(false, &mono).verdict, Verdict::Ok);
    }

    #[test]
    fn images_follow_the_setting_the_terminal_and_what_is_between() {
        let plain = terminal((160, 45), Colours::All, None);
        let kitty = terminal((160, 45), Colours::All, Some("kitty"));
        assert_eq!(of(&found(&[("TERM", "xterm-kitty")], "auto", &kitty), "images").message, "by the protocol of kitty");
        let forced = found(&[("TERM", "tmux-256color"), ("TMUX", "/tmp/tmux-0/default,1,0")], "kitty", &kitty);
        assert_eq!(of(&forced, "images").verdict, Verdict::Warning);
        assert!(of(&forced, "multiplexer").message.starts_with("tmux is in between"));
        assert!(of(&found(&[("STY", "1.pts")], "auto", &plain), "images").message.starts_with("none inside screen"));
        assert!(of(&found(&[], "off", &plain), "images").message.contains("`off`"));
        assert!(found(&[("TERM", "xterm")], "auto", &plain).iter().all(|check| check.name != "multiplexer"));
    }

    #[test]
    fn without_a_terminal_only_what_commands_need_is_told() {
        let away = Terminal { there: false, ..terminal((0, 0), Colours::Sixteen, None) };
        let checks = found(&[("TMUX", "x"), ("LANG", "de_DE.UTF-8")], "auto", &away);
        let told: Vec<_> = checks.iter().map(|check| (check.name, check.verdict)).collect();
        assert_eq!(told, [("terminal", Verdict::Warning), ("colour", Verdict::Ok), ("characters", Verdict::Ok)]);
    }

    #[test]
    fn a_locale_has_to_be_utf_8() {
        assert_eq!(characters(Some("de_DE.utf8".into())).verdict, Verdict::Ok);
        assert!(characters(None).message.contains("not set"));
        assert_eq!(characters(Some("C".into())).verdict, Verdict::Warning);
    }
}
