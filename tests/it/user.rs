//! Accounts and sign-in, on both backends.

use mingce::domain::role::Role;
use mingce::error::{AppResult, ErrorCode};
use mingce::services::Actor;
use mingce::services::auth::{ApproveRun, MakeRun};
use mingce::services::user::{self, NewUser, PasswordCost, User};
use mingce::store::REGISTRY_CHAIN;
use mingce::store::audit::{self, AuditRow};
use mingce::store::user as rows;

use crate::harness::{STREET, TestRegistry};
use crate::on_both;

const PASSWORD: &str = "kx7vTrq9wz!d";

fn add(registry: &TestRegistry, username: &str, role: Role) -> AppResult<User> {
    let operator = Actor::operator("test", STREET);
    let new =
        NewUser { username, display_name: "周敏", role, scope_code: STREET, password: PASSWORD };
    user::add(&registry.store, &operator.authorize()?, &new, PasswordCost::FLOOR)
}

fn sign_in(registry: &TestRegistry, username: &str, password: &str) -> AppResult<Actor> {
    user::sign_in_at(&registry.store, username, password, PasswordCost::FLOOR)
}

fn chain(registry: &TestRegistry) -> Vec<AuditRow> {
    registry
        .store
        .read(|conn| Ok(audit::list_after(conn, REGISTRY_CHAIN, 0, 1_000)?))
        .expect("the chain")
}

fn stored_hash(registry: &TestRegistry, key: &str) -> String {
    let row = registry.store.read(|conn| Ok(rows::find(conn, key)?)).expect("read");
    row.expect("the account").password_hash
}

on_both! {
    fn the_command_line_counts_wrong_passwords_too(registry) {
        use mingce::services::access::sign_in::sign_in_once;
        add(registry, "zhou", Role::Clerk).expect("added");
        let try_in = |plain: &str| {
            let outcome = sign_in_once(&registry.store, "zhou", plain, PasswordCost::FLOOR);
            outcome.map(|_| ()).map_err(|e| e.code())
        };
        let failed = Err(ErrorCode::SignInFailed);
        for _ in 0..5 {
            assert_eq!(try_in("wrong password"), failed);
        }
        assert_eq!(try_in(PASSWORD), failed, "locked: the right one says the same");
        let again = registry.reopen();
        let outcome = sign_in_once(&again, "zhou", PASSWORD, PasswordCost::FLOOR);
        assert_eq!(outcome.map(|_| ()).map_err(|e| e.code()), failed, "a restart forgets nothing");
        registry.clock.move_to(chrono::NaiveDate::from_ymd_opt(2023, 9, 2).expect("a date"));
        assert_eq!(try_in(PASSWORD), Ok(()));
    }

    fn rights_are_given_and_taken(registry) {
        use mingce::domain::role::Rights;
        add(registry, "zhou", Role::Clerk).expect("added");
        add(registry, "root", Role::Admin).expect("added");
        let operator = Actor::operator("test", STREET);
        let by = operator.authorize().expect("may");
        let set = |name: &str, list: &str| {
            let rights = Rights::parse(list).expect("rights");
            user::set_rights(&registry.store, &by, name, rights).map_err(|e| e.code())
        };
        assert_eq!(Rights::parse("child,health"), None);
        assert_eq!(set("zhou", "mental, child"), Ok(()));
        let stored = registry.store.read(|conn| Ok(rows::find(conn, "zhou")?)).expect("read");
        assert_eq!(stored.expect("the account").rights, "child,mental");
        assert_eq!(set("zhou", "child,mental"), Err(ErrorCode::Conflict));
        assert_eq!(set("root", "child"), Err(ErrorCode::InvalidInput));
        assert_eq!(set("nobody", "child"), Err(ErrorCode::NotFound));
        assert_eq!(set("zhou", ""), Ok(()));
        let last = chain(registry).pop().expect("an entry");
        assert_eq!(last.action, "user.rights");
    }

    fn a_user_signs_in_with_role_and_scope(registry) {
        add(registry, "zhou", Role::Clerk).expect("added");
        let actor = sign_in(registry, " ZHOU ", PASSWORD).expect("signed in");
        assert_eq!((actor.username(), actor.role()), ("zhou", Role::Clerk));
        assert_eq!(actor.scope().street_code(), STREET);
        assert!(actor.authorize::<MakeRun>().is_ok());
        assert_eq!(
            actor.authorize::<ApproveRun>().map(|_| ()).map_err(|e| e.code()),
            Err(ErrorCode::Forbidden)
        );
    }

    fn one_name_in_every_spelling(registry) {
        add(registry, "Zhou", Role::Clerk).expect("added");
        for spelling in ["zhou", "ZHOU", "ｚｈｏｕ", " Ｚhou"] {
            let refused = add(registry, spelling, Role::Approver);
            assert_eq!(refused.map_err(|e| e.code()), Err(ErrorCode::Duplicate), "{spelling}");
        }
    }

    fn every_failure_says_the_same(registry) {
        add(registry, "zhou", Role::Clerk).expect("added");
        add(registry, "gone", Role::Clerk).expect("added");
        let operator = Actor::operator("test", STREET);
        user::disable(&registry.store, &operator.authorize().expect("may"), "gone").expect("disabled");
        let failures = [("nobody", PASSWORD), ("zhou", "wrong-password"), ("gone", PASSWORD)];
        let messages: Vec<String> = failures
            .iter()
            .map(|(name, password)| {
                let error = sign_in(registry, name, password).expect_err("refused");
                assert_eq!(error.code(), ErrorCode::SignInFailed);
                error.to_string()
            })
            .collect();
        assert_eq!(messages[0], messages[1]);
        assert_eq!(messages[1], messages[2]);
        let refused: Vec<_> = chain(registry).into_iter().filter(|row| row.result == "refused").collect();
        assert_eq!(refused.len(), 3, "each failed sign-in has an entry");
        for row in refused {
            assert_eq!((row.action.as_str(), row.actor.as_str()), ("user.sign_in", "anonymous"));
            assert!(!format!("{row:?}").contains("nobody"), "what was typed is not logged");
        }
    }

    fn a_new_password_replaces_the_old_one(registry) {
        add(registry, "zhou", Role::Clerk).expect("added");
        let operator = Actor::operator("test", STREET);
        let by = operator.authorize().expect("may");
        user::set_password(&registry.store, &by, "zhou", "vuorikotka ja meri", PasswordCost::FLOOR)
            .expect("set");
        assert!(sign_in(registry, "zhou", PASSWORD).is_err());
        assert!(sign_in(registry, "zhou", "vuorikotka ja meri").is_ok());
        let actions: Vec<String> = chain(registry).into_iter().map(|row| row.action).collect();
        assert_eq!(actions, ["user.add", "user.password", "user.sign_in", "user.sign_in"]);
    }

    fn an_old_hash_is_renewed_at_sign_in(registry) {
        add(registry, "zhou", Role::Clerk).expect("added");
        assert!(stored_hash(registry, "zhou").contains("m=19456,t=2"));
        user::sign_in_at(&registry.store, "zhou", PASSWORD, PasswordCost::STANDARD).expect("signed in");
        let renewed = stored_hash(registry, "zhou");
        assert!(renewed.starts_with("$argon2id$v=19$m=65536,t=3,p=1$"), "{renewed}");
        user::sign_in_at(&registry.store, "zhou", PASSWORD, PasswordCost::STANDARD).expect("the same password still fits");
        assert_eq!(stored_hash(registry, "zhou"), renewed);
    }
}

#[test]
fn all_wrong_fields_are_told_at_once() {
    let registry = TestRegistry::new(mingce::store::Backend::Sqlite);
    let operator = Actor::operator("test", STREET);
    let new = NewUser {
        username: "a b",
        display_name: " ",
        role: Role::Grid,
        scope_code: STREET,
        password: "short",
    };
    let by = operator.authorize().expect("may");
    let error = user::add(&registry.store, &by, &new, PasswordCost::FLOOR).expect_err("refused");
    for field in ["[username]", "[name]", "[scope]", "[password]"] {
        assert!(error.to_string().contains(field), "{field} in {error}");
    }
    assert!(user::list(&registry.store, &by).expect("a list").is_empty());
}

#[test]
fn a_fresh_registry_has_no_account() {
    let registry = TestRegistry::new(mingce::store::Backend::Sqlite);
    let operator = Actor::operator("test", STREET);
    let users = user::list(&registry.store, &operator.authorize().expect("may")).expect("a list");
    assert!(users.is_empty());
}

#[test]
fn an_unknown_name_costs_as_much_as_a_wrong_password() {
    let registry = TestRegistry::new(mingce::store::Backend::Sqlite);
    let operator = Actor::operator("test", STREET);
    let new = NewUser {
        username: "zhou",
        display_name: "周敏",
        role: Role::Clerk,
        scope_code: STREET,
        password: PASSWORD,
    };
    let by = operator.authorize().expect("may");
    user::add(&registry.store, &by, &new, PasswordCost::STANDARD).expect("added");
    let time = |name: &str| {
        let mut took: Vec<_> = (0..5)
            .map(|_| {
                let start = std::time::Instant::now();
                assert!(
                    user::sign_in_at(
                        &registry.store,
                        name,
                        "wrong-password",
                        PasswordCost::STANDARD
                    )
                    .is_err()
                );
                start.elapsed()
            })
            .collect();
        took.sort();
        took[2]
    };
    let (unknown, wrong) = (time("nobody"), time("zhou"));
    // Machines that run tests are noisy: a factor of three would be a missing
    // hash (a hundred times faster), not noise.
    assert!(unknown * 3 > wrong && wrong * 3 > unknown, "{unknown:?} {wrong:?}");
}
