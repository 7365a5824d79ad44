"""Licences, bans and sources of all dependencies against deny.toml (SEC-192, SEC-193).

Runs without a network. What needs one (advisories, yanked versions) is said to
have been left out, and is run when cargo-deny is there.
"""

import collections
import re
import shutil
import subprocess
import sys
import tomllib

from crates import ROOT, linked, metadata

# Whose second version would be a second implementation of something secret.
CRYPTO = {
    "aead", "argon2", "block-buffer", "chacha20", "chacha20poly1305", "const-oid",
    "constant_time_eq", "cpufeatures", "crypto-common", "curve25519-dalek", "digest",
    "ed25519-dalek", "getrandom", "hmac", "poly1305", "rand", "rand_core", "ring", "rustls",
    "sha1", "sha2", "signature", "subtle", "universal-hash", "zeroize",
}


def licence_fits(expression, allowed):
    """Whether an SPDX expression can be met with the allowed licences."""
    words = re.findall(r"\(|\)|[\w.+-]+", re.sub(r"\s*/\s*", " OR ", expression))
    # "Apache-2.0 WITH LLVM-exception" grants more than Apache-2.0 does.
    terms = [w for i, w in enumerate(words) if w != "WITH" and (i == 0 or words[i - 1] != "WITH")]
    code = " ".join(
        {"AND": "and", "OR": "or", "(": "(", ")": ")"}.get(term, str(term in allowed))
        for term in terms
    )
    return bool(eval(code, {"__builtins__": {}}))  # only True, False, and, or, parentheses


def check(rules, meta):
    packages, needs = linked(meta)
    faults = []
    allowed = set(rules["licenses"]["allow"])
    registries = {"registry+" + url for url in rules["sources"]["allow-registry"]}
    own = meta["resolve"]["root"]
    users = collections.defaultdict(set)
    for user, wanted in needs.items():
        for id_ in wanted:
            users[packages[id_]["name"]].add(packages[user]["name"])
    for id_, package in packages.items():
        name = f"{package['name']} {package['version']}"
        licence = package["license"]
        if not licence or not licence_fits(licence, allowed):
            faults.append(f"{name}: licence {licence!r} is not allowed")
        if id_ != own and package["source"] not in registries:
            faults.append(f"{name}: comes from {package['source']}")
    for ban in rules["bans"]["deny"]:
        over = users[ban["crate"]] - set(ban.get("wrappers", []))
        if over:
            faults.append(f"{ban['crate']}: banned, needed by {', '.join(sorted(over))}")
    skipped = {entry["crate"] for entry in rules["bans"]["skip"]}
    versions = collections.defaultdict(set)
    for package in packages.values():
        versions[package["name"]].add(package["version"])
    for name, found in versions.items():
        extra = [v for v in found if not any(
            s.startswith(name + "@") and v.startswith(s.split("@")[1] + ".") for s in skipped)]
        if name in CRYPTO and len(extra) > 1:
            faults.append(f"{name}: linked more than once: {', '.join(sorted(found))}")
    return faults, len(packages)


def main():
    rules = tomllib.loads((ROOT / "deny.toml").read_text())
    meta = metadata()
    # The check itself, first: what must not pass does not.
    assert licence_fits("(MIT OR GPL-3.0) AND Unicode-3.0", {"MIT", "Unicode-3.0"})
    assert not licence_fits("MIT AND GPL-3.0", {"MIT"}) and not licence_fits("SSPL-1.0", {"MIT"})
    strict = {**rules, "licenses": {"allow": ["ISC"]}, "sources": {"allow-registry": []}}
    assert len(check(strict, meta)[0]) > 300
    faults, count = check(rules, meta)
    for fault in faults:
        print(fault, file=sys.stderr)
    if shutil.which("cargo-deny"):
        subprocess.run(["cargo", "deny", "check", "licenses", "bans", "sources"], cwd=ROOT, check=True)
        advisories = "run"
        subprocess.run(["cargo", "deny", "check", "advisories"], cwd=ROOT, check=True)
    else:
        advisories = "NOT run (cargo-deny is not installed)"
    print(f"dependencies: {count} checked, {len(faults)} refused; advisories {advisories}")
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
