"""Logging of a Process: one named logger, console and file on request, root logger untouched."""

from __future__ import annotations

import logging
from dataclasses import dataclass

from lava_actor.errors import InvalidValueError


@dataclass
class LogConfig:
    """How a Process logs.

    Attributes
    ----------
    file : str
        Where to write if ``logs_to_file``.
    level, level_console : int
        Levels of the file (and of compiler and runtime) and of the console.
    logs_to_file : bool
    format, date_format : str
        See `logging.Formatter`.
    """

    file: str = ""
    level: int = logging.WARNING
    level_console: int = logging.ERROR
    logs_to_file: bool = False
    format: str = "%(asctime)s:%(levelname)s: %(name)s - %(message)s"
    date_format: str = "%m/%d/%Y %I:%M:%S%p"

    def __post_init__(self) -> None:
        """Check that a file is named if one is to be written."""
        if self.logs_to_file and not self.file:
            raise InvalidValueError("LogConfig: logs_to_file=True needs a file name, got ''")


def logger_of(process_name: str, config: LogConfig | None) -> logging.Logger:
    """The logger ``lava_actor.<process name>``, set up as ``config`` asks for."""
    logger = logging.getLogger(f"lava_actor.{process_name}")
    if config is None:
        return logger
    for handler in list(logger.handlers):
        logger.removeHandler(handler)
        handler.close()
    formatter = logging.Formatter(config.format, config.date_format)
    console = logging.StreamHandler()
    console.setLevel(config.level_console)
    handlers: list[logging.Handler] = [console]
    if config.logs_to_file:
        file = logging.FileHandler(config.file, delay=True)
        file.setLevel(config.level)
        handlers.append(file)
    for handler in handlers:
        handler.setFormatter(formatter)
        logger.addHandler(handler)
    logger.setLevel(min(config.level, config.level_console))
    logger.propagate = False
    return logger
