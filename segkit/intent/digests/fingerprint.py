"""Keyed fingerprints of sets of flows: 8 lanes of numbers below a prime, drawn from a secret key.

Each cell and each service has a secret weight in every lane. The fingerprint of a row is the sum, over the
flows in it, of the weight of the destination times the weight of the service, modulo the prime.

Why that is enough: take two different rows and subtract one from the other. As a function of the secret
weights the difference of their fingerprints is a polynomial of degree 2 that is not zero: destinations enter
16 at a time, as a number below 2^16 times one weight, and a difference of two such numbers is no multiple of
a prime above 2^16. Such a polynomial is zero for at most 2/PRIME of all weights (Schwartz and Zippel). Lanes
are independent: two rows that somebody wrote without knowing the key agree in all with a chance below 2^-199.

Why it is fast: it is linear, so what two rows share is counted once, and sums of numbers below 2^16 times
weights below 2^26 are exact in floating point (below 2^53), where matrix products are fastest. Because it is
linear it also tells of the key, so nothing but a hash of a fingerprint is let out.
"""

from __future__ import annotations

from collections.abc import Sequence
from hashlib import blake2b, shake_256

import numpy as np
from numpy.typing import NDArray

from segkit.sets import ANY, ServiceSet

PRIME = 2**26 - 5
LANES = 8

Words = NDArray[np.uint64]
Lanes = NDArray[np.int64]
Sums = NDArray[np.float64]

_EXACT = 2**11
"""How many 16-bit numbers times a weight add up to less than 2^53."""
_BLOCK = 2**18
"""Products at a time: what stays in the processor's cache, and is too little for BLAS to start threads."""


def cell_weights(key: bytes, words: int) -> Sums:
    """The weights of cells: four to each machine word, one for every 16 bits."""
    return _drawn(key, b"cells", 4 * words).astype(np.float64)


def service_measure(key: bytes, points: Sequence[int], possible: ServiceSet) -> Lanes:
    """The weight of all services before each of some points of the line. Any numbers will do, as long as they
    are the same before and after services that are not possible, which so weigh nothing."""
    never = (ANY - possible).line.spans
    firm = ((next((lo for lo, hi in never if lo <= point <= hi + 1), point)) for point in points)
    return np.concatenate([_drawn(key, b"services %d" % point, 1) for point in firm])


def _drawn(key: bytes, purpose: bytes, count: int) -> Lanes:
    """Secret numbers below the prime, as rows of lanes."""
    seed = len(key).to_bytes(4, "big") + key + purpose
    drawn = np.frombuffer(shake_256(seed).digest(8 * LANES * count), "<u8")
    return (drawn % PRIME).astype(np.int64).reshape(count, LANES)


def weigh(planes: Words, heavy: Sums) -> Sums:
    """The weight of each plane, exact; `heavy` is the weights of the words that the planes consist of."""
    numbers = planes.view(np.uint16)
    height, width = numbers.shape
    if width > _EXACT:
        parts = range(0, width, _EXACT)
        return sum(  # type: ignore[return-value]  # there is at least one part
            weigh(np.ascontiguousarray(planes[:, at // 4 : (at + _EXACT) // 4]), heavy[at : at + _EXACT])
            % PRIME
            for at in parts
        )
    step = max(1, _BLOCK // (width * LANES))
    if height <= step:
        return numbers.astype(np.float64) @ heavy
    out = np.empty((height, LANES))
    for at in range(0, height, step):
        np.matmul(numbers[at : at + step].astype(np.float64), heavy, out=out[at : at + step])
    return out


def times(sums: Sums, measure: Lanes) -> Lanes:
    """Weights of planes times those of their services, added up."""
    found: Lanes = ((sums.astype(np.int64) % PRIME) * measure % PRIME).sum(axis=0) % PRIME
    return found


def sealed(lanes: Lanes, key: bytes) -> bytes:
    """A fingerprint as it may be shown: 32 bytes that say nothing of the key."""
    return blake2b(lanes.astype("<i8").tobytes(), digest_size=32, key=blake2b(key).digest()).digest()
