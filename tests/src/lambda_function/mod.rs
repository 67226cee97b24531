//! A Lambda function on this machine: the real binary, in sandboxes that speak the Lambda Runtime API.
//!
//! A sandbox is one process with one invocation at a time. It starts cold, is used again while warm, and is killed when
//! an invocation times out, as Lambda does. What is not imitated: a warm sandbox is not frozen between invocations, and
//! nothing limits its memory.
//!
//! <https://docs.aws.amazon.com/lambda/latest/dg/lambda-runtime-environment.html>

mod function;
mod invocation;
mod invoke_api;
mod output;
mod runtime_api;
mod sandbox;
mod settings;

pub use function::Function;
pub use invocation::{Invocation, Outcome, StartFailure};
pub use invoke_api::{EndedInvocation, InvokeApi};
pub use output::{OutputLine, OutputLines, Source};
pub use runtime_api::Headers;
pub use settings::{FunctionSettings, Kill};
