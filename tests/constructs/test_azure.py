"""The Azure construct: interfaces and scale sets of a stack, proved with the rest of it."""

from __future__ import annotations

from typing import Any

import pytest

from segkit import L, tcp
from segkit.constructs import (
    AzureNetworkSecurityGroups,
    Group,
    LabelPolicy,
    Segmentation,
    Workload,
    WorkloadClass,
)
from tests.constructs.conftest import document, new_app

PLACE: dict[str, Any] = {"resource_group": "rg", "location": "westeurope"}


class Estate:
    """A web tier in a scale set and a database with an interface of the stack."""

    def __init__(self, lib: Any, subnets: bool) -> None:
        self.lib, self.app = lib, new_app(lib)
        self.stack = lib.TerraformStack(self.app, "retail")
        vnet, self.front, self.back = (
            self.made(kind, name)
            for kind, name in (("virtual_network", "main"), ("subnet", "front"), ("subnet", "back"))
        )
        nic = self.made("network_interface", "db")
        nic.add_override("ip_configuration", [{"subnet_id": identity(self.back)}])
        seg = self.seg = Segmentation(self.stack, "segmentation")
        web, db = Group(seg, "web", select=L.role == "web"), Group(seg, "db", select=L.role == "db")
        both = {
            "front": {"id": identity(self.front), "prefixes": ["10.0.1.0/24"]},
            "back": {"id": identity(self.back), "prefixes": ["10.0.2.0/24"]},
        }
        self.target = AzureNetworkSecurityGroups(
            seg, "az", vnet_id=identity(vnet), subnets=both if subnets else None, tags={"team": "x"}, **PLACE
        )
        self.fleet = WorkloadClass(
            seg, "fleet", {"role": "web"}, networks=["10.0.1.0/24"], network=identity(vnet)
        )
        Workload(seg, "db", {"role": "db"}, addresses=["10.0.2.4"], interface_id=identity(nic))
        LabelPolicy(seg, "shop", tier="application").allow(web, db, tcp(5432), id="orders")

    def made(self, kind: str, name: str) -> Any:
        return self.lib.TerraformResource(self.stack, name, terraform_resource_type=f"azurerm_{kind}")

    def scale_set(self, **more: Any) -> None:
        inner = {
            "subnet_id": identity(self.front),
            "application_security_group_ids": self.target.membership(self.fleet),
        }
        machines = self.made("linux_virtual_machine_scale_set", "web")
        machines.add_override("network_interface", [{"ip_configuration": [inner], **more}])


def identity(resource: Any) -> str:
    return str(resource.get_string_attribute("id"))


@pytest.mark.parametrize("subnets", [True, False], ids=["subnets", "interfaces"])
def test_a_stack_is_proved_with_its_interfaces(lib: Any, subnets: bool) -> None:
    estate = Estate(lib, subnets)
    more = {} if subnets else {"network_security_group_id": estate.target.security_group(estate.fleet)}
    estate.scale_set(**more)
    estate.app.synth()
    proof = estate.seg.proof
    assert proof is not None and proof.status == "equal", proof and proof.text()
    assert {(m.workload, m.status) for m in proof.memberships} == {("fleet", "seen"), ("db", "seen")}
    written = document("retail")["resource"]
    (made,) = written["azurerm_linux_virtual_machine_scale_set"].values()
    (interface,) = made["network_interface"]
    local = "${local.segkit_az_fleet."
    assert interface["ip_configuration"][0]["application_security_group_ids"] == f"{local}groups}}"
    if subnets:
        assert len(written["azurerm_subnet_network_security_group_association"]) == 2
    else:
        assert interface["network_security_group_id"] == f"{local}security_group}}"


def test_a_scale_set_without_the_security_group_is_different(cdktf: Any) -> None:
    estate = Estate(cdktf, subnets=False)
    estate.scale_set()
    with pytest.raises(RuntimeError, match="opens fleet -> fleet"):
        estate.app.synth()


def test_a_prefix_that_only_terraform_knows_is_refused(cdktf: Any) -> None:
    estate = Estate(cdktf, subnets=True)
    token = estate.back.get_string_attribute("address_prefix")
    AzureNetworkSecurityGroups(
        estate.seg,
        "two",
        vnet_id="vnet-2",
        select=L.role == "none",
        subnets={"a": {"id": "snet", "prefixes": [token]}},
        **PLACE,
    )
    with pytest.raises(RuntimeError, match="is a reference, whose value only Terraform knows"):
        estate.app.synth()


def test_a_target_with_subnets_has_no_security_group_for_interfaces(lib: Any) -> None:
    estate = Estate(lib, subnets=True)
    estate.scale_set(network_security_group_id=estate.target.security_group(estate.fleet))
    with pytest.raises(Exception, match="target 'az' has no security group for interfaces"):
        estate.app.synth()


def test_a_reference_where_an_address_is_needed_is_told_by_name(lib: Any) -> None:
    estate = Estate(lib, subnets=False)
    nic = estate.made("network_interface", "web")
    one, many = nic.get_string_attribute("private_ip_address"), nic.get_list_attribute("private_ip_addresses")
    Workload(estate.seg, "one", {"role": "web"}, addresses=[one])
    Workload(estate.seg, "many", {"role": "web"}, addresses=many)
    with pytest.raises(Exception, match="Validation failed") as raised:
        estate.app.synth()
    for name, attribute in (("one", "private_ip_address"), ("many", "private_ip_addresses")):
        said = f"workload '{name}': ${{azurerm_network_interface.web.{attribute}}} is a Terraform reference"
        assert said in str(raised.value)
