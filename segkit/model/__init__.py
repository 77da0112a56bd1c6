"""What people declare: zones, groups, policies, workloads and targets, as frozen data, and the builder of it.

from segkit.model import Segmentation
"""

from segkit.model.catalog import WELL_KNOWN, well_known
from segkit.model.ends import End, anywhere, internet, outside
from segkit.model.intent_file import dump_intent, load_intent
from segkit.model.inventory import Inventory, load_inventory
from segkit.model.model import Accepted, Model, Target
from segkit.model.operands import EndLike, ServiceLike, rule_hash
from segkit.model.policy import AddressSet, Group, LabelPolicy, Rule, Service, Tier, Zone
from segkit.model.policy_builder import PolicyBuilder
from segkit.model.policy_files import load_policies
from segkit.model.schema_file import load_schema
from segkit.model.segmentation import Segmentation
from segkit.model.split import Part
from segkit.model.target_builder import TargetBuilder
from segkit.model.validate import validate
from segkit.model.workloads import DEFAULT_REALM, Interface, LabelKey, LabelSchema, Workload

__all__ = [
    "DEFAULT_REALM",
    "WELL_KNOWN",
    "Accepted",
    "AddressSet",
    "End",
    "EndLike",
    "Group",
    "Interface",
    "Inventory",
    "LabelKey",
    "LabelPolicy",
    "LabelSchema",
    "Model",
    "Part",
    "PolicyBuilder",
    "Rule",
    "Segmentation",
    "Service",
    "ServiceLike",
    "Target",
    "TargetBuilder",
    "Tier",
    "Workload",
    "Zone",
    "anywhere",
    "dump_intent",
    "internet",
    "load_intent",
    "load_inventory",
    "load_policies",
    "load_schema",
    "outside",
    "rule_hash",
    "validate",
    "well_known",
]
