"""Targets: the enforcement planes that a segmentation is compiled to, and who takes part in them."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date
from typing import Any

from segkit.constructs.parts import Workload, WorkloadClass
from segkit.constructs.segmentation import Segmentation
from segkit.errors import SegkitError
from segkit.model.workloads import DEFAULT_REALM
from segkit.model.workloads import Workload as PureWorkload
from segkit.platforms.base import platform
from segkit.sets import ALL, Predicate

Member = Workload | WorkloadClass | PureWorkload | str


class Target:
    """One enforcement plane instance of any platform.

    It owns the workloads that `select` matches in its realm. `stack` is the TerraformStack that it is written
    into, by default that of the segmentation; `identities` is one for its groups themselves, which is applied
    before all others, so that stacks can refer to each other's groups. Every other argument is the platform's
    own: where it is and how it emits. They may be Terraform references; an argument that is None is left out.
    """

    def __init__(
        self,
        seg: Segmentation,
        name: str,
        *,
        platform: str,
        select: Predicate = ALL,
        realm: str = DEFAULT_REALM,
        stack: Any = None,
        identities: Any = None,
        **placement: Any,
    ) -> None:
        self._seg = seg
        given = {key: value for key, value in placement.items() if value is not None}
        here = seg._where(name)
        self._outlet = seg._outlet(stack, f"stack of target {name!r}", here)
        groups = None if identities is None else seg._outlet(identities, f"identities of {name!r}", here)
        self._made = seg._record().target(
            name,
            platform,
            select,
            realm,
            given,
            stack=None if self._outlet is None else self._outlet.name,
            identities=None if groups is None else groups.name,
            where=here,
        )

    @property
    def name(self) -> str:
        """Its name."""
        return self._made.name

    def accept_residual(self, residual: str, *, owner: str, reason: str, expires: date | str) -> Target:
        """Accept a named difference between intent and what this target can enforce.

        `expires` is the last day on which it is accepted. Returns the target, so that calls can be chained.
        """
        self._seg._record()
        where = self._seg._where(self.name)
        self._made.accept_residual(residual, owner=owner, reason=reason, expires=expires, where=where)
        return self

    def membership(
        self, workload: Member, interface: str = "", extra: Iterable[str] = (), scope: Any = None
    ) -> list[str]:
        """The groups that an interface of a workload or workload class must carry, as a list token.

        Give it to whatever attaches groups (`vpc_security_group_ids`), in this stack or another of the app:
        the library turns a use elsewhere into an output and a remote state. It works before and after the
        policies are written. `interface` names one of several interfaces. `extra` are ids of further groups,
        put behind ours. `scope`, the construct that uses it, lets a use in another app be reported; it
        changes nothing else. An unknown workload, or one that the target does not own, is reported at synth.
        """
        name, local = self._local(workload, interface, scope)
        ours = self._seg._membership(self.name, name, interface, local, self._outlet)
        others = list(extra)
        if not others:
            return ours
        joined: list[str] = self._seg._stage.library.Fn.concat([ours, others])
        return joined

    def _local(self, workload: Member, interface: str, scope: Any) -> tuple[str, str]:
        """The name of a workload, and of the local that publishes what its interface must carry."""
        name, seg = workload if isinstance(workload, str) else workload.name, self._seg
        if scope is not None and scope.node.root is not seg.node.root:
            where = seg._where(self.name)
            seg._problem(
                f"membership of {name!r} is used by {scope.node.path} of another app",
                where,
                "a reference cannot leave its app",
                "declare both in one app, or pass the ids on by an output",
            )
        try:
            return name, platform(self._made.platform).membership_local(self.name, name, interface)
        except SegkitError:
            # No such platform: compiling says so. Meanwhile the program can go on.
            return name, "segkit_unknown_platform"
