"""Edge. How a command fails: one sentence that says what to do, and an exit code."""

import sys
from collections.abc import Callable

from api.cli.terminal.errors import UsageError
from api.settings.errors import SettingsError
from custody.errors import CustodyError
from custody.printable import printable_lines
from evidence.errors import EvidenceError
from export.errors import ExportError
from storage.errors import StorageError

FAILED = 1
USAGE = 2
INTERRUPTED = 130
OURS = (SettingsError, EvidenceError, ExportError, CustodyError, StorageError)


def failing_well(run: Callable[[], int]) -> int:
    """Run a command; whatever we foresaw ends in a sentence, everything else in a traceback."""
    try:
        return run()
    except UsageError as error:
        print(f"custos: {printable_lines(str(error))}", file=sys.stderr)
        return USAGE
    except OURS as error:
        print(f"custos: {printable_lines(str(error))}", file=sys.stderr)
        return FAILED
    except OSError as error:
        where = f" {error.filename}" if error.filename else ""
        print(printable_lines(f"custos: {error.strerror or error}{where}"), file=sys.stderr)
        return FAILED
    except KeyboardInterrupt:
        print("custos: stopped", file=sys.stderr)
        return INTERRUPTED
