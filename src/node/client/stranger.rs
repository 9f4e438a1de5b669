//! Clients from elsewhere: what is kept from them, and what they are told.
//! *Source*: Redis 7.2 · networking.c · clientAcceptHandler, islocalClient.

use super::super::io::{Address, Carries, Link, Output};
use super::super::machine::Machine;
use super::super::state::{Profile, State};
use crate::resp::Bytes;

impl State {
    /// True of an address of this machine.
    pub(in crate::node) fn is_local(&self, peer: &Address) -> bool {
        let host = &*peer.host;
        peer.is_file()
            || host == "::1"
            || match self.setup.profile {
                Profile::V7_2 => host.starts_with("127."),
                Profile::V6_2 | Profile::V7_0 => host == "127.0.0.1",
            }
    }

    /// True of somebody whom `protected-mode` keeps out: without a password, everybody from
    /// elsewhere. A lab has no elsewhere.
    pub(in crate::node) fn keeps_out(&self, peer: &Address) -> bool {
        let config = self.config();
        self.setup.reachable
            && config.text("requirepass").is_none()
            && config.yes("protected-mode")
            && !self.is_local(peer)
    }
}

impl Machine<'_> {
    /// Says what can be done about it, and hangs up.
    #[inline(never)]
    pub(in crate::node) fn turn_away(&mut self, link: Link) {
        self.state.stats.connections_rejected += 1;
        let fourth = match self.state.setup.profile {
            Profile::V7_2 => "Set up an",
            Profile::V6_2 | Profile::V7_0 => "Setup a an",
        };
        let text = format!(
            "-DENIED Redis is running in protected mode because protected mode is enabled and no \
             password is set for the default user. In this mode connections are only accepted from \
             the loopback interface. If you want to connect from external computers to Redis you \
             may adopt one of the following solutions: 1) Just disable protected mode sending the \
             command 'CONFIG SET protected-mode no' from the loopback interface by connecting to \
             Redis from the same host the server is running, however MAKE SURE Redis is not \
             publicly accessible from internet if you do so. Use CONFIG REWRITE to make this \
             change permanent. 2) Alternatively you can just disable the protected mode by editing \
             the Redis configuration file, and setting the protected mode option to 'no', and then \
             restarting the server. 3) If you started the server manually just for testing, \
             restart it with the '--protected-mode no' option. 4) {fourth} authentication password \
             for the default user. NOTE: You only need to do one of the above things in order for \
             the server to start accepting connections from the outside.\r\n"
        );
        self.send(link, Bytes::from(text.into_bytes()), Carries::Talk);
        self.out.push(Output::Close { link });
    }
}
