"""Terraform's plugin protocol, version 6, answered from a schema and an API."""

from __future__ import annotations

import json
import os
import random
import time
import traceback
from collections.abc import Callable, Iterable
from typing import Any

import grpc
from tf.gen import tfplugin_pb2 as pb

from tests.double import schema, wire
from tests.double.api import Api, RefusedError
from tests.double.schema import Kinds

SHUFFLE = "SEGKIT_DOUBLE_SHUFFLE"
"""The most seconds that a call waits before it takes effect: what may come in any order then does."""


class Servicer:
    """One method for each call that Terraform makes; named as in the protocol."""

    def __init__(self, kinds: Kinds, api: Api) -> None:
        self._kinds, self._api = kinds, api

    def handler(self) -> Any:
        """The methods as gRPC wants them."""
        service = pb.DESCRIPTOR.services_by_name["Provider"]
        methods = {
            method.name: _handler(getattr(self, method.name), method.input_type)
            for method in service.methods
            if hasattr(self, method.name)
        }
        return grpc.method_handlers_generic_handler(service.full_name, methods)

    def GetProviderSchema(self, request: Any) -> Any:
        return pb.GetProviderSchema.Response(
            provider=schema.message(self._kinds.provider),
            resource_schemas={k: schema.message(found) for k, found in self._kinds.resources.items()},
            provider_meta=pb.Schema(block=pb.Schema.Block()),
            server_capabilities=pb.ServerCapabilities(get_provider_schema_optional=True),
        )

    def ValidateProviderConfig(self, request: Any) -> Any:
        return pb.ValidateProviderConfig.Response()

    def ConfigureProvider(self, request: Any) -> Any:
        return pb.ConfigureProvider.Response(
            diagnostics=_refusals(lambda: self._api.configure(wire.read(request.config)))
        )

    def StopProvider(self, request: Any) -> Any:
        return pb.StopProvider.Response()

    def ValidateResourceConfig(self, request: Any) -> Any:
        faults = self._api.invalid(request.type_name, wire.read(request.config))
        return pb.ValidateResourceConfig.Response(diagnostics=_errors(faults))

    def UpgradeResourceState(self, request: Any) -> Any:
        return pb.UpgradeResourceState.Response(
            upgraded_state=wire.written(json.loads(request.raw_state.json))
        )

    def ReadResource(self, request: Any) -> Any:
        state = wire.read(request.current_state)
        now = self._api.read(request.type_name, state["id"])
        return pb.ReadResource.Response(new_state=wire.written(now and self._whole(request.type_name, now)))

    def PlanResourceChange(self, request: Any) -> Any:
        kind, prior = request.type_name, wire.read(request.prior_state)
        proposed = wire.read(request.proposed_new_state)
        if proposed is None or proposed == prior:
            return pb.PlanResourceChange.Response(planned_state=request.proposed_new_state)
        planned = schema.planned(self._kinds.resources[kind]["block"], proposed, prior)
        replaced = set()
        if prior is not None:
            replaced |= set(schema.replacing(self._kinds.force_new.get(kind, ()), prior, planned))
            replaced |= set(self._api.replaces(kind, prior, planned))
        return pb.PlanResourceChange.Response(
            planned_state=wire.written(planned),
            requires_replace=[_path(name) for name in sorted(replaced)],
        )

    def ApplyResourceChange(self, request: Any) -> Any:
        kind = request.type_name
        prior, planned = wire.read(request.prior_state), wire.read(request.planned_state)
        done: list[Any] = [prior]  # what is there when the call is refused

        def apply() -> None:
            if planned is None:
                self._api.delete(kind, prior["id"])
                done[0] = None
            elif prior is None:
                done[0] = self._whole(kind, self._api.create(kind, planned))
            else:
                done[0] = self._whole(kind, self._api.update(kind, prior["id"], planned))

        time.sleep(random.uniform(0, float(os.environ.get(SHUFFLE, 0))))
        faults = _refusals(apply)
        return pb.ApplyResourceChange.Response(new_state=wire.written(done[0]), diagnostics=faults)

    def ImportResourceState(self, request: Any) -> Any:
        found = self._api.read(request.type_name, request.id)
        if found is None:
            return pb.ImportResourceState.Response(diagnostics=_errors([f"{request.id} does not exist"]))
        imported = pb.ImportResourceState.ImportedResource(
            type_name=request.type_name, state=wire.written(self._whole(request.type_name, found))
        )
        return pb.ImportResourceState.Response(imported_resources=[imported])

    def _whole(self, kind: str, body: dict[str, Any]) -> dict[str, Any]:
        """A body with every argument of its schema, as the protocol wants it."""
        return schema.whole(self._kinds.resources[kind]["block"], body)


def _handler(method: Callable[[Any], Any], takes: Any) -> Any:
    def answer(request: Any, context: Any) -> Any:
        try:
            return method(request)
        except Exception:
            context.abort(grpc.StatusCode.INTERNAL, traceback.format_exc())

    message = getattr(getattr(pb, takes.containing_type.name), takes.name)
    return grpc.unary_unary_rpc_method_handler(
        answer,
        request_deserializer=message.FromString,
        response_serializer=lambda sent: sent.SerializeToString(),
    )


def _refusals(act: Callable[[], None]) -> list[Any]:
    try:
        act()
    except RefusedError as refused:
        return _errors(str(refused).splitlines())
    return []


def _errors(faults: Iterable[str]) -> list[Any]:
    return [pb.Diagnostic(severity=pb.Diagnostic.ERROR, summary=fault) for fault in faults]


def _path(name: str) -> Any:
    return pb.AttributePath(steps=[pb.AttributePath.Step(attribute_name=name)])
