//! Streams that are compressed on their way: a page is asked of the database when the client has taken
//! all that was made of the page before, and is then taken in whole.
//!
//! An encoder asks for more before it hands out what it has, and hands that out while it waits. If
//! the client is slow then, nobody would go on with the wait: the statement behind it could not send
//! its rows, and would hold its transaction and its connection for as long as the client likes.

use std::collections::VecDeque;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::Poll;

use axum::body::{Body, HttpBody};
use axum::response::Response;
use futures_util::{StreamExt, stream};

/// Whether a page may be asked for, and until it is there is under way; between [`gated`] and
/// [`paced`].
#[derive(Clone, Default)]
struct Gate(Arc<AtomicBool>);

impl Gate {
    fn is_open(&self) -> bool {
        self.0.load(Ordering::Relaxed)
    }

    fn set(&self, open: bool) {
        self.0.store(open, Ordering::Relaxed);
    }
}

/// The answer before it is compressed: of a stream each piece has to be let in.
pub(super) async fn gated(response: Response) -> Response {
    if response.body().size_hint().exact().is_some() {
        return response;
    }
    let gate = Gate::default();
    let (mut parts, body) = response.into_parts();
    parts.extensions.insert(gate.clone());
    let mut pieces = body.into_data_stream();
    let body = stream::poll_fn(move |context| {
        if !gate.is_open() {
            // Whoever opens it asks again.
            return Poll::Pending;
        }
        let polled = pieces.poll_next_unpin(context);
        gate.set(polled.is_pending());
        polled
    });
    Response::from_parts(parts, Body::from_stream(body))
}

/// The answer after it was compressed: lets the next piece in when all that was made of those before
/// is handed out, and hands nothing out until it is there.
pub(super) async fn paced(mut response: Response) -> Response {
    let Some(gate) = response.extensions_mut().remove::<Gate>() else { return response };
    let (parts, body) = response.into_parts();
    let mut pieces = body.into_data_stream();
    let (mut ready, mut last) = (VecDeque::new(), None);
    let body = stream::poll_fn(move |context| {
        loop {
            if !gate.is_open() || last.is_some() {
                if let Some(piece) = ready.pop_front() {
                    return Poll::Ready(Some(Ok(piece)));
                }
                if let Some(end) = &mut last {
                    return Poll::Ready(Option::take(end).map(Err));
                }
            }
            match pieces.poll_next_unpin(context) {
                Poll::Ready(Some(Ok(piece))) => ready.push_back(piece),
                Poll::Ready(Some(Err(fault))) => last = Some(Some(fault)),
                Poll::Ready(None) => last = Some(None),
                Poll::Pending if gate.is_open() => return Poll::Pending,
                Poll::Pending => gate.set(true),
            }
        }
    });
    Response::from_parts(parts, Body::from_stream(body))
}

#[cfg(test)]
mod tests {
    use axum::body::Bytes;
    use futures_util::FutureExt;
    use tokio::sync::mpsc::{UnboundedSender, unbounded_channel};

    use super::*;

    type Piece = Result<Bytes, std::io::Error>;

    /// A stream between the two, that is handed on as it comes.
    async fn between()
    -> (UnboundedSender<Piece>, UnboundedSender<Piece>, axum::body::BodyDataStream) {
        let (send, mut pages) = unbounded_channel();
        let (hand, mut made) = unbounded_channel();
        let pages = stream::poll_fn(move |context| pages.poll_recv(context));
        let mut response = gated(Response::new(Body::from_stream(pages))).await;
        let mut pages = std::mem::take(response.body_mut()).into_data_stream();
        // An encoder: asks for a page, and meanwhile hands out what it has.
        let encoded = stream::poll_fn(move |context| {
            let asked: Poll<Option<Result<Bytes, axum::Error>>> = pages.poll_next_unpin(context);
            match asked {
                Poll::Pending => made
                    .poll_recv(context)
                    .map(|piece: Option<Piece>| piece.map(|piece| piece.map_err(axum::Error::new))),
                page => page,
            }
        });
        *response.body_mut() = Body::from_stream(encoded);
        (send, hand, paced(response).await.into_body().into_data_stream())
    }

    #[tokio::test]
    async fn nothing_is_handed_out_while_a_page_is_under_way_and_none_is_asked_for_before() {
        let (page, encoder, mut body) = between().await;
        assert!(body.next().now_or_never().is_none(), "a page is under way");
        encoder.send(Ok("encoded".into())).unwrap();
        assert!(body.next().now_or_never().is_none(), "it still is");
        page.send(Ok("first".into())).unwrap();
        page.send(Ok("second".into())).unwrap();
        assert_eq!(body.next().await.unwrap().unwrap(), "encoded", "in their order");
        assert_eq!(body.next().await.unwrap().unwrap(), "first");
        encoder.send(Ok("more".into())).unwrap();
        let next = body.next().now_or_never().unwrap().unwrap().unwrap();
        assert_eq!(next, "more", "what was made already comes before another page");
        assert_eq!(body.next().await.unwrap().unwrap(), "second");
        page.send(Err(std::io::Error::other("gone"))).unwrap();
        assert!(body.next().await.unwrap().is_err());
        assert!(body.next().await.is_none());
    }

    #[tokio::test]
    async fn what_was_kept_comes_before_the_end() {
        let (page, encoder, mut body) = between().await;
        assert!(body.next().now_or_never().is_none());
        encoder.send(Ok("last".into())).unwrap();
        assert!(body.next().now_or_never().is_none());
        drop(page);
        assert_eq!(body.next().await.unwrap().unwrap(), "last");
        assert!(body.next().await.is_none());
    }

    #[tokio::test]
    async fn an_answer_of_known_length_is_left_alone() {
        let whole = paced(gated(Response::new(Body::from("abc"))).await).await;
        assert_eq!(whole.body().size_hint().exact(), Some(3));
    }
}
