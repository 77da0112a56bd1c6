"""Policy files that mean harm, or came about by accident: a clear error or the right meaning."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from segkit.errors import Problem, SegkitError
from segkit.model import Model, load_policies

TODAY = "2026-11-20"
RULES = "policies:\n  p:\n    tier: application\n    rules:\n"
POLICY = "policies: {%s: {rules: [{id: a, allow: anywhere -> outside, services: any}]}}"
SELECTOR = 'role == "w"'
WEB = f"groups:\n  web: {SELECTOR}\n"


def model(path: str) -> Model:
    return load_policies(path, today=TODAY).build()


def problems(path: str) -> tuple[Problem, ...]:
    with pytest.raises(SegkitError) as caught:
        model(path)
    return caught.value.problems


def rule(text: str) -> str:
    return f"{RULES}    - {{id: a, allow: anywhere -> outside, {text}}}\n"


@pytest.mark.parametrize(
    "content",
    [
        b"\xef\xbb\xbf" + WEB.encode(),
        WEB.replace("\n", "\r\n").encode(),
        WEB.replace("\n", "\r").encode(),
        f"%YAML 1.2\n---\n{WEB}...\n".encode(),
        WEB.replace(": role", ":\trole").encode(),
        b'? groups\n: {web: role == "w"}\n',
        f"groups:\n  web: {' and '.join([SELECTOR] * 5000)}\n".encode(),
    ],
    ids=["mark", "crlf", "cr", "directive", "tab as a blank", "question mark", "long"],
)
def test_odd_but_right(content: bytes, here: Path) -> None:
    Path("p.yaml").write_bytes(content)
    assert [(g.name, str(g.predicate)) for g in model("p.yaml").groups] == [("web", 'role == "w"')]


def test_dots_and_brackets_are_part_of_a_name(here: Path) -> None:
    Path("p.yaml").write_text(
        'labels: {"a.b/c": [x]}\ngroups: {"x.y": a.b/c == "x", "g[0]": a.b/c exists, "<<": a.b/c == "x"}\n'
        "policies: {p: {tier: global, rules: [{id: r, deny: 'x.y -> g[0]', services: any}]}}\n",
        encoding="utf-8",
    )
    (one,) = model("p.yaml").rules
    assert [end.name for end in (*one.source, *one.destination)] == ["x.y", "g[0]"]


BAD: dict[str, tuple[str | bytes, list[tuple[str, str]]]] = {
    "only a mark": (b"\xef\xbb\xbf", [("1:1", "the policy file is empty")]),
    "UTF-16": (WEB.encode("utf-16"), [("1:1", "not UTF-8")]),
    "Latin 1": (b"groups:\n  caf\xe9: x\n", [("2:6", "not UTF-8: byte 0xe9")]),
    "a byte of nothing": (b"groups:\n  a: \x00\n", [("2:6", "control characters")]),
    "null": ("null\n", [("1:1", "not null")]),
    "a word": ("foo\n", [("1:1", "should be keys and values, not foo")]),
    "deep lists": ("groups: " + "[" * 5000 + "]" * 5000, [("1:108", "nested too deeply")]),
    "deep keys": ("? " * 3000, [("1:201", "nested too deeply")]),
    "deep blocks": (
        "".join("  " * n + f"k{n}:\n" for n in range(300)),
        [("101:201", "nested too deeply")],
    ),
    "deep parentheses": (
        f"groups:\n  a: {'(' * 9000}x exists{')' * 9000}\n",
        [("2:6", "more than 64 levels")],
    ),
    "a megabyte of key": (f'groups:\n  "{"x" * 1_000_000}": y\n', [("2:1000005", "mapping values")]),
    "a bomb": ("a: &a [x, x]\nb: &b [*a, *a]\n", [("1:4", "anchors"), ("2:4", "anchors")]),
    "an anchor that nothing uses": (f"{WEB}zones: &z {{}}\n", [("3:8", "anchors are not read: &z")]),
    "a merge key": ("groups:\n  <<: {a: x}\n", [("2:3", "merge keys (<<) are not read")]),
    "a list as a key": ("groups: {[a, b]: c, {a: b}: c}\n", [("1:10", "not plain"), ("1:21", "not plain")]),
    "a set": ("groups: !!set {a, b}\n", [("1:9", "tags are not read: tag:yaml.org,2002:set")]),
    "an object": ("groups: !!python/object/new:os.system [id]\n", [("1:9", "tags are not read")]),
    "a tag of its own": ("%TAG ! tag:x,2000:\n---\ngroups: !x {}\n", [("3:9", "tags are not read")]),
    "two documents": ("groups: {}\n---\ngroups: {}\n", [("2:1", "more than one YAML document")]),
    "keys twice, deep inside": (
        (
            f"{RULES}    - {{id: a, id: b, allow: {{from: a, from: b, to: c}}, services: any}}\n"
            "targets: {t: {platform: aws, placement: {tags: {x: a, 'x': b}}}}\n"
        ),
        [
            ("5:15", "the key 'id' is written twice"),
            ("5:39", "the key 'from' is written twice"),
            ("6:55", "the key 'x' is written twice"),
        ],
    ),
    "tabs": ("groups:\n\ta: x\n", [("2:1", "indent with spaces, not tabs")]),
    "a tab later": ('groups:\n  a: role == "x"\n\tb: y\n', [("3:1", "indent with spaces, not tabs")]),
    "an at sign": ("groups:\n  a: @x\n", [("2:6", "put the value in quotes")]),
    "a colon too many": ("groups:\n  a: b: c\n", [("2:7", "put a value with a colon in quotes")]),
    "octal": (
        rule("services: 010, ticket: 0123, purpose: 1.10"),
        [("5:66", "not 0123"), ("5:81", "not 1.10")],
    ),
    "an octal port": (rule("services: 010"), [("5:53", "'8' could be a port or a protocol")]),
    "base sixty": (rule("services: [1:30]"), [("5:54", "'90' could be a port or a protocol")]),
    "truths": (
        "labels:\n  env: [no, on, y]\n  yes: [a]\n",
        [("3:3", "the key yes is read as true or false")],
    ),
    "truths as values": ("labels:\n  env: [no, on, y]\n", [("2:9", 'quote it: "no"'), ("2:13", '"on"')]),
    "dates": (
        rule("services: any, expires: 2027-06-30T10:00:00Z, created: 20270630, updated: 2027-13-45"),
        [("5:98", 'quote it: "20270630"')],
    ),
    "days that are none": (
        rule("services: any, expires: 2027-06-30T10:00:00Z, updated: 2027-13-45"),
        [("5:67", "is not a date"), ("5:98", "is not a date: '2027-13-45'")],
    ),
    "a day as a label": ("labels:\n  day: [2027-01-01, 5]\n", [("2:21", "not 5")]),
    "nothing where something is needed": (
        f"{RULES}    -\n    - {{id: ~, allow: ~, services: ~}}\nzones:\ntargets: {{t: }}\n",
        [
            ("5:6", "rules[0] should be keys and values, not nothing"),
            ("6:35", "rules[1].services should be a list"),
            ("7:7", "zones should be keys and values"),
            ("8:14", "targets.t should be keys and values"),
        ],
    ),
    "a key of nothing": ("groups: {~: x, '': y}\n", [("1:10", "the key ~ is read as nothing")]),
    "a key without text": ("groups: {'': x exists}\n", [("1:10", "groups has a key without text")]),
    "a number without end": (rule(f"services: {'9' * 6000}"), [("5:53", "(6,0")]),
    "names that look alike": (
        'groups: {"caf\u00e9": x exists, "cafe\u0301": y exists, a: z exists, A: b exists}\n',
        [("1:10", "are written alike"), ("1:47", "differ only by case")],
    ),
    "characters that do not print": (
        'groups: {"a\u202eb": x exists, "a\u200b": y exists}\n',
        [("1:10", "do not print"), ("1:27", "do not print")],
    ),
    "half a character": (rule('services: any, purpose: "\\uD800"'), [("5:70", "invalid Unicode")]),
}


@pytest.mark.parametrize("name", list(BAD))
def test_each_is_told_with_its_place(name: str, here: Path) -> None:
    content, expected = BAD[name]
    Path("p.yaml").write_bytes(content if isinstance(content, bytes) else content.encode())
    said = problems("p.yaml")
    assert [problem.where for problem in said] == [f"p.yaml:{place}" for place, _ in expected]
    for problem, (_, text) in zip(said, expected, strict=True):
        assert text in problem.text()
        assert len(problem.text()) < 5000


BAD_JSON: dict[str, tuple[str, str, str]] = {
    "deep": ("[" * 100_000, "1:101", "nested too deeply"),
    "deep and closed": ('{"a":' * 500 + "1" + "}" * 500, "1:501", "nested too deeply"),
    "a number without end": ('{"segmentation":\n ' + "9" * 6000 + "}", "2:2", "thousands of digits"),
    "half a character": ('{"segmentation": "\\ud800"}', "1:18", "half of a character"),
    "a key twice": ('{"groups": {\n "a": "x",\n "a": "y"}}', "3:2", "written twice (first in line 2)"),
    "a key without text": ('{"groups": {"": "x"}}', "1:13", "a key without text"),
    "two values": ("{}\n{}", "2:1", "a file holds one JSON value"),
    "a comment": ("// x\n{}", "1:1", "JSON has no comments"),
}


@pytest.mark.parametrize("name", list(BAD_JSON))
def test_json_too(name: str, here: Path) -> None:
    content, place, text = BAD_JSON[name]
    Path("p.json").write_text(content, encoding="utf-8")
    (problem,) = problems("p.json")
    assert problem.where == f"p.json:{place}" and text in problem.text()


def put(files: dict[str, str]) -> None:
    for name, text in files.items():
        Path("p", name).parent.mkdir(parents=True, exist_ok=True)
        Path("p", name).write_text(text, encoding="utf-8")


BASE = {"segmentation.yaml": "segmentation: x\n", "global/g.yaml": POLICY % "g"}


@pytest.mark.skipif(sys.platform == "win32", reason="needs links and pipes")
@pytest.mark.parametrize(
    ("make", "where", "said"),
    [
        (
            lambda: Path("p/global/loop").symlink_to(".."),
            "",
            "p/global/loop leads back into a folder around it",
        ),
        (lambda: Path("p/s.yaml").symlink_to("s.yaml"), "", "correct the link"),
        (lambda: Path("p/s.yaml").symlink_to("nowhere"), "", "there is no policy file p/s.yaml"),
        (lambda: os.mkfifo("p/f.yaml"), "", "p/f.yaml is no regular file"),
        (lambda: Path("p/z.yaml").symlink_to("/dev/zero"), "", "p/z.yaml is no regular file"),
    ],
)
def test_links_and_pipes(make: Callable[[], object], where: str, said: str, here: Path) -> None:
    put(BASE)
    make()
    assert any(problem.where == where and said in problem.text() for problem in problems("p"))


@pytest.mark.skipif(sys.platform == "win32", reason="needs links")
def test_a_loop_that_a_file_names(here: Path) -> None:
    put({"a.yaml": "labels: ../s.yaml"})
    Path("s.yaml").symlink_to("s.yaml")
    assert problems("p")[0].where == "p/a.yaml:1:9"


@pytest.mark.skipif(sys.platform == "win32" or os.geteuid() == 0, reason="root may read everything")
def test_a_file_that_may_not_be_read(here: Path) -> None:
    put(BASE)
    Path("p/global/g.yaml").chmod(0)
    assert "check its permissions" in problems("p")[0].text()


@pytest.mark.skipif(sys.platform == "win32", reason="needs links")
def test_folders_that_are_links_are_read(here: Path) -> None:
    """Rules in them would be missing without a word."""
    put({**BASE, "../other/h.yaml": POLICY % "h"})
    Path("p/apps").symlink_to("../other")
    assert [(p.name, p.tier.label) for p in model("p").policies] == [("g", "global"), ("h", "application")]


def test_names_of_files_and_folders(here: Path) -> None:
    put({**BASE, "global/H.YAML": POLICY % "h", ".x/i.yaml": "[", "d.yaml/j.yaml": "groups: {j: x exists}\n"})
    made = model("p")
    assert [p.name for p in made.policies] == ["g", "h"] and [g.name for g in made.groups] == ["j"]


@pytest.mark.parametrize(
    ("files", "expected"),
    [
        (
            {"global/h.yaml": POLICY % "g"},
            [("h.yaml:1:12", "two policies are called 'g'"), ("h.yaml:1:29", "two rules have the id 'g/a'")],
        ),
        ({"global/G.yaml": POLICY % "G"}, [("g.yaml:1:12", "differ only by case")]),
        ({"zones/cde/p.yaml": POLICY % "p"}, [("p.yaml:1:12", "names an unknown zone 'cde'")]),
        (
            {"zones/CDE/p.yaml": POLICY % "p", "z.yaml": 'zones: {cde: x == "c"}'},
            [("p.yaml:1:12", "did you mean 'cde'?")],
        ),
        ({"zones/p.yaml": POLICY % "p"}, [("p.yaml:1:12", "is in tier zone and names no zone")]),
        ({"Global/h.yaml": POLICY % "h"}, [("h.yaml:1:12", "names no tier")]),
        (
            {"labels.yaml": "labels: {a: }", "labels.json": '{"labels": {"a": null}}'},
            [("labels.yaml:1:10", "the label 'a' is declared twice")],
        ),
        ({"labels.yaml": "- a\n"}, [("labels.yaml:1:1", "should be keys and values, not a list")]),
        ({"labels.yaml": "labels: {a: &x [b]}\n"}, [("labels.yaml:1:13", "anchors are not read")]),
        ({"a.yaml": 'labels: "a\\0.yaml"'}, [("a.yaml:1:9", "embedded null byte")]),
        ({"a.yaml": "labels: /etc/passwd"}, [("a.yaml:1:9", "unknown format ''")]),
    ],
)
def test_files_at_odds(files: dict[str, str], expected: list[tuple[str, str]], here: Path) -> None:
    put({**BASE, **files})
    said = problems("p")
    assert [problem.where.rpartition("/")[2] for problem in said] == [place for place, _ in expected]
    for problem, (_, text) in zip(said, expected, strict=True):
        assert text in problem.text()


@pytest.mark.parametrize(
    "files",
    [
        {"a.yaml": f"labels: a.yaml\n{WEB}"},
        {"a.yaml": f"inventory: a.yaml\n{WEB}"},
        {"a.yaml": f"labels: b.yaml\n{WEB}", "b.yaml": f"inventory: a.yaml\n{WEB}"},
    ],
)
def test_files_that_name_each_other_hide_nothing(files: dict[str, str], here: Path) -> None:
    put(files)
    assert any("unknown key 'groups'" in problem.what for problem in problems("p"))
