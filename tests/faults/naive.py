"""A reader as many are written: it attaches, takes chunks for whole lines, believes what it reads, asks nobody twice.

The suite must fail it. What it does is what other programs were found to do.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

from orchestrator.plan.plan import PlannedTrial
from tests.support.engines import DockerRig, trial


def run(rig: DockerRig, client: Any, script: str, on_event: Callable[[str, Any], None] = lambda *_: None) -> Path:
    """Run a trial as `Rig.run` does, and leave the same files."""
    planned = PlannedTrial(trial(script), rig.contender, 1)
    folder = rig.folder / "trial"
    folder.mkdir()
    with rig.start(script) as worker:
        container = client.containers.get(f"bakeoff-{rig.run_id}-{planned.id}")
        received = 0
        with (folder / "events.jsonl").open("ab") as file:
            while True:
                # Where the stream ends, attach again and take all from the start: so nothing is missed.
                stream = container.attach(stream=True, logs=True, stdout=True, stderr=False)
                for chunk in stream:
                    for line in chunk.splitlines():
                        file.write(line + b"\n")
                        received += 1
                        on_event(planned.id, line)
                stream._response.close()  # or pytest warns of the sockets that the SDK leaves open
                container.reload()
                if container.status != "running":
                    break
        worker.leftovers(("predictions.npy",))
        code = container.attrs["State"]["ExitCode"]
    record: dict[str, Any] = {
        "status": "failed" if code else "done",
        "reason": f"exit code {code}" if code else "",
        "cause": "crashed" if code else "",
        "events": {"received": received, "lost": 0, "duplicated": 0, "rejected": 0},
        "reconnects": 0,
        "warnings": [],
    }
    (folder / "record.json").write_text(json.dumps(record))
    return folder
