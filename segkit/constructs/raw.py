"""Any resource, data source or provider as plain data, for stacks without provider bindings.

The libraries' own `TerraformResource` takes arguments of a provider that it has no bindings for only as
overrides, each a call to Node, and `synth --hcl` loses them. These keep theirs, and hand them over at once.
"""

from __future__ import annotations

from typing import Any

from segkit.constructs.library import classes, library_of
from segkit.constructs.tokens import plain


class _Block:
    """A resource or data source in the tree."""

    _block: str

    def __init__(self, scope: Any, name: str, kind: str, arguments: dict[str, Any]) -> None:
        self._ours = classes(library_of(scope).__name__)
        prefix = "data." if self._block == "data" else ""
        self._type = prefix + kind
        self._element = self._ours.block(scope, name, self._block, kind, plain(arguments))
        self._attributes: dict[str, str] = {}

    @property
    def node(self) -> Any:
        """The construct node."""
        return self._element.node

    @property
    def address(self) -> str:
        """Its address in Terraform: `aws_vpc.main`."""
        return f"{self._type}.{self._element.friendly_unique_id}"

    def __getitem__(self, attribute: str) -> str:
        """A token for an attribute; works in other stacks of the app too."""
        if attribute not in self._attributes:
            expression = f"{self._element.friendly_unique_id}.{attribute}"
            reference = self._ours.reference(self._element, attribute, self._type, expression)
            self._attributes[attribute] = reference.fqn
        return self._attributes[attribute]


class Resource(_Block):
    """Any resource of any provider: `vpc = Resource(stack, "main", "aws_vpc", cidr_block="10.0.0.0/16")`.

    `vpc["id"]` refers to an attribute: `${aws_vpc.main.id}` in the Terraform that is written. A list of
    mappings is a list of blocks; `lifecycle`, `depends_on` (addresses) and `provider` ("aws.prod") are as in
    Terraform.
    """

    _block = "resource"

    def __init__(self, scope: Any, id: str, kind: str, **arguments: Any) -> None:  # noqa: A002 - as constructs say
        super().__init__(scope, id, kind, arguments)


class DataSource(_Block):
    """Any data source of any provider, written like a `Resource`."""

    _block = "data"

    def __init__(self, scope: Any, id: str, kind: str, **arguments: Any) -> None:  # noqa: A002 - as constructs say
        super().__init__(scope, id, kind, arguments)


class Provider:
    """A provider, with the source and version that Terraform and the cdktf command line both need.

    `fqn` is what `provider=` of a resource or target takes: `aws`, or `aws.prod` with an alias.
    """

    def __init__(
        self,
        scope: Any,
        id: str,  # noqa: A002 - as constructs say
        kind: str,
        *,
        source: str,
        version: str,
        alias: str | None = None,
        **arguments: Any,
    ) -> None:
        given = {**arguments, **({} if alias is None else {"alias": alias})}
        required = {"source": source, "version": version}
        self._element = classes(library_of(scope).__name__).provider(scope, id, kind, required, plain(given))
        self.fqn = kind if alias is None else f"{kind}.{alias}"

    @property
    def node(self) -> Any:
        """The construct node."""
        return self._element.node
