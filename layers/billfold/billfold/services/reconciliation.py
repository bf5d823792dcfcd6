"""Reconciliation: holds every charge, refund and dispute at Stripe against our book, and back.

A run is of a UTC day, and is done in hours by a queue's worker. An hour goes through Stripe's lists
page by page; how far it has come is in the table, so that a message that comes twice, late, or to a
function that dies, changes nothing. What lost events left out is written by the code that takes
events; what still differs is a line for a person to look at (docs/runbook.md).
"""

import logging
from collections import Counter
from dataclasses import replace
from datetime import UTC, date, timedelta
from typing import Final

from billfold.domain.errors import InvalidInputError, UnavailableError
from billfold.domain.reconciliation import HOURS, Hour, Line, Progress, Run
from billfold.domain.reconciliation_report import Report
from billfold.services import outbox, reconciliation_page
from billfold.services.ports import Ports, StaleError, TimeLeft
from billfold.services.reconciliation_page import Page

logger = logging.getLogger(__name__)

CATCH_UP_DAYS: Final = 7
LATE: Final = timedelta(hours=20)
"""A run that is not complete by then is told about: it was begun the night before."""
SECONDS_FOR_A_PAGE: Final = 60.0
"""A page is a call of Stripe and a few of ours; more only where something differs."""
PAGES_A_WRITE: Final = 20
"""How many pages are gone through before the table is told, where nothing differs."""


def begin_new(run: str, ports: Ports) -> list[date]:
    """Begin the days of the last week that were not reconciled, and take up what is not complete.

    Parameters
    ----------
    run
        The name of the runs that it begins.

    Returns
    -------
    list of date
        The days that were asked for.

    Raises
    ------
    UnavailableError
        Not everything was asked for: call it again.
    """
    now = ports.clock.now()
    today = now.astimezone(UTC).date()
    asked = []
    for back in range(CATCH_UP_DAYS, 0, -1):
        day = today - timedelta(days=back)
        latest = ports.reconciliations.latest(day)
        if latest is None or not latest.is_of_whole_day:
            begin(day, run, ports)
        elif latest.completed_at is None:
            if now - latest.begun_at > LATE:
                logger.error("reconciliation is not complete", extra={"reason": day.isoformat()})
            _ask(latest, ports)
        else:
            continue
        asked.append(day)
    return asked


def begin(day: date, run: str, ports: Ports) -> Run:
    """Begin the reconciliation of a UTC day anew, whatever was found before.

    Raises
    ------
    InvalidInputError
        The day is still to come.
    UnavailableError
        Not every hour was asked for: begin again.
    """
    now = ports.clock.now()
    if day > now.astimezone(UTC).date():
        raise InvalidInputError("The day is still to come.", field="day")
    begun, latest = Run(day, run, now), ports.reconciliations.latest(day)
    try:
        ports.reconciliations.begin(begun, instead_of=latest)
    except StaleError:
        # Somebody else began the day in this moment, and asks for it.
        return begun
    _ask(begun, ports)
    return begun


def _ask(run: Run, ports: Ports) -> None:
    known = ports.reconciliations.hours(run)
    hours = [Hour(run.day, run.run, number) for number in range(HOURS)]
    left = [hour for hour in hours if known.get(hour.hour, Progress()).listing]
    # Where all are done and nobody has said so, the last one says it.
    ports.reconciliation_queue.send(left or hours[-1:])


def reconcile_hour(hour: Hour, ports: Ports, time_left: TimeLeft) -> None:
    """Go on with an hour until it is done; when time is up, another message goes on.

    Raises
    ------
    UnavailableError
        Stripe or AWS is down: try the message again, it goes on where this one ended.
    """
    run = ports.reconciliations.latest(hour.day)
    if run is None or run.run != hour.run:
        # The day was begun anew: this run stands for nothing any more.
        return
    try:
        progress = _go_on(hour, ports, time_left)
    except StaleError:
        # Another copy of the message goes on.
        return
    if progress.listing:
        ports.reconciliation_queue.send([hour])
    else:
        _complete(run, ports)


def _go_on(hour: Hour, ports: Ports, time_left: TimeLeft) -> Progress:
    saved = progress = ports.reconciliations.progress(hour)
    begun = False
    try:
        while progress.listing and (not begun or time_left() > SECONDS_FOR_A_PAGE):
            begun = True
            page = reconciliation_page.read(hour, progress, ports, time_left)
            progress = _counted(progress, page)
            if page.lines or progress.pages - saved.pages >= PAGES_A_WRITE:
                saved = progress = _save(hour, saved, progress, page.lines, ports)
    except UnavailableError:
        _save(hour, saved, progress, [], ports)
        raise
    return _save(hour, saved, progress, [], ports)


def _save(
    hour: Hour, saved: Progress, progress: Progress, lines: list[Line], ports: Ports
) -> Progress:
    if progress == saved:
        return saved
    outbox.flush(ports)
    return ports.reconciliations.advance(hour, saved, progress, lines)


def _counted(progress: Progress, page: Page) -> Progress:
    corrected = sum(line.verdict.is_corrected for line in page.lines)
    return replace(
        progress.moved(page.position),
        charges=progress.charges + page.charges,
        others=progress.others + page.others,
        totals=Counter(progress.totals) + Counter(page.totals),
        corrected=progress.corrected + corrected,
        differences=progress.differences + len(page.lines) - corrected,
    )


def _complete(run: Run, ports: Ports) -> None:
    """End the run if this was its last hour; whoever does so first tells it."""
    report = Report(run, list(ports.reconciliations.hours(run).values()))
    if not report.is_complete or run.completed_at:
        return
    now = ports.clock.now()
    try:
        ports.reconciliations.complete(run, differences=report.differences, now=now)
    except StaleError:
        return
    told = {"reason": run.day.isoformat(), "count": report.differences}
    if report.differences:
        logger.error("stripe and ledger differ", extra=told)
    else:
        logger.info("stripe and ledger agree", extra=told)


def report_of(day: date, ports: Ports) -> Report | None:
    """Return what the latest run of a day has found so far; None where there was none."""
    run = ports.reconciliations.latest(day)
    if run is None:
        return None
    return Report(run, list(ports.reconciliations.hours(run).values()))
