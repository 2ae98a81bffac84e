"""Every kind of Process of the library goes on from a file, bit for bit.

The networks are those recorded for `tests.golden`, one per kind and arithmetic.
"""

from __future__ import annotations

import re
from pathlib import Path

import pytest

import lava_actor
from lava_actor import RunSteps
from tests.golden import rebuild

from .networks import contents


def kind_of(path: Path) -> str:
    """``lif_fixed`` for ``lif_fixed_max_decay``."""
    return re.sub(r"(_fixed|_float).*", r"\1", path.stem)


CASES = {kind_of(path): path for path in sorted(rebuild.DATA.glob("*.npz"), reverse=True)}


@pytest.mark.filterwarnings("ignore:.*are clipped:lava_actor.errors.LavaActorWarning")
@pytest.mark.parametrize("path", CASES.values(), ids=CASES.keys())
def test_half_way_through_a_file(path: Path, tmp_path: Path) -> None:
    case = rebuild.Case.load(path)
    rebuilt = rebuild.build(case)
    first = case.num_steps // 2
    last = RunSteps(num_steps=case.num_steps - first)
    file = tmp_path / "half"
    main = rebuilt.main
    try:
        main.run(RunSteps(num_steps=first), run_cfg=rebuilt.run_config())
        main.save(file)
        main.run(last)
        expected = contents(main)
    finally:
        main.stop()
    with lava_actor.load(file) as loaded:
        loaded.run(last)
        assert contents(loaded) == expected
