"""Rules taken out of the text of a YAML policy file; every other character stays as people wrote it."""

from __future__ import annotations

import copy
from collections.abc import Collection, Iterator
from typing import Any

import yaml

from segkit.model.yaml_places import yaml_data


def rule_lines(text: str) -> dict[int, tuple[str, int]]:
    """For each rule that `without_rules` can take out, by its line: its policy and its place among the rules.

    Rules in a list in brackets are not among them.

    >>> rule_lines("policies:\\n  p:\\n    rules:\\n      - id: a\\n")
    {4: ('p', 0)}
    """
    return {
        item.start_mark.line + 1: (policy, n)
        for policy, _, rules in _rules(text)
        for n, item in enumerate(rules.value)
    }


def without_rules(text: str, lines: Collection[int]) -> str:
    """The text without the rules that begin on these lines (counted from 1).

    The lines of a rule go, with the comments inside them; comments before and after it stay. Raises
    ValueError when the result would not be exactly the same data without those rules.
    """
    rows = text.split("\n")
    gone: set[int] = set()
    emptied: list[tuple[int, int]] = []
    for _, key, rules in _rules(text):
        taken = [item for item in rules.value if item.start_mark.line + 1 in lines]
        for item in taken:
            last = _last(item)
            # Text in block style ends behind the empty rows after it.
            while not rows[last].strip():
                last -= 1
            gone.update(range(_dash(rows, item), last + 1))
        if taken and len(taken) == len(rules.value):
            emptied.append((key.end_mark.line, key.end_mark.column))
    for row, column in emptied:
        at = rows[row].index(":", column) + 1
        rows[row] = f"{rows[row][:at]} []{rows[row][at:]}"
    made = "\n".join(row for n, row in enumerate(rows) if n not in gone)
    if yaml_data(made) != _expected(text, lines):
        raise ValueError("the rules cannot be taken out of the text line by line")
    return made


def _rules(text: str) -> Iterator[tuple[str, Any, Any]]:
    """Each policy by name, with the node of its key `rules` and of the rules, where each begins a line."""
    root = yaml.compose(text, Loader=yaml.SafeLoader)
    for _, policies in _entries(root, "policies"):
        for name, policy in policies.value if isinstance(policies, yaml.MappingNode) else ():
            for key, rules in _entries(policy, "rules"):
                if isinstance(rules, yaml.SequenceNode) and not rules.flow_style:
                    yield name.value, key, rules


def _entries(node: Any, wanted: str) -> Iterator[tuple[Any, Any]]:
    if isinstance(node, yaml.MappingNode):
        yield from ((key, value) for key, value in node.value if key.value == wanted)


def _dash(rows: list[str], item: Any) -> int:
    """The row that the item of a list begins in."""
    row: int = item.start_mark.line
    if rows[row][: item.start_mark.column].strip():
        return row
    while rows[row].partition("#")[0].strip() != "-":
        row -= 1
    return row


def _last(node: Any) -> int:
    """The last row that says something of a node: block nodes end where the next one begins."""
    if isinstance(node, yaml.ScalarNode) or node.flow_style:
        start, end = int(node.start_mark.line), int(node.end_mark.line)
        return end - 1 if node.end_mark.column == 0 and end > start else end
    children = [child for pair in node.value for child in (pair if isinstance(pair, tuple) else (pair,))]
    return max((_last(child) for child in children), default=int(node.start_mark.line))


def _expected(text: str, lines: Collection[int]) -> Any:
    data = copy.deepcopy(yaml_data(text))
    places = rule_lines(text)
    for line in sorted(lines, reverse=True):
        policy, n = places[line]
        del data["policies"][policy]["rules"][n]
    return data
