//! What came out, as a picture: a panel for each task, a bar for each contestant.
//!
//! Bars are logarithmic, since the slowest needs a hundred times what the fastest does. The file
//! needs nothing from elsewhere, and follows the reader's choice of light or dark.

use std::fmt::Write as _;

use crate::{
    contest::Score,
    results::{Column, Results},
};

pub(crate) fn draw(results: &Results) -> String {
    let n_rows = results.columns.len().div_ceil(N_ACROSS);
    let panel = HEADING + ROW * results.names.len() as f64 + GAP;
    let below = TOP + panel * n_rows as f64;
    let height = below + LINE * results.notes.len() as f64 + GAP / 2.0;
    let mut svg = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {WIDTH} {height}\" \
         width=\"{WIDTH}\" height=\"{height}\" role=\"img\">\n\
         <title>CPU per request of Portcullis and its peers</title>\n{STYLE}\
         <rect width=\"100%\" height=\"100%\" class=\"paper\"/>\n\
         <text x=\"{MARGIN}\" y=\"32\" class=\"title\">CPU per request, in µs and as a multiple of a \
         plain hyper proxy (logarithmic)</text>\n"
    );
    let scale = Scale::of(&results.columns);
    for (at, column) in results.columns.iter().enumerate() {
        let x = MARGIN + PANEL * (at % N_ACROSS) as f64;
        let y = TOP + panel * (at / N_ACROSS) as f64;
        let _ = writeln!(svg, "<g transform=\"translate({x} {y})\">");
        draw_panel(results, column, &scale, &mut svg);
        svg.push_str("</g>\n");
    }
    for (at, note) in results.notes.iter().enumerate() {
        let (y, note) = (below + LINE * at as f64, escaped(note));
        let _ = writeln!(svg, "<text x=\"{MARGIN}\" y=\"{y}\" class=\"note\">{note}</text>");
    }
    svg + "</svg>\n"
}

fn draw_panel(results: &Results, column: &Column, scale: &Scale, svg: &mut String) {
    let _ = writeln!(svg, "<text y=\"14\" class=\"head\">{}</text>", escaped(column.name));
    for (row, (name, score)) in results.names.iter().zip(&column.scores).enumerate() {
        let y = HEADING + ROW * row as f64;
        let base = y + 13.0;
        let class = if name.starts_with("Portcullis") { "ours" } else { "theirs" };
        let _ = writeln!(svg, "<text y=\"{base}\">{}</text>", escaped(name));
        let (width, label) = match score {
            Ok(it) => (scale.width(it), label(it)),
            Err(_) => (0.0, "not counted".to_owned()),
        };
        let after = LABEL + width + 6.0;
        let _ = writeln!(
            svg,
            "<rect x=\"{LABEL}\" y=\"{}\" width=\"{width:.1}\" height=\"12\" rx=\"2\" \
             class=\"{class}\"/><text x=\"{after:.1}\" y=\"{base}\" class=\"{class}\">{label}</text>",
            y + 3.0
        );
    }
}

fn label(score: &Score) -> String {
    let micros = match score.micros {
        it if it < 100.0 => format!("{it:.1}"),
        it => format!("{it:.0}"),
    };
    format!("{micros} · {:.2}×", score.ratio)
}

/// From the power of ten below the least to the most.
struct Scale {
    least: f64,
    most: f64,
}

impl Scale {
    fn of(columns: &[Column]) -> Self {
        let all = || columns.iter().flat_map(|it| &it.scores).flatten().map(|it| it.micros.log10());
        Self { least: all().fold(f64::MAX, f64::min).floor(), most: all().fold(1.0, f64::max) }
    }

    fn width(&self, score: &Score) -> f64 {
        BAR * (score.micros.log10() - self.least) / (self.most - self.least)
    }
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;")
}

const STYLE: &str = "<style>
text { font: 12px system-ui, sans-serif; fill: #1f2328; }
.title { font-size: 16px; font-weight: 600; }
.head { font-weight: 600; }
.note { font-size: 11px; fill: #59636e; }
.paper { fill: #ffffff; }
rect.ours { fill: #0969da; } text.ours { font-weight: 600; }
rect.theirs { fill: #afb8c1; }
@media (prefers-color-scheme: dark) {
text { fill: #e6edf3; } .note { fill: #9198a1; } .paper { fill: #0d1117; }
rect.ours { fill: #4493f8; } rect.theirs { fill: #545d68; }
}
</style>
";

const N_ACROSS: usize = 2;
const WIDTH: f64 = 960.0;
const MARGIN: f64 = 20.0;
const TOP: f64 = 56.0;
const PANEL: f64 = 470.0;
const HEADING: f64 = 24.0;
const ROW: f64 = 20.0;
const GAP: f64 = 24.0;
const LINE: f64 = 16.0;
/// Where bars begin, beside the names.
const LABEL: f64 = 170.0;
/// The longest bar, with room for what stands beside it.
const BAR: f64 = 190.0;
