//! Who may do what: one table, role × permission (`security.md` §2.1). Pages,
//! commands and tests are generated from it; nothing repeats it.

use std::str::FromStr;

/// The six roles of an office, and the operator at the machine itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Role {
    /// 网格员: residents and households of their own grids.
    Grid,
    /// 社区主管: everything about people in their community.
    Supervisor,
    /// 民政经办: benefits of the whole street, makes the month.
    Clerk,
    /// 审批人: decides on runs that others made.
    Approver,
    /// 审计: reads everything masked, and the log.
    Auditor,
    /// 系统管理员: accounts and settings, no resident data.
    Admin,
    /// Whoever runs commands on the server itself: set-up, import, backup.
    Operator,
}

/// One thing that can be allowed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Permission {
    /// See residents and households.
    ViewRegistry,
    /// Create and change residents, households, visits.
    EditRegistry,
    /// Register births, deaths, moves and the other events.
    RegisterEvent,
    /// Create and change awards, decisions, certificates, accounts.
    EditAward,
    /// Import a book.
    Import,
    /// Export the registry or a roster with plain personal data.
    ExportPlain,
    /// Export and print masked reports.
    ExportMasked,
    /// Export masked lists of residents and households.
    ExportRegister,
    /// Draft, hold, submit and withdraw runs, record payments, open claims.
    MakeRun,
    /// Approve or return a run made by others.
    ApproveRun,
    /// Close a month.
    CloseMonth,
    /// Read summaries and rosters.
    ReadReport,
    /// Propose a policy.
    ProposePolicy,
    /// Put a proposed policy in force.
    ActivatePolicy,
    /// Read and verify the audit log.
    ReadAudit,
    /// Accounts of users.
    ManageUsers,
    /// Areas, keys, backup, restore, migration.
    ManageSystem,
}

use Permission as P;
use Role as R;

/// The table. A role that is not listed may not.
pub const TABLE: &[(Permission, &[Role])] = &[
    (P::ViewRegistry, &[R::Grid, R::Supervisor, R::Clerk, R::Auditor, R::Operator]),
    (P::EditRegistry, &[R::Grid, R::Supervisor, R::Clerk, R::Operator]),
    (P::RegisterEvent, &[R::Grid, R::Supervisor, R::Clerk, R::Operator]),
    (P::EditAward, &[R::Clerk, R::Operator]),
    (P::Import, &[R::Supervisor, R::Clerk, R::Operator]),
    (P::ExportPlain, &[R::Clerk, R::Operator]),
    (P::ExportMasked, &[R::Supervisor, R::Clerk, R::Approver, R::Auditor, R::Operator]),
    (P::ExportRegister, &[R::Supervisor, R::Clerk, R::Auditor, R::Operator]),
    (P::MakeRun, &[R::Clerk]),
    (P::ApproveRun, &[R::Approver]),
    (P::CloseMonth, &[R::Approver]),
    (P::ReadReport, &[R::Clerk, R::Approver, R::Auditor, R::Operator]),
    (P::ProposePolicy, &[R::Clerk]),
    (P::ActivatePolicy, &[R::Approver]),
    (P::ReadAudit, &[R::Auditor, R::Operator]),
    (P::ManageUsers, &[R::Admin, R::Operator]),
    (P::ManageSystem, &[R::Admin, R::Operator]),
];

impl Role {
    /// Roles that an account can have.
    pub const ACCOUNT_ROLES: [Role; 6] =
        [R::Grid, R::Supervisor, R::Clerk, R::Approver, R::Auditor, R::Admin];

    /// The code as stored.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            R::Grid => "grid",
            R::Supervisor => "supervisor",
            R::Clerk => "clerk",
            R::Approver => "approver",
            R::Auditor => "auditor",
            R::Admin => "admin",
            R::Operator => "operator",
        }
    }

    /// Name in Chinese.
    #[must_use]
    pub const fn zh(self) -> &'static str {
        match self {
            R::Grid => "网格员",
            R::Supervisor => "社区主管",
            R::Clerk => "民政经办",
            R::Approver => "审批人",
            R::Auditor => "审计",
            R::Admin => "系统管理员",
            R::Operator => "本机操作员",
        }
    }

    /// Whether this role is at supervisor level or above among those who edit
    /// (`rulings.md` P10): it may confirm what another entered.
    #[must_use]
    pub const fn is_second_person(self) -> bool {
        matches!(self, R::Supervisor | R::Clerk)
    }

    /// Whether the table lets this role do it.
    #[must_use]
    pub fn may(self, permission: Permission) -> bool {
        TABLE.iter().any(|(p, roles)| *p == permission && roles.contains(&self))
    }
}

/// Rights beyond the role (SEC-199): without one, what it is about is absent.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Rights {
    /// `child`: class and ground of a child award, guardianship file, notes.
    pub child: bool,
    /// `mental`: the mental-health register and its awards.
    pub mental: bool,
}

impl Rights {
    /// Every right: imports, exports and the operator at the machine.
    pub const ALL: Rights = Rights { child: true, mental: true };
    /// The names of the rights.
    pub const NAMES: [&'static str; 2] = ["child", "mental"];

    /// From the account's list, separated by commas; `None` if one is unknown.
    #[must_use]
    pub fn parse(list: &str) -> Option<Rights> {
        let mut rights = Rights::default();
        for name in list.split(',').map(str::trim).filter(|name| !name.is_empty()) {
            match name {
                "child" => rights.child = true,
                "mental" => rights.mental = true,
                _ => return None,
            }
        }
        Some(rights)
    }

    /// The account's list.
    #[must_use]
    pub fn list(self) -> String {
        let have = [self.child, self.mental];
        let names = Rights::NAMES.into_iter().zip(have);
        names.filter(|(_, has)| *has).map(|(name, _)| name).collect::<Vec<_>>().join(",")
    }
}

impl FromStr for Role {
    type Err = ();
    fn from_str(text: &str) -> Result<Role, ()> {
        Role::ACCOUNT_ROLES.into_iter().find(|role| role.as_str() == text).ok_or(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nobody_both_makes_and_approves() {
        for role in Role::ACCOUNT_ROLES {
            assert!(!(role.may(P::MakeRun) && role.may(P::ApproveRun)), "{role:?}");
            assert!(!(role.may(P::ManageUsers) && role.may(P::ViewRegistry)), "{role:?}");
        }
    }

    #[test]
    fn every_permission_stands_in_the_table_once() {
        for (at, (permission, roles)) in TABLE.iter().enumerate() {
            assert!(!roles.is_empty());
            assert!(TABLE.iter().skip(at + 1).all(|(other, _)| other != permission));
        }
    }
}
