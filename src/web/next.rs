//! Where to go after the sign-in: only a path of this service (SEC-077).

/// The path, if it is one; else the home page.
#[must_use]
pub fn safe(next: &str) -> &str {
    let plain = next.starts_with('/')
        && !next.starts_with("//")
        && next.len() <= 1000
        && !next.contains(['\\', '\r', '\n', '\t', '\0', '@', '#'])
        && next.bytes().all(|b| (0x21..0x7f).contains(&b))
        && !next.starts_with("/login")
        && !next.starts_with("/logout");
    let decoded = percent_encoding::percent_decode_str(next).decode_utf8_lossy();
    let harmless = !decoded.starts_with("//") && !decoded.contains(['\\', '\r', '\n', '\0']);
    if plain && harmless { next } else { "/home" }
}

#[cfg(test)]
mod tests {
    use super::safe;

    #[test]
    fn only_paths_of_this_service() {
        for good in ["/residents", "/residents?name=%E7%8E%8B", "/runs/12/lines?p=1"] {
            assert_eq!(safe(good), good);
        }
        for bad in [
            "",
            "//evil.example",
            "///evil.example",
            "https://evil.example",
            "http:evil.example",
            "javascript:alert(1)",
            "/\\evil.example",
            "\\\\evil.example",
            "/%5cevil.example",
            "/%2fevil.example",
            "/x\r\nSet-Cookie:a=b",
            "/x%0d%0aSet-Cookie:a=b",
            "/\tx",
            "/@evil.example",
            "evil.example",
            " /x",
            "/login",
            "/logout",
        ] {
            assert_eq!(safe(bad), "/home", "{bad:?}");
        }
    }
}
