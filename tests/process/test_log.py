"""Logging of Processes."""

from __future__ import annotations

import gc
import logging
from pathlib import Path

import pytest

from lava_actor.process.log import LogConfig
from lava_actor.process.process import AbstractProcess


def test_the_defaults_are_those_of_the_documentation() -> None:
    config = LogConfig()
    assert (config.file, config.level, config.level_console, config.logs_to_file) == (
        "", logging.WARNING, logging.ERROR, False,
    )  # fmt: skip
    assert config.format == "%(asctime)s:%(levelname)s: %(name)s - %(message)s"
    assert config.date_format == "%m/%d/%Y %I:%M:%S%p"


def test_logging_to_a_file_needs_its_name() -> None:
    with pytest.raises(ValueError, match=r"LogConfig\.file"):
        LogConfig(logs_to_file=True)


def test_a_process_logs_under_its_name_and_leaves_the_rest_to_the_application(
    caplog: pytest.LogCaptureFixture,
) -> None:
    handlers = list(logging.getLogger().handlers)
    process = AbstractProcess(name="talker")
    assert process.log.name == "lava_actor.talker"
    assert not process.log.handlers
    process.log.warning("hello")
    assert caplog.record_tuples == [("lava_actor.talker", logging.WARNING, "hello")]
    assert logging.getLogger().handlers == handlers


def test_console_and_file_have_levels_of_their_own(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "run.log"
    config = LogConfig(
        str(file), logging.INFO, logging.ERROR, logs_to_file=True, format="%(message)s"
    )
    process = AbstractProcess(name="writer", log_config=config)
    process.log.debug("detail")
    process.log.info("news")
    process.log.error("trouble")
    assert file.read_text() == "news\ntrouble\n"
    assert capsys.readouterr().err == "trouble\n"


def test_no_file_is_made_before_something_is_logged(tmp_path: Path) -> None:
    file = tmp_path / "run.log"
    process = AbstractProcess(name="quiet", log_config=LogConfig(str(file), logs_to_file=True))
    assert process.log.name == "lava_actor.quiet"
    assert not file.exists()


def test_a_second_process_of_the_same_name_does_not_print_twice(
    capsys: pytest.CaptureFixture[str],
) -> None:
    config = LogConfig(format="%(message)s")
    first = AbstractProcess(name="twin", log_config=config)
    second = AbstractProcess(name="twin", log_config=config)
    second.log.error("once")
    assert first.log is second.log
    assert capsys.readouterr().err == "once\n"


def test_the_file_is_closed_when_the_process_is_gone(tmp_path: Path) -> None:
    file = tmp_path / "run.log"
    process = AbstractProcess(name="mortal", log_config=LogConfig(str(file), logs_to_file=True))
    process.log.warning("last words")
    logger = process.log
    assert logger.handlers
    del process
    gc.collect()
    assert not logger.handlers
    assert logger.propagate
