//! A response's body that tells whether it has come whole.

use std::pin::Pin;
use std::task::{Context, Poll};

use aws_smithy_types::body::{Error, SdkBody};
use bytes::Bytes;
use http_body::{Body, Frame, SizeHint};

/// `body`, at whose end `whole` is called. If it fails or is dropped before, `whole` is dropped uncalled.
pub(super) fn watched(body: SdkBody, whole: impl FnOnce() + Send + Sync + Unpin + 'static) -> SdkBody {
    if body.is_end_stream() {
        whole();
        return body;
    }
    SdkBody::from_body_1_x(WatchedBody { body: Box::pin(body), whole: Some(whole) })
}

struct WatchedBody<F> {
    body: Pin<Box<SdkBody>>,
    whole: Option<F>,
}

impl<F: FnOnce() + Unpin> Body for WatchedBody<F> {
    type Data = Bytes;
    type Error = Error;

    fn poll_frame(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, Error>>> {
        let polled = self.body.as_mut().poll_frame(context);
        let is_whole = match &polled {
            Poll::Ready(None) => true,
            Poll::Ready(Some(Ok(_))) => self.is_end_stream(),
            Poll::Ready(Some(Err(_))) | Poll::Pending => false,
        };
        if let Some(whole) = self.whole.take_if(|_| is_whole) {
            whole();
        }
        polled
    }

    fn is_end_stream(&self) -> bool {
        Body::is_end_stream(&*self.body)
    }

    fn size_hint(&self) -> SizeHint {
        Body::size_hint(&*self.body)
    }
}
