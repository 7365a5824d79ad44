//! Where the registry lies and where its key is. Read once, at the edge.

use std::path::PathBuf;

use crate::error::{AppError, AppResult, ErrorCode};

/// Settings of one process.
#[derive(Debug, Clone)]
pub struct Config {
    /// Folder for the embedded database, the keys and what is produced.
    pub data_dir: PathBuf,
    /// Which database.
    pub database: Database,
    /// File that holds the key-encryption key; never part of a backup.
    pub key_file: PathBuf,
}

/// The two backends.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Database {
    /// An SQLite file.
    Sqlite(PathBuf),
    /// A PostgreSQL server, as libpq understands the address.
    Postgres(String),
}

impl Config {
    /// From the command line and the environment.
    ///
    /// # Errors
    /// An address whose scheme is neither `postgres://` (`postgresql://`) nor
    /// `sqlite://` is refused rather than taken for the name of a file.
    pub fn new(
        data_dir: PathBuf,
        database_url: Option<&str>,
        key_file: Option<PathBuf>,
    ) -> AppResult<Config> {
        let database = match database_url {
            None | Some("") => Database::Sqlite(data_dir.join("mingce.db")),
            Some(url) => parse_url(url)?,
        };
        let key_file = key_file.unwrap_or_else(|| data_dir.join("keys").join("kek"));
        Ok(Config { data_dir, database, key_file })
    }
}

fn parse_url(url: &str) -> AppResult<Database> {
    if url.starts_with("postgres://") || url.starts_with("postgresql://") {
        return Ok(Database::Postgres(url.to_owned()));
    }
    if let Some(path) = url.strip_prefix("sqlite://")
        && !path.is_empty()
    {
        return Ok(Database::Sqlite(PathBuf::from(path)));
    }
    // The address may carry a password: name the scheme only.
    let scheme = url.split(':').next().unwrap_or_default();
    Err(AppError::coded(
        ErrorCode::Setup,
        format!(
            "DATABASE_URL 的类型“{scheme}”不认识。请写 postgres://… 或 sqlite://路径,或不设置(使用数据目录中的 SQLite 文件)。"
        ),
        format!(
            "DATABASE_URL has an unknown scheme \"{scheme}\". Use postgres://… or sqlite://PATH, or leave it unset for the SQLite file in the data folder."
        ),
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn unknown_schemes_are_refused() {
        let dir = PathBuf::from("data");
        for wrong in ["postgres:typo", "mysql://x", "file.db", "sqlite://"] {
            let refused = Config::new(dir.clone(), Some(wrong), None);
            assert_eq!(refused.map(|_| ()).map_err(|e| e.code()), Err(ErrorCode::Setup), "{wrong}");
        }
        let config = Config::new(dir.clone(), None, None).expect("the default");
        assert_eq!(config.database, Database::Sqlite(dir.join("mingce.db")));
    }
}
