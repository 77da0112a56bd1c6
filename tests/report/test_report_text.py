"""Pages as text and Markdown: whole, harmless, and plain where nobody watches."""

from __future__ import annotations

import io

import pytest
from rich.console import Console

from segkit.errors import Problem
from segkit.report import json, markdown, problems, text
from segkit.report.page import BLANK, Cell, Line, Page, line, table
from segkit.report.safe import markdown_text, printable

HOSTILE = "[bold red]x[/] :smile: \x1b[31m\x9b31m \r\n\u202e\u2066\u200b\ud800 <b>|`*"


class Terminal(io.StringIO):
    """A stream that says it is a terminal."""

    def isatty(self) -> bool:
        return True


def on_terminal(page: Page, monkeypatch: pytest.MonkeyPatch, **environment: str) -> str:
    for name in ("NO_COLOR", "FORCE_COLOR", "COLORTERM"):
        monkeypatch.delenv(name, raising=False)
    for name, value in {"TERM": "xterm-256color", "COLUMNS": "60", **environment}.items():
        monkeypatch.setenv(name, value)
    stream = Terminal()
    text.show(page, text.console(stream))
    return stream.getvalue()


@pytest.mark.parametrize(
    "char", ["\x00", "\x07", "\x1b", "\x7f", "\x9b", "\u2028", "\u202e", "\u2066", "\u200b", "\ud800"]
)
def test_no_hidden_character_survives(char: str) -> None:
    shown = printable(f"a{char}b")
    assert char not in shown
    assert shown.isprintable()


def test_ordinary_text_is_left_alone() -> None:
    assert printable("café → 日本 [x]") == "café → 日本 [x]"


def test_markup_in_a_label_shows_as_it_is() -> None:
    page: Page = (
        line(HOSTILE),
        table([HOSTILE], [[HOSTILE]], title=HOSTILE),
        table(["a"], [], empty=HOSTILE),
    )
    shown = text.render(page, width=200)
    assert shown.count("[bold red]x[/] :smile: \\x1b[31m") == 5
    assert "\x1b" not in shown
    shown.encode()


def test_a_terminal_gets_only_our_own_escape_codes(monkeypatch: pytest.MonkeyPatch) -> None:
    shown = on_terminal((line(Cell(HOSTILE, "bad")),), monkeypatch, COLUMNS="200")
    assert shown.count("\x1b") == 2  # colour on, colour off
    assert "\\x1b[31m" in shown


def test_no_color_is_respected(monkeypatch: pytest.MonkeyPatch) -> None:
    page: Page = (line(Cell("denied", "warn")),)
    assert "\x1b[33m" in on_terminal(page, monkeypatch)
    assert "\x1b[33m" not in on_terminal(page, monkeypatch, NO_COLOR="1")


@pytest.mark.parametrize("forced", ["FORCE_COLOR", "CLICOLOR_FORCE", "TTY_COMPATIBLE"])
def test_a_pipe_gets_no_escape_codes_whatever_the_environment(
    monkeypatch: pytest.MonkeyPatch, forced: str
) -> None:
    monkeypatch.setenv(forced, "1")
    stream = io.StringIO()
    text.show((line(Cell("denied", "bad")), table(["zone"], [["a"]])), text.console(stream))
    assert stream.getvalue() == "denied\nzone\n----\na\n"


def test_a_long_line_stays_whole_in_a_pipe() -> None:
    words = " ".join(f"word{n}" for n in range(100))
    assert text.render((line(words, indent=1),)) == f"  {words}\n"


def test_a_long_line_hangs_in_on_a_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    shown = on_terminal((line("word " * 30, indent=1),), monkeypatch).splitlines()
    assert len(shown) > 2
    assert shown[0].startswith("  word")
    assert all(row.startswith("    word") for row in shown[1:])
    assert max(map(len, shown)) <= 60


@pytest.mark.parametrize("width", [40, 60, 100, 140])
def test_tables_keep_within_the_width_and_lose_nothing(width: int) -> None:
    names = [f"a-rather-long-name-{n}" for n in range(4)]
    page: Page = (table(["first", "second", "third", "fourth"], [names, ["x" * 150, "", "y", "z"]]),)
    shown = text.render(page, width)
    assert max(map(len, shown.splitlines())) <= width
    assert shown.count("x") == 150
    letters = "".join(shown.split())
    assert all(letters.count(str(n)) for n in range(4))


def test_a_pipe_is_as_wide_as_columns_says(monkeypatch: pytest.MonkeyPatch) -> None:
    for value, width in (("80", 80), ("", 100), ("many", 100), ("1", 40), ("9" * 20, 100)):
        monkeypatch.setenv("COLUMNS", value)
        assert text.console(io.StringIO()).width == width


def test_markdown_tables_hold_against_labels_with_bars_and_markup() -> None:
    shown = markdown.render(
        (line(Cell("no", "bad")), BLANK, table(["zone"], [["a|b\n| c |"], ["<img src=x>"]]))
    )
    rows = [row for row in shown.splitlines() if row.startswith("|")]
    assert rows == ["| zone |", "| --- |", "| a\\|b\\\\n\\| c \\| |", "| \\<img src=x\\> |"]
    assert shown.startswith("**no**")


def test_markdown_items_are_indented() -> None:
    assert markdown.render((line("a"), line("b", indent=1), line("c", indent=2))) == "a  \n- b\n  - c\n"
    assert markdown_text("plain text 1.2") == "plain text 1.2"


def test_json_is_ascii_with_its_name_and_version() -> None:
    shown = json.render("zones", {"zones": [HOSTILE]})
    assert shown.isascii()
    assert shown.startswith('{\n  "report": "zones",\n  "version": 1,\n')


def test_problems_are_numbered_placed_and_fixed() -> None:
    one = Problem("unknown label key 'rol'", "labels.yaml:3", "rules name it", "did you mean 'role'?")
    assert text.render(problems.page([one])) == (
        "error: labels.yaml:3: unknown label key 'rol'\n  why: rules name it\n  fix: did you mean 'role'?\n"
    )
    two = text.render(problems.page([one, Problem("over quota:\na 3\nb 4")], "warning"))
    assert two.startswith("2 warnings\nwarning: labels.yaml:3")
    assert two.endswith("warning: over quota:\n    a 3\n    b 4\n")


def test_an_empty_line_is_empty() -> None:
    assert text.render((Line(),)) == "\n"
    assert isinstance(text.console(io.StringIO()), Console)
