"""A data source with examples and with its own controls, which its hooks.js draws."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Literal

from field_source import Options  # noqa: TC002 - the schema is read from it
from row_source import Window

from gfruntime.author.examples import Example
from gfruntime.author.ui import Ui
from gfruntime.request.services import TagRequest  # noqa: TC001 - the schema is read from it
from gfruntime.request.vocabulary import Query, Settings  # noqa: TC001 - the schema is read from these


@dataclass(frozen=True)
class ShowyModel:
    """A control of the project, a field for one app, values that are remembered, and ad hoc filters."""

    table: Annotated[str, Ui(label="Table", required=True)] = "sales"
    note: Annotated[str, Ui(label="Note", apps=["explore"])] = ""
    mode: Annotated[Literal["raw", "sum"], Ui(label="Mode", widget="radio", remember=True)] = "raw"
    window: Annotated[Window, Ui(label="Window", remember=True)] = Window()  # noqa: RUF009 - frozen


class Showy:
    """A data source with examples, whose queries can be filtered."""

    examples = (
        Example("Orders", ShowyModel(table="orders", window=Window(size=7)), "Seven minutes each."),
        Example("All", ShowyModel(mode="sum")),
    )

    def __init__(self, settings: Settings[Options]) -> None:
        """Ignore the settings."""

    def query(self, query: Query[ShowyModel]) -> None:
        """Answer nothing."""

    def get_tag_keys(self, _request: TagRequest) -> list[str]:
        """List no key."""
        return []

    def get_tag_values(self, _key: str, _request: TagRequest) -> list[str]:
        """List no value."""
        return []

    def query_variable(self, query: Query[ShowyModel]) -> None:
        """Answer nothing."""


SHOWY_HOOKS = """
const { createElement } = require('react');
const { Input } = require('@grafana/ui');
exports.fields = {
  table: ({ id, value, onChange, onCommit, disabled, query, datasource }) =>
    createElement(Input, {
      id,
      disabled,
      value,
      'data-own': `${query.refId} ${datasource.uid}`,
      onChange: (event) => onChange(event.currentTarget.value.toUpperCase()),
      onBlur: onCommit,
    }),
};
exports.configFields = {
  timeout: ({ id, value, onChange, options }) =>
    createElement('input', {
      id,
      type: 'range',
      min: 1,
      max: 300,
      value,
      title: options.url,
      onChange: (event) => onChange(Number(event.currentTarget.value)),
    }),
};
"""
