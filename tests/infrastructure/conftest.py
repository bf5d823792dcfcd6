"""template.yaml as the CloudFormation that it becomes."""

import json
import subprocess
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parents[2]
# SAM's translator lives in the environment of the embedded stack, whose pins differ from these.
TRANSLATE = """
import json, sys
from pathlib import Path
from samtranslator.translator.transform import transform
from local.translate import CODE, _ManagedPolicies, read

template = read(Path("template.yaml"))
for resource in template["Resources"].values():
    if resource["Type"] in CODE:
        resource["Properties"][CODE[resource["Type"]]] = "s3://bucket/code.zip"
json.dump(transform(template, {}, _ManagedPolicies()), sys.stdout, default=str)
"""


@pytest.fixture(scope="session")
def template() -> dict[str, Any]:
    done = subprocess.run(
        [ROOT / ".local" / "venv" / "bin" / "python", "-c", TRANSLATE],
        cwd=ROOT,
        env={"AWS_DEFAULT_REGION": "us-east-1", "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert done.returncode == 0, done.stderr
    found: dict[str, Any] = json.loads(done.stdout)
    return found


@pytest.fixture(scope="session")
def resources(template: dict[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = template["Resources"]
    return found
