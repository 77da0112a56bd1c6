"""Reading the values that people pass: names, days, choices, addresses, labels. Bad ones become findings."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network
from typing import Any

from segkit.errors import part
from segkit.model.findings import Findings, nearest
from segkit.sets import ALL, NOWHERE, AddressError, Addresses, Predicate

AddressLike = str | IPv4Network | IPv6Network | IPv4Address | IPv6Address | Addresses

_DAY = re.compile(r"\d{4}-\d{2}-\d{2}", re.ASCII)
_ADDRESS = (str, IPv4Network, IPv6Network, IPv4Address, IPv6Address)


def is_token(text: str) -> bool:
    """Does the text stand for something that only Terraform will know (`${...}`, `#{...}`)?"""
    return "${" in text or "#{" in text


def read_name(value: object, kind: str, where: str, found: Findings) -> str | None:
    """A name: text, printable, no blanks at its ends, known at synth. None when it is not."""
    if not isinstance(value, str) or not value:
        found.error(f"a {kind} needs a name, not {value!r}", where, fix="give a non-empty text")
    elif is_token(value):
        found.error(
            f"the name of a {kind} is a Terraform reference: {value}",
            where,
            why="names must be known at synth",
            fix="write the name as plain text",
        )
    elif not value.isprintable() or value != value.strip():
        found.error(
            f"the {kind} name {value!r} has blanks at an end or characters that do not print",
            where,
            fix="write a plain name",
        )
    else:
        return value
    return None


def read_text(value: object, what: str, where: str, found: Findings) -> str:
    """A free text; the empty text when it is none."""
    if isinstance(value, str) and writable(value):
        return value
    if value is not None:
        found.error(f"{what} is not text: {value!r}", where, fix="give a text")
    return ""


def writable(text: str) -> bool:
    """Can the text be written to a file? Half of a surrogate pair cannot.

    >>> writable("caf\\u00e9"), writable("\\ud800")
    (True, False)
    """
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def read_choice(value: object, choices: Sequence[str], what: str, where: str, found: Findings) -> str | None:
    """One of a few words; None when it is another."""
    if isinstance(value, str) and value in choices:
        return value
    found.error(f"unknown {what} {value!r}", where, fix=nearest(str(value), choices))
    return None


def read_day(value: object, what: str, where: str, found: Findings) -> date | None:
    """A day as `date` or `YYYY-MM-DD`; None for None and for what is neither.

    >>> read_day("2027-01-31", "expires", "", Findings())
    datetime.date(2027, 1, 31)
    """
    if value is None or (isinstance(value, date) and not isinstance(value, datetime)):
        return value
    fix = "write a day of the calendar as YYYY-MM-DD, for example 2027-01-31"
    if isinstance(value, str) and _DAY.fullmatch(value):
        try:
            return date.fromisoformat(value)
        except ValueError:
            pass
    found.error(f"{what} is not a date: {value!r}", where, fix=fix)
    return None


def read_select(value: object, what: str, where: str, found: Findings) -> Predicate | None:
    """A selector; None when it is something else."""
    if isinstance(value, Predicate):
        return value
    found.error(
        f"the selector of {what} is not a selector: {value!r}",
        where,
        fix='write one from labels, for example select=L.app == "shop"',
    )
    return None


def read_addresses(value: object, what: str, where: str, found: Findings) -> Addresses:
    """Addresses and CIDRs, one or many; every bad one is a finding and is left out."""
    if isinstance(value, Addresses):
        return value
    items = [value] if isinstance(value, _ADDRESS) else value
    if not isinstance(items, Iterable) or isinstance(items, Mapping | bytes):
        found.error(f"{what}: {value!r} is no list of addresses", where, fix='write ["10.0.0.0/8"]')
        return NOWHERE
    parts = [_one_address(item, what, where, found) for item in items]
    return Addresses.union(parts) if len(parts) != 1 else parts[0]


def _one_address(item: object, what: str, where: str, found: Findings) -> Addresses:
    if isinstance(item, Addresses):
        return item
    if isinstance(item, str) and is_token(item):
        found.error(
            f"{what}: {item} is a Terraform reference where an address is needed",
            where,
            why="its value is known only at apply, after the rules have been worked out",
            fix="write the address or CIDR itself",
        )
        return NOWHERE
    if not isinstance(item, _ADDRESS):
        found.error(f"{what}: {item!r} is not an address", where, fix="write text such as 10.0.0.0/8")
        return NOWHERE
    try:
        return Addresses.of(item.strip() if isinstance(item, str) else item)
    except AddressError as error:
        found.refused(str(error), where, what)
        return NOWHERE


def read_labels(value: object, what: str, where: str, found: Findings) -> tuple[tuple[str, str], ...]:
    """Labels as sorted pairs; every bad one is a finding and is left out."""
    if not isinstance(value, Mapping):
        found.error(
            f"the labels of {what} are not key and value pairs: {value!r}", where, fix='{"app": "shop"}'
        )
        return ()
    out = []
    for key, text in value.items():
        if not isinstance(key, str) or not key:
            found.error(f"{what} has a label key that is not text: {key!r}", where, fix="quote the key")
        elif not isinstance(text, str) or not writable(key + text):
            fix = (
                f'quote it: "{text}"'
                if isinstance(text, int | float)
                else "give one text, or leave the key out"
            )
            found.error(f"label {key!r} of {what} is not text: {text!r}", where, fix=fix)
        elif is_token(text):
            found.error(
                f"label {key!r} of {what} is a Terraform reference: {text}",
                where,
                why="selectors are worked out at synth",
                fix="write the value as plain text",
            )
        else:
            out.append((key, text))
    return tuple(sorted(out))


def read_json(value: Any, what: str, where: str, found: Findings) -> Any:
    """JSON data as plain dicts and lists, with tuples as lists; what JSON has no form for is a finding."""
    if value is None or isinstance(value, bool | int | str):
        return value
    if isinstance(value, float) and value == value and abs(value) != float("inf"):
        return value
    if isinstance(value, Mapping):
        for key in value:
            if not isinstance(key, str):
                found.error(f"{what} has a key that is not text: {key!r}", where, fix="use text as keys")
        inside = ((k, v) for k, v in value.items() if isinstance(k, str))
        return {k: read_json(v, f"{what}.{k}", part(where, k), found) for k, v in inside}
    if isinstance(value, list | tuple):
        return [read_json(v, f"{what}[{n}]", part(where, n), found) for n, v in enumerate(value)]
    found.error(
        f"{what} is not JSON data: {value!r}",
        where,
        why="it is written into the intent file and the Terraform output",
        fix="use text, numbers, true/false, lists and mappings",
    )
    return None


def placeholder(predicate: Predicate | None) -> Predicate:
    """What stands in for a selector that could not be read, so that the program can go on to its next
    problem.
    """
    return ALL if predicate is None else predicate
