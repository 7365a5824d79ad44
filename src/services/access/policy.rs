//! What an office asks of a sign-in (`security.md` C1, C2).

use chrono::Duration;

use crate::domain::role::Role;
use crate::services::user::PasswordCost;

/// Which rules an office follows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Profile {
    /// Long passwords, no rotation; second factor for all but grid workers.
    Standard,
    /// What assessors of 等保 ask for on top: second factor for everybody,
    /// short idle time, 90 days per password.
    Djbh3,
    /// A demonstration on this machine only: no second factor.
    Demo,
}

/// The numbers that follow from the profile.
#[derive(Debug, Clone, Copy)]
pub struct AccessPolicy {
    /// The profile.
    pub profile: Profile,
    /// What a password hash costs.
    pub cost: PasswordCost,
}

impl AccessPolicy {
    /// From the profile, at production cost.
    #[must_use]
    pub fn new(profile: Profile) -> AccessPolicy {
        let cost = match profile {
            Profile::Demo => PasswordCost::FLOOR,
            Profile::Standard | Profile::Djbh3 => PasswordCost::STANDARD,
        };
        AccessPolicy { profile, cost }
    }

    /// Whether the role needs a second factor (SEC-016).
    #[must_use]
    pub fn needs_second_factor(&self, role: Role) -> bool {
        match self.profile {
            Profile::Standard => !matches!(role, Role::Grid | Role::Supervisor),
            Profile::Djbh3 => true,
            Profile::Demo => false,
        }
    }

    /// Time without a request after which a browser's session ends (SEC-028;
    /// a grid worker's phone 120 minutes in every profile, `rulings.md` P9).
    #[must_use]
    pub fn idle(&self, role: Role) -> Duration {
        match role {
            Role::Grid => Duration::minutes(120),
            _ => Duration::minutes(30),
        }
    }

    /// A session ends then in any case.
    pub const ABSOLUTE: Duration = Duration::hours(12);
    /// How long a password or code that was just entered counts (SEC-017).
    pub const STEP_UP: Duration = Duration::minutes(5);
    /// Life of a one-time code (SEC-007).
    pub const INVITATION: Duration = Duration::hours(24);
    /// Sessions of one account at a time; the oldest ends (SEC-031).
    pub const SESSIONS: usize = 5;
    /// Days that a password is good for under [`Profile::Djbh3`].
    pub const PASSWORD_DAYS: i64 = 90;
}
