//! Whether themes can be read: contrast on terminals with all, 256 and sixteen colours, and what those see who do not tell all colours apart.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use ratatui::style::{Color, Style};

use super::picture::rgb;
use super::theme::{Depth, FOR_PRESENTATIONS, Role, Theme};
use super::vision::{Eyes, Rgb, SIXTEEN, contrast, of_sixteen};
use crate::config::settings::THEMES;

/// Every role that text is written in. The one that is left out draws lines that separate.
const TEXT: [Role; 14] = [
    Role::Base,
    Role::Dim,
    Role::Faint,
    Role::Accent,
    Role::Strong,
    Role::Good,
    Role::Warn,
    Role::Bad,
    Role::Focus,
    Role::Keyword,
    Role::Function,
    Role::Literal,
    Role::Number,
    Role::Comment,
];

/// Roles of lines and bars that are in one picture: the two curves of a training and what is tied to each other or against (`Focus`, `Warn`),
/// versions that share requests and the customer's own value (`Focus`, `Accent`), what matters and what it is compared with (`Focus`, `Dim`),
/// above and below the share of all (`Good`, `Warn`), and one answer and the other (`Good`, `Dim`; `Warn`, `Dim`).
const SERIES: [(Role, Role); 6] = [
    (Role::Focus, Role::Warn),
    (Role::Focus, Role::Accent),
    (Role::Focus, Role::Dim),
    (Role::Good, Role::Warn),
    (Role::Good, Role::Dim),
    (Role::Warn, Role::Dim),
];

/// The states that a colour stands for.
const STATES: [(Role, Role); 3] = [(Role::Good, Role::Warn), (Role::Good, Role::Bad), (Role::Warn, Role::Bad)];

/// How far apart states have to be to every kind of eyes, in ΔE*ab.
const STATES_APART: f64 = 30.0;
/// How far apart series have to be.
const SERIES_APART: f64 = 20.0;

/// The contrast that the text of a theme has to have.
pub(in crate::ui) fn least(theme: &str) -> f64 {
    if FOR_PRESENTATIONS.contains(&theme) { 7.0 } else { 4.5 }
}

fn coloured(depth: Depth) -> impl Iterator<Item = (&'static str, Theme)> {
    let names = THEMES.into_iter().filter(|name| !matches!(*name, "mono" | "sixteen"));
    names.map(move |name| (name, Theme::named(name, depth)))
}

#[test]
fn every_text_is_legible_on_the_ground_and_on_what_is_selected() {
    for depth in [Depth::True, Depth::Palette] {
        for (name, theme) in coloured(depth) {
            let ground = theme.style(Role::Base);
            for role in TEXT {
                let plain = ground.patch(theme.style(role));
                let looks = [plain, theme.selected(plain, Role::Selection), theme.selected(plain, Role::QuietSelection)];
                for look in looks {
                    let ratio = contrast(rgb(look.fg.unwrap()).unwrap(), rgb(look.bg.unwrap()).unwrap());
                    assert!(ratio >= least(name), "{name} {depth:?} {role:?} {look:?}: {ratio:.2}");
                }
            }
        }
    }
}

#[test]
fn what_is_selected_is_seen() {
    for depth in [Depth::True, Depth::Palette] {
        for (name, theme) in coloured(depth) {
            assert_ne!(theme.style(Role::Selection).bg, theme.style(Role::Base).bg, "{name} {depth:?}");
            assert_ne!(theme.style(Role::Selection).bg, theme.style(Role::QuietSelection).bg, "{name} {depth:?}");
        }
    }
}

/// What a style shows on a terminal with a palette of sixteen; of a theme that leaves the ground to the terminal it is taken to be `ground`.
fn shown(style: Style, ground: Style, palette: &[u32; 16]) -> Option<(Rgb, Rgb)> {
    let known = |colour: Option<Color>| colour.filter(|colour| *colour != Color::Reset).map(|colour| of_sixteen(colour, palette));
    Some((known(style.fg)?, known(style.bg).or_else(|| known(ground.bg)).unwrap_or((0, 0, 0))))
}

#[test]
fn sixteen_colours_are_legible_in_the_palettes_that_terminals_have() {
    for name in THEMES.into_iter().filter(|name| *name != "mono") {
        let theme = Theme::named(name, Depth::Sixteen);
        let ground = theme.style(Role::Base);
        let mut measured = 0;
        for (terminal, palette) in &SIXTEEN {
            for style in TEXT.map(|role| theme.style(role)).into_iter().chain([theme.style(Role::Selection)]) {
                let Some((front, back)) = shown(style, ground, palette) else { continue };
                let ratio = contrast(front, back);
                assert!(ratio >= 4.5, "{name} on {terminal}: {style:?}: {ratio:.2}");
                measured += 1;
            }
        }
        assert!(measured > 3 * 6, "{name}: hardly a role has a colour");
    }
}

#[test]
fn states_and_lines_are_told_apart_by_every_kind_of_eyes() {
    for depth in [Depth::True, Depth::Palette] {
        let theme = Theme::named("colour-blind", depth);
        let colour = |role| rgb(theme.style(role).fg.unwrap()).unwrap();
        for eyes in Eyes::ALL {
            for (pairs, least) in [(&STATES[..], STATES_APART), (&SERIES[..], SERIES_APART)] {
                for (a, b) in pairs {
                    let apart = eyes.apart(colour(*a), colour(*b));
                    assert!(apart >= least, "{depth:?} {eyes:?}: {a:?} and {b:?} are {apart:.1} apart");
                }
            }
        }
    }
}

#[test]
fn states_are_told_apart_where_there_are_sixteen_colours() {
    let theme = Theme::named("colour-blind", Depth::Sixteen);
    for (terminal, palette) in &SIXTEEN {
        let colour = |role| of_sixteen(theme.style(role).fg.unwrap(), palette);
        for eyes in Eyes::ALL {
            for (a, b) in STATES {
                let apart = eyes.apart(colour(a), colour(b));
                assert!(apart >= STATES_APART, "{terminal} {eyes:?}: {a:?} and {b:?} are {apart:.1} apart");
            }
        }
    }
}

/// The theme is there because another one cannot do it: in `dark`, red and green are the same to some eyes.
#[test]
fn the_usual_colours_of_states_are_not_for_everybody() {
    let theme = Theme::named("dark", Depth::True);
    let colour = |role| rgb(theme.style(role).fg.unwrap()).unwrap();
    assert!(Eyes::Deuteranopia.apart(colour(Role::Good), colour(Role::Bad)) < STATES_APART);
}
