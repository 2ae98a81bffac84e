"""Logging of a Process: one named logger, console and file on request, root logger untouched."""

from __future__ import annotations

import logging
import weakref
from dataclasses import dataclass

from lava_actor.errors import InvalidTypeError, InvalidValueError


@dataclass
class LogConfig:
    """How a Process logs.

    A Process without one logs to ``lava_actor.<process name>`` and leaves it to the application
    where records go. With one, records go to the console and, if asked for, to a file; they are
    not handed on to the root logger then, which would print them a second time.

    Attributes
    ----------
    file : str
        Where to write if ``logs_to_file``; records are appended.
    level : int
        What the file gets; also the level of compiler and runtime.
    level_console : int
        What the console gets.
    logs_to_file : bool
    format, date_format : str
        See `logging.Formatter`.

    Raises
    ------
    InvalidValueError
        (a `ValueError`) if ``logs_to_file`` is set without a ``file``.
    """

    file: str = ""
    level: int = logging.WARNING
    level_console: int = logging.ERROR
    logs_to_file: bool = False
    format: str = "%(asctime)s:%(levelname)s: %(name)s - %(message)s"
    date_format: str = "%m/%d/%Y %I:%M:%S%p"

    def __post_init__(self) -> None:
        """Check levels, and that a file is named if one is to be written."""
        for name in ("level", "level_console"):
            if not isinstance(level := getattr(self, name), int):
                raise InvalidTypeError(
                    f"LogConfig.{name}: expected a number such as logging.DEBUG, got {level!r}"
                )
        if self.logs_to_file and not self.file:
            raise InvalidValueError("LogConfig.file: expected a file name, got ''")


def logger_of(process_name: str) -> logging.Logger:
    """Return the logger of the Process, ``lava_actor.<process name>``."""
    return logging.getLogger(f"lava_actor.{process_name}")


def logger_of_models(class_name: str) -> logging.Logger:
    """Return the logger of the models of a class, ``lava_actor.model.<class name>``."""
    return logging.getLogger(f"lava_actor.model.{class_name}")


def set_up_logger(process: object, process_name: str, config: LogConfig) -> None:
    """Make the logger of a Process write where ``config`` says, for as long as it lives.

    A second Process of the same name takes the logger over.
    """
    logger = logger_of(process_name)
    _take_down(logger, list(logger.handlers))
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
    logger.setLevel(min(handler.level for handler in handlers))
    logger.propagate = False
    weakref.finalize(process, _take_down, logger, handlers)


def _take_down(logger: logging.Logger, handlers: list[logging.Handler]) -> None:
    for handler in handlers:
        if handler in logger.handlers:
            logger.removeHandler(handler)
            handler.close()
    if not logger.handlers:
        logger.propagate = True
        logger.setLevel(logging.NOTSET)
