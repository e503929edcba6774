"""Edge. `custos backup DIR`: database and footage into a folder, the keys into another one."""

import argparse
from pathlib import Path

from api.backups.backup import back_up, back_up_keys, require_apart
from api.cli.terminal.caller import add_data, settings_of
from api.cli.terminal.progress import Bar
from custody.printable import printable
from export.backup.backups import Made


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the options of `custos backup`."""
    parser.add_argument("folder", type=Path, metavar="DIR", help="folder of backups")
    parser.add_argument(
        "--keys",
        type=Path,
        metavar="KEYDIR",
        help="folder for a copy of the keys, which must not lie with the backup",
    )
    add_data(parser)


def run(given: argparse.Namespace) -> int:
    """Write one backup; the exit code is 1 if something on record could not be copied."""
    settings = settings_of(given)
    require_apart(settings, given.folder, given.keys)
    with Bar("Backing up") as bar:

        def tell(done: int, total: int) -> None:
            bar.show(done, f"({done:,} of {total:,} bytes)")

        made = back_up(settings, given.folder, tell)
        bar.done_words = str(made.run)
    _say(made)
    print("Names, reasons and footage lie in it in the clear: keep it like the house itself.")
    if given.keys is None:
        print("The keys are not in it: without them no house comes back of it.")
        print(f"Copy {settings.keys} elsewhere, or use --keys KEYDIR.")
    else:
        new = back_up_keys(settings, given.keys)
        print(f"Keys: {given.keys} ({new} files are new). Keep them apart from the backup.")
    return 1 if made.lacking else 0


def _say(made: Made) -> None:
    manifest = made.manifest
    print(f"Log: {manifest.log_size} entries, root {manifest.log_root.hex()}")
    print(
        f"Objects: {manifest.objects} of {manifest.object_bytes:,} bytes, "
        f"{made.copied} of them copied now"
    )
    if manifest.lacking:
        print(f"NOT COPIED: {manifest.lacking} objects are not in the store as they were stored:")
        for one in made.lacking:
            print(f"  {printable(one.stored.key)}: {printable(one.lacking)}")
