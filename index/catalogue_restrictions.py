"""Restricted customers in the catalogue: personal data that is kept and not used.

Owns the column `customer.restricted`, since when, and what the act `restrict` does to it. While it
stands the name of the customer is in no row that `customer` and `customers` give: what is not
handed out cannot be printed by mistake. `customer_kept` gives it to what must keep working, which
is to recognise whose papers are filed.
"""

from collections.abc import Mapping
from typing import Any

from index.catalogue_view import CatalogueView


def restrict(
    catalogue: CatalogueView,
    _: int,
    entry: Mapping[str, Any],
    subject: Mapping[str, str],
    __: Mapping[str, Any],
) -> None:
    """Apply one entry of the act `restrict`."""
    catalogue._run(
        "UPDATE customer SET restricted = ? WHERE id = ?",
        entry["t"] if entry["step"] == "begin" else None,
        subject["customer"],
    )
