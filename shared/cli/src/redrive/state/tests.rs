//! The state file: what it keeps, and what it survives.

use std::sync::atomic::{AtomicU32, Ordering};

use super::*;

/// A path of its own for each test, removed at its end.
struct Place(PathBuf);

impl Place {
    fn new() -> Self {
        static PLACES: AtomicU32 = AtomicU32::new(0);
        let number = PLACES.fetch_add(1, Ordering::Relaxed);
        Self(std::env::temp_dir().join(format!("warmkeys-state-{}-{number}", std::process::id())))
    }

    fn open(&self) -> Result<State, StateError> {
        State::open(&self.0, "function f")
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        // A file that stays behind harms nobody.
        let _ = std::fs::remove_file(&self.0);
    }
}

fn shard() -> Shard {
    Shard { stream_arn: "arn:stream".to_owned(), id: "shardId-1".to_owned() }
}

fn batch(first: &str) -> Batch {
    Batch {
        shard_id: "shardId-1".to_owned(),
        first_sequence_number: first.to_owned(),
        last_sequence_number: "9".to_owned(),
        records: 2,
    }
}

#[test]
fn what_was_done_is_done_when_the_file_is_opened_again() {
    let place = Place::new();
    let mut state = place.open().unwrap();
    state.sending(batch("1")).unwrap();
    state.done(&shard(), vec!["1-a".to_owned(), "2-b".to_owned()]).unwrap();
    drop(state);
    let state = place.open().unwrap();
    assert!(
        state.known().has(&shard(), "1-a") && state.known().has(&shard(), "2-b") && !state.known().has(&shard(), "3-c")
    );
    assert_eq!(state.interrupted(), None);
    assert!(Done::of_file(&place.0).unwrap().has(&shard(), "1-a"), "a dry run looks without opening it");
}

#[test]
fn the_batch_in_flight_is_told() {
    let place = Place::new();
    let mut state = place.open().unwrap();
    state.done(&shard(), vec!["1-a".to_owned()]).unwrap();
    state.sending(batch("2")).unwrap();
    drop(state);
    assert_eq!(place.open().unwrap().interrupted(), Some(&batch("2")));
}

#[test]
fn a_file_cut_off_at_any_byte_keeps_every_whole_line() {
    let place = Place::new();
    let mut state = place.open().unwrap();
    for id in ["1-a", "2-b"] {
        state.sending(batch("1")).unwrap();
        state.done(&shard(), vec![id.to_owned()]).unwrap();
    }
    drop(state);
    let whole = std::fs::read(&place.0).unwrap();
    let lines = |text: &[u8]| text.iter().filter(|byte| **byte == b'\n').count();
    for len in 0..=whole.len() {
        std::fs::write(&place.0, &whole[..len]).unwrap();
        let mut state = place.open().unwrap();
        let done = ["1-a", "2-b"].map(|id| state.known().has(&shard(), id));
        let lines = lines(&whole[..len]);
        assert_eq!(done, [lines >= 3, lines >= 5], "{len}");
        // And it goes on behind them.
        state.done(&shard(), vec!["3-c".to_owned()]).unwrap();
        drop(state);
        assert!(place.open().unwrap().known().has(&shard(), "3-c"));
    }
}

#[test]
fn another_destination_another_run_and_anothers_file_are_refused() {
    let place = Place::new();
    let mut state = place.open().unwrap();
    assert!(matches!(place.open(), Err(StateError::InUse(_))));
    state.done(&shard(), vec!["1-a".to_owned()]).unwrap();
    drop(state);
    let other = State::open(&place.0, "stream s").unwrap_err();
    assert!(other.to_string().contains("function f"), "{other}");
    std::fs::remove_file(&place.0).unwrap();
    drop(State::open(&place.0, "function misspelt").unwrap());
    assert!(place.open().is_ok(), "nothing is done, so it begins anew");
    for foreign in ["a letter", "a letter\n", "{}\n"] {
        std::fs::write(&place.0, foreign).unwrap();
        assert!(matches!(place.open(), Err(StateError::Foreign(_))), "{foreign}");
        assert_eq!(std::fs::read_to_string(&place.0).unwrap(), foreign, "it is left as it was");
    }
}
