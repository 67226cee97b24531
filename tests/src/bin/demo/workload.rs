//! Which records there are: pure, and the same for the same seed.

use serde_json::{Value, json};

use crate::options::Options;

/// The number of customers, whose names are the partition keys.
const CUSTOMERS: u32 = 200;

/// How many tenants, each with data keys of its own, are at work at a time.
const TENANTS_AT_A_TIME: u32 = 6;

/// One record in this many is poison.
const RECORDS_PER_POISON: u32 = 200;

/// A record, before it is sealed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct PlannedRecord {
    pub(crate) partition_key: String,
    /// The number of its tenant, which is in its encryption context.
    pub(crate) tenant: u32,
    pub(crate) poison: Option<Poison>,
}

/// Why a record cannot be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Poison {
    /// A bit of it was changed on the way.
    Damaged,
    /// It claims an encryption context that its data key was not wrapped with.
    OtherContext,
    /// It is sealed under a KMS key that the function may not use.
    ForeignKey,
}

impl Poison {
    const ALL: [Self; 3] = [Self::Damaged, Self::OtherContext, Self::ForeignKey];
}

/// The records in the order in which they are put into the stream.
pub(crate) fn plan(options: &Options) -> Vec<PlannedRecord> {
    let mut random = fastrand::Rng::with_seed(options.seed);
    let records = options.records.get();
    (0..records)
        .map(|number| PlannedRecord {
            partition_key: format!("customer-{}", random.u32(0..CUSTOMERS)),
            tenant: tenant(number, options, &mut random),
            poison: (random.u32(0..RECORDS_PER_POISON) == 0).then(|| random.choice(Poison::ALL)).flatten(),
        })
        .collect()
}

/// One of a few tenants around the place of the record in the stream: tenants come and go.
fn tenant(number: u32, options: &Options, random: &mut fastrand::Rng) -> u32 {
    let in_use = options.tenants.get().min(TENANTS_AT_A_TIME);
    let steps = u64::from(options.tenants.get() - in_use + 1);
    let step = u64::from(number) * steps / u64::from(options.records.get());
    u32::try_from(step).unwrap_or(u32::MAX).saturating_add(random.u32(0..in_use))
}

/// The plaintext of the record with this number.
pub(crate) fn plaintext(number: usize) -> Value {
    json!({"order": number})
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use clap::Parser;

    use super::*;
    use crate::options::CommandLine;

    fn options() -> Options {
        CommandLine::parse_from(["demo"]).into()
    }

    #[test]
    fn a_seed_gives_the_same_records_each_time() {
        assert_eq!(plan(&options()), plan(&options()));
        assert_ne!(plan(&options()), plan(&Options { seed: 2, ..options() }));
    }

    #[test]
    fn every_tenant_is_at_work_and_no_other() {
        let used: BTreeSet<_> = plan(&options()).iter().map(|planned| planned.tenant).collect();
        assert_eq!(used, (0..60).collect());
    }

    #[test]
    fn there_is_poison_of_every_kind() {
        let plan = plan(&options());
        for poison in Poison::ALL {
            assert!(plan.iter().any(|planned| planned.poison == Some(poison)), "{poison:?}");
        }
    }
}
