"""What versions of providers know that segkit is not developed against: facts from their cdktf bindings.

Bindings are made from a provider's schema: from their assembly come names of arguments, their types and which
of them are required, and nothing else. The tables are as small schemas, in the form in which
`terraform providers schema -json` prints them, and what segkit emits is held to them in tests/conformance.

python -m scripts.bindings    downloads the bindings from the package index (200 MB), and writes the tables
"""

from __future__ import annotations

import io
import json
import re
import subprocess
import sys
import tarfile
import tempfile
import zipfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

TABLES = Path(__file__).resolve().parent.parent / "tests" / "conformance" / "bindings"

PACKAGES = (
    "cdktf-cdktf-provider-azurerm==13.0.0",  # the first of azurerm 4
    "cdktf-cdktf-provider-azurerm==14.23.1",  # the last that there is
    "cdktf-cdktf-provider-google==16.7.0",  # the oldest that segkit asks for
    "cdktf-cdktf-provider-google==16.12.1",  # the last that there is
)

KINDS = frozenset(
    (
        "azurerm_application_security_group",
        "azurerm_network_interface_application_security_group_association",
        "azurerm_network_interface_security_group_association",
        "azurerm_network_manager",
        "azurerm_network_manager_admin_rule",
        "azurerm_network_manager_admin_rule_collection",
        "azurerm_network_manager_deployment",
        "azurerm_network_manager_network_group",
        "azurerm_network_manager_security_admin_configuration",
        "azurerm_network_manager_static_member",
        "azurerm_network_security_group",
        "azurerm_network_security_rule",
        "azurerm_network_watcher_flow_log",
        "azurerm_subnet_network_security_group_association",
        "google_compute_firewall",
        "google_compute_firewall_policy",
        "google_compute_firewall_policy_association",
        "google_compute_firewall_policy_rule",
        "google_compute_firewall_policy_with_rules",
        "google_compute_network_firewall_policy_association",
        "google_compute_network_firewall_policy_with_rules",
        "google_tags_location_tag_binding",
        "google_tags_tag_key",
        "google_tags_tag_value",
    )
)
"""The resources that segkit emits, or may soon."""

_DOCS = re.compile(r"/docs/resources/(\w+)#(\w+) ")
_PRIMITIVES = {"boolean": "bool", "number": "number", "string": "string"}

Json = Mapping[str, Any]


def table(wheel: Path) -> dict[str, Any]:
    """The resources of `KINDS` in a package of bindings, as a schema."""
    package, assembly = _inside(wheel)
    made = package["cdktf"]["provider"]
    name = made["name"].rpartition("/")[2]
    types = assembly["types"]
    found: dict[str, Any] = {}
    for kind in types.values():
        if kind["kind"] != "interface" or "cdktf.TerraformMetaArguments" not in kind.get("interfaces", ()):
            continue
        documented = next(filter(None, map(_documented, kind.get("properties", ()))), None)
        if documented and f"{name}_{documented[0]}" in KINDS:
            found[f"{name}_{documented[0]}"] = {"block": _block(kind, types)}
    return {
        "//": {"derived": True, "provider_version": made["version"], "source": f"assembly of {wheel.name}"},
        "format_version": "1.0",
        "provider_schemas": {made["name"]: {"resource_schemas": found}},
    }


def _inside(wheel: Path) -> tuple[Json, Json]:
    """What a package of bindings says of itself, and its assembly."""
    with zipfile.ZipFile(wheel) as held:
        (inner,) = (name for name in held.namelist() if name.endswith(".jsii.tgz"))
        with tarfile.open(fileobj=io.BytesIO(held.read(inner))) as package:
            texts = [package.extractfile(f"package/{name}") for name in ("package.json", ".jsii")]
            said, assembly = (json.load(text) for text in texts if text is not None)
    return said, assembly


def _documented(argument: Json) -> tuple[str, str] | None:
    """The resource and the argument that a property stands for, by what it is documented with."""
    match = _DOCS.search(" ".join(str(text) for text in argument.get("docs", {}).values()))
    return (match[1], match[2]) if match else None


def _block(kind: Json, types: Json) -> dict[str, Any]:
    """The arguments of a block, and the blocks inside."""
    attributes: dict[str, Any] = {}
    blocks: dict[str, Any] = {}
    for argument in kind.get("properties", ()):
        documented = _documented(argument)
        if documented is None or documented[1] == "id":
            continue
        wanted = _plain(argument["type"])
        inner, single = (wanted, True) if "fqn" in wanted else (_element(wanted), False)
        given = "optional" if argument.get("optional") else "required"
        if inner is not None and "fqn" in inner:
            block: dict[str, Any] = {"block": _block(types[inner["fqn"]], types)}
            blocks[documented[1]] = block | ({"max_items": 1} if single else {})
            blocks[documented[1]] |= {"min_items": 1} if given == "required" else {}
        else:
            attributes[documented[1]] = {given: True, "type": _type(wanted)}
    return {"attributes": attributes, "block_types": blocks}


def _plain(wanted: Json) -> Json:
    """A type without what cdktf may resolve later."""
    choices = wanted.get("union", {}).get("types", (wanted,))
    return next((one for one in choices if one.get("fqn") != "cdktf.IResolvable"), wanted)


def _element(wanted: Json) -> Json | None:
    collection = wanted.get("collection", {})
    return _plain(collection["elementtype"]) if collection.get("kind") == "array" else None


def _type(wanted: Json) -> Any:
    if "collection" in wanted:
        kind = {"array": "list", "map": "map"}[wanted["collection"]["kind"]]
        return [kind, _type(_plain(wanted["collection"]["elementtype"]))]
    return _PRIMITIVES.get(wanted.get("primitive", ""), "dynamic")


def downloaded(folder: Path) -> Iterator[Path]:
    """The packages, one after the other: each is large."""
    for package in PACKAGES:
        into = folder / package
        pip = (sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--only-binary", ":all:")
        subprocess.run((*pip, "--dest", str(into), package), check=True)
        yield next(into.iterdir())


def main() -> None:
    """Writes every table anew."""
    TABLES.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory() as folder:
        for wheel in downloaded(Path(folder)):
            found = table(wheel)
            (provider,) = found["provider_schemas"]
            name = f"{provider.rpartition('/')[2]}-{found['//']['provider_version']}.json"
            text = json.dumps(found, indent=1, sort_keys=True) + "\n"
            (TABLES / name).write_text(text, encoding="utf-8")
            print(f"{name}: {len(found['provider_schemas'][provider]['resource_schemas'])} resources")


if __name__ == "__main__":
    main()
