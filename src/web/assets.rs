//! Static files, compiled in. Their addresses carry a hash of their content,
//! so browsers keep them for ever.

use std::sync::LazyLock;

use actix_web::HttpResponse;
use actix_web::http::header;
use sha2::{Digest, Sha256};

use crate::http::{Fault, Outcome, Path};

struct Asset {
    name: &'static str,
    kind: &'static str,
    bytes: &'static [u8],
    hash: String,
}

static ASSETS: LazyLock<Vec<Asset>> = LazyLock::new(|| {
    [
        ("app.css", "text/css; charset=utf-8", include_bytes!("static/app.css").as_slice()),
        ("print.css", "text/css; charset=utf-8", include_bytes!("static/print.css").as_slice()),
        ("app.js", "text/javascript; charset=utf-8", include_bytes!("static/app.js").as_slice()),
        ("id.js", "text/javascript; charset=utf-8", include_bytes!("static/id.js").as_slice()),
        (
            "vault.js",
            "text/javascript; charset=utf-8",
            include_bytes!("static/vault.js").as_slice(),
        ),
        (
            "outbox.js",
            "text/javascript; charset=utf-8",
            include_bytes!("static/outbox.js").as_slice(),
        ),
        ("icon.svg", "image/svg+xml", include_bytes!("static/icon.svg").as_slice()),
    ]
    .into_iter()
    .map(|(name, kind, bytes)| {
        let digest = Sha256::digest(bytes);
        let hash = digest.iter().take(8).map(|byte| format!("{byte:02x}")).collect();
        Asset { name, kind, bytes, hash }
    })
    .collect()
});

/// Address of a file.
#[must_use]
pub fn address(name: &str) -> String {
    let hash = ASSETS.iter().find(|a| a.name == name).map_or("0", |a| a.hash.as_str());
    format!("/static/{hash}/{name}")
}

/// The worker that keeps static files and blank forms on the device. Its text
/// names the files by their hashes, so that a new version of one is a new worker.
///
/// # Errors
/// None.
pub async fn worker() -> Outcome {
    let files: Vec<String> =
        ASSETS.iter().map(|asset| format!("/static/{}/{}", asset.hash, asset.name)).collect();
    let digest = Sha256::digest(files.concat());
    let version: String = digest.iter().take(8).map(|byte| format!("{byte:02x}")).collect();
    let list = serde_json::json!(files);
    let text = include_str!("static/sw.js");
    let body = format!("const VERSION = \"{version}\", ASSETS = {list};\n{text}");
    Ok(HttpResponse::Ok().content_type("text/javascript; charset=utf-8").body(body))
}

/// `GET /static/{hash}/{name}`.
///
/// # Errors
/// 404.
pub async fn serve(path: Path<(String, String)>) -> Outcome {
    let Path((hash, name)) = path;
    let found = ASSETS.iter().find(|a| a.name == name && a.hash == hash);
    let asset = found.ok_or_else(Fault::not_found)?;
    Ok(HttpResponse::Ok()
        .insert_header((header::CACHE_CONTROL, "public, max-age=31536000, immutable"))
        .content_type(asset.kind)
        .body(asset.bytes))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_scripts_of_a_page_are_within_the_budget() {
        let scripts = ASSETS.iter().filter(|asset| asset.name.ends_with(".js"));
        let sum: usize = scripts.map(|asset| asset.bytes.len()).sum();
        assert!(sum <= 60_000, "{sum}");
    }

    #[test]
    fn within_the_budget_and_without_inline_code() {
        for asset in ASSETS.iter() {
            let limit = if asset.name.ends_with(".js") { 60_000 } else { 40_000 };
            assert!(asset.bytes.len() <= limit, "{}: {}", asset.name, asset.bytes.len());
            let text = String::from_utf8_lossy(asset.bytes);
            for banned in ["eval(", "innerHTML", "document.write", "localStorage", "new Function"] {
                assert!(!text.contains(banned), "{}: {banned}", asset.name);
            }
        }
    }
}
