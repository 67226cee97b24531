//! Draws the race as an animated picture: what was measured, at the speed at which it happened.

use std::fmt::Write;
use std::time::Duration;

use crate::standing::{Moment, NAMES, Standing, grouped};
use crate::summary::Row;

/// The most moments that are drawn: enough to look alive, few enough for a small file.
const MAX_FRAMES: usize = 80;

/// How long the result is shown before the race begins anew.
const RESULT_SHOWN: Duration = Duration::from_secs(9);

/// A race that takes longer is shown faster, by a whole number.
const LONGEST: Duration = Duration::from_secs(20);

/// The height of a line that changes, in units of the picture.
const LINE: usize = 24;

/// The colours, light and dark, as in the other pictures. What moves stands at the end where nothing may move.
const STYLE: &str = "\
.bg{fill:#fff}.t{fill:#1d2b3f}.s{fill:#5a6b80}.k{fill:#e3e9f2}.b0{fill:#c06a6a}.b1{fill:#5a9e6b}.l{stroke:#b9c9e4}\
@media (prefers-color-scheme:dark){.bg{fill:#10151c}.t{fill:#e6edf5}.s{fill:#9fb0c5}.k{fill:#1f2a38}.l{stroke:#34465e}}\
@media (prefers-reduced-motion:reduce){*{animation:none!important}}";

/// A race to be drawn.
#[derive(Debug)]
pub(crate) struct Picture<'a> {
    pub(crate) title: &'a str,
    /// How many records the full length of a bar stands for.
    pub(crate) records: usize,
    /// In their order; the last one is the end.
    pub(crate) moments: &'a [Moment],
    /// The result.
    pub(crate) rows: &'a [Row],
    /// The last line.
    pub(crate) saved: &'a str,
}

impl Picture<'_> {
    /// The picture, as a document of its own that needs neither a script nor a font.
    pub(crate) fn svg(&self) -> String {
        let frames = self.frames();
        let (animations, height) = (self.animations(&frames), 246 + 26 * self.rows.len());
        let mut svg = format!(
            "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 860 {height}\" role=\"img\" aria-label=\"{}\" \
             font-family=\"ui-monospace, SFMono-Regular, Menlo, Consolas, monospace\" font-size=\"15\">\n\
             <style>{STYLE}{animations}</style>\n<rect class=\"bg\" width=\"860\" height=\"{height}\"/>\n\
             <text class=\"t\" x=\"20\" y=\"34\" font-size=\"17\" font-weight=\"600\">{}</text>\n",
            self.in_words(),
            self.title,
        );
        let clock = frames.iter().map(|moment| format!("{:.1} s", moment.elapsed.as_secs_f64()));
        svg += &strip("x=\"740\" y=\"18\" width=\"100\"", 100, clock);
        for (number, name) in NAMES.both().into_iter().enumerate() {
            let standings = frames.iter().filter_map(|moment| moment.standings.both().get(number).copied());
            svg += &self.lane(number, name, &standings.collect::<Vec<_>>());
        }
        svg += &self.result();
        svg + "</svg>\n"
    }

    /// What the picture shows, for whoever cannot see it.
    fn in_words(&self) -> String {
        let [left, right] = NAMES.both();
        let mut words = self.title.to_owned();
        for Row { name, cells } in self.rows {
            let _ = write!(words, "; {name}: {left} {}, {right} {}", cells.call_per_record, cells.warmkeys);
        }
        words
    }

    /// Some of the moments, evenly spread, and the last one.
    fn frames(&self) -> Vec<&Moment> {
        let Some(end) = self.moments.last() else { return Vec::new() };
        let step = end.elapsed.div_f64(f64::from(u32::try_from(MAX_FRAMES).unwrap_or(u32::MAX)));
        let mut due = Duration::ZERO;
        let mut frames = Vec::new();
        for moment in self.moments {
            if moment.elapsed >= due && moment.elapsed < end.elapsed {
                frames.push(moment);
                due = moment.elapsed + step;
            }
        }
        frames.push(end);
        frames
    }

    /// The keyframes: of what changes line by line, of the two bars, and of the result.
    fn animations(&self, frames: &[&Moment]) -> String {
        let end = frames.last().map_or(Duration::ZERO, |moment| moment.elapsed);
        let speed = (end.as_secs_f64() / LONGEST.as_secs_f64()).ceil().max(1.0);
        let all = end.as_secs_f64() / speed + RESULT_SHOWN.as_secs_f64();
        let percent = |moment: &Moment| 100.0 * moment.elapsed.as_secs_f64() / speed / all;
        let mut css = format!(
            ".m{{animation:m {all:.1}s step-end infinite}}.b0{{animation:b0 {all:.1}s linear infinite}}\
             .b1{{animation:b1 {all:.1}s linear infinite}}.r{{animation:r {all:.1}s step-end infinite}}@keyframes m{{\
             0%{{transform:none}}"
        );
        for (number, moment) in frames.iter().enumerate() {
            let _ = write!(css, "{:.2}%{{transform:translateY(-{}px)}}", percent(moment), number * LINE);
        }
        for number in 0..2 {
            let _ = write!(css, "}}@keyframes b{number}{{0%{{transform:scaleX(0)}}");
            for moment in frames {
                let standing = moment.standings.both().get(number).copied().unwrap_or_default();
                let _ = write!(css, "{:.2}%{{transform:scaleX({:.4})}}", percent(moment), self.share(standing));
            }
            let last =
                frames.last().and_then(|moment| moment.standings.both().get(number).copied()).unwrap_or_default();
            let _ = write!(css, "to{{transform:scaleX({:.4})}}", self.share(last));
        }
        let shown = frames.last().map_or(0.0, |moment| percent(moment));
        let _ = write!(css, "}}@keyframes r{{0%{{opacity:0}}{shown:.2}%{{opacity:1}}}}");
        css
    }

    /// A bar, its name, and what is counted beside it.
    fn lane(&self, number: usize, name: &str, standings: &[Standing]) -> String {
        let top = 56 + 56 * number;
        let share = self.share(standings.last().copied().unwrap_or_default());
        let counts = standings.iter().map(|Standing { records, calls, throttled }| {
            let [records, calls, throttled] = [grouped(*records), grouped(*calls), grouped(*throttled)];
            format!("{records} records, {calls} KMS calls, {throttled} throttled")
        });
        format!(
            "<text class=\"t\" x=\"20\" y=\"{}\" font-weight=\"600\">{name}</text>\n{}\
             <rect class=\"k\" x=\"20\" y=\"{}\" width=\"820\" height=\"16\" rx=\"3\"/>\n\
             <svg x=\"20\" y=\"{}\" width=\"820\" height=\"16\"><rect class=\"b{number}\" width=\"820\" height=\"16\" \
             transform=\"scale({share:.4} 1)\"/></svg>\n",
            top + 16,
            strip(&format!("x=\"240\" y=\"{top}\" width=\"600\""), 600, counts),
            top + LINE,
            top + LINE,
        )
    }

    /// The two columns, which appear at the end.
    fn result(&self) -> String {
        let [left, right] = NAMES.both();
        let mut y = 196;
        let mut svg = format!(
            "<g class=\"r\">\n<text class=\"s\" x=\"520\" y=\"{y}\" text-anchor=\"end\">{left}</text>\
             <text class=\"s\" x=\"840\" y=\"{y}\" text-anchor=\"end\">{right}</text>\n\
             <path class=\"l\" d=\"M20 {}H840\"/>\n",
            y + 9
        );
        y += 5;
        for Row { name, cells } in self.rows {
            y += 26;
            let _ = writeln!(
                svg,
                "<text class=\"s\" x=\"20\" y=\"{y}\">{name}</text><text class=\"t\" x=\"520\" y=\"{y}\" \
                 text-anchor=\"end\">{}</text><text class=\"t\" x=\"840\" y=\"{y}\" text-anchor=\"end\" \
                 font-weight=\"600\">{}</text>",
                cells.call_per_record, cells.warmkeys
            );
        }
        let _ = writeln!(svg, "<text class=\"t\" x=\"20\" y=\"{}\" font-weight=\"600\">{}</text>", y + 34, self.saved);
        svg + "</g>\n"
    }

    /// The part of all records that are done: 0 to 1.
    fn share(&self, standing: Standing) -> f64 {
        let [done, all] = [standing.records, self.records].map(|records| u32::try_from(records).unwrap_or(u32::MAX));
        f64::from(done) / f64::from(all.max(1))
    }
}

/// A window onto one of `lines` at a time, right-aligned in its `width`. Where nothing moves it shows the last one.
fn strip(place: &str, width: usize, lines: impl Iterator<Item = String>) -> String {
    let mut texts = String::new();
    let mut count = 0;
    for line in lines {
        let _ = write!(texts, "<text x=\"{width}\" y=\"{}\">{line}</text>", count * LINE + 16);
        count += 1;
    }
    let last = count.max(1) * LINE - LINE;
    format!(
        "<svg {place} height=\"{LINE}\"><g class=\"m s\" text-anchor=\"end\" transform=\"translate(0 -{last})\">{texts}</g></svg>\n"
    )
}

#[cfg(test)]
mod tests;
