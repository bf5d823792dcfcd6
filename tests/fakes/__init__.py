"""Ports in memory; the contract suite (tests/adapters) keeps them honest."""

from tests.fakes.outside import FakeBus, FakeGateway
from tests.fakes.payments import FakePayments
from tests.fakes.ports import FakePorts
from tests.fakes.store import FakeClock

__all__ = ["FakeBus", "FakeClock", "FakeGateway", "FakePayments", "FakePorts"]
