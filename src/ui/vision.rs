//! What tests know of eyes: contrast as WCAG 2.1 defines it, and what colours look like to those who lack one kind of cone.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use ratatui::style::Color;

/// Red, green and blue.
pub type Rgb = (u8, u8, u8);

/// The sixteen colours as terminals have them by default, in the order of their numbers: xterm (`XTerm-col.ad`), the VGA of PCs, which Linux
/// shows on its console, and the scheme "Campbell" of the Windows console.
pub const SIXTEEN: [(&str, [u32; 16]); 3] = [
    (
        "xterm",
        [
            0x000000, 0xcd0000, 0x00cd00, 0xcdcd00, 0x0000ee, 0xcd00cd, 0x00cdcd, 0xe5e5e5, 0x7f7f7f, 0xff0000, 0x00ff00, 0xffff00,
            0x5c5cff, 0xff00ff, 0x00ffff, 0xffffff,
        ],
    ),
    (
        "VGA",
        [
            0x000000, 0xaa0000, 0x00aa00, 0xaa5500, 0x0000aa, 0xaa00aa, 0x00aaaa, 0xaaaaaa, 0x555555, 0xff5555, 0x55ff55, 0xffff55,
            0x5555ff, 0xff55ff, 0x55ffff, 0xffffff,
        ],
    ),
    (
        "Campbell",
        [
            0x0c0c0c, 0xc50f1f, 0x13a10e, 0xc19c00, 0x0037da, 0x881798, 0x3a96dd, 0xcccccc, 0x767676, 0xe74856, 0x16c60c, 0xf9f1a5,
            0x3b78ff, 0xb4009e, 0x61d6d6, 0xf2f2f2,
        ],
    ),
];

/// One of the sixteen in a palette of [`SIXTEEN`].
pub fn of_sixteen(colour: Color, palette: &[u32; 16]) -> Rgb {
    const NAMED: [Color; 16] = [
        Color::Black,
        Color::Red,
        Color::Green,
        Color::Yellow,
        Color::Blue,
        Color::Magenta,
        Color::Cyan,
        Color::Gray,
        Color::DarkGray,
        Color::LightRed,
        Color::LightGreen,
        Color::LightYellow,
        Color::LightBlue,
        Color::LightMagenta,
        Color::LightCyan,
        Color::White,
    ];
    let value = palette[NAMED.iter().position(|named| *named == colour).unwrap_or_else(|| panic!("{colour} is none of the sixteen"))];
    ((value >> 16) as u8, (value >> 8) as u8, value as u8)
}

/// Red, green and blue as amounts of light, from 0 to 1 (sRGB, IEC 61966-2-1).
fn light((r, g, b): Rgb) -> [f64; 3] {
    [r, g, b].map(|value| {
        let value = f64::from(value) / 255.0;
        if value <= 0.03928 { value / 12.92 } else { ((value + 0.055) / 1.055).powf(2.4) }
    })
}

/// Relative luminance, WCAG 2.1.
fn luminance(colour: Rgb) -> f64 {
    let [r, g, b] = light(colour);
    0.2126 * r + 0.7152 * g + 0.0722 * b
}

/// The contrast of two colours, from 1 to 21 (WCAG 2.1, success criteria 1.4.3 and 1.4.6).
pub fn contrast(a: Rgb, b: Rgb) -> f64 {
    let (x, y) = (luminance(a), luminance(b));
    (x.max(y) + 0.05) / (x.min(y) + 0.05)
}

/// A kind of colour vision.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Eyes {
    /// With all three kinds of cones.
    Usual,
    /// Without those for long waves.
    Protanopia,
    /// Without those for middle waves.
    Deuteranopia,
    /// Without those for short waves.
    Tritanopia,
}

impl Eyes {
    /// Every kind.
    pub const ALL: [Eyes; 4] = [Eyes::Usual, Eyes::Protanopia, Eyes::Deuteranopia, Eyes::Tritanopia];

    /// What light of three colours is to these eyes: the matrices of severity 1.0 in G. M. Machado, M. M. Oliveira and L. A. F. Fernandes,
    /// "A Physiologically-based Model for Simulation of Color Vision Deficiency", IEEE Transactions on Visualization and Computer Graphics 15
    /// (6), 2009.
    const fn matrix(self) -> [[f64; 3]; 3] {
        match self {
            Eyes::Usual => [[1.0, 0.0, 0.0], [0.0, 1.0, 0.0], [0.0, 0.0, 1.0]],
            Eyes::Protanopia => {
                [[0.152_286, 1.052_583, -0.204_868], [0.114_503, 0.786_281, 0.099_216], [-0.003_882, -0.048_116, 1.051_998]]
            }
            Eyes::Deuteranopia => {
                [[0.367_322, 0.860_646, -0.227_968], [0.280_085, 0.672_501, 0.047_413], [-0.011_820, 0.042_940, 0.968_881]]
            }
            Eyes::Tritanopia => {
                [[1.255_528, -0.076_749, -0.178_779], [-0.078_411, 0.930_809, 0.147_602], [0.004_733, 0.691_367, 0.303_900]]
            }
        }
    }

    /// How far apart two colours are to these eyes: the distance in CIE L*a*b* (ΔE*ab of 1976, white D65), in which a step of about 2.3 is
    /// just noticed.
    pub fn apart(self, a: Rgb, b: Rgb) -> f64 {
        let (a, b) = (lab(self.see(a)), lab(self.see(b)));
        a.iter().zip(b).map(|(a, b)| (a - b).powi(2)).sum::<f64>().sqrt()
    }

    fn see(self, colour: Rgb) -> [f64; 3] {
        let light = light(colour);
        self.matrix().map(|row| row.iter().zip(light).map(|(factor, light)| factor * light).sum::<f64>().clamp(0.0, 1.0))
    }
}

/// CIE L*a*b* of light in sRGB, for the white D65 (CIE 15).
fn lab([r, g, b]: [f64; 3]) -> [f64; 3] {
    let x = 0.412_456_4 * r + 0.357_576_1 * g + 0.180_437_5 * b;
    let y = 0.212_672_9 * r + 0.715_152_2 * g + 0.072_175 * b;
    let z = 0.019_333_9 * r + 0.119_192 * g + 0.950_304_1 * b;
    let [x, y, z] = [x / 0.950_47, y, z / 1.088_83]
        .map(|share| if share > 216.0 / 24_389.0 { share.cbrt() } else { (24_389.0 / 27.0 * share + 16.0) / 116.0 });
    [116.0 * y - 16.0, 500.0 * (x - y), 200.0 * (y - z)]
}

#[test]
fn contrast_is_that_of_the_guidelines() {
    assert!((contrast((0, 0, 0), (255, 255, 255)) - 21.0).abs() < 1e-9);
    // The grey that is commonly given as the lightest that passes 4.5 on white.
    assert!(contrast((0x76, 0x76, 0x76), (255, 255, 255)) >= 4.5 && contrast((0x77, 0x77, 0x77), (255, 255, 255)) < 4.5);
}

#[test]
fn who_lacks_a_kind_of_cones_confuses_what_others_do_not() {
    let (red, green) = ((0xb0, 0x50, 0x20), (0x70, 0x80, 0x20));
    assert!(Eyes::Usual.apart(red, green) > 2.0 * Eyes::Deuteranopia.apart(red, green));
    // Greys are greys to everybody.
    for eyes in Eyes::ALL {
        assert!(eyes.apart((128, 128, 128), (128, 128, 128)) < 1e-9);
        let [r, g, b] = eyes.see((128, 128, 128));
        assert!((r - g).abs() < 0.01 && (g - b).abs() < 0.01, "{eyes:?}");
    }
    // L* of white is 100, of black 0.
    assert!((Eyes::Usual.apart((0, 0, 0), (255, 255, 255)) - 100.0).abs() < 0.1);
}
