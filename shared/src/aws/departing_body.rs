//! Tells when a request leaves.

use std::fmt;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use aws_smithy_runtime_api::box_error::BoxError;
use aws_smithy_runtime_api::client::interceptors::Intercept;
use aws_smithy_runtime_api::client::interceptors::context::BeforeTransmitInterceptorContextMut;
use aws_smithy_runtime_api::client::runtime_components::RuntimeComponents;
use aws_smithy_types::body::{Error, SdkBody};
use aws_smithy_types::config_bag::ConfigBag;
use bytes::Bytes;
use http_body::{Body, Frame, SizeHint};

/// Asks `leaves` when the connection wants the request's body for the first time; if the answer is no, it gets none, and the request
/// is broken off. Until then no service can have the whole request, so that it cannot be carried out.
///
/// For operations whose requests have a body.
#[derive(Clone)]
pub(crate) struct WhenItLeaves {
    leaves: Arc<dyn Fn() -> bool + Send + Sync>,
}

impl WhenItLeaves {
    pub(crate) fn ask(leaves: impl Fn() -> bool + Send + Sync + 'static) -> Self {
        Self { leaves: Arc::new(leaves) }
    }
}

impl Intercept for WhenItLeaves {
    fn name(&self) -> &'static str {
        "WhenItLeaves"
    }

    /// After the signing, which reads the body too.
    fn modify_before_transmit(
        &self,
        context: &mut BeforeTransmitInterceptorContextMut<'_>,
        _: &RuntimeComponents,
        _: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        let body = context.request_mut().body_mut();
        let inner = Box::pin(std::mem::replace(body, SdkBody::taken()));
        *body = SdkBody::from_body_1_x(DepartingBody { inner, leaves: Some(self.clone()) });
        Ok(())
    }
}

struct DepartingBody {
    inner: Pin<Box<SdkBody>>,
    /// Until it was asked.
    leaves: Option<WhenItLeaves>,
}

impl Body for DepartingBody {
    type Data = Bytes;
    type Error = Error;

    fn poll_frame(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, Error>>> {
        if self.leaves.take().is_some_and(|asked| !(asked.leaves)()) {
            return Poll::Ready(Some(Err("the request was given up".into())));
        }
        self.inner.as_mut().poll_frame(context)
    }

    fn is_end_stream(&self) -> bool {
        Body::is_end_stream(&*self.inner)
    }

    fn size_hint(&self) -> SizeHint {
        Body::size_hint(&*self.inner)
    }
}

impl fmt::Debug for WhenItLeaves {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("WhenItLeaves")
    }
}
