//! What every command needs: where the registry is, who acts, how to print.

use std::io::{BufRead, IsTerminal};
use std::path::{Path, PathBuf};

use clap::Args;

use super::keys;
use crate::clock::Clock;
use crate::config::{Config, Database};
use crate::domain::area::{AreaCode, Level};
use crate::error::{AppError, AppResult, ErrorCode, Refusal};
use crate::services::access::sign_in::sign_in_once;
use crate::services::user::PasswordCost;
use crate::services::{Actor, area};
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
        self.open_at(self.clock.clone())
    }

    /// Opens a registry that is there: a command that reads it does not make an
    /// empty one because its folder was misspelt.
    ///
    /// # Errors
    /// As [`Store::open`]; no database file.
    pub fn open_existing(&self) -> AppResult<Store> {
        if let Database::Sqlite(path) = &self.config.database
            && !path.exists()
        {
            return Err(AppError::coded(
                ErrorCode::NotFound,
                format!(
                    "{} 处没有登记库。请核对 --data;新建请用 mingce import、mingce serve 或 mingce demo。",
                    path.display()
                ),
                format!(
                    "There is no registry at {}. Check --data; mingce import, mingce serve and \
                     mingce demo make one.",
                    path.display()
                ),
            ));
        }
        self.open()
    }

    /// Opens the registry by another clock. Says what the key file is if this
    /// made it (`rulings.md` P1).
    ///
    /// # Errors
    /// As [`Store::open`].
    pub fn open_at(&self, clock: Clock) -> AppResult<Store> {
        let had_key = self.config.key_file.exists();
        let store = Store::open(&self.config, clock)?;
        if !had_key && self.config.key_file.exists() {
            keys::introduce(&self.config.key_file)?;
        }
        Ok(store)
    }

    /// The street that a command works on: `--street`, or the only one there is.
    ///
    /// # Errors
    /// The registry has none or several; not a street's code.
    pub fn street(&self, store: &Store) -> AppResult<String> {
        if let Some(code) = &self.args.street {
            return match AreaCode::parse(code) {
                Ok(parsed) if parsed.level() == Level::Street => Ok(parsed.as_str().to_owned()),
                _ => Err(AppError::refuse(Refusal::field(
                    "street",
                    "街道代码应为 9 位数字。",
                    "The code of a street has 9 digits.",
                ))),
            };
        }
        let tree = store.read(|conn| area::tree(conn, self.clock.today()))?;
        let streets = tree.codes_at(Level::Street);
        match streets.as_slice() {
            [only] => Ok(only.clone()),
            [] => Err(AppError::refuse(Refusal::field(
                "street",
                "登记库里还没有街道;请用 --street 指定 9 位街道代码。",
                "The registry has no street yet; give its 9-digit code with --street.",
            ))),
            several => Err(AppError::refuse(Refusal::field(
                "street",
                format!("登记库有多个街道({});请用 --street 指定。", several.join("、")),
                format!(
                    "The registry has several streets ({}); choose with --street.",
                    several.join(", ")
                ),
            ))),
        }
    }

    /// The operator at this machine, on a street.
    #[must_use]
    pub fn operator(&self, street_code: &str) -> Actor {
        let user = std::env::var("USER").unwrap_or_else(|_| "root".to_owned());
        Actor::operator(&user, street_code)
    }
}

/// Who does a step that needs a person's own name (`rulings.md` P8).
#[derive(Debug, Clone, Args)]
pub struct SignInArgs {
    /// User name 用户名
    #[arg(long)]
    pub user: String,
    /// Read the password from the first line of this file; otherwise it is asked for 密码文件
    #[arg(long)]
    pub password_file: Option<PathBuf>,
}

impl SignInArgs {
    /// Asks for the password and signs in.
    ///
    /// # Errors
    /// `SignInFailed`; no terminal and no password file.
    pub fn sign_in(&self, store: &Store) -> AppResult<Actor> {
        let password = read_password(self.password_file.as_deref(), &self.user)?;
        sign_in_once(store, &self.user, &password, PasswordCost::STANDARD)
    }
}

/// A password from a file's first line or from the terminal.
fn read_password(file: Option<&Path>, username: &str) -> AppResult<String> {
    match file {
        Some(path) => first_line(path),
        None => prompt(&format!("{username} 的密码 / password of {username}: ")),
    }
}

/// A new password from a file's first line, or asked for twice.
///
/// # Errors
/// The two differ; no terminal and no password file.
pub(super) fn read_new_password(file: Option<&Path>) -> AppResult<String> {
    let Some(path) = file else {
        let first = prompt("新密码(至少 12 个字符)/ new password (at least 12 characters): ")?;
        let again = prompt("再输入一次 / once more: ")?;
        if first == again {
            return Ok(first);
        }
        return Err(AppError::refuse(Refusal::field(
            "password",
            "两次输入的密码不一致,请重来。",
            "The two passwords differ. Start again.",
        )));
    };
    first_line(path)
}

fn prompt(text: &str) -> AppResult<String> {
    if !std::io::stdin().is_terminal() {
        return Err(AppError::refuse(Refusal::field(
            "password-file",
            "没有终端可以输入密码;请用 --password-file 指定文件。",
            "There is no terminal to type a password at; name a file with --password-file.",
        )));
    }
    rpassword::prompt_password(text).map_err(AppError::io(Path::new("terminal")))
}

fn first_line(path: &Path) -> AppResult<String> {
    let file = std::fs::File::open(path).map_err(AppError::io(path))?;
    let mut line = String::new();
    std::io::BufReader::new(file).read_line(&mut line).map_err(AppError::io(path))?;
    Ok(line.trim_end_matches(['\r', '\n']).to_owned())
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
