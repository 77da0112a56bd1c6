"""`python -m segkit.cli`, where the `segkit` script is not on the path."""

from segkit.cli.main import app

app(prog_name="segkit")
