"""The report of a reconciliation, for a person to read, as Markdown."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from billfold.domain.reconciliation import HOURS, Line, Progress, Run


@dataclass(frozen=True, slots=True)
class Report:
    """What a run has found so far; the lines are read apart from it, since they may be many."""

    run: Run
    hours: Sequence[Progress]

    @property
    def is_complete(self) -> bool:
        """Tell whether every hour is done."""
        return sum(hour.listing is None for hour in self.hours) == HOURS

    @property
    def charges(self) -> int:
        """How many charges of ours were compared."""
        return sum(hour.charges for hour in self.hours)

    @property
    def differences(self) -> int:
        """How many lines need a person."""
        return sum(hour.differences for hour in self.hours)

    def head(self) -> str:
        """Write what is above the lines."""
        totals: Counter[str] = Counter()
        for hour in self.hours:
            totals.update(hour.totals)
        others = sum(hour.others for hour in self.hours)
        corrected = sum(hour.corrected for hour in self.hours)
        counted = (
            f"{self.charges} charges compared, {others} on the same Stripe account not ours,"
            f" {corrected} corrected."
        )
        parts = [
            f"# Stripe and ledger on {self.run.day.isoformat()}: {self._verdict()}",
            "",
            counted,
            "",
            *(f"- {amount} {currency} in minor units" for currency, amount in _sorted(totals)),
        ]
        if self.differences or corrected:
            parts += [
                "",
                "| what | charge | customer | invoice | Stripe | ours |",
                "| --- | --- | --- | --- | --- | --- |",
            ]
        return "\n".join(parts) + "\n"

    def _verdict(self) -> str:
        found = f"{self.differences} differences" if self.differences else "no differences"
        if self.is_complete:
            return found
        done = sum(hour.listing is None for hour in self.hours)
        return f"{found} so far, {done} of {HOURS} hours done"


def body(lines: Iterable[Line]) -> str:
    """Write the lines as rows of the table that ``head`` begins."""
    return "".join(
        f"| {line.verdict.value} | {line.charge} | {line.customer_id} | {line.invoice_id}"
        f" | {line.stripe} | {line.ours} |\n"
        for line in lines
    )


def _sorted(totals: Mapping[str, int]) -> list[tuple[str, int]]:
    return sorted(totals.items())
