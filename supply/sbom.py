"""The bill of materials of a release, CycloneDX 1.5 (SEC-194).

    python3 supply/sbom.py mingce.cdx.json
"""

import json
import sys
import tomllib

from crates import ROOT, linked, metadata

# What reads bytes that somebody else made, and how that is tried.
PARSERS = {
    "calamine": "random damage, tests/it/import/damage.rs",
    "csv": "random damage, tests/it/import/damage.rs",
    "encoding_rs": "random damage, tests/it/import/damage.rs",
    "flate2": "random damage, tests/it/import/damage.rs",
    "quick-xml": "random damage, tests/it/import/damage.rs",
    "serde_json": "schemathesis, tests/schemathesis.sh",
    "serde_urlencoded": "schemathesis, tests/schemathesis.sh",
    "toml": "none: files of the operator only",
    "zip": "random damage, tests/it/import/damage.rs",
}


def reference(package):
    return f"pkg:cargo/{package['name']}@{package['version']}"


def build():
    meta = metadata()
    packages, needs = linked(meta)
    locked = tomllib.loads((ROOT / "Cargo.lock").read_text())["package"]
    sums = {(entry["name"], entry["version"]): entry.get("checksum") for entry in locked}
    own = packages[meta["resolve"]["root"]]

    def component(package):
        shown = {
            "type": "library", "bom-ref": reference(package), "purl": reference(package),
            "name": package["name"], "version": package["version"],
            "licenses": [{"expression": package["license"].replace("/", " OR ")}],
        }
        checksum = sums[package["name"], package["version"]]
        if checksum:
            shown["hashes"] = [{"alg": "SHA-256", "content": checksum}]
        if package["name"] in PARSERS:
            shown["properties"] = [{"name": "mingce:fuzzing", "value": PARSERS[package["name"]]}]
        return shown

    others = sorted((p for p in packages.values() if p is not own), key=reference)
    return {
        "bomFormat": "CycloneDX",
        "specVersion": "1.5",
        "version": 1,
        "metadata": {"component": {**component(own), "type": "application"}},
        "components": [component(package) for package in others],
        "dependencies": [
            {"ref": reference(packages[user]), "dependsOn": sorted(reference(packages[id_]) for id_ in wanted)}
            for user, wanted in sorted(needs.items(), key=lambda item: reference(packages[item[0]]))
        ],
    }


def main():
    bom = build()
    named = {component["bom-ref"] for component in bom["components"]}
    wanted = {ref for entry in bom["dependencies"] for ref in entry["dependsOn"]}
    assert wanted <= named, wanted - named
    assert all("hashes" in component for component in bom["components"])
    missing = PARSERS.keys() - {component["name"] for component in bom["components"]}
    assert not missing, f"no such dependency any more: {missing}"
    text = json.dumps(bom, indent=1, ensure_ascii=False) + "\n"
    if len(sys.argv) > 1:
        with open(sys.argv[1], "w", encoding="utf-8") as out:
            out.write(text)
    print(f"bill of materials: {len(bom['components'])} components, {len(PARSERS)} parsers of foreign bytes")


if __name__ == "__main__":
    main()
