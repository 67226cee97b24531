//! Tells every service which invocation a request is made for.

use aws_smithy_runtime_api::box_error::BoxError;
use aws_smithy_runtime_api::client::interceptors::Intercept;
use aws_smithy_runtime_api::client::interceptors::context::BeforeTransmitInterceptorContextMut;
use aws_smithy_runtime_api::client::runtime_components::RuntimeComponents;
use aws_smithy_types::config_bag::ConfigBag;

use crate::trace::trace_id;

/// Sends the trace id of the invocation along, by which Lambda notices a function that invokes itself through a queue or a bucket.
///
/// > Lambda uses X-Ray tracing headers to detect [...] recursive loops [...]. When your function is invoked, Lambda adds [...] metadata to
/// > the tracing header
///
/// <https://docs.aws.amazon.com/lambda/latest/dg/invocation-recursion.html>. The SDK takes the id from a variable of the environment
/// that only Lambda's own runtimes set, for each invocation anew; this crate's loop sets none.
#[derive(Debug)]
pub(crate) struct TraceHeader;

impl Intercept for TraceHeader {
    fn name(&self) -> &'static str {
        "TraceHeader"
    }

    fn modify_before_signing(
        &self,
        context: &mut BeforeTransmitInterceptorContextMut<'_>,
        _: &RuntimeComponents,
        _: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        if let Some(trace_id) = trace_id() {
            // It came as a header's value, so that it is one.
            let _previous = context.request_mut().headers_mut().try_insert(HEADER, trace_id.to_string())?;
        }
        Ok(())
    }
}

const HEADER: &str = "x-amzn-trace-id";
