use super::*;
use crate::standing::Sides;

/// The largest file that a reader of the README should have to load, in bytes.
const MAX_LEN: usize = 300_000;

/// A race of `seconds`, looked at ten times a second, in which Warmkeys does 400 records a second and the other one 20.
fn race(seconds: u64) -> Vec<Moment> {
    (0..=seconds * 10)
        .map(|tick| {
            let standing = |per_tick: u64| Standing {
                records: usize::try_from(tick * per_tick).unwrap(),
                calls: tick * 3,
                throttled: tick,
            };
            Moment {
                elapsed: Duration::from_millis(tick * 100),
                standings: Sides { call_per_record: standing(2), warmkeys: standing(40) },
            }
        })
        .collect()
}

fn rows() -> Vec<Row> {
    let cells = Sides { call_per_record: "200 of 4,000".to_owned(), warmkeys: "4,000 of 4,000".to_owned() };
    vec![Row { name: "records done", cells }]
}

fn svg(moments: &[Moment]) -> String {
    Picture { title: "4,000 records", records: 4_000, moments, rows: &rows(), saved: "3,900 saved" }.svg()
}

/// Reads `svg` as XML to its end: the names of all elements that are open must be closed in their order.
fn assert_well_formed(svg: &str) {
    let mut open = Vec::new();
    for tag in svg.split('<').skip(1) {
        let (tag, text) = tag.split_once('>').unwrap();
        assert!(!text.contains('&') && tag.matches('"').count().is_multiple_of(2), "{tag}");
        let name = tag.split([' ', '/']).find(|name| !name.is_empty()).unwrap();
        if tag.starts_with('/') {
            assert_eq!(open.pop(), Some(name), "{tag}");
        } else if !tag.ends_with('/') {
            open.push(name);
        }
    }
    assert!(open.is_empty(), "{open:?}");
}

#[test]
fn the_picture_is_well_formed_and_small_however_long_the_race() {
    for seconds in [0, 1, 10, 300] {
        let svg = svg(&race(seconds));
        assert_well_formed(&svg);
        assert!(svg.len() < MAX_LEN, "{}", svg.len());
    }
}

#[test]
fn who_wants_no_motion_sees_the_end() {
    let svg = svg(&race(10));
    assert!(svg.contains("prefers-reduced-motion:reduce"));
    for (class, scale) in [("b0", "0.0500"), ("b1", "1.0000")] {
        let bar = format!("class=\"{class}\" width=\"820\" height=\"16\" transform=\"scale({scale} 1)\"");
        assert!(svg.contains(&bar), "{bar}");
    }
    let (lines, last) =
        (svg.matches(" KMS calls, ").count() / 2, svg.matches("200 records, 300 KMS calls, 100 throttled"));
    assert_eq!(last.count(), 1);
    assert!(svg.contains(&format!("translate(0 -{})", (lines - 1) * LINE)));
}

#[test]
fn the_race_runs_as_fast_as_it_did_and_the_result_stays_for_a_while() {
    let svg = svg(&race(10));
    assert!(svg.contains("animation:m 19.0s step-end"));
    // 10 s of 19 s.
    assert!(svg.contains("@keyframes r{0%{opacity:0}52.63%{opacity:1}}"));
    assert!(svg.contains("5.0 s</text>"));
}

#[test]
fn a_long_race_runs_faster() {
    // 300 s, 15 times as fast, and 9 s for the result.
    assert!(svg(&race(300)).contains("animation:m 29.0s step-end"));
}

#[test]
fn the_picture_in_the_readme_is_small_and_whole() {
    let drawn = include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/pictures/race.svg"));
    assert_well_formed(drawn);
    assert!(drawn.len() < MAX_LEN, "{}", drawn.len());
    for row in ["records done", "KMS calls", "duplicates", "lost", "out of order"] {
        assert!(drawn.contains(&format!(">{row}</text>")), "{row}");
    }
}
