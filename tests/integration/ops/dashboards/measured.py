"""What was measured of the dashboard of the fleet, and the part of the documents that is made of it."""

from __future__ import annotations

from pathlib import Path

import msgspec

from trueup.ops.metric import Source
from trueup.ops.metrics import series_limit

MEASURED = Path(__file__).parent / "measured.json"


class Measured(msgspec.Struct, frozen=True):
    """What fifty simulated nodes cost a Prometheus and whoever looks at them.

    Parameters
    ----------
    load : float
        Of the machine, while it was measured: what is above the cores waits.
    series_each, series_all : int
        trueup's own of one node; all that Prometheus holds, its own and the auditor's included.
    samples_each_scrape : int
        Taken in at each round.
    scrape_ms_max : float
        The slowest scrape of a node, of the fifty that one process serves.
    query_cpu_ms_all : int
        Processor time of Prometheus for all queries of the dashboard once, scrapes and rules of that while included.
    query_ms_all, query_ms_median, query_ms_max : float
        Of all queries of the dashboard one after the other, and of one.
    slowest : str
        The panel that asked the slowest.
    """

    date: str
    prometheus: str
    load: float
    cores: int
    nodes: int
    scrape_secs: int
    minutes: float
    series_each: int
    series_all: int
    samples_each_scrape: int
    scrape_ms_max: float
    queries: int
    query_cpu_ms_all: int
    query_ms_all: float
    query_ms_median: float
    query_ms_max: float
    slowest: str


def measured() -> Measured:
    """Return what is on record."""
    return msgspec.json.decode(MEASURED.read_bytes(), type=Measured)


def render_series() -> str:
    """Return the bound of a node's series, and what a fleet of nodes at that bound cost."""
    one = measured()
    rows = [
        f"| {accounts} | {series_limit(Source.NODE, accounts=accounts, clients=accounts):,} |" for accounts in (1, 2, 5)
    ]
    told = (
        f"Measured on {one.date} with {one.nodes} simulated nodes at that bound ({one.series_each} series each, "
        f"{one.series_all:,} with the auditor's and Prometheus' own), scraped every {one.scrape_secs} s for "
        f"{one.minutes:g} minutes by Prometheus {one.prometheus} on {one.cores} cores under a load of {one.load:g}: "
        f"{one.samples_each_scrape:,} samples a round; the slowest scrape took {one.scrape_ms_max:g} ms. The "
        f"{one.queries} queries of the fleet's dashboard cost Prometheus {one.query_cpu_ms_all:,} ms of processor time "
        f"all together, scrapes and rules of that while included; one after the other they took {one.query_ms_all:,g} "
        f"ms, half of them at most {one.query_ms_median:g} ms, the slowest {one.query_ms_max:,g} ms ({one.slowest})."
    )
    heading = ("| Accounts, one client each | Series of one node, at most |", "|---:|---:|")
    return "\n".join(["", *heading, *rows, "", told, "", ""])
