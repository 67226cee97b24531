use super::*;
use crate::clock::{Clock, SystemClock};
use crate::retry::Jitter;

const MOST: usize = 16;
const MIDDLE: f64 = 0.5;

fn start() -> Instant {
    SystemClock.now().monotonic
}

fn policy() -> RetryPolicy {
    RetryPolicy { jitter: Jitter::seeded(7), ..RetryPolicy::default() }
}

fn throttle(pace: &mut Pace, now: Instant) {
    pace.throttled(pace.round(), now, &policy());
}

/// A pace that was granted so many requests at `now`, and then one was throttled.
fn throttled_after(granted: usize, now: Instant) -> Pace {
    let mut pace = Pace::new(MOST);
    (0..granted).for_each(|_| pace.granted(now));
    throttle(&mut pace, now);
    pace
}

/// How long after `now` the next request may be sent, if none is under way.
fn wait(pace: &Pace, now: Instant) -> Duration {
    match pace.turn(0, now) {
        Turn::Now => Duration::ZERO,
        Turn::After(wait) => wait,
        Turn::WhenOneEnds => panic!("none is under way"),
    }
}

#[test]
fn the_number_under_way_grows_by_half_with_each_round_trip_up_to_the_maximum() {
    let (mut pace, now) = (Pace::new(MOST), start());
    let mut seen = Vec::new();
    for _ in 0..8 {
        let window = pace.window();
        assert_eq!((pace.turn(window - 1, now), pace.turn(window, now)), (Turn::Now, Turn::WhenOneEnds));
        seen.push(window);
        (0..window).for_each(|_| pace.granted(now));
    }
    assert_eq!(seen, [2, 3, 4, 6, 9, 14, 16, 16]);
    assert_eq!(Pace::new(1).window(), 1);
}

#[test]
fn the_first_throttling_sets_the_rate_to_what_was_granted_in_the_last_second() {
    let began = start();
    for (milliseconds, rate) in [(0, Some(9.0)), (999, Some(9.0)), (1_000, None), (60_000, None)] {
        let mut pace = Pace::new(MOST);
        (0..9).for_each(|_| pace.granted(began));
        throttle(&mut pace, began + Duration::from_millis(milliseconds));
        assert_eq!(pace.requests_per_second(), rate, "granted {milliseconds} ms ago");
    }
}

#[test]
fn a_volley_of_throttled_requests_slows_down_once() {
    let now = start();
    let mut pace = throttled_after(40, now);
    let sent_in = pace.round();
    for _ in 0..16 {
        pace.throttled(sent_in, now, &policy());
    }
    assert_eq!(pace.requests_per_second(), Some(24.0));
}

#[test]
fn while_nothing_is_granted_one_request_at_a_time_probes_after_growing_delays() {
    let mut now = start();
    let mut pace = throttled_after(0, now);
    for bound in [100, 200, 400, 800, 1_600, 2_000, 2_000].map(Duration::from_millis) {
        let wait = wait(&pace, now);
        assert!((bound / 2..=bound).contains(&wait), "{wait:?} of {bound:?}");
        now += wait;
        assert_eq!((pace.turn(0, now), pace.turn(1, now), pace.window()), (Turn::Now, Turn::WhenOneEnds, 1));
        pace.sent(now, || MIDDLE);
        throttle(&mut pace, now);
    }
    pace.granted(now);
    assert_eq!((pace.requests_per_second(), pace.window()), (Some(4.0), MOST));
    assert!(!wait(&pace, now).is_zero());
}

#[test]
fn the_rate_holds_back_and_not_the_number_under_way() {
    let now = start();
    let mut pace = throttled_after(10, now);
    let slot = now + wait(&pace, now);
    assert_eq!((pace.turn(MOST - 1, slot), pace.turn(MOST, slot)), (Turn::Now, Turn::WhenOneEnds));
    pace.sent(slot, || MIDDLE);
    assert_eq!(pace.turn(1, slot), Turn::After(Duration::from_millis(100)));
}

#[test]
fn a_rate_is_forgotten_when_nothing_was_throttled_for_ten_seconds() {
    let began = start();
    for (milliseconds, forgotten) in [(9_999, false), (10_000, true), (86_400_000, true)] {
        let mut pace = throttled_after(3, began);
        pace.sent(began + Duration::from_millis(milliseconds), || MIDDLE);
        assert_eq!(pace.requests_per_second().is_none(), forgotten, "after {milliseconds} ms");
        // Whoever was idle meanwhile begins with few requests again.
        assert_eq!(pace.window(), if forgotten { Pace::FIRST_WINDOW } else { MOST });
    }
}

#[test]
fn jitter_is_drawn_only_once_something_was_throttled() {
    let now = start();
    let mut pace = Pace::new(MOST);
    pace.sent(now, || panic!("nothing was throttled"));
    pace.granted(now);
    assert_eq!(pace.turn(0, now), Turn::Now);
}
