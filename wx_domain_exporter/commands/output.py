"""What the commands print: errors to standard error, results to standard output."""

import sys

from wx_domain_exporter.config.yaml_tree import one_line
from wx_domain_exporter.standard_error import wait_until_written


def print_message(message: str) -> None:
    """Print a line to standard error, for the person who started the program."""
    if sys.stderr is None:
        return  # print() would write to standard output, where a program may read an exposition
    print(one_line(message), file=sys.stderr)  # noqa: T201 - what this function is for


def print_error(message: str) -> None:
    """Print an error to standard error, with the program's name before it, as long as somebody reads it."""
    print_message(f"wx-domain-exporter: {message}")
    wait_until_written()


def fail(*errors: str) -> int:
    """Print errors; return the exit status 1."""
    for error in errors:
        print_error(error)
    return 1


def print_result(text: str) -> int:
    """Print to standard output, in UTF-8 whatever the locale is; return the exit status: 1 if that fails."""
    try:
        if sys.stdout is None:
            return fail("standard output is closed")
        sys.stdout.buffer.write(text.encode())
        sys.stdout.buffer.flush()
    except BrokenPipeError:  # the reader stopped reading, as `head` does
        sys.stdout = None  # otherwise Python flushes it once more at exit, which fails again
        return 1
    except OSError as error:
        sys.stdout = None  # as above
        return fail(f"can't write to standard output: {error.strerror}")
    return 0
