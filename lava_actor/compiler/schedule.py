"""How steps are granted: every actor may run ahead, or all keep in step.

Running ahead is right when nothing but data orders the actors (a Kahn process network: results do
not depend on timing). Two things need the whole network's answer every step:

* **A model that may ask for a pause or a stop.** Everybody must be found at that model's step.
  Which models may ask is read from the code of their methods (`phases.phase_table`).

* **Guards that couple.** The pre-management phase runs when *some* model has ``lrn_guard() and
  pre_guard()``, and then every model whose own ``pre_guard()`` is true takes part. A model that
  decides alone can only be wrong about a request that came from another model:

  - post-management: a model with ``post_guard()`` true asks for it itself (after ``run_spk`` or
    after learning), so its own answer is the domain's answer;
  - learning: a model with ``lrn_guard()`` true asks for it itself; the same;
  - pre-management: a model with ``pre_guard()`` true and ``lrn_guard()`` false does not ask, and
    runs only if another model asks. This can show only if one model overrides ``pre_guard`` and
    *another* overrides both guards.

  A RefPort write by one model may change another model's guard in the middle of a step; where
  RefPorts meet pre-management guards, the network keeps in step as well.

The first keeps everybody in step, but not in phase: all meet at the end of each step only. Where
guards couple, all meet in every phase. So they do if a model that may ask has guards of its own, as
others have: when it has asked, it takes part in what others wish for.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from lava_actor.compiler.executable import ActorPlan, Schedule
from lava_actor.errors import InvalidValueError

LOCKSTEP = "lockstep"
RUN_AHEAD = "run_ahead"


def decide(actors: Sequence[ActorPlan], compile_config: Mapping[str, object]) -> Schedule:
    """Choose how the stepping actors of a network are scheduled.

    ``compile_config["schedule"]`` (``"lockstep"`` or ``"run_ahead"``) forces the choice.
    """
    stepping = [a for a in actors if not a.is_async]
    forced = compile_config.get("schedule")
    if forced not in (None, LOCKSTEP, RUN_AHEAD):
        raise InvalidValueError(
            f"compile_config['schedule']: expected '{LOCKSTEP}' or '{RUN_AHEAD}', got {forced!r}"
        )
    guarded = [a for a in stepping if a.phases.guarded]
    asking = [a for a in stepping if a.phases.may_request]
    reason = coupled = _why_guards_couple(stepping)
    if asking:
        reason = f"{asking[0].name} ({asking[0].model_name}) may ask for a pause or a stop"
    mixed = any(a in guarded for a in asking) and len(guarded) > 1
    in_phase = mixed or coupled is not None
    if forced == LOCKSTEP:
        return Schedule(True, "asked for by compile_config", in_phase)
    if forced == RUN_AHEAD:
        if reason:
            raise InvalidValueError(
                f"compile_config['schedule'] is '{RUN_AHEAD}', but this network must run in "
                f"lockstep: {reason}"
            )
        return Schedule(False, "asked for by compile_config", False)
    if reason:
        return Schedule(True, reason, in_phase)
    return Schedule(False, "only data orders the actors", False)


def _why_guards_couple(stepping: Sequence[ActorPlan]) -> str | None:
    with_pre = [a for a in stepping if a.phases.pre_guard]
    asking = [a for a in with_pre if a.phases.lrn_guard]
    for actor in with_pre:
        for other in asking:
            if other is not actor:
                return f"pre_guard of {actor.name} depends on the guards of {other.name}"
    ends = [(a.party, r.owner) for a in stepping for r in a.ref_ports if r.is_served]
    for actor in with_pre:
        if any(actor.party in both for both in ends):
            return f"RefPorts may change what the guards of {actor.name} answer"
    return None
