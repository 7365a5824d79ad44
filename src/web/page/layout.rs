//! What the layout around every page asks.

use super::Page;
use crate::domain::role::Permission;

const DRAFT_WORDS: &[(&str, &str)] = &[
    ("saved", "draft.saved"),
    ("failed", "draft.failed"),
    ("unable", "draft.unable"),
    ("never", "draft.never"),
    ("locked", "draft.locked"),
    ("resumed", "draft.resumed"),
    ("found", "draft.found"),
    ("sending", "draft.sending"),
    ("discard", "draft.discard"),
    ("discard-word", "draft.discard_word"),
    ("online", "draft.online"),
    ("offline", "draft.offline"),
    ("waiting", "draft.waiting"),
    ("state-draft", "draft.state_draft"),
    ("state-queued", "draft.state_queued"),
    ("state-login", "draft.state_login"),
    ("state-refused", "draft.state_refused"),
    ("state-conflict", "draft.state_conflict"),
    ("state-changes", "draft.state_changes"),
];

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

    /// Whether forms of this page are kept as drafts on the device.
    #[must_use]
    pub fn keeps_drafts(&self) -> bool {
        self.is_inside() && self.may(Permission::EditRegistry)
    }

    /// Whether the page may say who is signed in: blank forms for the device
    /// name nobody.
    #[must_use]
    pub fn names_user(&self) -> bool {
        self.has_session() && !self.is_shell()
    }

    /// What the scripts of drafts say, as attributes.
    #[must_use]
    pub fn draft_words(&self) -> Vec<(&'static str, &'static str)> {
        DRAFT_WORDS.iter().map(|(name, key)| (*name, self.t(key))).collect()
    }

    /// Whom to ask.
    #[must_use]
    pub fn contact(&self) -> &str {
        &self.state.settings.contact
    }
}
