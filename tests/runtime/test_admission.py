"""AdmissionControl and ResourceConversion."""

from __future__ import annotations

import json
from typing import Any

import pytest
from calls import Plain, Services
from children import context
from pluginv2 import backend_pb2 as pb

from gfruntime import Admission, AdmissionRequest, ConversionRequest, RawObject, Settings
from gfruntime.author.author_class import Author


class Source(Plain):
    """Checks, changes and converts objects."""

    def __init__(self, settings: Settings[dict[str, Any]]) -> None:
        """Fail: these calls need no instance."""
        raise AssertionError

    @staticmethod
    def validate_admission(request: AdmissionRequest) -> Admission:
        document = request.json()
        if document == "raise":
            raise KeyError("spec")
        summary = f"{request.operation} {request.kind.group}/{request.kind.version} {request.kind.kind}"
        if not document:
            return Admission.deny("no url", code=400)
        return Admission.allow(warnings=[summary, request.old_object.decode(), request.context.plugin_id])

    @staticmethod
    async def mutate_admission(request: AdmissionRequest) -> Admission:
        if request.operation == "delete":
            return Admission.allow()
        return Admission.allow(object=b'{"changed": true}')

    @staticmethod
    def convert_objects(request: ConversionRequest) -> list[RawObject]:
        if request.version == "v9":
            return []
        return [RawObject(raw=json.dumps([request.version, item.json()]).encode()) for item in request.objects]


@pytest.fixture(scope="module")
def services() -> Services:
    """Return the services."""
    return Services(Source)


def admission(text: bytes, *, operation: int = 0) -> pb.AdmissionRequest:
    """Send an admission request for an object."""
    return pb.AdmissionRequest(
        pluginContext=pb.PluginContext(pluginId="p"),  # no data source: it may not exist yet
        operation=operation,  # type: ignore[arg-type]  # an open enum
        kind=pb.GroupVersionKind(group="g", version="v1", kind="K"),
        object_bytes=text,
        old_object_bytes=b"old",
    )


def test_validation_sees_the_whole_request(services: Services) -> None:
    """The handler gets operation, kind, both objects and the context, without a configured data source (item 73)."""
    answer = services.unary(
        "AdmissionControl/ValidateAdmission", admission(b"{}" and b'{"a": 1}', operation=1), pb.ValidationResponse
    )

    assert answer.allowed
    assert list(answer.warnings) == ["update g/v1 K", "old", "p"]


@pytest.mark.shows("protocol 73")
@pytest.mark.parametrize(("text", "code", "message"), [(b"{}", 400, "no url"), (b'"raise"', 500, "KeyError: 'spec'")])
def test_the_result_has_refusals_and_failures(services: Services, text: bytes, code: int, message: str) -> None:
    """A refusal and an exception are answers, not failed calls (item 73)."""
    answer = services.unary("AdmissionControl/ValidateAdmission", admission(text), pb.ValidationResponse)

    assert not answer.allowed
    assert (answer.result.status, answer.result.message, answer.result.code) == ("Failure", message, code)


@pytest.mark.parametrize(("operation", "content"), [(0, b'{"changed": true}'), (2, b"given")])
def test_mutation_returns_the_whole_object(services: Services, operation: int, content: bytes) -> None:
    """The result is the changed object, or the given one."""
    answer = services.unary(
        "AdmissionControl/MutateAdmission", admission(b"given", operation=operation), pb.MutationResponse
    )

    assert (answer.allowed, answer.object_bytes) == (True, content)


def conversion(version: str) -> pb.ConversionRequest:
    """Send two objects for conversion."""
    objects = [pb.RawObject(raw=text, content_type="application/json") for text in (b'"first"', b'"second"')]
    target = pb.GroupVersion(group="g", version=version)
    return pb.ConversionRequest(pluginContext=context(), uid="u-1", objects=objects, target_version=target)


def test_conversion_echoes_uid_and_keeps_the_order(services: Services) -> None:
    """Every object is converted, in the order given (item 73)."""
    answer = services.unary("ResourceConversion/ConvertObjects", conversion("v2"), pb.ConversionResponse)

    assert (answer.uid, answer.result.status) == ("u-1", "Success")
    assert [json.loads(item.raw) for item in answer.objects] == [["v2", "first"], ["v2", "second"]]
    assert {item.content_type for item in answer.objects} == {"application/json"}


@pytest.mark.shows("protocol 73")
def test_the_result_has_a_failed_conversion(services: Services) -> None:
    """If the handler returns too few objects, the answer is a failure without objects (item 73)."""
    answer = services.unary("ResourceConversion/ConvertObjects", conversion("v9"), pb.ConversionResponse)

    assert (answer.uid, answer.result.status, len(answer.objects)) == ("u-1", "Failure", 0)
    assert "must return a list of 2 RawObjects, in the order of the request, not 0 RawObjects" in answer.result.message


def test_stateless_methods_must_be_static() -> None:
    """An instance method could not be called, so the class is refused when it is loaded."""

    class Wrong(Source):
        def validate_admission(self, request: AdmissionRequest) -> Admission:  # type: ignore[override]
            return Admission.allow()

    with pytest.raises(TypeError, match="validate_admission must be a static method"):
        Author.of(Wrong)


@pytest.mark.parametrize("answer", [Admission.deny(5), Admission.deny("no", code=-1)])  # type: ignore[arg-type]  # on purpose
def test_an_invalid_return_value_is_answered_as_a_denial(answer: Admission) -> None:
    """An invalid return value of the author's method is answered like an exception."""

    class Wrong(Source):
        @staticmethod
        def validate_admission(request: AdmissionRequest) -> Admission:  # noqa: ARG004  # as every other
            return answer

    response = Services(Wrong).unary(
        "AdmissionControl/ValidateAdmission",
        admission(b"x", operation=pb.AdmissionRequest.CREATE),
        pb.ValidationResponse,
    )

    assert (response.allowed, response.result.reason) == (False, "InternalError")


def test_the_response_has_an_error_for_unreadable_settings(services: Services) -> None:
    """Validation, mutation and conversion answer with the error; no call fails."""
    review, conversion_request = admission(b"x", operation=pb.AdmissionRequest.CREATE), conversion("v2")
    for request in (review, conversion_request):
        request.pluginContext.dataSourceInstanceSettings.jsonData = b"{no"
    answers: list[Any] = [
        services.unary("AdmissionControl/ValidateAdmission", review, pb.ValidationResponse),
        services.unary("AdmissionControl/MutateAdmission", review, pb.MutationResponse),
        services.unary("ResourceConversion/ConvertObjects", conversion_request, pb.ConversionResponse),
    ]

    assert all("the data source's settings: not JSON" in answer.result.message for answer in answers)
    assert not answers[0].allowed
    assert not answers[1].allowed
