"""cdktf or cdktn: which of the two an app uses, and the few classes of ours that must extend it."""

from __future__ import annotations

import importlib
from collections.abc import Mapping
from functools import cache
from types import ModuleType
from typing import Any, NamedTuple, Protocol

from segkit.constructs import hcl
from segkit.constructs.tokens import with_tokens
from segkit.errors import Problem, SegkitError

LIBRARIES = ("cdktf", "cdktn")


class Stage(Protocol):
    """What the element of a segmentation asks of it during a synth."""

    def arm(self) -> None:
        """A synth of this stack begins; its output will be written."""

    def validate(self) -> list[str]:
        """Everything that forbids the output, as text."""

    def emit(self) -> dict[str, Any]:
        """The fragment, as Terraform JSON."""

    def emit_hcl(self) -> dict[str, Any]:
        """The fragment without what its parts carry, as cdktf's HCL writer wants it."""


class Classes(NamedTuple):
    """Our classes over one library; their constructors take what the comments in `classes` say."""

    element: Any
    part: Any
    token: Any
    reference: Any
    block: Any
    provider: Any
    validation: Any


def library_of(scope: Any) -> ModuleType:
    """The library whose app or stack `scope` belongs to.

    Chosen by the classes of the tree's root, never by what happens to be installed: an element of one library
    inside an app of the other fails. Raises SegkitError when the scope is no construct of either.
    """
    node = getattr(scope, "node", None)
    root = getattr(node, "root", None)
    for base in type(root).__mro__:
        name = base.__module__.partition(".")[0]
        if name in LIBRARIES:
            return importlib.import_module(name)
    raise SegkitError(
        Problem(
            f"the scope of a Segmentation is {type(scope).__name__}, which is in no cdktf or cdktn app",
            fix="pass a TerraformStack, or a construct inside one",
        )
    )


@cache
def classes(name: str) -> Classes:
    """Our classes over the library called `name`, built when first needed."""
    import constructs
    import jsii

    library: Any = importlib.import_module(name)

    # jsii finds overridden methods by name and calls back for each use, so a class overrides only what it
    # must.
    class SegmentationElement(library.TerraformElement):  # type: ignore[misc]
        """Stands in the tree for a segmentation and hands its whole output over at once."""

        def __init__(self, scope: Any, name: str, stage: Stage) -> None:
            super().__init__(scope, name)
            self._stage = stage
            self.node.add_validation(_Validation(stage))
            library.Aspects.of(self).add(_Begin(self, stage))

        def to_terraform(self) -> Any:
            return self._stage.emit()

        def to_hcl_terraform(self) -> Any:
            return self._stage.emit_hcl()

    class FragmentPart(library.TerraformElement):  # type: ignore[misc]
        """One block for `synth --hcl`, whose writer takes one resource from each element."""

        def __init__(self, scope: Any, name: str, blocks: Mapping[str, Any]) -> None:
            super().__init__(scope, name)
            self.blocks = blocks

        def to_hcl_terraform(self) -> Any:
            return self.blocks

    class Reference(library.TerraformElement):  # type: ignore[misc]
        """Emits nothing; its `fqn` refers to an attribute of something in the stack (`local`, `a.groups`).

        Used in another stack, the library makes it an output here and a remote state there.
        """

        def __init__(self, scope: Any, name: str, kind: str, expression: str) -> None:
            super().__init__(scope, name, kind)
            self.override_logical_id(expression)

    class RawBlock(library.TerraformElement):  # type: ignore[misc]
        """A resource or data source as plain data."""

        def __init__(self, scope: Any, name: str, block: str, kind: str, body: Mapping[str, Any]) -> None:
            super().__init__(scope, name)
            self._place, self._body = (block, kind, self.friendly_unique_id), body
            self._signature = {"metadata": {"path": self.node.path, "uniqueId": self.friendly_unique_id}}

        def to_terraform(self) -> Any:
            return self._placed({**self._body, "//": self._signature})

        def to_hcl_terraform(self) -> Any:
            return self._placed(hcl.attributes(self._body))

        def _placed(self, body: Mapping[str, Any]) -> dict[str, Any]:
            block, kind, name = self._place
            return {block: {kind: {name: body}}}

    class RawProvider(library.TerraformElement):  # type: ignore[misc]
        """A provider as plain data."""

        def __init__(
            self, scope: Any, name: str, kind: str, required: Mapping[str, str], body: Mapping[str, Any]
        ) -> None:
            super().__init__(scope, name)
            self._kind, self._body = kind, body
            self._terraform = {"required_providers": {kind: required}}

        def to_terraform(self) -> Any:
            return {"terraform": self._terraform, "provider": {self._kind: [self._body]}}

        def to_hcl_terraform(self) -> Any:
            return {"terraform": self._terraform, "provider": {self._kind: [hcl.attributes(self._body)]}}

    @jsii.implements(constructs.IValidation)
    class _Validation:
        def __init__(self, stage: Stage) -> None:
            self._stage = stage

        def validate(self) -> list[str]:
            return self._stage.validate()

    @jsii.implements(library.IAspect)
    class _Begin:
        # Aspects run once a synth, after the preparing calls of toTerraform and before validations.
        def __init__(self, element: Any, stage: Stage) -> None:
            self._element, self._stage = element, stage

        def visit(self, node: Any) -> None:
            if node is self._element:
                self._stage.arm()

    @jsii.implements(library.IResolvable, library.IPostProcessor)
    class FragmentToken:
        """One block of a fragment as a token: what it stands for crosses over to Node only when it is needed.

        The library resolves what an element returns, value by value, and then the whole stack once more. Put
        in after the first time, the block is spared it. To prepare, the library looks for references only.
        """

        creation_stack: tuple[str, ...] = ()

        def __init__(self, block: Any) -> None:
            self._block = block

        def resolve(self, context: Any) -> Any:
            if context.preparing:
                return with_tokens(self._block)
            context.register_post_processor(self)
            return None

        def post_process(self, _nothing: Any, _context: Any) -> Any:
            return self._block

    return Classes(
        SegmentationElement, FragmentPart, FragmentToken, Reference, RawBlock, RawProvider, _Validation
    )
