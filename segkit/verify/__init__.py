"""Intent against what a document enforces."""

from segkit.verify.between import prove_between, proved
from segkit.verify.proof import Difference, Proof, problems, prove

__all__ = ["Difference", "Proof", "problems", "prove", "prove_between", "proved"]
