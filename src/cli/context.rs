//! What every command needs: where the registry is, who acts, how to print.

use std::path::PathBuf;

use clap::Args;

use crate::clock::Clock;
use crate::config::Config;
use crate::error::AppResult;
use crate::services::Actor;
use crate::store::Store;

/// Options that every command takes.
#[derive(Debug, Clone, Args)]
pub struct GlobalArgs {
    /// Folder of the registry: database, keys, output 数据目录
    #[arg(long, global = true, env = "MINGCE_DATA", default_value = "./mingce-data")]
    pub data: PathBuf,
    /// postgres://… or sqlite://PATH; default: an SQLite file in the data folder
    #[arg(long, global = true, env = "DATABASE_URL", hide_env_values = true)]
    pub database_url: Option<String>,
    /// File of the key-encryption key; default: DATA/keys/kek 密钥文件
    #[arg(long, global = true, env = "MINGCE_KEY_FILE")]
    pub key_file: Option<PathBuf>,
    /// 9-digit code of the street; needed only if the registry has several 街道代码
    #[arg(long, global = true, env = "MINGCE_STREET")]
    pub street: Option<String>,
    /// Print JSON where a program would read it
    #[arg(long, global = true)]
    pub json: bool,
}

/// An opened command: settings and clock, the store on demand.
#[derive(Debug)]
pub struct Context {
    /// The parsed options.
    pub args: GlobalArgs,
    /// Where the registry is.
    pub config: Config,
    /// The system's clock.
    pub clock: Clock,
}

impl Context {
    /// From the parsed options.
    ///
    /// # Errors
    /// An unknown kind of database address.
    pub fn new(args: GlobalArgs) -> AppResult<Context> {
        let config =
            Config::new(args.data.clone(), args.database_url.as_deref(), args.key_file.clone())?;
        Ok(Context { args, config, clock: Clock::system() })
    }

    /// Opens the registry.
    ///
    /// # Errors
    /// As [`Store::open`].
    pub fn open(&self) -> AppResult<Store> {
        Store::open(&self.config, self.clock.clone())
    }

    /// The operator at this machine, on a street.
    #[must_use]
    pub fn operator(&self, street_code: &str) -> Actor {
        let user = std::env::var("USER").unwrap_or_else(|_| "root".to_owned());
        Actor::operator(&user, street_code)
    }
}

/// `mingce migrate`.
///
/// # Errors
/// The database is newer than this program, or a migration failed.
pub fn migrate(context: &Context) -> AppResult<()> {
    let applied = Store::migrate(&context.config)?;
    if context.args.json {
        println!("{}", serde_json::json!({ "applied": applied }));
    } else {
        println!("已应用 {applied} 步 / {applied} migration(s) applied");
    }
    Ok(())
}
