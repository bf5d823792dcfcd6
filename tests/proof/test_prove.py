"""The command that runs the proof tells red from green, and what was run."""

from pathlib import Path

import pytest

from tests.proof import prove
from tests.proof.prove import Part, Run, run, table

TESTS = """
import pytest
from tests.proof.extent import COUNTED, PROVE, SHARE

def test_holds():
    assert PROVE
    COUNTED["points"] += 7

@pytest.mark.parametrize("number", range(2))
def test_breaks(number):
    COUNTED["points"] += 1
    assert number == 1, "charged twice"

def test_share():
    COUNTED["share"] += round(SHARE * 100)

@pytest.mark.skip(reason="to see it counted")
def test_left_out():
    pass
"""


@pytest.fixture(autouse=True)
def out(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(prove, "ROOT", tmp_path)
    monkeypatch.setattr(prove, "OUT", tmp_path)
    # The part runs in another folder than ours, and finds the plugin all the same.
    monkeypatch.setenv("PYTHONPATH", str(Path(__file__).resolve().parents[2]))
    monkeypatch.delenv("PYTEST_ADDOPTS", raising=False)


def a_part(folder: Path, text: str, *, parallel: bool = False) -> Part:
    (folder / "test_a_part.py").write_text(text)
    return Part("part", "what it is", ("test_a_part.py",), parallel, shares_within=True)


@pytest.mark.parametrize("parallel", [False, True], ids=["one process", "several"])
def test_it_goes_on_after_a_failure_and_counts_all(tmp_path: Path, *, parallel: bool) -> None:
    done = run(a_part(tmp_path, TESTS, parallel=parallel), 0.5)
    assert (done.tests, done.ended, done.skipped) == (5, 5, 1)
    assert done.counted == {"points": 9, "share": 50}
    [violation] = done.violations
    assert "test_breaks[0]" in violation
    assert "charged twice" in violation
    words = table([done], 0.5)
    assert words.startswith("**A sample of 50%, and no proof.**")
    assert "| part | what it is | 9 points, 50 share, 4 tests (1 skipped) | 1 |" in words


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("import nothing_of_this_name", "No module named"),
        ("", "nothing ran"),
        ("import os\ndef test_dies(): os._exit(0)", "1 tests did not end"),
        ("import pytest\n@pytest.mark.skip\ndef test_left_out(): pass", "nothing ran"),
    ],
    ids=["not collected", "empty", "dies", "all skipped"],
)
def test_what_did_not_run_is_not_green(tmp_path: Path, text: str, said: str) -> None:
    done = run(a_part(tmp_path, text), 1)
    assert any(said in violation for violation in done.violations), done.violations


def test_what_holds_is_green(tmp_path: Path) -> None:
    done = run(a_part(tmp_path, "def test_holds(): pass"), 1)
    assert (done.ended, done.violations) == (1, [])


def test_every_point_that_broke_is_a_violation_of_its_own(tmp_path: Path) -> None:
    broken = {"name": "x", "broken": ["first point", "second point"]}
    text = f"def test_x(record_property):\n  record_property('crash points', {broken})\n  assert 0"
    assert run(a_part(tmp_path, text), 1).violations == broken["broken"]


def test_a_share_of_the_tests(tmp_path: Path) -> None:
    text = "import pytest\n@pytest.mark.parametrize('n', range(100))\ndef test_n(n): pass"
    (tmp_path / "test_many.py").write_text(text)
    done = run(Part("many", "tests", ("test_many.py",), parallel=False), 0.2)
    assert 10 <= done.ended <= 30
    assert done.violations == []


def test_every_test_of_the_proof_belongs_to_one_part() -> None:
    named = [path for part in prove.PARTS for path in part.paths]
    assert len(named) == len(set(named))
    [others] = [part for part in prove.PARTS if part.but]
    assert set(others.but) == {path for path in named if path.startswith("tests/proof/")}


def test_an_unknown_part_is_refused() -> None:
    assert prove.main(["modle"], 1) == 2
    assert prove.main([], 1.5) == 2


def test_progress_names_what_runs() -> None:
    done = Run(Part("part", "what it is", ()))
    done.hear('{"tests": 2}')
    done.hear('{"began": "tests/x.py::test_one"}')
    assert "0 of 2" in done.progress()
    assert done.progress().endswith("now test_one")
