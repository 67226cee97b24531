//! Why a redrive ends before its end.

use super::aws_failure::AwsFailure;
use super::destination::DestinationError;
use super::state::StateError;

/// Why a redrive ends before its end. What was done until then is in the state.
#[derive(Debug, thiserror::Error)]
pub(crate) enum RedriveError {
    #[error("no AWS Region is set; name one with --region, or in AWS_REGION or your profile")]
    NoRegion,
    #[error(
        "a FIFO queue gives the next messages of a group only once the first are deleted: give --delete, or --dry-run"
    )]
    FifoWithoutDelete,
    #[error("no record was found; check the source's name and prefix, and whether others hold its messages")]
    NothingFound,
    #[error("{0} records were found, and none of them passes --shard, --since, --until and --reason")]
    NothingPasses(usize),
    #[error(transparent)]
    Aws(#[from] AwsFailure),
    #[error(transparent)]
    Destination(#[from] DestinationError),
    #[error(transparent)]
    State(#[from] StateError),
    #[error("stopped by Ctrl-C before anything was sent")]
    Interrupted,
}
