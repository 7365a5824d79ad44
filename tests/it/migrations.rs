//! Both trees describe the same tables, and each can be undone and redone.

use std::collections::BTreeMap;

use diesel::pg::PgConnection;
use diesel::prelude::*;
use diesel::sql_types::{Bool, Text};
use diesel::sqlite::SqliteConnection;
use diesel_migrations::MigrationHarness;

use mingce::store::migrate::{POSTGRES, SQLITE};

#[derive(QueryableByName)]
struct Column {
    #[diesel(sql_type = Text)]
    table_name: String,
    #[diesel(sql_type = Text)]
    column_name: String,
    #[diesel(sql_type = Text)]
    type_name: String,
    #[diesel(sql_type = Bool)]
    required: bool,
}

/// (table, column) → (type as diesel sees it, NOT NULL).
type Shape = BTreeMap<(String, String), (String, bool)>;

fn shape(columns: Vec<Column>) -> Shape {
    columns
        .into_iter()
        .filter(|c| !c.table_name.starts_with("__diesel"))
        .map(|c| ((c.table_name, c.column_name), (common(&c.type_name), c.required)))
        .collect()
}

/// Names of one type on both backends. An SQLite rowid is a BIGINT.
fn common(type_name: &str) -> String {
    match type_name.to_ascii_lowercase().as_str() {
        "integer" => "integer",
        "bigint" => "bigint",
        "blob" | "bytea" => "bytes",
        "timestamp" | "timestamp without time zone" => "timestamp",
        "text" => "text",
        "date" => "date",
        "boolean" => "boolean",
        other => panic!("an unexpected column type: {other}"),
    }
    .to_owned()
}

fn sqlite_shape(conn: &mut SqliteConnection) -> Shape {
    let columns = diesel::sql_query(
        "SELECT m.name AS table_name, p.name AS column_name, p.type AS type_name,
                (p.\"notnull\" = 1) AS required
         FROM sqlite_master m JOIN pragma_table_info(m.name) p
         WHERE m.type = 'table' AND m.name NOT LIKE 'sqlite_%'",
    )
    .load(conn)
    .expect("the schema");
    shape(columns)
}

fn postgres_shape(conn: &mut PgConnection) -> Shape {
    let columns = diesel::sql_query(
        "SELECT table_name::text, column_name::text, data_type::text AS type_name,
                (is_nullable = 'NO') AS required
         FROM information_schema.columns WHERE table_schema = 'public'",
    )
    .load(conn)
    .expect("the schema");
    shape(columns)
}

#[test]
fn both_trees_describe_the_same_tables() {
    let mut lite = SqliteConnection::establish(":memory:").expect("SQLite");
    lite.run_pending_migrations(SQLITE).expect("up");
    let mut shape_lite = sqlite_shape(&mut lite);
    // INTEGER PRIMARY KEY is how SQLite spells a 64-bit row id.
    for ((_, column), (type_name, _)) in &mut shape_lite {
        if column == "id" && type_name == "integer" {
            *type_name = "bigint".to_owned();
        }
    }
    let registry = crate::harness::TestRegistry::new(mingce::store::Backend::Postgres);
    let mut shape_pg = registry
        .store
        .read(|conn| match conn {
            mingce::store::Db::Pg(c) => Ok(postgres_shape(c)),
            mingce::store::Db::Lite(_) => panic!("not PostgreSQL"),
        })
        .expect("the schema");
    // The one 32-bit id: a data key's, which is stored in two bytes of a value.
    shape_pg.insert(("data_key".into(), "id".into()), ("bigint".into(), true));
    assert!(shape_lite.len() > 300, "the comparison must see the columns");
    assert_eq!(shape_lite, shape_pg);
}

#[test]
fn migrations_can_be_undone_and_redone() {
    let mut lite = SqliteConnection::establish(":memory:").expect("SQLite");
    lite.run_pending_migrations(SQLITE).expect("up");
    let before = sqlite_shape(&mut lite);
    lite.revert_all_migrations(SQLITE).expect("down");
    assert!(sqlite_shape(&mut lite).is_empty());
    lite.run_pending_migrations(SQLITE).expect("up again");
    assert_eq!(sqlite_shape(&mut lite), before);

    let registry = crate::harness::TestRegistry::new(mingce::store::Backend::Postgres);
    registry
        .store
        .maintain(|conn| {
            let mingce::store::Db::Pg(pg) = conn else { panic!("not PostgreSQL") };
            let before = postgres_shape(pg);
            pg.revert_all_migrations(POSTGRES).expect("down");
            assert!(postgres_shape(pg).is_empty());
            pg.run_pending_migrations(POSTGRES).expect("up again");
            assert_eq!(postgres_shape(pg), before);
            Ok(())
        })
        .expect("PostgreSQL");
}

#[test]
fn both_trees_have_the_same_folders() {
    let names = |tree: &str| {
        let mut names: Vec<_> = std::fs::read_dir(format!("migrations/{tree}"))
            .expect("the tree")
            .map(|entry| entry.expect("an entry").file_name())
            .collect();
        names.sort();
        names
    };
    assert_eq!(names("sqlite"), names("postgres"));
    assert!(!names("sqlite").is_empty());
}
