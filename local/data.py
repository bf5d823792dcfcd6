"""The data that survives a stop: the AWS emulator's and the Stripe emulator's, kept in step.

The AWS emulator saves only on a clean stop. After a kill it is back at the last one, so Stripe's
database goes back with it; else Stripe would know payments that the table does not.
"""

import hashlib
import shutil
from dataclasses import dataclass
from pathlib import Path

from local.stripe_keys import StripeAccount


@dataclass(frozen=True, slots=True)
class Data:
    """One folder for each Stripe account that the stack was used with."""

    folder: Path

    @classmethod
    def of(cls, data: Path, stripe: StripeAccount) -> "Data":
        """Name the folder; a real account's is told by a hash of its key."""
        if stripe.control_url:
            return cls(data / "emulator")
        return cls(data / hashlib.sha256(stripe.secret_key.encode()).hexdigest()[:12])

    @property
    def aws(self) -> Path:
        """State of the AWS emulator."""
        return self.folder / "aws"

    @property
    def stripe(self) -> Path:
        """Database of the Stripe emulator."""
        return self.folder / "stripe" / "stripe.sqlite3"

    @property
    def _saved(self) -> Path:
        return self.folder / "stripe.saved"

    @property
    def _in_use(self) -> Path:
        return self.folder / "in-use"

    def open(self) -> None:
        """Begin to use it, from the last clean stop."""
        current = self.stripe.parent
        self.aws.mkdir(parents=True, exist_ok=True)
        current.mkdir(exist_ok=True)
        if self._in_use.exists() and self._saved.exists():
            shutil.rmtree(current)
            shutil.copytree(self._saved, current)
        else:
            shutil.rmtree(self._saved, ignore_errors=True)
            shutil.copytree(current, self._saved)
        self._in_use.touch()

    def close(self) -> None:
        """Note that both emulators have saved what they know."""
        self._in_use.unlink(missing_ok=True)
