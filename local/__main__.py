"""The embedded stack: ``python -m local run | up | down | reset | status``."""

import signal
import sys


def main() -> int:
    """Do what the command line asks for."""
    # Nothing runs yet that had to be ended, so Ctrl-C during the imports just ends us, quietly.
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    from local import commands

    signal.signal(signal.SIGINT, signal.default_int_handler)
    return commands.main()


if __name__ == "__main__":
    sys.exit(main())
