"""What it costs a run of automatic payment to find what is due.

Measured by turns on 10,000 invoices that are all due, and on 1,000,000 of which the same 10,000
are.
"""

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from statistics import median
from typing import Any, Final

from billfold.adapters.dynamodb.invoices import DynamoInvoices
from billfold.adapters.dynamodb.table import Table
from billfold.domain.autopay_message import Look, Shard
from billfold.services import autopay_dispatch
from billfold.services.ports import Invoices

from benchmarks.due_index import DueIndex, invoices

DUE, AMONG, DAY = 10_000, 1_000_000, date(2026, 10, 31)
ROUNDS: Final = 7
BAR: Final = 1.10


@dataclass
class _Queues:
    messages: int = 0

    def dispatch(self, shards: Sequence[Shard]) -> None:
        """Take what there was no time for: there is time for all."""
        raise AssertionError(shards)

    def charge(self, looks: Sequence[Look]) -> None:
        """Count."""
        self.messages += len(looks)


@dataclass
class _Dispatcher:
    """As much of the ports as the dispatcher needs."""

    invoices: Invoices
    autopay_queues: _Queues = field(default_factory=_Queues)


@dataclass(frozen=True, slots=True)
class Finding:
    """What it took to find what is due."""

    invoices: int
    queries: int
    read: int
    messages: int
    milliseconds: float


def finding() -> tuple[Finding, Finding]:
    """Find the same 10,000, alone and among a million, by turns; the time is the median."""
    indexes = []
    for among in (DUE, AMONG):
        index = DueIndex()
        index.fill(invoices(DUE, among, DAY))
        indexes.append(index)
    times: list[list[float]] = [[], []]
    seen: list[Finding] = []
    for _ in range(ROUNDS):
        seen = []
        for index, spent in zip(indexes, times, strict=True):
            one, took = _find(index)
            spent.append(took)
            seen.append(one)
    alone, million = (
        Finding(f.invoices, f.queries, f.read, f.messages, median(spent))
        for f, spent in zip(seen, times, strict=True)
    )
    return alone, million


def _find(index: DueIndex) -> tuple[Finding, float]:
    index.queries = index.read = 0
    client: Any = index
    ports: Any = _Dispatcher(DynamoInvoices(Table(client, "table")))
    began = time.perf_counter()
    for shard in ports.invoices.shards():
        autopay_dispatch.dispatch(Shard(shard, DAY, "run"), ports, lambda: 60.0)
    took = (time.perf_counter() - began) * 1000
    sent = ports.autopay_queues.messages
    return Finding(len(index), index.queries, index.read, sent, took), took


def ratios(alone: Finding, million: Finding) -> Mapping[str, float]:
    """Give what a million cost, as a multiple of ten thousand alone."""
    return {
        "reads": million.read / alone.read,
        "queries": million.queries / alone.queries,
        "messages": million.messages / alone.messages,
        "time": million.milliseconds / alone.milliseconds,
    }
