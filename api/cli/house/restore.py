"""Edge. `custos restore DIR`: an empty data directory becomes the house that was backed up."""

import argparse
from collections import Counter
from pathlib import Path

from api.backups.restore import Restored, restore, verify_backup
from api.cli.terminal.caller import add_data, settings_of
from api.cli.terminal.progress import Bar
from custody.recovery.recovery import LostRecord
from custody.tree.places import log_at

NO_LOG = (
    "NO PUBLISHED LOG WAS NAMED. If anything was recorded after this backup, it is not known here, "
    "and a log that goes on from here contradicts what others hold of it. Name the log by --log "
    "DIR, --log URL or --log s3://BUCKET/PREFIX wherever there is a copy of it."
)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the options of `custos restore`."""
    parser.add_argument("folder", type=Path, metavar="DIR", help="folder of backups, or one run")
    parser.add_argument(
        "--keys", type=Path, required=True, metavar="KEYDIR", help="folder with the copied keys"
    )
    parser.add_argument(
        "--log",
        metavar="DIR|URL|s3://BUCKET/PREFIX",
        help="where the log was published: what came after the backup is taken from there",
    )
    add_data(parser)


def run(given: argparse.Namespace) -> int:
    """Restore a backup; nothing is touched before every byte of it was compared."""
    settings = settings_of(given)
    log = None if given.log is None else log_at(given.log)
    with _Counting("Reading the backup") as bar:
        backup = verify_backup(given.folder, bar.tell)
        bar.done_words = str(backup.run)
    if log is None:
        print(NO_LOG)
    with _Counting("Restoring", backup.manifest.object_bytes) as bar:
        done = restore(settings, backup, given.keys, log, say=bar.say, tell=bar.tell)
        bar.done_words = str(settings.data)
    _report(done)
    if backup.manifest.lacking:
        print(
            f"{backup.manifest.lacking} objects are not in this backup: they were lost before it."
        )
    print("Next: start `custos up`, and run `custos log audit`.")
    return 0


class _Counting(Bar):
    """A bar that is told how many bytes more were done, and which step it is."""

    _done = 0
    _step = ""

    def tell(self, size: int) -> None:
        """Count bytes that were done."""
        self._done += size
        self.show(self._done, self._step)

    def say(self, step: str) -> None:
        """Show which step it is."""
        self._step = f"({step})"
        self.show(self._done, self._step)


def _report(done: Restored) -> None:
    log, after = done.log, done.aftermath
    print(f"Objects: {done.objects} are back, each compared with its SHA-256.")
    print(f"Log: {log.size} entries of the backup, {log.entries} from the published log.")
    lost = sum(len(one.events) for one in log.lost)
    print(
        f"Of these, {log.entries - lost} say what they said; of {lost} something is lost for good."
    )
    for known in (True, False):
        of = [one for one in log.lost if one.known is known]
        if of:
            where = "in records of the backup" if known else "in records begun since"
            print(f"  Lost {where}: {_counted(of)}")
    said = (
        ("Records that were erased again", after.erased),
        ("Releases that were taken back again", after.taken_back),
        ("Tokens that were ended, because one had been ended since", after.tokens),
        ("Records that wait for a person, who is told what happened in them", after.called),
    )
    for words, count in said:
        if count:
            print(f"{words}: {count}.")


def _counted(lost: list[LostRecord]) -> str:
    events = Counter(event.event for one in lost for event in one.events)
    return ", ".join(f"{count} {event}" for event, count in sorted(events.items()))
