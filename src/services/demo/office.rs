//! The office of the demo: who works there, and how a label of the story
//! becomes the record that a service wants.

use std::collections::HashMap;

use super::district::District;
use super::home::{Home, STREET, STREET_NAME};
use super::people::PeopleMaker;
use super::random::Random;
use super::story::Who;
use crate::domain::household::HouseholdKind;
use crate::domain::ids::{BeneficiaryId, HouseholdId, ResidentId};
use crate::domain::password;
use crate::domain::policy::Policy;
use crate::domain::role::Role;
use crate::error::{AppError, AppResult};
use crate::services::auth::{
    Actor, Authorized, EditAward, ManageUsers, RegisterEvent, ViewRegistry,
};
use crate::services::change::{self, Proposal};
use crate::services::event::EventDone;
use crate::services::user::{NewUser, PasswordCost};
use crate::services::{resident, user};
use crate::store::Store;
use crate::store::award::{self, AwardRow};
use crate::store::household::{self, HouseholdRow};

/// An account that the demo made, with its password: it is printed once.
#[derive(Debug, Clone)]
pub struct Login {
    /// User name.
    pub username: &'static str,
    /// What the account may do.
    pub role: Role,
    /// Its password.
    pub password: String,
}

/// Everybody who acts in the story.
#[derive(Debug)]
pub struct Staff {
    /// 民政经办: decisions, drafts, payments.
    pub clerk: Actor,
    /// 社区主管: births, deaths, moves.
    pub supervisor: Actor,
    /// 审批人: approves, closes.
    pub approver: Actor,
}

const ACCOUNTS: [(&str, &str, Role, &str); 6] = [
    ("wangge", "网格员(示例)", Role::Grid, "320899001001"),
    ("shequ", "社区主管(示例)", Role::Supervisor, STREET),
    ("jingban", "民政经办(示例)", Role::Clerk, STREET),
    ("shenpi", "审批人(示例)", Role::Approver, STREET),
    ("shenji", "审计(示例)", Role::Auditor, STREET),
    ("guanli", "系统管理员(示例)", Role::Admin, STREET),
];

/// Makes one account per role and signs in those who act.
///
/// # Errors
/// An account of that name exists; the database failed.
pub fn hire(
    store: &Store,
    by: &Authorized<'_, ManageUsers>,
    random: &mut Random,
) -> AppResult<(Staff, Vec<Login>)> {
    let mut logins = Vec::new();
    for (username, display_name, role, scope_code) in ACCOUNTS {
        // Chance makes a guessable one once in a few thousand.
        let fits = |plain: &String| password::check(plain, &[username, display_name]).is_ok();
        let password = loop {
            let drawn = draw_password(random);
            if fits(&drawn) {
                break drawn;
            }
        };
        let new = NewUser { username, display_name, role, scope_code, password: &password };
        user::add(store, by, &new, PasswordCost::FLOOR)?;
        logins.push(Login { username, role, password });
    }
    let sign_in = |role: Role| {
        let login = logins.iter().find(|login| login.role == role);
        let (name, password) = login.map_or(("", ""), |l| (l.username, l.password.as_str()));
        user::sign_in_at(store, name, password, PasswordCost::FLOOR)
    };
    let staff = Staff {
        clerk: sign_in(Role::Clerk)?,
        supervisor: sign_in(Role::Supervisor)?,
        approver: sign_in(Role::Approver)?,
    };
    Ok((staff, logins))
}

/// Four groups of letters and digits that are not easily mistaken.
fn draw_password(random: &mut Random) -> String {
    const SIGNS: &[u8] = b"abcdefghjkmnpqrstuvwxyz23456789";
    let mut groups = Vec::new();
    for _ in 0..4 {
        let group: String = (0..4).map(|_| char::from(random.pick(SIGNS))).collect();
        groups.push(group);
    }
    groups.join("-")
}

/// What the story is played on.
pub struct Office<'a> {
    /// The registry.
    pub store: &'a Store,
    /// Who acts.
    pub staff: &'a Staff,
    /// The policy in force.
    pub policy: Policy,
    /// Chance for what the story leaves open.
    pub random: Random,
    /// Makes newborns and new arrivals.
    pub maker: PeopleMaker,
    homes: HashMap<String, Home>,
    people: HashMap<String, ResidentId>,
}

impl<'a> Office<'a> {
    /// An office over the district's cast.
    pub fn new(
        store: &'a Store,
        staff: &'a Staff,
        policy: Policy,
        district: District,
        random: Random,
    ) -> Office<'a> {
        let named = |home: Home| (home.label.clone(), home);
        Office {
            store,
            staff,
            policy,
            random,
            maker: district.maker,
            homes: district.cast.into_iter().map(named).collect(),
            people: HashMap::new(),
        }
    }

    /// The clerk's right to decide on awards.
    ///
    /// # Errors
    /// Never, as long as the table of roles says so.
    pub fn decides(&self) -> AppResult<Authorized<'a, EditAward>> {
        self.staff.clerk.authorize()
    }

    /// The supervisor's right to register events.
    ///
    /// # Errors
    /// As [`Office::decides`].
    pub fn registers(&self) -> AppResult<Authorized<'a, RegisterEvent>> {
        self.staff.supervisor.authorize()
    }

    /// The clerk enters a change that a benefit depends on, the supervisor
    /// confirms it.
    ///
    /// # Errors
    /// Whatever the change is refused for.
    pub fn change(&self, proposal: &Proposal) -> AppResult<()> {
        let id = change::propose(self.store, &self.staff.clerk.authorize()?, proposal)?;
        change::confirm(self.store, &self.staff.supervisor.authorize()?, id)
    }

    /// The clerk confirms what an event of the supervisor left waiting.
    ///
    /// # Errors
    /// As [`Office::change`].
    pub fn settle(&self, done: &EventDone) -> AppResult<()> {
        let by = self.staff.clerk.authorize()?;
        done.pending.iter().try_for_each(|id| change::confirm(self.store, &by, *id))
    }

    /// The home of a label.
    ///
    /// # Errors
    /// The story names a home that was not made.
    pub fn home(&self, label: &str) -> AppResult<&Home> {
        self.homes.get(label).ok_or_else(|| missing(label))
    }

    /// Labels that begin so, in order.
    #[must_use]
    pub fn labels(&self, prefix: &str) -> Vec<String> {
        let mut labels: Vec<String> =
            self.homes.keys().filter(|label| label.starts_with(prefix)).cloned().collect();
        labels.sort_unstable();
        labels
    }

    /// A home that changed, or left (`None`).
    pub fn keep(&mut self, label: &str, home: Option<Home>) {
        match home {
            Some(home) => self.homes.insert(label.to_owned(), home),
            None => self.homes.remove(label),
        };
    }

    /// The number of a member.
    ///
    /// # Errors
    /// As [`Office::home`].
    pub fn number(&self, label: &str, member: usize) -> AppResult<String> {
        let found = self.home(label)?.members.get(member);
        found.map(|m| m.person.id_no.clone()).ok_or_else(|| missing(label))
    }

    /// The record of a member, looked up by number as a user would.
    ///
    /// # Errors
    /// Nobody of that number; the database failed.
    pub fn person(&mut self, label: &str, member: usize) -> AppResult<ResidentId> {
        let number = self.number(label, member)?;
        if let Some(id) = self.people.get(&number) {
            return Ok(*id);
        }
        let by = self.staff.clerk.authorize::<ViewRegistry>()?;
        let row = resident::find_by_id_number(self.store, &by, &number)?;
        let id = row.ok_or_else(|| missing(label))?.id;
        self.people.insert(number, id);
        Ok(id)
    }

    /// All members of a home.
    ///
    /// # Errors
    /// As [`Office::person`].
    pub fn everybody(&mut self, label: &str) -> AppResult<Vec<ResidentId>> {
        let count = self.home(label)?.members.len();
        (0..count).map(|member| self.person(label, member)).collect()
    }

    /// The home's household of a kind, if it has one; it may be closed.
    fn household(&self, label: &str, kind: HouseholdKind) -> AppResult<Option<HouseholdRow>> {
        let number = self.home(label)?.household_no();
        self.store.read(|conn| Ok(household::find_household_by_no(conn, STREET, kind, &number)?))
    }

    /// Its open households of all kinds.
    ///
    /// # Errors
    /// The database failed.
    pub fn households(&self, label: &str) -> AppResult<Vec<HouseholdId>> {
        let mut found = Vec::new();
        for kind in HouseholdKind::ALL.iter().copied() {
            let open = self.household(label, kind)?.filter(|row| row.closed_on.is_none());
            found.extend(open.map(|row| row.id));
        }
        Ok(found)
    }

    /// The award of a person, or of the household they are in.
    ///
    /// # Errors
    /// There is none.
    pub fn award(&mut self, (label, member): Who, program: &str) -> AppResult<AwardRow> {
        let person = self.person(label, member)?;
        let household = self.household(label, HouseholdKind::Assist)?;
        let whom = [Some(person.0), household.map(|row| row.id.0)];
        self.store.read(|conn| {
            for id in whom.into_iter().flatten() {
                let found = award::find_award_of(conn, STREET, program, BeneficiaryId(id))?;
                if let Some(row) = found {
                    return Ok(row);
                }
            }
            Err(missing(label))
        })
    }

    /// The account of a member, if one is open.
    ///
    /// # Errors
    /// The database failed.
    pub fn account(&mut self, label: &str, member: usize) -> AppResult<Option<i64>> {
        let person = self.person(label, member)?;
        self.store.read(|conn| {
            let rows = crate::store::account::list_accounts_of(conn, STREET, person)?;
            Ok(rows.iter().rfind(|row| row.closed_on.is_none()).map(|row| row.id))
        })
    }
}

/// The story names what was not made: a defect of the demo itself.
pub fn missing(label: &str) -> AppError {
    AppError::not_found(
        &format!("演示记录“{label}”({STREET_NAME})"),
        &format!("record of the demo \"{label}\""),
    )
}
