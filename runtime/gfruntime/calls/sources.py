"""Which configured data source a call is for, and the way to its instance."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from gfruntime.calls import convert
from gfruntime.calls.instances import Instances, Key, Version, proxy_hash
from gfruntime.errors import QueryError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from pluginv2 import backend_pb2 as pb

    from gfruntime.author.author_class import Author
    from gfruntime.request.config import GrafanaConfig
    from gfruntime.serving.workers import Pool


@dataclass(frozen=True, slots=True)
class Source:
    """One data source in one version of its settings."""

    key: Key
    version: Version
    make: Callable[[], Any]
    instances: Instances

    @classmethod
    def of(
        cls,
        context: pb.PluginContext,
        metadata: Mapping[str, list[str]],
        *,
        config: GrafanaConfig,
        author: Author,
        instances: Instances,
    ) -> Source:
        """Read what tells this data source, and its version, from all others.

        When the call names none, `acquire` raises QueryError: each query of the call then says so.
        """
        settings = context.dataSourceInstanceSettings
        tenant = "\n".join([*metadata.get("tenantid", []), str(context.orgId), getattr(context, "namespace", "")])
        key = Key(f"{settings.id}\n{settings.uid}", tenant, proxy_hash(config))

        def make() -> Any:  # noqa: ANN401  # the author's class
            if not context.HasField("dataSourceInstanceSettings"):
                raise QueryError("the request names no data source (data source instance settings cannot be nil)")
            return author.make(convert.settings(settings, options_type=author.options, config=config))

        return cls(key, Version(settings.lastUpdatedMS, config), make, instances)

    def acquire(self) -> Any:  # noqa: ANN401
        """Find or make the instance; may block in the author's constructor."""
        return self.instances.acquire(self.key, self.version, self.make)

    async def acquire_async(self, pool: Pool) -> Any:  # noqa: ANN401
        """Find the instance, or make it in a worker thread: a constructor may block."""
        instance = self.instances.peek(self.key, self.version)
        return instance if instance is not None else await pool.run(self.acquire)
