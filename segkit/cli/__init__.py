"""The `segkit` command: thin functions over the library; reports are rendered in `segkit.report`."""
