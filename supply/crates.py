"""What cargo links into the program, as its own metadata says it."""

import json
import pathlib
import subprocess

ROOT = pathlib.Path(__file__).resolve().parent.parent
TARGET = "x86_64-unknown-linux-gnu"


def metadata():
    """The locked dependencies of the target that is shipped."""
    command = ["cargo", "metadata", "--format-version", "1", "--locked", "--filter-platform", TARGET]
    return json.loads(subprocess.run(command, cwd=ROOT, check=True, capture_output=True).stdout)


def linked(meta):
    """Packages that end up in the binary or build it, and who needs which: id -> ids."""
    nodes = {node["id"]: node for node in meta["resolve"]["nodes"]}
    needs, todo = {}, [meta["resolve"]["root"]]
    while todo:
        here = todo.pop()
        if here in needs:
            continue
        # A dependency of tests only has no other kind than "dev".
        needs[here] = sorted(
            dep["pkg"] for dep in nodes[here]["deps"]
            if any(kind["kind"] != "dev" for kind in dep["dep_kinds"])
        )
        todo.extend(needs[here])
    packages = {package["id"]: package for package in meta["packages"]}
    return {id_: packages[id_] for id_ in needs}, needs
