"""Packs of a few rows, written in a line each: what a test adopts when a whole one says too much.

>>> office = pack("office", row("role", "leader", "S001-1-R42", vague=True))
>>> adopt(office).who_is("leader")
()
"""

from policies.packs import parse_pack
from policies.policy import Policy

GRADES = (("TOP", "绝密", 4), ("CONF", "机密", 3), ("SECRET", "秘密", 2), ("INTERNAL", "内部", 1))


def row(table, row_id, clause="X-R1", **fields):
    """One row of a table as TOML."""
    written = {"id": row_id, "zh": row_id, "en": row_id, "clause": clause, **fields}
    lines = (f"{name} = {_toml(value)}" for name, value in written.items())
    return f"[[{table}]]\n" + "\n".join(lines) + "\n"


def grades():
    """The four grades."""
    return "".join(
        row("grade", "x", code=code, rank=rank, mark=f"企业{zh}", encrypt=True, zh=zh).replace(
            'id = "x"\n', ""
        )
        for code, zh, rank in GRADES
    )


def pack(pack_id, *rows, kind="regulation", version="1"):
    """A pack of these rows; raises when one is wrong."""
    head = (
        f'[pack]\nid = "{pack_id}"\nversion = "{version}"\nzh = "{pack_id}"\nen = "{pack_id}"\n'
        f'source = "{pack_id}"\neffective_from = 2026-01-01\nkind = "{kind}"\n'
    )
    return parse_pack(head + "".join(rows), f"{pack_id}.toml")


def adopt(*packs, **settings):
    """Their policy; `__` in a setting's name stands for a dot."""
    return Policy.adopt(packs, {name.replace("__", "."): said for name, said in settings.items()})


def _toml(value):
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, list):
        return f"[{', '.join(map(_toml, value))}]"
    return f'"{value}"' if isinstance(value, str) else str(value)
