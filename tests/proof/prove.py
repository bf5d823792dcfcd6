"""The whole proof as one command: every part to its end, then all violations and one table.

    python -m tests.proof.prove                    everything
    python -m tests.proof.prove crash model        these parts alone
    SHARE=0.1 python -m tests.proof.prove          a sample of a tenth

The table is also in .local/prove.md, what each part printed in .local/prove/.
"""

import json
import os
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from tests.proof.telling import SHARE_OF_TESTS, TO

ROOT: Final = Path(__file__).resolve().parents[2]
OUT: Final = ROOT / ".local" / "prove"
TABLE: Final = ROOT / ".local" / "prove.md"
QUIET_SECONDS: Final = 30
"""How often a part that has ended no test says where it is."""
LOOK_SECONDS: Final = 2
PROOF: Final = "tests/proof"


@dataclass(frozen=True, slots=True)
class Part:
    """Some files of tests. A share of it is one of what its tests do, or of the tests."""

    name: str
    what: str
    paths: tuple[str, ...]
    parallel: bool = True
    shares_within: bool = False
    but: tuple[str, ...] = ()


_NAMED: Final = (
    Part(
        "model",
        "the protocol as a model, in every order",
        (f"{PROOF}/test_model.py", f"{PROOF}/test_guards.py", f"{PROOF}/test_writes.py"),
    ),
    Part(
        "crash",
        "every call of every path fails in every way",
        (f"{PROOF}/test_crash_points.py", f"{PROOF}/test_delivery_points.py"),
        shares_within=True,
    ),
    Part("mutations", "each guard of the product taken away", (f"{PROOF}/mutations",)),
    Part(
        "machine",
        "histories of the state machine",
        (f"{PROOF}/machine",),
        shares_within=True,
    ),
    Part(
        "races",
        "races over HTTP",
        ("tests/e2e/test_races.py",),
        parallel=False,
        shares_within=True,
    ),
)
_REST: Final = Part(
    "others",
    "field failures, trouble that lasts, and the rest of tests/proof",
    (PROOF,),
    but=tuple(path for part in _NAMED for path in part.paths if path.startswith(PROOF)),
)
PARTS: Final = (*_NAMED[:3], _REST, *_NAMED[3:])


@dataclass
class Run:
    """How a part went."""

    part: Part
    tests: int = 0
    ended: int = 0
    skipped: int = 0
    counted: Counter[str] = field(default_factory=Counter)
    violations: list[str] = field(default_factory=list)
    running: dict[str, None] = field(default_factory=dict)
    began: float = field(default_factory=time.monotonic)
    minutes: float = 0.0

    def hear(self, line: str) -> bool:
        """Take a line of the plugin; tell whether a test ended."""
        told = json.loads(line)
        self.tests = told.get("tests", self.tests)
        if "began" in told:
            self.running[told["began"]] = None
        if "ended" not in told:
            return False
        self.running.pop(told["ended"], None)
        self.ended += 1
        self.skipped += told["outcome"] == "skipped"
        self.counted.update(told.get("counted", {}))
        self.violations += told["violations"]
        return True

    def how_many(self) -> str:
        """Return what was run, in numbers."""
        counted = [f"{number:,} {what}" for what, number in sorted(self.counted.items())]
        skipped = f" ({self.skipped} skipped)" if self.skipped else ""
        return ", ".join([*counted, f"{self.ended - self.skipped} tests{skipped}"])

    def progress(self) -> str:
        """Return where a part is."""
        minutes = (time.monotonic() - self.began) / 60
        running = ", ".join(test.rpartition("::")[2] for test in self.running)
        words = f"{self.part.name:9} {self.ended} of {self.tests or '?'}, {minutes:.1f} min"
        words += f", {self.how_many()}, {len(self.violations)} violations"
        return f"{words}; now {running}" if running else words


def run(part: Part, share: float) -> Run:
    """Run a part to its end, and say now and then where it is."""
    told, log = OUT / f"{part.name}.jsonl", OUT / f"{part.name}.log"
    told.unlink(missing_ok=True)
    done = Run(part)
    with log.open("w") as output:
        process = subprocess.Popen(
            _command(part), cwd=ROOT, env=_environment(part, told, share), stdout=output,
            stderr=subprocess.STDOUT,
        )  # fmt: skip
        try:
            _follow(process, done, told)
        except KeyboardInterrupt:
            process.terminate()
            process.wait()
            done.violations.append(f"{part.name} was stopped")
    _judge(done, process.returncode, log)
    done.minutes = (time.monotonic() - done.began) / 60
    return done


def _command(part: Part) -> list[str]:
    return [
        *(sys.executable, "-m", "pytest", "-p", "tests.proof.telling", "-v", "--color=no"),
        *(("-n", "auto") if part.parallel else ()),
        *(path for path in part.paths if (ROOT / path).exists()),
        *(f"--ignore={path}" for path in part.but),
    ]


def _environment(part: Part, told: Path, share: float) -> dict[str, str]:
    within = "BILLFOLD_SHARE" if part.shares_within else SHARE_OF_TESTS
    shares = {"BILLFOLD_SHARE": "", SHARE_OF_TESTS: "", within: str(share)}
    return {**os.environ, "BILLFOLD_PROVE": "1", TO: str(told), **shares}


def _follow(process: "subprocess.Popen[bytes]", done: Run, told: Path) -> None:
    said = done.began
    place = 0
    while True:
        try:
            process.wait(LOOK_SECONDS)
        except subprocess.TimeoutExpired:
            alive = True
        else:
            alive = False
        lines = told.read_text()[place:].splitlines(keepends=True) if told.exists() else []
        whole = [line for line in lines if line.endswith("\n")]
        place += sum(len(line) for line in whole)
        before = len(done.violations)
        for line in whole:
            done.hear(line)
        for violation in done.violations[before:]:
            say(f"{done.part.name:9} VIOLATION: {violation.splitlines()[0]}")
        if time.monotonic() - said > QUIET_SECONDS and alive:
            said = time.monotonic()
            say(done.progress())
        if not alive:
            return


def _judge(done: Run, code: int | None, log: Path) -> None:
    """Let no part pass for green that did not run to its end."""
    where = log.relative_to(ROOT)
    if done.ended < done.tests:
        done.violations.append(f"{done.tests - done.ended} tests did not end: {where}")
    if done.ended == done.skipped:
        done.violations.append(f"nothing ran: {where}")
    if code and not done.violations:
        done.violations.append(f"it ended with code {code}: {where}")


def table(runs: Sequence[Run], share: float) -> str:
    """Return what ran, how many, what broke, and how long it took."""
    sample = "" if share == 1 else f"**A sample of {share:.0%}, and no proof.** "
    left_out = [part.name for part in PARTS if part not in [one.part for one in runs]]
    without = f" Left out: {', '.join(left_out)}." if left_out else ""
    when = f"{datetime.now(UTC):%Y-%m-%d}, commit {commit()}, {os.cpu_count()} cores."
    words = [
        f"{sample}{when}{without}",
        "",
        "| part | what | how many | violations | minutes |",
        "| --- | --- | --- | --- | --- |",
    ]
    for one in runs:
        cells = (
            one.part.name,
            one.part.what,
            one.how_many(),
            f"{len(one.violations)}",
            f"{one.minutes:.1f}",
        )
        words.append(f"| {' | '.join(cells)} |")
    violations = sum(len(one.violations) for one in runs)
    minutes = sum(one.minutes for one in runs)
    words.append(f"| all | | | {violations} | {minutes:.1f} |")
    return "\n".join(words) + "\n"


def commit() -> str:
    """Return the commit that is proven, and whether something was changed since."""

    def git(*words: str) -> str:
        return subprocess.run(
            ("git", *words), cwd=ROOT, capture_output=True, text=True, check=False
        ).stdout.strip()  # fmt: skip

    changed = ", with changes" if git("status", "--porcelain") else ""
    return f"{git('rev-parse', '--short=12', 'HEAD')}{changed}"


def say(words: str) -> None:
    """Print a line at once."""
    sys.stdout.write(f"{words}\n")
    sys.stdout.flush()


def main(names: Sequence[str], share: float) -> int:
    """Run the parts that are named, or all; return the exit code: 0 is green."""
    known = {part.name: part for part in PARTS}
    unknown = [name for name in names if name not in known]
    if unknown or not 0 < share <= 1:
        say(f"no such part: {' '.join(unknown)}" if unknown else "SHARE is above 0 and at most 1")
        say(f"parts: {' '.join(known)}")
        return 2
    OUT.mkdir(parents=True, exist_ok=True)
    runs: list[Run] = []
    for part in [known[name] for name in names] or PARTS:
        say(f"{part.name:9} {part.what}")
        runs.append(run(part, share))
        say(runs[-1].progress())
    found = [(one.part.name, violation) for one in runs for violation in one.violations]
    for name, violation in found:
        say(f"\n{name}: {violation}")
    text = table(runs, share)
    TABLE.write_text(text)
    say(f"\n{text}\n{'RED' if found else 'GREEN' if share == 1 else 'GREEN, as a sample'}")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:], float(os.environ.get("SHARE") or 1)))
