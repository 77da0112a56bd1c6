"""Text inside Terraform JSON, where every string is a template."""

from __future__ import annotations


def literal(text: str) -> str:
    """`text` written so that Terraform reads exactly these characters, without interpolation or directives.

    Escape whole texts only: `literal("$") + "${x.id}"` would turn the reference into text.
    Source: Terraform language, "Strings and templates", escape sequences.

    >>> literal("costs ${5} or %{6}")
    'costs $${5} or %%{6}'
    """
    return text.replace("${", "$${").replace("%{", "%%{")


def reference(address: str, attribute: str = "") -> str:
    """An expression that stands for an attribute of a resource, data source or local, or for the whole of it.

    >>> reference("aws_security_group.web", "id"), reference("local.web")
    ('${aws_security_group.web.id}', '${local.web}')
    """
    return f"${{{address}.{attribute}}}" if attribute else f"${{{address}}}"
