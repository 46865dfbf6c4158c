"""One log record, one line: text from users and agents cannot forge another record."""

import logging
import time


class OneLineFormatter(logging.Formatter):
    """Time in UTC, level, logger and message; line breaks and control characters are written escaped."""

    converter = staticmethod(time.gmtime)

    def __init__(self) -> None:
        super().__init__("%(asctime)s.%(msecs)03dZ %(levelname)s %(name)s %(message)s", "%Y-%m-%dT%H:%M:%S")

    def formatMessage(self, record: logging.LogRecord) -> str:
        """Format the message, escaped; a traceback is added by the caller and keeps its lines."""
        return "".join(
            character if character.isprintable() else character.encode("unicode_escape").decode("ascii")
            for character in super().formatMessage(record)
        )
