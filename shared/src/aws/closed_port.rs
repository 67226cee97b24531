//! A port of this machine at which nobody listens, for tests of connections that are refused.

use std::net::{SocketAddr, TcpListener, TcpStream};

/// The near end of a connection. While it is held, nobody can listen at its port, nor connect from it.
///
/// A port that a listener has just given up would be free for any other program, and for the connecting one itself: TCP lets a
/// connection be opened to its own port.
pub(crate) struct ClosedPort {
    near: TcpStream,
    _far: TcpListener,
}

impl ClosedPort {
    pub(crate) fn new() -> Self {
        let far = TcpListener::bind("127.0.0.1:0").unwrap();
        Self { near: TcpStream::connect(far.local_addr().unwrap()).unwrap(), _far: far }
    }

    pub(crate) fn address(&self) -> SocketAddr {
        self.near.local_addr().unwrap()
    }
}
