//! The real binary, killed, cut off and starved. Kills: five random moments per
//! command here; the long trial is its own command:
//!
//! `MINGCE_KILLS=100 bash tests/run.sh --test it faults::`

use std::hash::{BuildHasher, Hasher};
use std::process::{Child, Command, Output, Stdio};
use std::time::{Duration, Instant};

use mingce::config::Database;
use mingce::store::{Backend, dump};

use crate::cli::{mingce, status, text};
use crate::harness::{STREET, TestRegistry};
use crate::on_both;
use crate::payout::world::{EAST, World, day, id_number, month};

fn command(registry: &TestRegistry, arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_mingce"));
    command.env_remove("DATABASE_URL").env_remove("MINGCE_DATA").env("MINGCE_STREET", STREET);
    if let Database::Postgres(url) = &registry.config.database {
        command.env("DATABASE_URL", url);
    }
    command.arg("--data").arg(&registry.config.data_dir).args(arguments);
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    command
}

fn run(registry: &TestRegistry, arguments: &[&str]) -> Output {
    command(registry, arguments).output().expect("the binary")
}

fn succeed(registry: &TestRegistry, arguments: &[&str]) -> Output {
    let output = run(registry, arguments);
    assert_eq!(status(&output), 0, "{arguments:?}: {}", text(&output));
    output
}

fn kills() -> u32 {
    let asked = std::env::var("MINGCE_KILLS").ok();
    asked.map_or(5, |text| text.parse().expect("MINGCE_KILLS is a number"))
}

/// Runs a command once to the end to learn how long it takes, then again and
/// again, killed (SIGKILL) at a random moment; after each, `verify` and `check`.
fn killed(
    registry: &TestRegistry,
    mut arguments: impl FnMut(u32) -> Vec<String>,
    mut check: impl FnMut(u32),
) {
    let mut start = |round| -> Child {
        let arguments = arguments(round);
        let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
        command(registry, &arguments).spawn().expect("the binary")
    };
    let started = Instant::now();
    let whole = start(0).wait_with_output().expect("ended");
    assert_eq!(status(&whole), 0, "{}", text(&whole));
    let length = started.elapsed();
    check(0);
    for round in 1..=kills() {
        let mut child = start(round);
        let random = std::collections::hash_map::RandomState::new().build_hasher().finish();
        let part = f64::from(u32::try_from(random >> 32).expect("32 bits")) / f64::from(u32::MAX);
        std::thread::sleep(Duration::from_secs_f64(length.as_secs_f64() * part));
        child.kill().expect("killed");
        child.wait().expect("gone");
        let verified = run(registry, &["verify"]);
        assert_eq!(status(&verified), 0, "kill {round} at {part:.3}: {}", text(&verified));
        check(round);
    }
}

fn strings(arguments: &[&str]) -> Vec<String> {
    arguments.iter().map(|argument| (*argument).to_owned()).collect()
}

fn residents(registry: &TestRegistry) -> i64 {
    registry.store.read(|conn| Ok(dump::count(conn, "resident")?)).expect("counted")
}

/// People with numbers, one household with an award.
fn office(registry: &TestRegistry) -> World<'_> {
    let mut world = World::new(registry, &[]);
    world.person("甲", day("1980-03-01"), EAST).expect("甲");
    world.person("乙", day("1982-05-01"), EAST).expect("乙");
    world.on(day("2023-07-10"));
    world.home("甲家", &["甲", "乙"], month("2023-08"), EAST).expect("home");
    world.grant("dibao", "甲家", Some(month("2023-08"))).expect("award");
    world
}

const ROWS: u32 = 300;

/// A book of people whom nobody has registered, in a folder of its own.
fn book(registry: &TestRegistry, round: u32) -> String {
    let folder = registry.dir.path().join(format!("book{round}"));
    std::fs::create_dir_all(&folder).expect("a folder");
    let born = day("1950-01-01") + chrono::Days::new(u64::from(round));
    let mut rows = String::from("name,doc_no,area\n");
    for serial in 0..ROWS {
        rows.push_str(&format!("张小明,{},{EAST}\n", id_number(born, serial)));
    }
    std::fs::write(folder.join("residents.csv"), rows).expect("a book");
    folder.to_string_lossy().into_owned()
}

on_both! {
    fn a_killed_import_is_whole_or_not_there(registry) {
        office(registry);
        let mut before = residents(registry);
        killed(registry, |round| vec!["import".to_owned(), book(registry, round)], |round| {
            let now = residents(registry);
            let added = now - before;
            assert!(added == 0 || added == i64::from(ROWS), "round {round}: {added}");
            before = now;
        });
    }

    fn a_killed_rotation_goes_on(registry) {
        office(registry);
        succeed(registry, &["import", &book(registry, 0)]);
        killed(registry, |_| strings(&["keys", "rotate"]), |_| {});
        succeed(registry, &["keys", "rotate"]);
        let shown = succeed(registry, &["--json", "keys", "show"]);
        let shown: serde_json::Value = serde_json::from_slice(&shown.stdout).expect("JSON");
        let keys = shown["keys"].as_array().expect("keys");
        let open = keys.iter().filter(|k| k["purpose"] == "field" && k["retired_at"].is_null());
        assert_eq!(open.count(), 1, "{shown}");
        succeed(registry, &["verify", "--full"]);
    }

    fn a_killed_change_of_the_key_file_locks_nobody_out(registry) {
        office(registry);
        killed(registry, |_| strings(&["keys", "rotate", "--kek"]), |_| {});
        succeed(registry, &["verify", "--full"]);
    }

    fn a_killed_draft_is_whole_or_not_there(registry) {
        let world = office(registry);
        let secret = registry.dir.path().join("secret");
        std::fs::write(&secret, "kx7vTrq9wz!d\n").expect("a password file");
        let secret = secret.to_string_lossy();
        let add = ["user", "add", "zhou", "--role", "clerk", "--name", "周敏"];
        succeed(registry, &[&add[..], &["--password-file", &secret]].concat());
        let draft = ["payout", "draft", "2023-08", "--user", "zhou", "--password-file", &secret];
        killed(registry, |_| strings(&draft), |round| {
            let runs = world.runs(month("2023-08"));
            let lines: usize = runs.iter().map(|run| world.lines_of(run.id).len()).sum();
            assert!(lines == 1 || runs.is_empty(), "round {round}: {lines} lines");
        });
        succeed(registry, &draft);
        assert_eq!(world.lines(month("2023-08")).len(), 1);
    }

    fn a_killed_backup_is_whole_or_not_there(registry) {
        office(registry);
        let file = |round: u32| registry.dir.path().join(format!("{round}.mcb"));
        killed(
            registry,
            |round| vec!["backup".to_owned(), file(round).to_string_lossy().into_owned()],
            |round| {
                if !file(round).exists() {
                    return;
                }
                let into = registry.dir.path().join(format!("into{round}"));
                std::fs::create_dir_all(into.join("keys")).expect("a folder");
                std::fs::copy(&registry.config.key_file, into.join("keys/kek")).expect("the key");
                let (file, into) = (file(round), into.to_string_lossy().into_owned());
                let restore = ["restore", &file.to_string_lossy(), "--into", &into, "--verify"];
                let restored = mingce(&registry.config.data_dir, &restore);
                assert_eq!(status(&restored), 0, "{}", text(&restored));
            },
        );
    }

    fn a_closed_pipe_is_no_failure(registry) {
        office(registry);
        for arguments in [&["keys", "show"][..], &["user", "list"], &["verify"], &["policy", "list"],
            &["payout", "show", "2023-08", "--lines"], &["--help"]]
        {
            let open = run(registry, arguments);
            let mut child = command(registry, arguments).spawn().expect("the binary");
            drop(child.stdout.take());
            let output = child.wait_with_output().expect("ended");
            assert!(!text(&output).contains("panicked"), "{arguments:?}: {}", text(&output));
            assert_eq!(status(&output), status(&open), "{arguments:?}: {}", text(&output));
        }
        let full = std::fs::OpenOptions::new().write(true).open("/dev/full").expect("/dev/full");
        let output = command(registry, &["keys", "show"]).stdout(full).output().expect("the binary");
        assert_eq!(status(&output), 8, "{}", text(&output));
    }

    fn a_newer_database_is_refused(registry) {
        use diesel::RunQueryDsl;
        registry.store.maintain(|conn| {
            diesel::sql_query("INSERT INTO __diesel_schema_migrations (version, run_on)
                               VALUES ('29990101000000', '2999-01-01 00:00:00')").execute(conn)?;
            Ok(())
        }).expect("marked");
        for arguments in [&["verify"][..], &["migrate"], &["keys", "rotate"]] {
            let output = run(registry, arguments);
            assert_eq!(status(&output), 7, "{arguments:?}: {}", text(&output));
        }
    }
}

/// Runs the binary at the end of a shell script (`exec "$@"`).
fn within(registry: &TestRegistry, shell: &[&str], script: &str, arguments: &[&str]) -> Output {
    let mut all = Command::new(shell[0]);
    all.args(&shell[1..]).args(["bash", "-c", &format!("{script}; exec \"$@\""), "bash"]);
    all.arg(env!("CARGO_BIN_EXE_mingce")).arg("--data").arg(&registry.config.data_dir);
    all.env_remove("DATABASE_URL").env("MINGCE_STREET", STREET).args(arguments);
    all.stdin(Stdio::null()).output().expect("a shell")
}

#[test]
fn a_full_disk_saves_nothing_and_breaks_nothing() {
    let registry = TestRegistry::new(Backend::Sqlite);
    office(&registry);
    let before = residents(&registry);
    let import = ["import", &book(&registry, 0)];
    // No file may grow beyond 256 KiB: what a full disk answers.
    let full = within(&registry, &["env"], "trap '' XFSZ; ulimit -f 256", &import);
    assert_eq!(status(&full), 8, "{}", text(&full));
    assert_eq!(residents(&registry), before);
    succeed(&registry, &["verify", "--full"]);
    succeed(&registry, &import);
    assert_eq!(residents(&registry), before + i64::from(ROWS));
}

#[test]
fn a_read_only_disk_is_said() {
    let registry = TestRegistry::new(Backend::Sqlite);
    office(&registry);
    // A mount of its own, read-only: file modes would not stop root.
    let shell: &[&str] = if is_root() { &["unshare", "-m"] } else { &["unshare", "-rm"] };
    let folder = registry.config.data_dir.display();
    let script = format!(
        "set -e; mount --bind '{folder}' '{folder}'; mount -o remount,bind,ro '{folder}'; \
         ! touch '{folder}/probe' 2>/dev/null"
    );
    let backup = registry.config.data_dir.join("a.mcb").to_string_lossy().into_owned();
    for arguments in [&["keys", "rotate"][..], &["keys", "rotate", "--kek"], &["backup", &backup]] {
        let output = within(&registry, shell, &script, arguments);
        assert_eq!(status(&output), 8, "{arguments:?}: {}", text(&output));
        assert!(text(&output).contains(" / "), "{}", text(&output));
        assert!(text(&output).contains("Read-only file system"), "{}", text(&output));
    }
    succeed(&registry, &["verify", "--full"]);
}

fn is_root() -> bool {
    let id = Command::new("id").arg("-u").output().expect("id");
    id.stdout.starts_with(b"0\n")
}

#[test]
fn the_first_start_says_what_the_key_is() {
    let dir = tempfile::tempdir().expect("a folder");
    let data = dir.path().join("data");
    let first = mingce(&data, &["--json", "keys", "show"]);
    assert_eq!(status(&first), 0, "{}", text(&first));
    let shown: serde_json::Value = serde_json::from_slice(&first.stdout).expect("JSON");
    let said = String::from_utf8_lossy(&first.stderr).into_owned();
    assert!(said.contains(shown["fingerprint"].as_str().expect("text")), "{said}");
    assert!(said.contains("永远无法读取") && said.contains("can never be read again"), "{said}");
    let second = mingce(&data, &["--json", "keys", "show"]);
    assert!(second.stderr.is_empty(), "{}", text(&second));
}
