//! Whose request it is: the peer, or what a declared proxy says about its own
//! peer (SEC-012).

use std::net::{IpAddr, Ipv4Addr};

use actix_web::dev::ServiceRequest;
use ipnet::IpNet;

/// The client's address.
#[must_use]
pub fn client(req: &ServiceRequest, proxies: &[IpNet]) -> IpAddr {
    let peer = req.peer_addr().map_or(IpAddr::V4(Ipv4Addr::UNSPECIFIED), |addr| addr.ip());
    let forwarded: Vec<&str> = req
        .headers()
        .get_all("x-forwarded-for")
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(','))
        .map(str::trim)
        .collect();
    choose(peer.to_canonical(), &forwarded, proxies)
}

/// The right-most hop that is no declared proxy. Anything malformed ends the
/// search at the last address that is certain.
fn choose(peer: IpAddr, forwarded: &[&str], proxies: &[IpNet]) -> IpAddr {
    let trusted = |address: &IpAddr| proxies.iter().any(|net| net.contains(address));
    let mut certain = peer;
    for hop in forwarded.iter().rev() {
        if !trusted(&certain) {
            break;
        }
        match hop.parse::<IpAddr>() {
            Ok(address) => certain = address.to_canonical(),
            Err(_) => break,
        }
    }
    certain
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ip(text: &str) -> IpAddr {
        text.parse().expect("an address")
    }

    #[test]
    fn only_declared_proxies_are_believed() {
        let proxies: Vec<IpNet> = vec!["10.0.0.0/8".parse().expect("a network")];
        let table: &[(&str, &[&str], &str)] = &[
            ("192.0.2.9", &["1.2.3.4"], "192.0.2.9"),
            ("10.0.0.1", &["1.2.3.4"], "1.2.3.4"),
            ("10.0.0.1", &["9.9.9.9", "1.2.3.4"], "1.2.3.4"),
            ("10.0.0.1", &["1.2.3.4", "10.0.0.2"], "1.2.3.4"),
            ("10.0.0.1", &["a.b.c.d"], "10.0.0.1"),
            ("10.0.0.1", &["1.2.3.4", "junk"], "10.0.0.1"),
            ("10.0.0.1", &[], "10.0.0.1"),
            ("10.0.0.1", &["::ffff:1.2.3.4"], "1.2.3.4"),
        ];
        for (peer, forwarded, expected) in table {
            assert_eq!(choose(ip(peer), forwarded, &proxies), ip(expected), "{forwarded:?}");
        }
        assert_eq!(choose(ip("127.0.0.1"), &["1.2.3.4"], &[]), ip("127.0.0.1"));
    }
}
