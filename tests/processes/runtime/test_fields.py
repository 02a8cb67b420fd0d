"""Every field of each request reaches the author or is ignored for a reason, in the oldest, default and newest proto.

The requests are made from each version's descriptor, each field with another value; the services run on them,
and the author's methods must get these values. A field that a new SDK adds fails here until it is
converted.
"""

from __future__ import annotations

import dataclasses
import datetime as dt
import json
from contextlib import suppress
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import pytest
from calls import Services
from google.protobuf import message_factory
from google.protobuf.descriptor import FieldDescriptor
from google.protobuf.descriptor_pool import DescriptorPool
from google.protobuf.empty_pb2 import Empty

from gfplug import sdk
from gfplug.errors import FetchError
from gfplug.sdk import goenv, stubs
from gfruntime import (
    Admission,
    AdmissionRequest,
    ConversionRequest,
    Frame,
    Health,
    Query,
    RawObject,
    Request,
    Response,
    Settings,
    StreamRequest,
    StreamResponse,
    current_call,
)
from gfruntime.calls import convert, service
from gfruntime.serving.methods import METHODS

if TYPE_CHECKING:
    from collections.abc import Iterator

    from google.protobuf.message import Message

IGNORED = {
    "DataSourceInstanceSettings.id": "deprecated in favour of uid; it is part of the instances' key",
    "PluginContext.appInstanceSettings": "for app plugins only",
    "QueryDataRequest.format": "decides how answers are encoded; test_service",
    "QueryChunkedDataRequest.format": "the same; test_chunked",
    "AdmissionRequest.operation": "a word instead of a number; test_admission",
}
JSON_FIELDS = {"jsonData", "json"}


class Witness:
    """Records all values that it gets."""

    objects: list[object]

    def __init__(self, settings: Settings[dict[str, Any]]) -> None:
        """Record the settings."""
        self.objects.append(settings)

    def note(self, value: object) -> None:
        self.objects.extend((value, current_call()))

    def query(self, query: Query[dict[str, Any]]) -> Frame:
        self.note(query)
        return Frame.of(v=[1])

    def query_chunked(self, query: Query[dict[str, Any]]) -> Iterator[Frame]:
        self.note(query)
        yield Frame.of(v=[1])

    def check_health(self) -> Health:
        self.note(None)
        return Health.ok()

    def call_resource(self, request: Request) -> Response:
        self.note(request)
        return Response()

    def subscribe_stream(self, request: StreamRequest) -> StreamResponse:
        self.note(request)
        return StreamResponse.ok()

    def publish_stream(self, request: StreamRequest) -> StreamResponse:
        self.note(request)
        return StreamResponse.ok()

    def run_stream(self, request: StreamRequest) -> Iterator[int]:
        self.note(request)
        yield 1

    @classmethod
    def validate_admission(cls, request: AdmissionRequest) -> Admission:
        cls.objects.append(request)
        return Admission.allow()

    @classmethod
    def mutate_admission(cls, request: AdmissionRequest) -> Admission:
        cls.objects.append(request)
        return Admission.allow()

    @classmethod
    def convert_objects(cls, request: ConversionRequest) -> list[RawObject]:
        cls.objects.append(request)
        return list(request.objects)


class Filler:
    """Fills a message, and records the value of each field."""

    def __init__(self) -> None:
        """Begin with numbers that appear nowhere else."""
        self.number = 1_700_000_000_000
        self.values: dict[str, object] = {}

    def fill(self, message: Any) -> None:
        """Fill every field once."""
        for field in message.DESCRIPTOR.fields:
            name = f"{message.DESCRIPTOR.name}.{field.name}"
            if name == "PluginContext.appInstanceSettings":
                continue
            entry = field.message_type
            if entry is not None and entry.GetOptions().map_entry:
                self.fill_map(getattr(message, field.name), entry.fields_by_name["value"], name)
            elif entry is not None and field.is_repeated:
                self.fill(getattr(message, field.name).add())
            elif entry is not None:
                getattr(message, field.name).SetInParent()
                self.fill(getattr(message, field.name))
            elif field.is_repeated:
                getattr(message, field.name).append(self.leaf(field, name))
            else:
                setattr(message, field.name, self.leaf(field, name))

    def fill_map(self, mapping: Any, value: FieldDescriptor, name: str) -> None:
        self.number += 1
        key = f"key {self.number}"
        self.values[f"{name} key"] = key
        if value.message_type is None:
            mapping[key] = self.leaf(value, name)
        else:
            self.fill(mapping[key])

    def leaf(self, field: FieldDescriptor, name: str) -> Any:
        self.number += 1
        text = f"text {self.number}"
        others = {
            FieldDescriptor.TYPE_STRING: text,
            FieldDescriptor.TYPE_BYTES: text,
            FieldDescriptor.TYPE_BOOL: True,
            FieldDescriptor.TYPE_ENUM: 1,
            FieldDescriptor.TYPE_INT32: self.number % 2_000_000_000,
        }
        value = others.get(field.type, self.number)
        if field.name == "maxDataPoints":
            value = convert.MOST_POINTS - self.number % 1000  # a larger one would not arrive; see test_convert
        self.values[name] = value
        if field.type == FieldDescriptor.TYPE_BYTES:
            return (json.dumps({"key": text}) if field.name in JSON_FIELDS else text).encode()
        return value


def leaves(value: object) -> Iterator[object]:
    """Yield the scalars in a value, at any depth."""
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        for field in dataclasses.fields(value):
            yield from leaves(getattr(value, field.name))
    elif isinstance(value, dict):
        for key, item in value.items():
            yield from leaves(key)
            yield from leaves(item)
    elif isinstance(value, (list, tuple)):
        for item in value:
            yield from leaves(item)
    elif isinstance(value, bytes):
        yield value.decode()
    elif isinstance(value, (str, int, dt.datetime, dt.timedelta)):
        yield value


def spellings(value: object) -> set[object]:
    """List the forms that a value may have: times and durations are milliseconds on the wire."""
    if isinstance(value, int) and value > 1:
        return {value, convert.utc(value), dt.timedelta(milliseconds=value)}
    return {value}


@pytest.fixture(scope="module", params=["v0.97.0", "default", "latest"])
def pool(request: pytest.FixtureRequest) -> DescriptorPool:
    """Make a pool with the descriptors of one version."""
    is_offline = goenv.proxy() in {"", "off", "direct"}
    try:
        protos = sdk.fetch(sdk.resolve(request.param, offline=True), offline=is_offline)
    except FetchError as error:
        if not is_offline:
            raise
        pytest.skip(f"no Go module proxy is configured, and this machine has no proto of {request.param}: {error}")
    pool = DescriptorPool()
    for file in stubs.describe(protos).file:
        pool.Add(file)
    return pool


def requests_of(pool: DescriptorPool) -> dict[str, type[Message]]:
    """Make the message class of each method's request; an old version lacks some methods."""
    requests = {}
    for path in METHODS:
        service, _, method = path.removeprefix("/").partition("/")
        with suppress(KeyError):
            descriptor = pool.FindMethodByName(f"{service}.{method}").input_type
            requests[path] = message_factory.GetMessageClass(descriptor)
    return requests


@pytest.mark.parametrize("path", sorted(set(METHODS) - {"/pluginv2.Diagnostics/CollectMetrics"}))  # calls no author
def test_every_field_reaches_the_author(pool: DescriptorPool, path: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """The author gets each field of the request and of its messages, or the field is on the list of ignored ones."""
    requests = requests_of(pool)
    if path not in requests:
        pytest.skip("this version has no such method")
    messages = {kind.DESCRIPTOR.name: kind for kind in requests.values()}
    monkeypatch.setattr(service, "pb", SimpleNamespace(**messages))
    monkeypatch.setattr(Witness, "objects", [], raising=False)
    filler, request, services = Filler(), requests[path](), Services(Witness)
    filler.fill(request)
    call = services.unary if path in services.application.unary else services.stream
    call(path.removeprefix("/pluginv2."), request, Empty)
    plugin_values = set(leaves(Witness.objects))

    lost = [
        name for name, value in filler.values.items() if not spellings(value) & plugin_values and name not in IGNORED
    ]
    assert lost == []


def test_every_method_has_a_request(pool: DescriptorPool) -> None:
    """The test fails for a method that a new version adds."""
    services = pool.FindFileByName("pluginv2/backend.proto").services_by_name.values()

    assert {f"/{service.full_name}/{method.name}" for service in services for method in service.methods} <= set(METHODS)
