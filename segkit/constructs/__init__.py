"""segkit inside CDK for Terraform: thin constructs over the pure model, for cdktf and for cdktn alike.

They only record; the model is compiled once, when the stack is synthesised, and proved over the whole stack
before anything is written. Importing this module loads neither cdktf nor cdktn: the library of the app in use
is taken.
"""

from segkit.constructs.aws import AwsSecurityGroups
from segkit.constructs.azure import AzureNetworkSecurityGroups
from segkit.constructs.google import GoogleNetworkFirewall
from segkit.constructs.parts import AddressSet, Group, LabelPolicy, Service, Workload, WorkloadClass, Zone
from segkit.constructs.raw import DataSource, Provider, Resource
from segkit.constructs.segmentation import Segmentation
from segkit.constructs.targets import Target

__all__ = [
    "AddressSet",
    "AwsSecurityGroups",
    "AzureNetworkSecurityGroups",
    "DataSource",
    "GoogleNetworkFirewall",
    "Group",
    "LabelPolicy",
    "Provider",
    "Resource",
    "Segmentation",
    "Service",
    "Target",
    "Workload",
    "WorkloadClass",
    "Zone",
]
