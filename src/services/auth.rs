//! Who acts, on what part of the street, and the proof that they may.

use std::marker::PhantomData;

use crate::domain::role::{Permission, Role};
pub use crate::domain::scope::Scope;
use crate::error::{AppError, AppResult, ErrorCode};

/// Somebody who is signed in, or the operator at the machine.
#[derive(Debug, Clone)]
pub struct Actor {
    username: String,
    role: Role,
    scope: Scope,
}

impl Actor {
    /// After a successful sign-in.
    #[must_use]
    pub fn new(username: String, role: Role, scope: Scope) -> Actor {
        Actor { username, role, scope }
    }

    /// Whoever runs a command on the server itself; may set up and import,
    /// may neither make nor approve a payout.
    #[must_use]
    pub fn operator(system_user: &str, street_code: &str) -> Actor {
        Actor {
            username: format!("cli:{system_user}"),
            role: Role::Operator,
            scope: Scope::street(street_code),
        }
    }

    /// Name in the audit log.
    #[must_use]
    pub fn username(&self) -> &str {
        &self.username
    }

    /// The role.
    #[must_use]
    pub fn role(&self) -> Role {
        self.role
    }

    /// What this actor may see.
    #[must_use]
    pub fn scope(&self) -> &Scope {
        &self.scope
    }

    /// The proof that this actor may do `P`.
    ///
    /// # Errors
    /// [`ErrorCode::Forbidden`] if the role's row in the table says no.
    pub fn authorize<P: Permit>(&self) -> AppResult<Authorized<'_, P>> {
        if self.role.may(P::PERMISSION) {
            return Ok(Authorized { actor: self, permission: PhantomData });
        }
        Err(AppError::coded(
            ErrorCode::Forbidden,
            format!("“{}”没有此项权限。", self.role.zh()),
            format!("The role \"{}\" may not do this.", self.role.as_str()),
        ))
    }
}

/// A permission as a type.
pub trait Permit: Send + Sync + 'static {
    /// Its row in the table.
    const PERMISSION: Permission;
}

/// Proof that an actor may do `P`; only [`Actor::authorize`] makes one.
#[derive(Debug)]
pub struct Authorized<'a, P: Permit> {
    actor: &'a Actor,
    permission: PhantomData<P>,
}

impl<P: Permit> Authorized<'_, P> {
    /// Name in the audit log.
    #[must_use]
    pub fn username(&self) -> &str {
        self.actor.username()
    }

    /// The actor's role.
    #[must_use]
    pub fn role(&self) -> Role {
        self.actor.role()
    }

    /// What the actor may see.
    #[must_use]
    pub fn scope(&self) -> &Scope {
        self.actor.scope()
    }

    /// The actor's street.
    #[must_use]
    pub fn street(&self) -> &str {
        self.actor.scope().street_code()
    }
}

macro_rules! permits {
    ($($name:ident),* $(,)?) => {$(
        #[doc = concat!("[`Permission::", stringify!($name), "`] as a type.")]
        #[derive(Debug, Clone, Copy)]
        pub struct $name;

        impl Permit for $name {
            const PERMISSION: Permission = Permission::$name;
        }
    )*};
}

permits!(
    ViewRegistry,
    EditRegistry,
    RegisterEvent,
    EditAward,
    Import,
    ExportPlain,
    ExportMasked,
    ExportRegister,
    MakeRun,
    ApproveRun,
    CloseMonth,
    ReadReport,
    ProposePolicy,
    ActivatePolicy,
    ReadAudit,
    ManageUsers,
    ManageSystem,
);
