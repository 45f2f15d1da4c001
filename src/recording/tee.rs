//! A body of an answer that is kept while it is read.

use std::pin::Pin;
use std::task::{Context, Poll};

use aws_smithy_types::body::SdkBody;
use bytes::{Bytes, BytesMut};
use hyper::body::{Body, Frame, SizeHint};

/// What hears of a body that has been read, or of why it was not.
pub type Heard = Box<dyn FnOnce(Result<Bytes, String>) + Send + Sync>;

/// A body that is read by whoever asked, and kept.
pub struct Tee {
    inner: SdkBody,
    kept: BytesMut,
    heard: Option<Heard>,
}

impl Tee {
    /// Keeps what is read of `inner` and tells `heard` at its end.
    pub fn new(inner: SdkBody, heard: Heard) -> Tee {
        Tee { inner, kept: BytesMut::new(), heard: Some(heard) }
    }

    fn tell(&mut self, outcome: Result<(), String>) {
        if let Some(heard) = self.heard.take() {
            heard(outcome.map(|()| std::mem::take(&mut self.kept).freeze()));
        }
    }
}

impl Body for Tee {
    type Data = Bytes;
    type Error = aws_smithy_types::body::Error;

    fn poll_frame(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, Self::Error>>> {
        let polled = Pin::new(&mut self.inner).poll_frame(cx);
        match &polled {
            Poll::Ready(Some(Ok(frame))) => {
                if let Some(data) = frame.data_ref() {
                    self.kept.extend_from_slice(data);
                }
            }
            Poll::Ready(Some(Err(error))) => {
                let why = error.to_string();
                self.tell(Err(why));
            }
            Poll::Ready(None) => self.tell(Ok(())),
            Poll::Pending => {}
        }
        polled
    }

    fn is_end_stream(&self) -> bool {
        self.inner.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.inner.size_hint()
    }
}

impl Drop for Tee {
    fn drop(&mut self) {
        // Whoever knows the length may stop before the end is told.
        let outcome = if self.inner.is_end_stream() { Ok(()) } else { Err("the answer was not read to its end".to_owned()) };
        self.tell(outcome);
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
    use std::sync::Arc;

    use http_body_util::BodyExt as _;
    use parking_lot::Mutex;

    use super::*;

    type Told = Arc<Mutex<Option<Result<Bytes, String>>>>;

    fn tee() -> (SdkBody, Told) {
        let told: Told = Arc::default();
        let heard = Arc::clone(&told);
        let inner = SdkBody::from("an answer");
        (SdkBody::from_body_1_x(Tee::new(inner, Box::new(move |body| *heard.lock() = Some(body)))), told)
    }

    #[tokio::test]
    async fn what_is_read_is_kept() {
        let (body, told) = tee();
        assert_eq!(body.collect().await.unwrap().to_bytes(), "an answer");
        assert_eq!(told.lock().take(), Some(Ok(Bytes::from_static(b"an answer"))));
    }

    #[test]
    fn what_is_not_read_is_told() {
        let (body, told) = tee();
        drop(body);
        assert!(matches!(told.lock().take(), Some(Err(_))));
    }
}
