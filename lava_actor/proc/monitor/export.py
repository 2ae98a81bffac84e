"""What a Monitor recorded, for others: tables of pandas, files of NumPy, Neo's data model."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from neo import Block
    from pandas import DataFrame

    from lava_actor.process.recording import Recording
MILLISECOND = 1e-3


def table(recording: Recording, step_seconds: float | None) -> DataFrame:
    """A DataFrame: a line per spike, or of a state a line per step and a column per element."""
    import pandas as pd  # an extra

    record = recording.read()
    when = "step" if step_seconds is None else "time (s)"
    length = 1 if step_seconds is None else step_seconds
    if recording.holds_events(record):
        steps, indices, values = record.events()
        columns = {when: steps * length, "index": recording.places(indices)}
        return pd.DataFrame(columns if values is None else {**columns, "value": values})
    steps = recording.steps(record)
    rows = recording.dense(record).reshape(steps.size, -1)
    elements = recording.places(np.arange(rows.shape[1]))
    return pd.DataFrame(rows, pd.Index(steps * length, name=when), elements)


def arrays(key: str, recording: Recording) -> dict[str, np.ndarray]:
    """The arrays of one target in a file, by name."""
    record = recording.read()
    found = {"until": np.asarray(record.done), "shape": np.asarray(recording.target)}
    if recording.holds_events(record):
        steps, indices, values = record.events()
        found.update(steps=steps, indices=recording.places(indices))
        if values is not None:
            found["values"] = values
    else:
        found.update(steps=recording.steps(record), rows=recording.dense(record))
    return {f"{key}.{name}": array for name, array in found.items()}


def block(recordings: dict[str, Recording], step_seconds: float | None) -> Block:
    """A Block of Neo with one Segment; a step is a millisecond if nobody said otherwise."""
    import neo  # an extra
    import quantities as pq

    length = (MILLISECOND if step_seconds is None else step_seconds) * pq.s
    segment = neo.Segment()
    for key, recording in recordings.items():
        record = recording.read()
        if recording.holds_events(record):
            steps, indices, _ = record.events()
            by_neuron = np.argsort(indices, kind="stable")
            ends = np.cumsum(np.bincount(indices, minlength=recording.row_size))[:-1]
            neurons = recording.places(np.arange(recording.row_size))
            for neuron, times in zip(neurons, np.split(steps[by_neuron], ends), strict=True):
                train = neo.SpikeTrain(
                    times * length, t_stop=record.done * length, name=f"{key}[{neuron}]"
                )
                segment.spiketrains.append(train)
            continue
        steps = recording.steps(record)
        rows = recording.dense(record).reshape(steps.size, -1)
        segment.analogsignals.append(
            neo.AnalogSignal(
                rows * pq.dimensionless,
                sampling_period=recording.every * length,
                t_start=(steps[0] if steps.size else 0) * length,
                name=key,
            )
        )
    found = neo.Block()
    found.segments.append(segment)
    return found
