"""Online Boutique, a web shop of eleven services, segmented on AWS."""

from stacks.online_boutique.stack import OnlineBoutique

__all__ = ["OnlineBoutique"]
