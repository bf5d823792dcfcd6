"""``sam build`` without Docker and without Lambda's Python: what would be uploaded."""

import os
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
LIMIT = 250 * 1024 * 1024  # Lambda's, for a function with its layers, unzipped


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    target = tmp_path_factory.mktemp("build")
    tools = f"{ROOT / '.local' / 'bootstrap' / 'bin'}{os.pathsep}{os.environ['PATH']}"
    done = subprocess.run(
        [ROOT / ".local" / "sam" / "bin" / "sam", "build", "--build-dir", target],
        cwd=ROOT,
        env={**os.environ, "PATH": tools, "SAM_CLI_TELEMETRY": "0"},
        capture_output=True,
        text=True,
        check=False,
        timeout=280,
    )
    assert done.returncode == 0, done.stderr
    return target


def test_the_layer_is_for_lambdas_python_on_arm(built: Path) -> None:
    site = built / "BillfoldLayer" / "python"
    assert (site / "billfold" / "bootstrap.py").exists()
    [core] = (site / "pydantic_core").glob("*.so")
    assert "cpython-313-aarch64" in core.name


def test_the_layer_is_small(built: Path) -> None:
    files = [path for path in built.rglob("*") if path.is_file() and not path.is_symlink()]
    assert sum(path.stat().st_size for path in files) < LIMIT
    services = {path.name for path in (built / "BillfoldLayer/python/botocore/data").iterdir()}
    assert {"dynamodb", "cognito-idp", "sqs", "ssm"} <= services
    assert "ec2" not in services
