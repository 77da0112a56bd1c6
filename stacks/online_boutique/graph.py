"""Who calls whom in Online Boutique, as data.

The application is github.com/GoogleCloudPlatform/microservices-demo. Its services learn from environment
variables where the others are; ports are those the programs listen on.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Part:
    """One program: the zone it is in, the TCP port it listens on (None: it only calls), and whom it calls."""

    name: str
    zone: str
    port: int | None
    calls: tuple[str, ...] = ()


PARTS = (
    Part("loadgenerator", "load", None, ("frontend",)),
    Part(
        "frontend",
        "edge",
        8080,
        (
            "adservice",
            "cartservice",
            "checkoutservice",
            "currencyservice",
            "productcatalogservice",
            "recommendationservice",
            "shippingservice",
        ),
    ),
    Part("adservice", "services", 9555),
    Part("cartservice", "services", 7070, ("redis-cart",)),
    Part(
        "checkoutservice",
        "services",
        5050,
        (
            "cartservice",
            "currencyservice",
            "emailservice",
            "paymentservice",
            "productcatalogservice",
            "shippingservice",
        ),
    ),
    Part("currencyservice", "services", 7000),
    Part("emailservice", "services", 8080),
    Part("productcatalogservice", "services", 3550),
    Part("recommendationservice", "services", 8080, ("productcatalogservice",)),
    Part("shippingservice", "services", 50051),
    Part("paymentservice", "payment", 50051),
    Part("redis-cart", "data", 6379),
)

PORTS = {part.name: part.port for part in PARTS if part.port is not None}
