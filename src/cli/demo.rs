//! `mingce demo`: an invented sub-district to try the program with.

use std::io::{IsTerminal, Write};
use std::net::SocketAddr;

use clap::Args;
use indicatif::{ProgressBar, ProgressStyle};
use serde_json::json;

use super::Context;
use super::serve::{self, ServeArgs};
use crate::clock::Clock;
use crate::domain::ids::LineId;
use crate::error::{AppError, AppResult};
use crate::services::demo::home::{STREET, STREET_NAME};
use crate::services::demo::{self, Built, Mark, Options, Progress};
use crate::services::report::AnnualQuery;
use crate::services::report::month_table::write_summary;
use crate::services::report::render::{Format, renderer};
use crate::services::{Actor, report};
use crate::store::Store;

/// `mingce demo`.
#[derive(Debug, Args)]
pub struct DemoArgs {
    /// Residents whom visits verify; a million is fine 走访核实人数
    #[arg(long, default_value_t = 28_973, value_parser = clap::value_parser!(u32).range(1..=20_000_000))]
    residents: u32,
    /// Seed of everything that is invented: the same seed, the same people 种子
    #[arg(long, default_value_t = 2023)]
    seed: u64,
    /// Stop after printing; do not go on to serve 只打印
    #[arg(long)]
    no_serve: bool,
    /// Address and port of this machine to serve at afterwards 监听地址
    #[arg(long, default_value = "127.0.0.1:8080", env = "MINGCE_LISTEN")]
    listen: SocketAddr,
}

/// Builds the demo, or shows the one that is there; then serves it.
///
/// # Errors
/// The registry is somebody's, or an earlier demo was interrupted; the address
/// cannot be served.
pub fn run(context: &Context, args: &DemoArgs) -> AppResult<()> {
    let clock = Clock::set_to(demo::first_day());
    let store = context.open_at(clock)?;
    let built = match demo::mark(&store)? {
        Mark::Demo => {
            eprintln!("这里已有演示台账,直接显示 / this is a demo already; showing it");
            None
        }
        _ => {
            let options = Options { residents: args.residents as usize, seed: args.seed };
            let mut bar = Bar::new(context.args.json);
            let built = demo::build(&store, options, &mut bar)?;
            bar.0.finish_and_clear();
            Some(built)
        }
    };
    store.clock().move_to(demo::last_day());
    show(context, &store, built.as_ref())?;
    // The service opens the registry itself: one process, one set of connections.
    drop(store);
    if args.no_serve {
        return Ok(());
    }
    serve::run(context, &ServeArgs::of_demo(args.listen))
}

fn show(context: &Context, store: &Store, built: Option<&Built>) -> AppResult<()> {
    let actor = Actor::operator("demo", STREET);
    let by = actor.authorize()?;
    let month = demo::through();
    let summary = report::month_summary(store, &by, month)?;
    let query = AnnualQuery { through: month, roster: None, public: false };
    let annual = report::annual(store, &by, query)?;
    let line = demo::example_line(store)?;
    let mut out = std::io::stdout().lock();
    let printed = (|| {
        if context.args.json {
            let logins = built.map(|built| &built.logins[..]).unwrap_or_default();
            let accounts: Vec<_> = logins
                .iter()
                .map(|l| json!({ "username": l.username, "role": l.role.as_str(), "password": l.password }))
                .collect();
            let all = json!({
                "summary": summary, "annual": annual, "accounts": accounts, "example_line": line,
            });
            return writeln!(out, "{all}");
        }
        write_summary(&summary, renderer(Format::Text, &mut out).as_mut())?;
        writeln!(out, "\n{}\n\n{}\n", annual.paragraph_zh, annual.paragraph_en)?;
        if let Some(built) = built {
            accounts(&mut out, built)?;
        }
        next(&mut out, context, line)
    })();
    printed.map_err(AppError::io(std::path::Path::new("stdout")))
}

fn accounts(out: &mut dyn Write, built: &Built) -> std::io::Result<()> {
    writeln!(
        out,
        "{STREET_NAME}:{} 人。演示账户(密码只显示这一次)/ {} people. Accounts of the demo \
         (passwords are shown only now):",
        built.people, built.people
    )?;
    for login in &built.logins {
        writeln!(out, "  {:<8}  {}  {}", login.username, login.password, login.role.zh())?;
    }
    writeln!(out)
}

fn next(out: &mut dyn Write, context: &Context, line: Option<LineId>) -> std::io::Result<()> {
    let data = context.args.data.display();
    writeln!(out, "接下来可以试试 / try next:")?;
    let mut hint = |command: &str, zh: &str, en: &str| {
        writeln!(out, "  mingce --data {data} {command:<45} # {zh} / {en}")
    };
    hint("report month 2023-09", "调标补发的那个月", "the month that pays the raise")?;
    hint("report year 2023 --through 11 --rows R05", "一个数是哪些户", "the rows of a figure")?;
    if let Some(line) = line {
        hint(&format!("explain {line}"), "一笔钱怎么算出来的", "how an amount came about")?;
    }
    hint("verify", "核对账本与审计链", "check ledger and audit chain")
}

/// A bar on a terminal, nothing elsewhere.
struct Bar(ProgressBar);

impl Bar {
    fn new(quiet: bool) -> Bar {
        let bar = if quiet || !std::io::stderr().is_terminal() {
            ProgressBar::hidden()
        } else {
            ProgressBar::new(1)
        };
        if let Ok(style) = ProgressStyle::with_template("{bar:30} {pos}/{len} {msg}") {
            bar.set_style(style);
        }
        Bar(bar)
    }
}

impl Progress for Bar {
    fn step(&mut self, done: usize, of: usize, zh: &str, en: &str) {
        self.0.set_length(of as u64);
        self.0.set_position(done as u64);
        self.0.set_message(format!("{zh} / {en}"));
        self.0.tick();
    }
}
