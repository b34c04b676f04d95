"""What a comparison depends on, checked before it starts: `bakeoff doctor`, and the first second of `compare`.

An engine brings its own checks (`engines.engine_checks`); `data`, `disk` and `gpu` judge what lies outside of engines.
`examination` puts all of them in order for a person, `preflight` makes those that a comparison needs.
"""

from __future__ import annotations

from orchestrator.doctor.examination import examine
from orchestrator.doctor.preflight import check_built, check_images, preflight, to_build
from orchestrator.engines.check import Check, State, failure

__all__ = ["Check", "State", "check_built", "check_images", "examine", "failure", "preflight", "to_build"]
