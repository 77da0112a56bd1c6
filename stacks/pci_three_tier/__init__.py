"""A card payment service with its card-data environment, segmented on AWS."""

from stacks.pci_three_tier.stack import PciThreeTier

__all__ = ["PciThreeTier"]
