//! What the layout around every page asks.

use super::Page;

impl Page {
    /// Classes of `<body>` from the preferences.
    #[must_use]
    pub fn body_class(&self) -> &'static str {
        let (compact, large) = match &self.session {
            Some(session) => (session.preferences.compact, session.preferences.large_text),
            None => (false, false),
        };
        match (compact, large) {
            (true, true) => "compact large",
            (true, false) => "compact",
            (false, true) => "large",
            (false, false) => "",
        }
    }

    /// Whether single-key shortcuts are on.
    #[must_use]
    pub fn shortcuts(&self) -> bool {
        self.session.as_ref().is_some_and(|session| session.preferences.shortcuts)
    }

    /// Whether this is a demonstration.
    #[must_use]
    pub fn is_demo(&self) -> bool {
        use crate::services::access::Profile;
        self.state.settings.policy.profile == Profile::Demo
    }

    /// Seconds until the session ends without another request.
    #[must_use]
    pub fn idle_seconds(&self) -> i64 {
        let now = self.state.store.clock().now();
        self.session.as_ref().map_or(0, |session| (session.idle_at - now).num_seconds())
    }

    /// Whom to ask.
    #[must_use]
    pub fn contact(&self) -> &str {
        &self.state.settings.contact
    }
}
