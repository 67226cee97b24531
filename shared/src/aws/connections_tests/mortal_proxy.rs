//! A proxy of bytes, whatever the protocol, whose connections die when told to.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::JoinHandle;

/// How a connection is dead.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Death {
    /// What is written goes nowhere, and nothing comes back.
    Silent,
    /// It is reset at the next write.
    Reset,
}

/// Passes bytes on, until it is dropped.
pub(super) struct MortalProxy {
    address: SocketAddr,
    shared: Arc<Shared>,
    accepting: JoinHandle<()>,
}

struct Shared {
    accepted: AtomicUsize,
    dead_ones_tried: AtomicUsize,
    /// The connections accepted before so many are dead, in this way.
    dead: watch::Sender<(usize, Death)>,
}

impl MortalProxy {
    pub(super) async fn start(upstream: SocketAddr) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let shared = Arc::new(Shared {
            accepted: AtomicUsize::new(0),
            dead_ones_tried: AtomicUsize::new(0),
            dead: watch::Sender::new((0, Death::Silent)),
        });
        let accepting = tokio::spawn(accept(listener, upstream, Arc::clone(&shared)));
        Self { address, shared, accepting }
    }

    pub(super) fn address(&self) -> SocketAddr {
        self.address
    }

    /// Kills all connections that there are now.
    pub(super) fn kill_all(&self, death: Death) {
        self.shared.dead.send_replace((self.accepted(), death));
    }

    /// The connections accepted so far.
    pub(super) fn accepted(&self) -> usize {
        self.shared.accepted.load(Ordering::SeqCst)
    }

    /// The dead connections that something was written to.
    pub(super) fn dead_ones_tried(&self) -> usize {
        self.shared.dead_ones_tried.load(Ordering::SeqCst)
    }
}

impl Drop for MortalProxy {
    fn drop(&mut self) {
        self.accepting.abort();
    }
}

async fn accept(listener: TcpListener, upstream: SocketAddr, shared: Arc<Shared>) {
    let mut connections = tokio::task::JoinSet::new();
    while let Ok((client, _)) = listener.accept().await {
        let number = shared.accepted.fetch_add(1, Ordering::SeqCst);
        connections.spawn(pass_on(client, upstream, number, Arc::clone(&shared)));
    }
}

async fn pass_on(mut client: TcpStream, upstream: SocketAddr, number: usize, shared: Arc<Shared>) {
    let mut server = TcpStream::connect(upstream).await.unwrap();
    let mut dead = shared.dead.subscribe();
    let death = tokio::select! {
        _ended = tokio::io::copy_bidirectional(&mut client, &mut server) => return,
        Ok(dead) = dead.wait_for(|(below, _)| number < *below) => dead.1,
    };
    // The service hears of it as of a client that is gone.
    drop(server);
    let mut bytes = [0; 4_096];
    if client.readable().await.is_err() || matches!(client.peek(&mut bytes).await, Ok(0) | Err(_)) {
        return; // The client has closed it, as it does with what it gives up.
    }
    shared.dead_ones_tried.fetch_add(1, Ordering::SeqCst);
    match death {
        // With bytes unread, closing is a reset.
        Death::Reset => {}
        Death::Silent => while client.readable().await.is_ok() && !matches!(client.try_read(&mut bytes), Ok(0)) {},
    }
}
