//! `mingce serve`: the service on the network.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use actix_web::HttpServer;
use clap::{Args, ValueEnum};
use ipnet::IpNet;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};

use super::Context;
use crate::app;
use crate::error::{AppError, AppResult, ErrorCode};
use crate::http::{AppState, Settings};
use crate::jobs::Runner;
use crate::services::access::{AccessPolicy, Profile};
use crate::services::{overview, view_log};

/// How the service faces the network.
#[derive(Debug, Args)]
pub struct ServeArgs {
    /// Address and port 监听地址
    #[arg(long, default_value = "127.0.0.1:8080", env = "MINGCE_LISTEN")]
    listen: SocketAddr,
    /// Certificate chain in PEM; see `mingce certificate` 证书
    #[arg(long, requires = "tls_key", env = "MINGCE_TLS_CERT")]
    tls_cert: Option<PathBuf>,
    /// Its private key in PEM 私钥
    #[arg(long, requires = "tls_cert", env = "MINGCE_TLS_KEY")]
    tls_key: Option<PathBuf>,
    /// Network of a proxy in front that does HTTPS; may be repeated 反向代理网段
    #[arg(long, value_name = "CIDR")]
    behind_proxy: Vec<IpNet>,
    /// Name that browsers use, without port; may be repeated 主机名
    #[arg(long = "host")]
    hosts: Vec<String>,
    /// Rules of sign-in 登录规则
    #[arg(long, value_enum, default_value_t = ProfileArg::Djbh3, env = "MINGCE_PROFILE")]
    profile: ProfileArg,
    /// File with the token for /metrics and /ready 监控令牌文件
    #[arg(long)]
    monitoring_token_file: Option<PathBuf>,
    /// Whom to ask, on the sign-in page 联系方式
    #[arg(long, default_value = "")]
    contact: String,
    /// Threads that answer requests 工作线程
    #[arg(long)]
    workers: Option<usize>,
}

/// The profiles of an office.
#[derive(Debug, Clone, Copy, ValueEnum)]
enum ProfileArg {
    /// Long passwords; second factor for all but grid workers and supervisors
    Standard,
    /// 等保三级: second factor for everybody, 90 days per password
    Djbh3,
}

impl ServeArgs {
    /// How a demonstration is served: plain, at `listen`, which [`run`] refuses
    /// beyond loopback.
    #[must_use]
    pub fn of_demo(listen: SocketAddr) -> ServeArgs {
        ServeArgs {
            listen,
            tls_cert: None,
            tls_key: None,
            behind_proxy: Vec::new(),
            hosts: Vec::new(),
            profile: ProfileArg::Djbh3,
            monitoring_token_file: None,
            contact: String::new(),
            workers: None,
        }
    }
}

/// Use cases at a time per worker. There are eight connections to read with:
/// more threads would only wait for one, each with memory of its own, while
/// those that came first are overtaken.
const USE_CASES: usize = 16;

/// Seconds for requests under way when the service is told to stop.
const STOP_SECONDS: u64 = 25;

/// Runs until told to stop (SIGTERM or SIGINT).
///
/// # Errors
/// Settings that would expose the registry; the address is taken.
pub fn run(context: &Context, args: &ServeArgs) -> AppResult<()> {
    let store = context.open()?;
    let demo = overview::is_demo(&store)?;
    refuse_exposure(args, demo)?;
    log_as_json();
    let mut settings = Settings::loopback(AccessPolicy::new(match (demo, args.profile) {
        (true, _) => Profile::Demo,
        (false, ProfileArg::Standard) => Profile::Standard,
        (false, ProfileArg::Djbh3) => Profile::Djbh3,
    }));
    settings.hosts.extend(args.hosts.iter().cloned());
    settings.secure = args.tls_cert.is_some() || !args.behind_proxy.is_empty();
    settings.proxies.clone_from(&args.behind_proxy);
    settings.contact.clone_from(&args.contact);
    settings.monitoring_token =
        args.monitoring_token_file.as_deref().map(read_token).transpose()?;
    let tls = match (&args.tls_cert, &args.tls_key) {
        (Some(cert), Some(key)) => Some(tls_config(cert, key)?),
        _ => None,
    };
    let runner = Runner::default();
    let workers = runner.start(store.clone());
    let views = store.clone();
    let state = AppState::new(store, settings, runner.clone());
    let outcome = actix_web::rt::System::new().block_on(serve(args, state, tls));
    runner.stop();
    // The last views of requests that were let finish.
    let written = view_log::flush(&views);
    for worker in workers {
        // A job at work keeps its lease only as long as this process lives.
        if worker.is_finished() {
            let _ = worker.join();
        }
    }
    written?;
    outcome
}

async fn serve(
    args: &ServeArgs,
    state: Arc<AppState>,
    tls: Option<rustls::ServerConfig>,
) -> AppResult<()> {
    app::check_routes()?;
    let scheme = if tls.is_some() { "https" } else { "http" };
    let server = HttpServer::new(move || crate::app!(&state))
        .workers(args.workers.unwrap_or_else(threads))
        .worker_max_blocking_threads(USE_CASES)
        .client_request_timeout(Duration::from_secs(10))
        .client_disconnect_timeout(Duration::from_secs(5))
        .keep_alive(Duration::from_secs(75))
        .max_connections(1024)
        .shutdown_timeout(STOP_SECONDS);
    let bound = match tls {
        Some(config) => server.bind_rustls_0_23(args.listen, config),
        None => server.bind(args.listen),
    };
    let server = bound.map_err(|error| {
        AppError::coded(
            ErrorCode::Setup,
            format!("不能监听 {}:{error}", args.listen),
            format!("Cannot listen on {}: {error}", args.listen),
        )
    })?;
    for address in server.addrs() {
        eprintln!("{scheme}://{address}/");
        tracing::info!(%address, scheme, "ready");
    }
    server.run().await.map_err(|error| {
        AppError::coded(
            ErrorCode::System,
            format!("服务中止:{error}"),
            format!("The service broke off: {error}"),
        )
    })
}

fn threads() -> usize {
    std::thread::available_parallelism().map_or(2, usize::from).clamp(2, 16)
}

/// Plain HTTP stays on this machine or behind a declared proxy; a
/// demonstration stays on this machine (SEC-079, `rulings.md` P7).
fn refuse_exposure(args: &ServeArgs, demo: bool) -> AppResult<()> {
    let local = args.listen.ip().is_loopback();
    let (zh, en) = if demo && !(local && args.behind_proxy.is_empty()) {
        (
            "这是演示库,只能在本机使用(--listen 127.0.0.1:端口)。",
            "This is a demonstration: it listens on this machine only (--listen 127.0.0.1:PORT).",
        )
    } else if !local && args.tls_cert.is_none() && args.behind_proxy.is_empty() {
        (
            "对外监听必须使用 HTTPS:请先执行 mingce certificate 生成证书,再加 --tls-cert 和 --tls-key;或用 --behind-proxy 声明前面的代理。",
            "Listening beyond this machine needs HTTPS: make a certificate with mingce certificate and pass --tls-cert and --tls-key, or declare the proxy in front with --behind-proxy.",
        )
    } else if (!local || !args.behind_proxy.is_empty()) && args.hosts.is_empty() {
        (
            "请用 --host 写明浏览器访问时使用的主机名或地址。",
            "Name the host or address that browsers use with --host.",
        )
    } else {
        return Ok(());
    };
    Err(AppError::coded(ErrorCode::Setup, zh, en))
}

fn read_token(path: &Path) -> AppResult<String> {
    let text = std::fs::read_to_string(path).map_err(AppError::io(path))?;
    let token = text.trim().to_owned();
    if token.len() >= 16 {
        return Ok(token);
    }
    Err(AppError::coded(
        ErrorCode::Setup,
        "监控令牌至少 16 个字符。",
        "The monitoring token has at least 16 characters.",
    ))
}

fn tls_config(cert: &Path, key: &Path) -> AppResult<rustls::ServerConfig> {
    let wrong = |path: &Path, error: &dyn std::fmt::Display| {
        AppError::coded(
            ErrorCode::Setup,
            format!("证书或私钥 {} 不能使用:{error}", path.display()),
            format!("The certificate or key {} cannot be used: {error}", path.display()),
        )
    };
    let chain = CertificateDer::pem_file_iter(cert)
        .and_then(Iterator::collect::<Result<Vec<_>, _>>)
        .map_err(|error| wrong(cert, &error))?;
    let key_der = PrivateKeyDer::from_pem_file(key).map_err(|error| wrong(key, &error))?;
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    rustls::ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .and_then(|builder| builder.with_no_client_auth().with_single_cert(chain, key_der))
        .map_err(|error| wrong(cert, &error))
}

/// JSON lines on standard error, without personal data (SEC-173).
fn log_as_json() {
    let filter = tracing_subscriber::EnvFilter::try_from_default_env()
        .unwrap_or_else(|_| tracing_subscriber::EnvFilter::new("info,actix_server=warn"));
    let subscriber = tracing_subscriber::fmt()
        .json()
        .flatten_event(true)
        .with_current_span(false)
        .with_span_list(false)
        .with_writer(std::io::stderr)
        .with_env_filter(filter);
    // A second subscriber in one process (tests) is no reason to stop.
    let _ = subscriber.try_init();
    std::panic::set_hook(Box::new(|info| {
        let place = info.location().map(ToString::to_string).unwrap_or_default();
        tracing::error!(target: "panic", place, "a thread panicked");
    }));
}
