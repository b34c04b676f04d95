"""What is known of each trial at a moment. Pure: events go in with the time they came, nothing is printed.

A trial's state is a frozen value that the next event replaces as a whole, so that the thread
which draws never sees half a change.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

from orchestrator.analyse.interim_look import Look
from orchestrator.plan.plan import Plan, PlannedTrial
from orchestrator.progress.eta import Seen, epoch_work, remaining_seconds
from orchestrator.record.record import Epoch, Record, Status
from shared.events import EpochEnded, Event, Heartbeat, PhaseEnded, RunEnded, TurnEnded
from shared.turns import WAITING

BEFORE_TRAINING = ("import", "data", "build", "first_step", "warm_up")
"""The phases in a worker's order; a phase's end is heard, the next one's beginning is not."""

_NEARLY = 0.99  # a prediction never claims the end of an epoch: only the worker does


@dataclass(frozen=True)
class TrialState:
    """One trial as far as it was heard of. Times are the caller's monotonic seconds."""

    planned: PlannedTrial
    started: float | None = None
    since: float = 0.0  # when the present phase or epoch began
    phase: str = ""
    epochs: tuple[EpochEnded, ...] = ()
    beat: Heartbeat | None = None  # the last one of the present epoch
    beat_at: float = 0.0
    peak_memory_bytes: int | None = None
    record: Record | None = None
    ended: float = 0.0

    @property
    def status(self) -> Status | None:
        """How it ended; None before."""
        return self.record.status if self.record else None

    @property
    def running(self) -> bool:
        return self.started is not None and self.record is None

    @property
    def epochs_planned(self) -> int:
        return self.planned.trial.recipe.training.epochs

    def elapsed_seconds(self, now: float) -> float | None:
        if self.record and self.record.wall_seconds is not None:
            return self.record.wall_seconds
        if self.started is None:
            return None
        return (self.ended if self.record else now) - self.started

    def epoch_share(self, now: float) -> float:
        """Guess the share of the present epoch that is done, 0 to below 1.

        The last heartbeat says how far it was, the last epoch's seconds how fast it goes on.
        """
        if not self.running or len(self.epochs) >= self.epochs_planned:
            return 0.0
        share, at = _step_share(self.beat), self.beat_at if self.beat else self.since
        if self.epochs and self.phase != WAITING:
            last = self.epochs[-1]
            share += (now - at) / max(last.seconds + last.evaluation_seconds, 1e-9)
        return min(share, _NEARLY)

    def share(self, now: float) -> float:
        """Return the share of the trial's epochs that is done, 1 once it ended."""
        return 1.0 if self.record else (len(self.epochs) + self.epoch_share(now)) / self.epochs_planned


def after(state: TrialState, event: Event, now: float) -> TrialState:
    """Return the state after an event."""
    match event:
        case PhaseEnded(phase=phase):
            return replace(state, phase=_next_phase(phase), since=now, beat=None)
        case EpochEnded(epoch=epoch):
            phase = "predict" if epoch >= state.epochs_planned else "train"
            return replace(state, epochs=(*state.epochs, event), phase=phase, since=now, beat=None)
        case TurnEnded():
            phase = "train" if len(state.epochs) < state.epochs_planned else state.phase
            return replace(state, phase=phase, beat=_beat_after(event, state.beat), beat_at=now)
        case Heartbeat(phase=phase) if phase == WAITING:
            return replace(state, phase=WAITING)
        case Heartbeat():
            return replace(state, phase=event.phase, beat=event, beat_at=now)
        case RunEnded():
            return replace(state, phase="end", peak_memory_bytes=event.peak_memory_bytes)
        case _:
            return state


class Board:
    """The states of all trials of a plan, in its order."""

    def __init__(self, plan: Plan, heading: str) -> None:
        self.plan = plan
        self.heading = heading
        self.trials = {planned.id: TrialState(planned) for planned in plan.trials}
        self.look: Look | None = None  # the last one, of a run with --until-decided
        self._work = {recipe.name: epoch_work(recipe) * recipe.training.epochs for recipe in plan.recipes}

    def start(self, trial_id: str, now: float) -> None:
        self.trials[trial_id] = replace(self.trials[trial_id], started=now, since=now, phase="start")

    def apply(self, trial_id: str, event: Event, now: float) -> None:
        self.trials[trial_id] = after(self.trials[trial_id], event, now)

    def end(self, record: Record, now: float) -> None:
        """Take the record's word over the stream's: it knows what the stream lost."""
        self.trials[record.id] = replace(
            self.trials[record.id],
            record=record,
            ended=now,
            epochs=tuple(_as_event(epoch) for epoch in record.epochs),
            peak_memory_bytes=record.peak_memory_bytes,
        )

    def look_at(self, look: Look) -> None:
        """Take a look in; once all is decided, measured trials that were never reached are dropped."""
        self.look = look
        if look.next_blocks is None:
            kept = [state for state in self.trials.values() if state.record or state.planned.role == "parity"]
            self.plan = replace(self.plan, trials=tuple(state.planned for state in kept))
            self.trials = {state.planned.id: state for state in kept}

    @property
    def blocks_ended(self) -> int:
        """Return how many blocks have run: all that is measured of each has a record."""
        measured = [state for state in self.trials.values() if state.planned.role == "measured"]
        open_ones = {state.planned.block for state in measured if not state.record}
        return len({state.planned.block for state in measured} - open_ones)

    @property
    def repeated(self) -> bool:
        """Tell whether a contender meets a recipe more than once."""
        cells = {(state.planned.contender, state.planned.trial.recipe.name) for state in self.trials.values()}
        return len(cells) < len(self.trials)

    @property
    def ended_count(self) -> int:
        return sum(state.record is not None for state in self.trials.values())

    @property
    def failed_count(self) -> int:
        return sum(state.record is not None and state.record.status.broken for state in self.trials.values())

    def share(self, now: float) -> float:
        """Return the share of the plan's work that is done, 0 to 1."""
        parts = [(self._work[state.planned.trial.recipe.name], state.share(now)) for state in self.trials.values()]
        return sum(work * share for work, share in parts) / max(sum(work for work, _ in parts), 1)

    def remaining_seconds(self, now: float, blocks: int | None = None) -> float | None:
        """Predict the seconds until all trials have ended, or until so many blocks have."""
        plan = self.plan if blocks is None else _first_blocks(self.plan, blocks)
        return remaining_seconds(plan, self._seen(now))

    def _seen(self, now: float) -> Mapping[str, Seen]:
        return {
            name: Seen(state.elapsed_seconds(now) or 0.0, _since_epoch(state, now), state.epochs, state.status)
            for name, state in self.trials.items()
            if state.started is not None or state.record
        }


def _first_blocks(plan: Plan, blocks: int) -> Plan:
    measured = [planned for planned in plan.trials if planned.role == "measured"]
    first = list(dict.fromkeys(planned.block for planned in measured))[:blocks]
    return replace(plan, trials=tuple(planned for planned in measured if planned.block in first))


def _step_share(beat: Heartbeat | None) -> float:
    return beat.step / beat.steps if beat and beat.step and beat.steps else 0.0


def _beat_after(turn: TurnEnded, beat: Heartbeat | None) -> Heartbeat | None:
    """Return the last beat of the present epoch, brought up to what the turn has trained; None after its last turn."""
    return replace(beat, step=turn.step) if beat else None


def _next_phase(phase: str) -> str:
    """Name the phase that follows: training after the last known one, "" after an unknown one."""
    known = (*BEFORE_TRAINING, "train")
    return known[known.index(phase) + 1] if phase in BEFORE_TRAINING else ""


def _as_event(epoch: Epoch) -> EpochEnded:
    return EpochEnded(**epoch.model_dump(exclude={"images_per_second"}))


def _since_epoch(state: TrialState, now: float) -> float:
    return (state.ended if state.record else now) - state.since
