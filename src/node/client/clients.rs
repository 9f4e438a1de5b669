//! Every accepted connection, found by its link.
//!
//! A command asks for its client a dozen times on its way: for its password, its database, its
//! transaction, its replies. So the place of the last one that was found is looked at first.

use std::cell::Cell;
use std::ops::Index;

use super::super::io::Link;
use super::Client;
use crate::time::Instant;

/// Clients in the order of their links.
#[derive(Clone, Debug, Default)]
pub(in crate::node) struct Clients {
    all: Vec<(Link, Box<Client>)>,
    /// What they take together, beyond what any client takes.
    weight: u64,
    /// Where the last that was asked for lies, or lay. It decides nothing but where a search
    /// begins.
    last: Cell<usize>,
}

impl Clients {
    pub(in crate::node) fn get(&self, link: &Link) -> Option<&Client> {
        self.place(*link).ok().map(|at| &*self.all[at].1)
    }

    pub(in crate::node) fn get_mut(&mut self, link: &Link) -> Option<&mut Client> {
        self.place(*link).ok().map(|at| &mut *self.all[at].1)
    }

    pub(in crate::node) fn contains_key(&self, link: &Link) -> bool {
        self.place(*link).is_ok()
    }

    /// Takes in a client that has just come.
    pub(in crate::node) fn insert(&mut self, link: Link, client: Client) {
        match self.place(link) {
            Ok(at) => {
                self.weight -= self.all[at].1.weighed;
                *self.all[at].1 = client;
            }
            Err(at) => self.all.insert(at, (link, Box::new(client))),
        }
    }

    pub(in crate::node) fn remove(&mut self, link: &Link) {
        if let Ok(at) = self.place(*link) {
            self.weight -= self.all.remove(at).1.weighed;
        }
    }

    /// Weighs a client anew, whose buffers have changed.
    pub(in crate::node) fn weigh(&mut self, link: Link, now: Instant) {
        if let Ok(at) = self.place(link)
            && !self.all[at].1.is_light()
        {
            self.weigh_at(at, now);
        }
    }

    #[inline(never)]
    fn weigh_at(&mut self, at: usize, now: Instant) {
        let client = &mut self.all[at].1;
        client.make_query_room(now);
        let weight = client.weight();
        self.weight = self.weight + weight - client.weighed;
        client.weighed = weight;
    }

    /// What their buffers take beyond what any client takes, as far as they were weighed.
    pub(in crate::node) const fn weight(&self) -> u64 {
        self.weight
    }

    pub(in crate::node) const fn len(&self) -> usize {
        self.all.len()
    }

    pub(in crate::node) fn iter(&self) -> impl Iterator<Item = (&Link, &Client)> {
        self.all.iter().map(|(link, client)| (link, &**client))
    }

    pub(in crate::node) fn values(&self) -> impl Iterator<Item = &Client> {
        self.all.iter().map(|(_, client)| &**client)
    }

    /// Where the client of `link` lies, or would.
    fn place(&self, link: Link) -> Result<usize, usize> {
        let last = self.last.get();
        if self.all.get(last).is_some_and(|(own, _)| *own == link) {
            return Ok(last);
        }
        let found = self.all.binary_search_by_key(&link, |(own, _)| *own);
        if let Ok(at) = found {
            self.last.set(at);
        }
        found
    }
}

impl Index<&Link> for Clients {
    type Output = Client;

    fn index(&self, link: &Link) -> &Client {
        self.get(link).expect("a replica is a client")
    }
}
