"""The portal writes amounts by the same table of decimals as the product (ISO 4217)."""

import re
from pathlib import Path

from billfold.domain.money import CURRENCIES, exponent

SOURCE = Path(__file__).resolve().parents[2] / "portal" / "src" / "lib" / "money.ts"


def test_the_portal_knows_the_decimals_of_every_currency() -> None:
    without, three = re.findall(r"'([A-Z ]+)'\.split", SOURCE.read_text())
    assert set(without.split()) == {c for c in CURRENCIES if exponent(c) == 0}
    assert set(three.split()) == {c for c in CURRENCIES if exponent(c) == 3}
