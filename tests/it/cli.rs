//! The binary itself: exit statuses, passwords from files, both languages.

use std::path::Path;
use std::process::{Command, Output};

use mingce::store::Backend;

use crate::harness::TestRegistry;
use crate::verify::filled;

/// Runs `mingce` on a data folder, without a terminal.
pub fn mingce(data: &Path, arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_mingce"))
        .env_remove("DATABASE_URL")
        .env_remove("MINGCE_DATA")
        .env("MINGCE_STREET", "320899001")
        .arg("--data")
        .arg(data)
        .args(arguments)
        .stdin(std::process::Stdio::null())
        .output()
        .expect("the binary")
}

pub fn status(output: &Output) -> i32 {
    output.status.code().expect("an exit status")
}

pub fn text(output: &Output) -> String {
    format!(
        "{}{}",
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr)
    )
}

#[test]
fn a_misspelt_folder_does_not_become_a_registry() {
    let dir = tempfile::tempdir().expect("a folder");
    let data = dir.path().join("nowhere");
    for arguments in [
        &["verify"][..],
        &["report", "month", "2023-11"],
        &["report", "notice", "2023-11", "--program", "dibao"],
        &["explain", "1"],
        &["export", "--purpose", "test", "out.xlsx"],
        &["backup", "out.mcb"],
        &["payout", "show", "2023-11"],
    ] {
        let output = mingce(&data, arguments);
        assert_eq!(status(&output), 3, "{arguments:?}: {}", text(&output));
        assert!(text(&output).contains("--data"), "{}", text(&output));
        assert!(!data.exists(), "{arguments:?} made a registry");
    }
}

#[test]
fn accounts_from_the_command_line() {
    let dir = tempfile::tempdir().expect("a folder");
    let (data, secret) = (dir.path().join("data"), dir.path().join("secret"));
    std::fs::write(&secret, "kx7vTrq9wz!d\nsecond line\n").expect("a password file");
    let secret = secret.to_string_lossy();
    let add = ["user", "add", "zhou", "--role", "clerk", "--name", "周敏", "--password-file"];
    let added = mingce(&data, &[&add[..], &[&secret]].concat());
    assert_eq!(status(&added), 0, "{}", text(&added));
    let again = mingce(&data, &[&add[..], &[&secret]].concat());
    assert_eq!(status(&again), 4, "{}", text(&again));
    let listed = mingce(&data, &["--json", "user", "list"]);
    let users: serde_json::Value = serde_json::from_slice(&listed.stdout).expect("JSON");
    assert_eq!(users[0]["username"], "zhou");
    assert!(!text(&listed).contains("argon2"), "hashes stay where they are");
    let nobody = mingce(&data, &["user", "disable", "li"]);
    assert_eq!(status(&nobody), 3, "{}", text(&nobody));
    let no_terminal = mingce(&data, &["user", "password", "zhou"]);
    assert_eq!(status(&no_terminal), 1, "{}", text(&no_terminal));
    assert!(text(&no_terminal).contains("--password-file"));
    let wrong = mingce(&data, &["user", "add", "li", "--role", "king", "--name", "李"]);
    assert_eq!(status(&wrong), 1, "{}", text(&wrong));
    let usage = mingce(&data, &["user", "add"]);
    assert_eq!(status(&usage), 2);
}

#[test]
fn a_policy_comes_from_two_people_with_their_own_passwords() {
    let dir = tempfile::tempdir().expect("a folder");
    let (data, secret) = (dir.path().join("data"), dir.path().join("secret"));
    std::fs::write(&secret, "kx7vTrq9wz!d\n").expect("a password file");
    let (secret, wrong) = (secret.to_string_lossy(), dir.path().join("wrong"));
    std::fs::write(&wrong, "something else\n").expect("a password file");
    for (name, role) in [("zhou", "clerk"), ("wu", "clerk"), ("li", "approver")] {
        let add = ["user", "add", name, "--role", role, "--name", "测试", "--password-file"];
        let added = mingce(&data, &[&add[..], &[&secret]].concat());
        assert_eq!(status(&added), 0, "{}", text(&added));
    }
    let file = concat!(env!("CARGO_MANIFEST_DIR"), "/policies/js-ill-2023.toml");
    let by = |name: &'static str| ["--user", name, "--password-file"];
    let policy = |step: &[&str], name: &'static str| {
        mingce(&data, &[&["--json", "policy"][..], step, &by(name), &[&secret]].concat())
    };
    let nobody = mingce(&data, &["policy", "propose", file]);
    assert_eq!(status(&nobody), 2, "{}", text(&nobody));
    let wrong = wrong.to_string_lossy();
    let forged =
        mingce(&data, &[&["policy", "propose", file][..], &by("zhou"), &[&wrong]].concat());
    assert_eq!(status(&forged), 5, "{}", text(&forged));
    let approver = policy(&["propose", file], "li");
    assert_eq!(status(&approver), 5, "an approver proposes nothing: {}", text(&approver));
    let id = |output: &std::process::Output| -> String {
        let json: serde_json::Value = serde_json::from_slice(&output.stdout).expect("JSON");
        json["id"].as_i64().expect("an id").to_string()
    };
    let first = policy(&["propose", file], "zhou");
    assert_eq!(status(&first), 0, "{}", text(&first));
    let first = id(&first);
    let other = policy(&["withdraw", &first, "--reason", "x"], "wu");
    assert_eq!(status(&other), 5, "{}", text(&other));
    let own = policy(&["activate", &first], "zhou");
    assert_eq!(status(&own), 5, "{}", text(&own));
    let rejected = policy(&["reject", &first, "--reason", "标准有误"], "li");
    assert_eq!(status(&rejected), 0, "{}", text(&rejected));
    let late = policy(&["activate", &first], "li");
    assert_eq!(status(&late), 4, "{}", text(&late));
    let second = policy(&["propose", file], "zhou");
    assert_eq!(status(&second), 0, "{}", text(&second));
    let second = id(&second);
    assert_ne!(second, first);
    let active = policy(&["activate", &second], "li");
    assert_eq!(status(&active), 0, "{}", text(&active));
    let list = mingce(&data, &["--json", "policy", "list"]);
    let list: serde_json::Value = serde_json::from_slice(&list.stdout).expect("JSON");
    let states: Vec<_> = list.as_array().expect("rows").iter().map(|row| &row["status"]).collect();
    assert_eq!(states, ["active", "rejected"]);
}

#[test]
fn a_drill_from_the_command_line() {
    let registry = TestRegistry::new(Backend::Sqlite);
    filled(&registry);
    let data = &registry.config.data_dir;
    let file = registry.dir.path().join("a.mcb");
    let file = file.to_string_lossy();
    let verified = mingce(data, &["verify", "--full"]);
    assert_eq!(status(&verified), 0, "{}", text(&verified));
    let made = mingce(data, &["backup", &file]);
    assert_eq!(status(&made), 0, "{}", text(&made));
    assert!(text(&made).contains("SHA-256"));
    let into = registry.dir.path().join("into");
    std::fs::create_dir_all(into.join("keys")).expect("a folder");
    std::fs::copy(&registry.config.key_file, into.join("keys/kek")).expect("the key, kept apart");
    let into_text = into.to_string_lossy();
    let restored = mingce(data, &["restore", &file, "--into", &into_text, "--verify"]);
    assert_eq!(status(&restored), 0, "{}", text(&restored));
    let again = mingce(data, &["restore", &file, "--into", &into_text]);
    assert_eq!(status(&again), 4, "{}", text(&again));
    let clean = mingce(&into, &["verify"]);
    assert_eq!(status(&clean), 0, "{}", text(&clean));
}

#[test]
fn a_failed_verification_has_a_status_of_its_own() {
    use diesel::connection::SimpleConnection;
    let registry = TestRegistry::new(Backend::Sqlite);
    filled(&registry);
    registry
        .store
        .maintain(|conn| {
            let mingce::store::Db::Lite(c) = conn else { panic!("not SQLite") };
            c.batch_execute(
                "DROP TRIGGER audit_no_update; UPDATE audit SET actor = 'x' WHERE seq = 2",
            )?;
            Ok(())
        })
        .expect("tampered");
    let failed = mingce(&registry.config.data_dir, &["verify"]);
    assert_eq!(status(&failed), 6, "{}", text(&failed));
    assert!(text(&failed).contains("320899001#2"), "{}", text(&failed));
    let json = mingce(&registry.config.data_dir, &["--json", "verify"]);
    assert_eq!(status(&json), 6);
    let report: serde_json::Value = serde_json::from_slice(&json.stdout).expect("JSON");
    assert!(report["checks"].as_array().is_some_and(|checks| checks.len() > 10));
}

#[test]
fn an_unknown_scheme_and_a_missing_key_are_settings() {
    let registry = TestRegistry::new(Backend::Sqlite);
    let data = &registry.config.data_dir;
    let scheme = mingce(data, &["--database-url", "mysql://x", "verify"]);
    assert_eq!(status(&scheme), 7, "{}", text(&scheme));
    std::fs::remove_file(&registry.config.key_file).expect("removed");
    let no_key = mingce(data, &["verify"]);
    assert_eq!(status(&no_key), 7, "{}", text(&no_key));
    assert!(text(&no_key).contains("kek"));
}
