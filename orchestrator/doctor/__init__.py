"""What a comparison depends on, looked at before it starts: `bakeoff doctor`, and the first second of `compare`.

Looking and judging are apart: `docker_engine.checkup`, `gpus`, `dataset` and `store` tell facts, and the modules
here turn facts into checks. `examination` is everything for a person, `preflight` what a comparison needs, and
`check_built` the part of it that needs images.
"""

from __future__ import annotations

from orchestrator.doctor.check import Check, State, failure
from orchestrator.doctor.examination import examine
from orchestrator.doctor.preflight import check_built, check_images, preflight

__all__ = ["Check", "State", "check_built", "check_images", "examine", "failure", "preflight"]
