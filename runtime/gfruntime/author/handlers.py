"""The methods that a data source class may have: when each is called, where it runs, and what it returns.

A class has a constructor that takes the settings, and `query` or `query_batch`; all others are optional. Each may be
`def` or `async def`. A `def` method runs in one of the worker threads (64, or the number in `serve(threads=…)`),
several calls at once; all `async def` methods run on one event loop.

Class attributes: `threads = 16` (worker threads of its `def` methods), `concurrency = 4` (queries of a data source that
run at once, chunked ones too; the others wait) and `cache = Cache(seconds=30)` (equal queries run once, and their
answers are kept).

The options, and the model of each kind of query, may have a static or class method `migrate(old: dict)`. It receives
the values that this or an older version saved, and returns the dict from which today's fields are read.
"""

from __future__ import annotations

from typing import Literal, NamedTuple

Place = Literal["calls", "instance", "class"]


class Method(NamedTuple):
    """One method.

    `place` says where it runs: as a call (worker thread or event loop), while the instance is created or disposed of
    (its own thread), or on the class, without an instance.
    """

    signature: str
    returns: str
    when: str
    place: Place = "calls"


METHODS: dict[str, Method] = {
    "__init__": Method(
        "self, settings: Settings[Options]",
        "nothing",
        "Before the first call about a configured data source, and again when its settings change; calls wait for it. "
        "If it raises, those calls get its exception as their answer. It runs in a thread: create what belongs to the "
        "event loop, such as a client of httpx or a pool of psycopg, in `start`.",
        "instance",
    ),
    "start": Method(
        "self",
        "nothing",
        "Once after the constructor, before the first call. As `async def` it runs on the event loop of the other "
        "`async def` methods, so that the connections that it opens belong to that loop. If it raises, the calls "
        "that wait get its exception as their answer; the next call tries again, with a new object.",
        "instance",
    ),
    "query": Method(
        "self, query: Query[Model]",
        "a Frame, a list of frames, or a table with the Arrow interface",
        "For each query of a panel, an alert rule or an expression; the queries of one request run side by side, at "
        "most ten. If it raises, only that query gets the exception as its error.",
    ),
    "query_batch": Method(
        "self, queries: list[Query[Model]]",
        "a dictionary of ref ids, with a frame, a list of frames or an exception for each",
        "Once for all queries of a request, in place of `query`: for upstreams that answer several queries at once.",
    ),
    "query_chunked": Method(
        "self, query: Query[Model]",
        "a generator of frames, or of pairs of a frame's id and a frame",
        "For each query of a request that Grafana wants answered in parts.",
    ),
    "query_variable": Method(
        "self, query: Query[VariableModel]",
        "a Frame; its first text column holds the choices",
        "For a dashboard's variable query; such queries have a separate editor.",
    ),
    "query_annotation": Method(
        "self, query: Query[AnnotationModel]",
        "a Frame with the columns `time` and `text`, and perhaps `timeEnd`, `title` and `tags`",
        "For a dashboard's annotation query; such queries have a separate editor.",
    ),
    "check_health": Method("self", "a Health", 'For the button "Save & test", and when Grafana checks a plugin.'),
    "call_resource": Method(
        "self, request: Request",
        "a Response",
        "For HTTP requests to the data source's resources that no method with `@route` handles.",
    ),
    "get_tag_keys": Method(
        "self, request: TagRequest",
        "a list of texts, or of dictionaries with `value` and `label`",
        "When somebody adds an ad hoc filter to a dashboard: returns the keys by which the dashboard's queries can be "
        "filtered. A class with this method gets the filters as `query.filters`.",
    ),
    "get_tag_values": Method(
        "self, key: str, request: TagRequest",
        "a list of texts, or of dictionaries with `value` and `label`",
        "When the user has chosen a key: returns the values to compare it with.",
    ),
    "subscribe_stream": Method(
        "self, request: StreamRequest",
        "a StreamResponse",
        "When somebody subscribes to a channel of Grafana Live. Without this method, everybody who may read the data "
        "source may subscribe.",
    ),
    "publish_stream": Method(
        "self, request: StreamRequest",
        "a StreamResponse",
        "When somebody publishes to a channel. Without this method, nobody may publish.",
    ),
    "run_stream": Method(
        "self, request: StreamRequest",
        "a generator of frames, `DataOnly`s or JSON values",
        "Once for each channel that has subscribers, until the last one leaves (`request.cancel`).",
    ),
    "validate_admission": Method(
        "request: AdmissionRequest",
        "an Admission",
        "Before Grafana stores an object of a Kubernetes-style API: allows or refuses it. A static method.",
        "class",
    ),
    "mutate_admission": Method(
        "request: AdmissionRequest",
        "an Admission, with the object to store",
        "Before Grafana stores such an object: changes it. A static method.",
        "class",
    ),
    "convert_objects": Method(
        "request: ConversionRequest",
        "a list of RawObjects, as many as the request has, in the same order",
        "When Grafana wants such objects in another version. A static method.",
        "class",
    ),
    "dispose": Method(
        "self",
        "nothing",
        "When the settings have changed and the last call with the old settings has ended, or when Grafana ends. Close "
        "what the constructor and `start` opened.",
        "instance",
    ),
}

STATELESS = tuple(name for name, method in METHODS.items() if method.place == "class")
"""The methods that are called without a configured data source, and so are static."""
