//! `mingce certificate`: a self-signed certificate for an office network
//! without a certificate authority.

use std::io::Write;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use chrono::Datelike;
use clap::Args;
use rcgen::{CertificateParams, DnType, ExtendedKeyUsagePurpose, KeyPair, KeyUsagePurpose};
use sha2::{Digest, Sha256};

use super::Context;
use crate::error::{AppError, AppResult, ErrorCode, Refusal};

/// For which names.
#[derive(Debug, Args)]
pub struct CertificateArgs {
    /// Name or address by which browsers reach this machine; may be repeated 主机名或地址
    #[arg(long = "host", required = true)]
    hosts: Vec<String>,
    /// Folder for cert.pem and key.pem; default: DATA/tls 存放目录
    #[arg(long)]
    out: Option<PathBuf>,
    /// Days that it is good for 有效天数
    #[arg(long, default_value_t = 825, value_parser = clap::value_parser!(u16).range(1..=3650))]
    days: u16,
}

/// Writes key and certificate, prints the fingerprint to compare on the other
/// machines.
///
/// # Errors
/// The files exist already or cannot be written.
pub fn run(context: &Context, args: &CertificateArgs) -> AppResult<()> {
    let folder = args.out.clone().unwrap_or_else(|| context.config.data_dir.join("tls"));
    std::fs::create_dir_all(&folder).map_err(AppError::io(&folder))?;
    let (cert_path, key_path) = (folder.join("cert.pem"), folder.join("key.pem"));
    let key = KeyPair::generate().map_err(|error| failed(&error))?;
    let mut params = CertificateParams::new(args.hosts.clone()).map_err(|error| failed(&error))?;
    let today = context.clock.today();
    let last = today + chrono::Duration::days(i64::from(args.days));
    let first = today - chrono::Duration::days(1);
    let part = |number: u32| u8::try_from(number).unwrap_or(1);
    params.not_before = rcgen::date_time_ymd(first.year(), part(first.month()), part(first.day()));
    params.not_after = rcgen::date_time_ymd(last.year(), part(last.month()), part(last.day()));
    params.distinguished_name.push(DnType::CommonName, "Mingce");
    params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
    params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
    let certificate = params.self_signed(&key).map_err(|error| failed(&error))?;
    write_new(&key_path, 0o400, key.serialize_pem().as_bytes())?;
    write_new(&cert_path, 0o444, certificate.pem().as_bytes())?;
    let digest = Sha256::digest(certificate.der());
    let fingerprint: Vec<String> = digest.iter().map(|byte| format!("{byte:02X}")).collect();
    let fingerprint = fingerprint.join(":");
    if context.args.json {
        println!(
            "{}",
            serde_json::json!({
                "certificate": cert_path, "key": key_path,
                "sha256": fingerprint, "not_after": last,
            })
        );
    } else {
        println!("证书 certificate: {}", cert_path.display());
        println!("私钥 key:         {}", key_path.display());
        println!("有效至 good until: {last}");
        println!("SHA-256: {fingerprint}");
    }
    Ok(())
}

fn write_new(path: &Path, mode: u32, bytes: &[u8]) -> AppResult<()> {
    let opened = std::fs::OpenOptions::new().write(true).create_new(true).mode(mode).open(path);
    let mut file = match opened {
        Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists => {
            return Err(AppError::refuse(Refusal::field(
                "out",
                format!("{} 已存在。请先移走旧文件,或用 --out 指定其他目录。", path.display()),
                format!(
                    "{} exists. Move it away, or choose another folder with --out.",
                    path.display()
                ),
            )));
        }
        other => other.map_err(AppError::io(path))?,
    };
    file.write_all(bytes).and_then(|()| file.sync_all()).map_err(AppError::io(path))
}

fn failed(error: &rcgen::Error) -> AppError {
    AppError::coded(
        ErrorCode::Setup,
        format!("不能生成证书:{error}。请检查主机名。"),
        format!("The certificate could not be made: {error}. Check the host names."),
    )
}
