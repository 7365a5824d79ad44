//! How the service faces the network.

use ipnet::IpNet;

use crate::services::access::AccessPolicy;

/// Settings of the service.
#[derive(Debug, Clone)]
pub struct Settings {
    /// Rules of sign-in.
    pub policy: AccessPolicy,
    /// Names and addresses that the service answers to, without port.
    pub hosts: Vec<String>,
    /// Whether browsers reach it by HTTPS, here or at a proxy.
    pub secure: bool,
    /// Proxies whose `X-Forwarded-For` is believed.
    pub proxies: Vec<IpNet>,
    /// For `/metrics` and `/ready` from elsewhere than loopback.
    pub monitoring_token: Option<String>,
    /// What the login page says about whom to ask.
    pub contact: String,
    /// Requests at a time; more are told to come back.
    pub max_in_flight: usize,
    /// Login attempts per address and minute.
    pub sign_ins_per_minute: u32,
}

impl Settings {
    /// For loopback, without TLS.
    #[must_use]
    pub fn loopback(policy: AccessPolicy) -> Settings {
        Settings {
            policy,
            hosts: ["localhost", "127.0.0.1", "[::1]"].map(str::to_owned).to_vec(),
            secure: false,
            proxies: Vec::new(),
            monitoring_token: None,
            contact: String::new(),
            max_in_flight: 200,
            sign_ins_per_minute: 30,
        }
    }

    /// Whether a `Host` header names this service.
    #[must_use]
    pub fn is_own_host(&self, host: &str) -> bool {
        let name = match host.rsplit_once(':') {
            Some((name, port)) if port.bytes().all(|b| b.is_ascii_digit()) => name,
            _ => host,
        };
        self.hosts.iter().any(|own| own.eq_ignore_ascii_case(name))
    }
}
