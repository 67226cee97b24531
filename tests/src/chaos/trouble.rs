//! What happens to a sandbox, and to the stream that it writes to, beside what happens to requests.

use std::time::Duration;

use warmkeys::clock::Clock as _;

use super::network::Death;
use super::run::Chaos;
use super::sandbox::Sandbox;

impl Chaos {
    /// What happens to sandboxes that have no invocation.
    pub(super) async fn between_invocations(&mut self) {
        match self.rng.u8(0..12) {
            0 | 1 => {
                let by = Duration::from_secs(self.rng.u64(1..=900));
                let behind = if self.rng.bool() { Duration::ZERO } else { Duration::from_secs(self.rng.u64(1..=300)) };
                self.network.state().model.note(&format!(
                    "the sandboxes are frozen for {by:?}; their monotonic clocks stand still, their wall clocks are {behind:?} behind"
                ));
                self.true_time.advance_wall(by);
                for sandbox in &self.sandboxes {
                    sandbox.freeze(by, behind);
                }
                self.connections_may_die();
            }
            2 => {
                let by = Duration::from_secs(self.rng.u64(1..=900));
                self.network.state().model.note(&format!("the sandboxes are frozen for {by:?}; both clocks move"));
                tokio::time::advance(by).await;
                self.connections_may_die();
            }
            3 => {
                self.current = self.rng.usize(0..self.sandboxes.len());
                self.network.state().model.note(&format!("sandbox {} is given up", self.sandbox().number));
                self.cold_start();
            }
            4 => {
                let (forward, by) = (self.rng.bool(), Duration::from_secs(self.rng.u64(1..=400)));
                self.step_the_clock(forward, by);
            }
            _ => {}
        }
    }

    fn connections_may_die(&mut self) {
        let death = match self.rng.u8(0..3) {
            0 => return,
            1 => Death::Reset,
            _ => Death::Silent,
        };
        let mut state = self.network.state();
        state.model.note(&format!("the connections are dead: {death:?}"));
        drop(state);
        self.network.connections_die(death);
    }

    pub(super) fn step_the_clock(&self, forward: bool, by: Duration) {
        let mut state = self.network.state();
        state.model.note(&format!(
            "sandbox {}'s wall clock is set {} by {by:?}",
            self.sandbox().number,
            if forward { "forward" } else { "back" }
        ));
        if forward {
            self.sandbox().clock.advance_wall(by);
        } else {
            let before = self.sandbox().clock.now();
            self.sandbox().clock.set_wall_back(by);
            state.model.clock_set_back(self.sandbox().number, before, self.sandbox().clock.now());
        }
    }

    pub(super) fn cold_start(&mut self) {
        self.cold_starts += 1;
        self.network.kill(self.sandbox().number);
        let number = self.sandboxes.iter().map(|sandbox| sandbox.number).max().unwrap_or_default() + 1;
        self.sandboxes[self.current] =
            Sandbox::start(number, &self.scenario, &self.network, &self.true_time, &mut self.rng);
    }

    pub(super) fn split_the_sink(&self) {
        let stream = &self.network.services().sink_stream;
        if let Some(shard) = stream.shards().iter().find(|shard| !shard.is_closed()) {
            let middle = shard.hash_keys.starting + (shard.hash_keys.ending - shard.hash_keys.starting) / 2;
            if stream.split(&shard.id, middle).is_ok() {
                self.network.state().model.note(&format!("the sink's {} is split", shard.id));
            }
        }
    }
}
