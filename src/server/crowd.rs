//! How many connections each client has with a worker.
//!
//! Counts addresses, and of IPv6 networks of 64 bits: whoever has one address there has all of them.

use std::{cell::RefCell, collections::HashMap, net::IpAddr, rc::Rc};

use crate::quota::network;

/// The clients of a worker. As large as its connections, which are bounded.
#[derive(Debug, Default)]
pub(super) struct Crowd(RefCell<HashMap<IpAddr, usize>>);

/// One connection of a client.
#[derive(Debug)]
pub(super) struct Member {
    crowd: Rc<Crowd>,
    key: IpAddr,
}

impl Crowd {
    /// Counts one more connection, unless the client has `max` already.
    pub(super) fn enter(self: &Rc<Self>, address: IpAddr, max: usize) -> Option<Member> {
        let key = network(address);
        let mut all = self.0.borrow_mut();
        let n = all.entry(key).or_default();
        if *n >= max {
            return None;
        }
        *n = n.saturating_add(1);
        Some(Member { crowd: Rc::clone(self), key })
    }
}

impl Drop for Member {
    fn drop(&mut self) {
        let mut all = self.crowd.0.borrow_mut();
        let Some(n) = all.get_mut(&self.key) else { return };
        *n = n.saturating_sub(1);
        if *n == 0 {
            all.remove(&self.key);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Enters one after the other, two from each at most.
    fn check(addresses: &[&str], expect: &[bool]) {
        let crowd = Rc::new(Crowd::default());
        let all: Vec<_> = addresses.iter().map(|it| crowd.enter(it.parse().unwrap(), 2)).collect();
        assert_eq!(all.iter().map(Option::is_some).collect::<Vec<_>>(), expect);
        drop(all);
        assert!(crowd.0.borrow().is_empty());
    }

    #[test]
    fn each_client_has_so_many_and_networks_are_one() {
        check(&["10.0.0.1", "10.0.0.1", "10.0.0.1", "10.0.0.2"], &[true, true, false, true]);
        check(&["::ffff:10.0.0.1", "10.0.0.1", "10.0.0.1"], &[true, true, false]);
        check(&["2001:db8::1", "2001:db8::2", "2001:db8::3"], &[true, true, false]);
        check(&["2001:db8:0:1::1", "2001:db8:0:2::1", "2001:db8:0:1::1"], &[true; 3]);
    }

    #[test]
    fn who_leaves_makes_room() {
        let crowd = Rc::new(Crowd::default());
        let address = IpAddr::from([10, 0, 0, 1]);
        let first = crowd.enter(address, 1);
        assert!(first.is_some() && crowd.enter(address, 1).is_none());
        drop(first);
        assert!(crowd.enter(address, 1).is_some());
    }
}
