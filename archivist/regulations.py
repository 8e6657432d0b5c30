"""The adopted regulations of an archive, and what the catalogue knows for judging.

Joins `policies` to the rest: reads the adopted packs from the archive's own `packs/`
folder (never from the program, whose next version may bring other packs), and answers
the clues of a document with the dossiers and customers they could mean.
"""

import unicodedata
from collections.abc import Iterator
from pathlib import Path

from archivist.config import Settings
from index.analysis import fold
from index.catalogue import Catalogue, Row
from policies.facts import CustomerInfo, DossierInfo, Known
from policies.packs import Pack, parse_pack
from policies.policy import Policy
from policies.routing import Clues
