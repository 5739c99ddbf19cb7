"""`python -m dynaproof` is the command `dynaproof`."""

import sys

from dynaproof.cli import main

sys.exit(main())
