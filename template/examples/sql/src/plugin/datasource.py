"""The data source: this is the one file to edit.

It runs SQL on any database that `Database` can open, at the address in the settings. `SHOP` creates the sample
database. `Database` prevents writes, stops cancelled queries, and limits the size of results.
"""

from dataclasses import dataclass
from typing import Annotated, Literal

from gfruntime import Frame, Health, Query, Request, Secret, Settings, Ui, route
from gfruntime.sql.database import Database, Limits

MEMORY = "sqlite:"
EXAMPLE = """\
SELECT $__timeGroupAlias(time, '1m'), region, avg(amount) AS amount
FROM sales
WHERE $__timeFilter(time)
GROUP BY 1, 2
ORDER BY 1
"""
"""The text of a new query; `$__timeFilter` and `$__timeGroupAlias` are macros of Grafana's own SQL data sources."""

SHOP = """\
CREATE TABLE regions (region TEXT PRIMARY KEY, level REAL);
INSERT INTO regions VALUES ('north', 100.0), ('south', 60.0);

-- One row for each minute and region of the last two days: the north is at least 100, the south below 80.
CREATE VIEW sales AS
WITH RECURSIVE minutes(time) AS (
  SELECT CAST(strftime('%s', 'now') AS INTEGER) / 60 * 60 - 2 * 86400
  UNION ALL
  SELECT time + 60 FROM minutes WHERE time + 60 <= CAST(strftime('%s', 'now') AS INTEGER)
)
SELECT time, region, level + time / 60 % 20 AS amount FROM minutes, regions;

-- One deployment every four hours.
CREATE VIEW deployments AS
SELECT DISTINCT time / 14400 * 14400 AS time, 'Version 1.' || time / 14400 % 100 AS text, 'deployment' AS tags
FROM sales;
"""
"""A sample database in memory. Its sales are computed from the time, so there are always rows of the last two days."""


@dataclass(frozen=True)
class Options:
    """What the data source's config page saves; Grafana encrypts the password, and browsers never see it."""

    address: Annotated[
        str,
        Ui(
            label="Address",
            placeholder="postgresql://reader@db.example:5432/shop",
            help="Address of the database, without a password; sqlite: is the sample database in memory",
        ),
    ] = MEMORY
    password: Annotated[Secret, Ui(label="Password")] = Secret("")
    account_reads_only: Annotated[
        bool,
        Ui(
            label="Read-only account",
            help="Switch it on if the database has no read-only sessions, such as Flight SQL",
        ),
    ] = False
    rows: Annotated[int, Ui(label="Row limit", minimum=1, maximum=1_000_000, section="Limits")] = 100_000
    seconds: Annotated[float, Ui(label="Seconds", help="Time limit of a statement", minimum=1, section="Limits")] = 30.0
    connections: Annotated[int, Ui(label="Connections", minimum=1, maximum=100, section="Limits")] = 4


@dataclass(frozen=True)
class Model:
    """What the query editor sends; it sends variables as values, so that their texts never become SQL."""

    sql: Annotated[
        str,
        Ui(label="SQL", widget="code", language="sql", options_from="names", variables="values", required=True),
    ] = EXAMPLE
    format: Annotated[Literal["timeseries", "table"], Ui(label="Format", widget="radio")] = "timeseries"


class Datasource:
    """One object per configured data source; Grafana makes a new one when its settings change."""

    def __init__(self, settings: Settings[Options]) -> None:
        options = settings.options
        address = options.address.strip()
        self.database = Database(
            address,
            password=options.password,
            script=SHOP if address == MEMORY else "",
            limits=Limits(rows=options.rows, seconds=options.seconds, connections=options.connections),
            account_reads_only=options.account_reads_only,
        )

    def query(self, query: Query[Model]) -> list[Frame]:
        """Answer one query of a panel, an alert rule, a variable or an annotation."""
        return self.database.query(query, query.model.sql, format=query.model.format)

    def check_health(self) -> Health:
        """Answer the button "Save & test"."""
        return self.database.check()

    @route("GET", "/names")
    def names(self, _request: Request) -> list[dict[str, str]]:
        """List the tables and columns, for the editor's suggestions."""
        return self.database.names()

    def dispose(self) -> None:
        """Close the connections: the settings have changed, or Grafana stops."""
        self.database.close()
