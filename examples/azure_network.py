"""A virtual network on Azure with two subnets: what the security group of each holds, and when it changes.

    python examples/azure_network.py

Each subnet has the rules of whoever is in it. A rule's priority comes from its name, so a rule more moves
none of the others.
"""

from __future__ import annotations

from segkit import L
from segkit.compiler import Compilation, compile_model
from segkit.model import Segmentation
from segkit.verify import prove

NSG = "azurerm_network_security_group"
SUBNETS = {
    "front": {"id": "${azurerm_subnet.front.id}", "prefixes": ["10.1.1.0/24"]},
    "back": {"id": "${azurerm_subnet.back.id}", "prefixes": ["10.1.2.0/24"]},
}


def compiled(metrics: bool) -> Compilation:
    """Web servers that may reach a database; a monitor, too, if it is asked for."""
    seg = Segmentation("shop")
    web, db = seg.group("web", L.role == "web"), seg.group("db", L.role == "db")
    office = seg.address_set("office", ["192.0.2.0/24"])
    shop = seg.policy("shop", tier="application")
    shop.allow(office, web, "https", id="front")
    shop.allow(web, db, "postgresql", id="orders")
    if metrics:
        shop.allow(web, db, "tcp/9100", id="metrics")
        shop.allow(db, web, "tcp/9090", id="push")
    seg.workload("web-1", {"role": "web"}, addresses=["10.1.1.4"])
    seg.workload("db-1", {"role": "db"}, addresses=["10.1.2.4"])
    place = {"vnet_id": "${azurerm_virtual_network.main.id}", "resource_group": "shop"}
    seg.target("hub", "azure", placement={**place, "location": "westeurope", "subnets": SUBNETS})
    return compile_model(seg.build())


def rules(done: Compilation) -> dict[str, str]:
    """Every rule of every security group in a few words."""
    return {
        f"{key.removeprefix('hub_')}: {rule['name']}": " ".join(
            (
                str(rule["priority"]),
                rule["access"],
                rule["protocol"],
                rule["destination_port_range"] or ",".join(rule["destination_port_ranges"]),
            )
        )
        for key, body in done.fragment["resource"][NSG].items()
        for rule in body["security_rule"]
    }


def main() -> None:
    before, after = compiled(metrics=False), compiled(metrics=True)
    old, new = rules(before), rules(after)
    for name, said in old.items():
        print(f"{name}: {said}")
    print(f"proof: {prove(before.model, before.fragment).status}")
    print("with metrics:")
    for name, said in new.items():
        if old.get(name) != said:
            print(f"  {'changed' if name in old else 'new'}: {name}: {said}")


if __name__ == "__main__":
    main()
