"""Regular expressions of definitions: RE2 only, because agents' texts are searched with them.

RE2 needs time linear in the text; Python's own engine can be made to run for hours. It is used here for one
thing: to tell a pattern that no engine takes from one that RE2 leaves out.
"""

import functools
import re
from typing import Any, Literal

import re2

MAX_PATTERN_CHARS = 256
MAX_PROGRAM_SIZE = 3000
"""RE2's own measure of a compiled pattern. A search takes longer the greater it is; a{1000} is about 1000."""
PATTERN_WORK = 10
"""What compiling one costs of `problems.Findings.affords`."""
_MAX_MEMORY_BYTES = 1024 * 1024


class PatternError(ValueError):
    """The pattern cannot be used. `code` says whether it is wrong or merely not supported."""

    def __init__(self, code: Literal["invalid_regex", "unsupported_regex"], message: str) -> None:
        super().__init__(message)
        self.code: Literal["invalid_regex", "unsupported_regex"] = code
        self.message = message


@functools.lru_cache(maxsize=512)
def compile_pattern(pattern: str) -> Any:
    """Return the compiled RE2 pattern (an object with `search`); PatternError where there is none."""
    if len(pattern) > MAX_PATTERN_CHARS:
        raise PatternError(
            "unsupported_regex",
            f"The pattern has {len(pattern)} characters, more than {MAX_PATTERN_CHARS}. Shorten or split it.",
        )
    options = re2.Options()
    options.log_errors = False
    options.max_mem = _MAX_MEMORY_BYTES
    try:
        compiled = re2.compile(pattern, options)
    except UnicodeEncodeError as error:
        raise PatternError(
            "invalid_regex", "The pattern holds half of a surrogate pair. Write the whole character."
        ) from error
    except re2.error as error:
        reason = _reason(error)
        if _python_accepts(pattern):
            raise PatternError(
                "unsupported_regex",
                f"RE2 does not support this pattern: {reason}. Write it without look-around, "
                "back-references and repetitions over 1000.",
            ) from error
        raise PatternError(
            "invalid_regex", f"This is no regular expression: {reason}. Correct it."
        ) from error
    if compiled.programsize > MAX_PROGRAM_SIZE:
        raise PatternError(
            "unsupported_regex", "The pattern repeats too much to be searched quickly. Lower its repetitions."
        )
    return compiled


def _reason(error: Exception) -> str:
    reason = error.args[0] if error.args else ""
    return reason.decode("utf-8", "replace") if isinstance(reason, bytes) else str(reason)


def _python_accepts(pattern: str) -> bool:
    try:
        re.compile(pattern)
    except Warning:
        # Where warnings are errors: it compiled, with a remark about its style.
        return True
    except (re.error, RecursionError, OverflowError):
        return False
    return True
