//! What answers: staging and production, their variants and shares, how often and how fast they were asked.

use ratatui::layout::Rect;

use super::super::canvas::{Canvas, Pieces};
use super::super::glyph;
use super::super::theme::Role;
use super::below;
use crate::app::Pane;
use crate::app::msg::Target;
use crate::app::pipeline::endpoints::moving;
use crate::app::text_width::{left, right, width};
use crate::demo::figures;
use crate::ops::endpoints::{EndpointMetrics, EndpointView, SmokeTest, Stage, VariantMetrics, VariantView};

/// From this width on two endpoints stand side by side.
const SIDE_BY_SIDE: u16 = 116;

/// Draws the view.
pub(super) fn draw(canvas: &mut Canvas<'_>, area: Rect) {
    let state = &canvas.model.pipeline.endpoints;
    let Some(found) = &state.found else {
        let text = state.error.as_ref().map_or("Reading the endpoints …".to_owned(), |error| format!("✖ {error}"));
        canvas.paragraph(area, &text, if state.error.is_some() { Role::Bad } else { Role::Dim });
        return;
    };
    if found.is_empty() {
        canvas.paragraph(area, "Nothing answers yet. y deploys an approved version to staging; P promotes it to production.", Role::Dim);
        return;
    }
    let columns = if area.width >= SIDE_BY_SIDE && found.len() > 1 { 2 } else { 1 };
    let wide = (area.width + 1) / columns - 1;
    // The selected one is on the screen, whatever is above it.
    let selected = state.list.selected.min(found.len() - 1);
    let heights: Vec<u16> = found.iter().map(|endpoint| height(endpoint, state.smoke.as_ref())).collect();
    let rows: Vec<Vec<usize>> = (0..found.len()).collect::<Vec<_>>().chunks(usize::from(columns)).map(<[usize]>::to_vec).collect();
    let row_height = |row: &[usize]| row.iter().map(|index| heights[*index]).max().unwrap_or(0);
    let at = selected / usize::from(columns);
    let mut first = 0;
    while first < at && rows[first..=at].iter().map(|row| row_height(row)).sum::<u16>() > area.height {
        first += 1;
    }
    let mut y = area.y;
    for row in rows.iter().skip(first) {
        let high = row_height(row).min(area.bottom().saturating_sub(y));
        if high < 3 {
            break;
        }
        for (column, index) in row.iter().enumerate() {
            let place = Rect::new(area.x + column as u16 * (wide + 1), y, wide, high);
            card(canvas, place, &found[*index], *index == selected);
            canvas.target(place, Target::Row(Pane::Pipeline, *index));
        }
        y += high;
    }
    if y + 1 < area.bottom() && !found.iter().any(|endpoint| endpoint.stage == Stage::Production) {
        canvas.text(
            area.x + 1,
            y + 1,
            area.width.saturating_sub(1),
            "Nothing is in production yet; P promotes what answers on staging.",
            Role::Dim,
        );
    }
}

fn height(endpoint: &EndpointView, smoke: Option<&(String, SmokeTest)>) -> u16 {
    let variants = endpoint.variants.len() as u16;
    let metrics = endpoint.metrics.as_ref().map_or(1, |metrics| 2 + metrics.per_variant.len() as u16);
    let smoke = u16::from(smoke.is_some_and(|(name, _)| *name == endpoint.name));
    4 + u16::from(endpoint.failure.is_some()) + variants.max(1) + 1 + metrics + smoke
}

fn card(canvas: &mut Canvas<'_>, area: Rect, endpoint: &EndpointView, selected: bool) {
    let model = canvas.model;
    let focused = selected && model.focus == Pane::Pipeline;
    canvas.frame(area, if focused { Role::Focus } else { Role::Rule });
    let stage = match endpoint.stage {
        Stage::Staging => "staging",
        Stage::Production => "PRODUCTION",
        Stage::Other => "other",
    };
    let (mark, role) = state_mark(canvas, endpoint);
    let title = format!(" {} {} ", if selected { "▶" } else { " " }, endpoint.name);
    let used = canvas.text(area.x + 2, area.y, area.width.saturating_sub(4), &title, if selected { Role::Accent } else { Role::Strong });
    canvas.text(area.x + 2 + used, area.y, area.width.saturating_sub(used + 4), &format!(" {stage} "), Role::Dim);
    let state = format!(" {mark} {} ", endpoint.status);
    canvas.text_right(area.x + 2, area.y, area.width.saturating_sub(4), &state, role);
    let inside = Rect::new(area.x + 2, area.y + 1, area.width.saturating_sub(4), area.height.saturating_sub(2));
    let mut used = 0;
    if let Some(failure) = &endpoint.failure {
        used += canvas.paragraph(Rect { height: inside.height.min(2), ..inside }, &format!("✖ {failure}"), Role::Bad);
    }
    used += shares(canvas, below(inside, used), endpoint);
    for variant in &endpoint.variants {
        if used >= inside.height {
            return;
        }
        one_variant(canvas, below(inside, used), endpoint, variant);
        used += 1;
    }
    let before = match &endpoint.previous {
        Some(previous) => format!("before: version {}, b goes back to it", previous.version),
        None => "before: nothing to go back to".to_owned(),
    };
    if used < inside.height {
        canvas.text(inside.x, inside.y + used, inside.width, &before, Role::Faint);
        used += 1;
    }
    match &endpoint.metrics {
        Some(metrics) => used += asked(canvas, below(inside, used), metrics),
        None if used < inside.height => {
            canvas.text(inside.x, inside.y + used, inside.width, "no figures of how it was asked", Role::Faint);
            used += 1;
        }
        None => {}
    }
    if let Some((_, smoke)) = model.pipeline.endpoints.smoke.as_ref().filter(|(name, _)| *name == endpoint.name)
        && used < inside.height
    {
        let (mark, role) = if smoke.ok { ("✔", Role::Good) } else { ("✖", Role::Bad) };
        let why = smoke.reason.as_ref().map(|reason| format!(": {reason}")).unwrap_or_default();
        let text = format!(
            "{mark} smoke test: {} of {} answers right, {}{why}",
            figures::count(smoke.agreeing as u64),
            figures::count(smoke.rows as u64),
            figures::duration(smoke.seconds)
        );
        canvas.text(inside.x, inside.y + used, inside.width, &text, role);
    }
}

fn state_mark(canvas: &Canvas<'_>, endpoint: &EndpointView) -> (&'static str, Role) {
    if endpoint.status == "InService" {
        ("✔", Role::Good)
    } else if moving(endpoint) {
        (glyph::working(canvas.model), Role::Accent)
    } else {
        ("✖", Role::Bad)
    }
}

/// Textures of the variants in a bar, in order.
const TEXTURES: [&str; 4] = ["█", "▒", "▓", "░"];

/// The shares of the requests as one bar: what is wanted, and below it what was counted; gives the rows used.
fn shares(canvas: &mut Canvas<'_>, area: Rect, endpoint: &EndpointView) -> u16 {
    let answering: Vec<&VariantView> = endpoint.variants.iter().filter(|variant| !variant.shadow).collect();
    if answering.is_empty() || area.height == 0 {
        return 0;
    }
    let counted = |variant: &VariantView| {
        let metrics = endpoint.metrics.as_ref()?;
        metrics.per_variant.iter().find(|found| found.variant == variant.name).map(|found| found.invocations)
    };
    let total: u64 = answering.iter().filter_map(|variant| counted(variant)).sum();
    let mut used = 0;
    let wanted: Vec<f64> = answering.iter().map(|variant| variant.wanted_share).collect();
    stacked(canvas, area, "wanted", &wanted);
    used += 1;
    if total > 0 && used < area.height {
        let real: Vec<f64> = answering.iter().map(|variant| counted(variant).unwrap_or(0) as f64 / total as f64).collect();
        stacked(canvas, below(area, used), "counted", &real);
        used += 1;
    }
    used
}

fn stacked(canvas: &mut Canvas<'_>, area: Rect, word: &str, shares: &[f64]) {
    canvas.text(area.x, area.y, 8, word, Role::Dim);
    let room = usize::from(area.width).saturating_sub(8);
    let total: f64 = shares.iter().sum::<f64>().max(f64::MIN_POSITIVE);
    let mut x = area.x + 8;
    let mut done = 0.0;
    let mut drawn = 0;
    for (index, share) in shares.iter().enumerate() {
        done += share / total;
        let end = (done * room as f64).round() as usize;
        let wide = end.saturating_sub(drawn);
        let role = if index == 0 { Role::Focus } else { Role::Accent };
        let texture = TEXTURES[index % TEXTURES.len()].repeat(wide);
        canvas.text(x, area.y, wide as u16, &texture, role);
        let text = format!(" {} ", figures::percent(share / total));
        if wide >= width(&text) + 2 {
            canvas.text(x + 1, area.y, wide as u16 - 1, &text, Role::Strong);
        }
        x += wide as u16;
        drawn = end;
    }
}

fn one_variant(canvas: &mut Canvas<'_>, area: Rect, endpoint: &EndpointView, variant: &VariantView) {
    let at = endpoint.variants.iter().filter(|other| !other.shadow).position(|other| other.name == variant.name);
    let texture = if variant.shadow { "◌" } else { TEXTURES[at.unwrap_or(0) % TEXTURES.len()] };
    let version = variant.version.map_or_else(|| "unknown version".to_owned(), |version| format!("version {version}"));
    let changing = (variant.share - variant.wanted_share).abs() > 0.005;
    let share = match (variant.shadow, changing) {
        (true, _) => "in the shadow: it is asked, and its answer only kept".to_owned(),
        (false, false) => format!("{} of the requests", figures::percent(variant.share)),
        (false, true) => {
            format!("{} of the requests, on the way to {}", figures::percent(variant.share), figures::percent(variant.wanted_share))
        }
    };
    let pieces = Pieces::new()
        .add(format!("{texture} "), if at == Some(0) { Role::Focus } else { Role::Accent })
        .add(version, Role::Strong)
        .add(format!("  {share}"), Role::Base)
        .add(format!("  {} × {}", variant.instances, variant.instance), Role::Dim)
        .add(format!("  {}", variant.name), Role::Faint);
    canvas.pieces(area.x, area.y, area.width, &pieces);
}

/// How often and how fast it was asked; gives the rows used.
fn asked(canvas: &mut Canvas<'_>, area: Rect, metrics: &EndpointMetrics) -> u16 {
    if area.height == 0 {
        return 0;
    }
    let window = format!("last {}", figures::counted(u64::from(metrics.window_minutes), "minute"));
    if metrics.invocations == 0 {
        canvas.text(area.x, area.y, area.width, &format!("{window}: not asked"), Role::Dim);
        return 1;
    }
    let errors =
        if metrics.errors == 0 { ("no errors".to_owned(), Role::Good) } else { (figures::counted(metrics.errors, "error"), Role::Bad) };
    let pieces = Pieces::new()
        .add(format!("{window}: "), Role::Dim)
        .add(figures::counted(metrics.invocations, "request"), Role::Strong)
        .add(", ", Role::Dim)
        .add(errors.0, errors.1);
    canvas.pieces(area.x, area.y, area.width, &pieces);
    let name = metrics.per_variant.iter().map(|variant| width(&variant.variant)).max().unwrap_or(0).clamp(7, 24);
    if area.height > 1 {
        let titles = format!(
            "{}{}{}{}{}{}",
            left("variant", name),
            right("requests", 9),
            right("errors", 7),
            right("p50", 9),
            right("p90", 9),
            right("p99", 9)
        );
        canvas.text(area.x, area.y + 1, area.width, &titles, Role::Faint);
    }
    for (row, variant) in metrics.per_variant.iter().enumerate() {
        let y = area.y + 2 + row as u16;
        if y >= area.bottom() {
            break;
        }
        latency(canvas, Rect::new(area.x, y, area.width, 1), variant, name);
    }
    2 + metrics.per_variant.len() as u16
}

fn latency(canvas: &mut Canvas<'_>, area: Rect, variant: &VariantMetrics, name: usize) {
    let milliseconds = |value: Option<f64>| match value {
        None => "–".to_owned(),
        Some(value) if value < 10.0 => format!("{value:.2} ms"),
        Some(value) if value < 1000.0 => format!("{value:.0} ms"),
        Some(value) => figures::duration(value / 1000.0),
    };
    let errors = format!("{}{}", if variant.errors > 0 { "✖ " } else { "" }, figures::count(variant.errors));
    let pieces = Pieces::new()
        .add(left(&variant.variant, name), Role::Base)
        .add(right(&figures::count(variant.invocations), 9), Role::Strong)
        .add(right(&errors, 7), if variant.errors > 0 { Role::Bad } else { Role::Dim })
        .add(right(&milliseconds(variant.p50_ms), 9), Role::Base)
        .add(right(&milliseconds(variant.p90_ms), 9), Role::Base)
        .add(right(&milliseconds(variant.p99_ms), 9), Role::Base);
    canvas.pieces(area.x, area.y, area.width, &pieces);
}
