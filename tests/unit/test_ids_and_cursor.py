"""Identifiers sort by age; cursors give nothing away and accept nothing foreign."""

import re
from datetime import UTC, date, datetime

import pytest
from billfold.domain import cursor, ids
from billfold.domain.errors import InvalidInputError
from hypothesis import given
from hypothesis import strategies as st

moments = st.datetimes(datetime(2020, 1, 1), datetime(2090, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001
days = st.dates(date(2020, 1, 1), date(2090, 1, 1))


@given(moments, st.sampled_from([ids.CARD, ids.INVOICE, ids.PAYMENT]))
def test_identifiers_have_the_published_shape(now: datetime, kind: str) -> None:
    assert re.match(ids.PATTERN.format(kind=kind), ids.new(kind, now))


@given(days, days, st.text(min_size=1), st.text(min_size=1))
def test_invoices_sort_by_day_of_issue(one: date, two: date, a: str, b: str) -> None:
    first, second = ids.invoice_id(a, one), ids.invoice_id(b, two)
    assert re.match(ids.PATTERN.format(kind=ids.INVOICE), first)
    assert (first == second) == (one == two and a == b)
    if one < two:
        assert first < second


@given(moments)
def test_a_cursor_comes_back(now: datetime) -> None:
    last = ids.new(ids.INVOICE, now)
    assert cursor.decode(cursor.encode(last), ids.INVOICE) == last


@given(st.text())
def test_no_text_but_a_cursor_is_one(text: str) -> None:
    with pytest.raises(InvalidInputError):
        cursor.decode(text, ids.INVOICE)


def test_a_cursor_belongs_to_its_list() -> None:
    made = cursor.encode(ids.new(ids.PAYMENT, datetime.now(UTC)))
    with pytest.raises(InvalidInputError):
        cursor.decode(made, ids.INVOICE)
