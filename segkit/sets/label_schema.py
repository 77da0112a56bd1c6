"""Predicates under a label schema: can a conforming label map be in the set, and which one."""

from __future__ import annotations

from collections.abc import Iterator

from segkit.sets.labels import ALL, NONE, Domains, KeyDomain, Predicate, _node

_NEVER = KeyDomain(frozenset(), required=False)


def witness(predicate: Predicate, domains: Domains) -> dict[str, str] | None:
    """See `Predicate.witness`."""
    if _impossible(domains):
        return None
    found: dict[str, str] = {}
    if not _search(predicate, domains, found, set()):
        return None
    for key in domains:
        if domains[key].required and key not in found:
            allowed = domains[key].values
            found[key] = "other" if allowed is None else min(allowed)
    return dict(sorted(found.items()))


def satisfiable(predicate: Predicate, domains: Domains) -> bool:
    """See `Predicate.satisfiable`."""
    return not _impossible(domains) and _search(predicate, domains, {}, set())


def simplify(predicate: Predicate, domains: Domains) -> Predicate:
    """See `Predicate.simplify`."""
    return _simplify(predicate, domains, {})


def _impossible(domains: Domains) -> bool:
    """Whether no label map conforms at all: a mandatory key without an allowed value."""
    return any(one.required and one.values is not None and not one.values for one in domains.values())


def _search(node: Predicate, domains: Domains, found: dict[str, str], dead: set[Predicate]) -> bool:
    if node is ALL:
        return True
    if node is NONE or node in dead:
        return False
    for value, child in _branches(node, domains.get(node.key, _NEVER)):
        if _search(child, domains, found, dead):
            if value is not None:
                found[node.key] = value
            return True
    dead.add(node)
    return False


def _branches(node: Predicate, domain: KeyDomain) -> Iterator[tuple[str | None, Predicate]]:
    """The ways a conforming map leaves the node, plainest first: no label, a named value, another value."""
    if not domain.required:
        yield None, node.missing
    allowed = domain.values
    for value, child in node.arms:
        if allowed is None or value in allowed:
            yield value, child
    if allowed is None:
        yield _fresh(node), node.present
    else:
        unnamed = min((value for value in allowed if value not in node._child), default=None)
        if unnamed is not None:
            yield unnamed, node.present


def _fresh(node: Predicate) -> str:
    value, number = "other", 2
    while value in node._child:
        value, number = f"other-{number}", number + 1
    return value


def _simplify(node: Predicate, domains: Domains, memo: dict[Predicate, Predicate]) -> Predicate:
    if not node.key:
        return node
    if node in memo:
        return memo[node]
    domain = domains.get(node.key)
    if domain is None:
        made = _simplify(node.missing, domains, memo)
    else:
        allowed = domain.values
        arms = [(v, _simplify(c, domains, memo)) for v, c in node.arms if allowed is None or v in allowed]
        children = [child for _value, child in arms]
        missing = _simplify(node.missing, domains, memo)
        if allowed is not None and len(children) == len(allowed):
            # No other value is allowed, so its child is free: the commonest makes the most arms go.
            present = max(children, key=children.count, default=missing)
        else:
            present = _simplify(node.present, domains, memo)
        made = _node(node.key, arms, present, present if domain.required else missing)
    memo[node] = made
    return made
