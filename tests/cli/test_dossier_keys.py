"""Keys that describe a dossier: who answers for it, and words out of a few."""


def open_service(home, plate, *keys):
    """A maintenance file for the second customer."""
    words = [word for key in (f"plate={plate}", *keys) for word in ("--key", key)]
    return home.run("--json", "dossier", "open", "C000002", "maintenance", *words)


def test_dossiers_that_share_an_adviser_are_not_taken_for_one(home):
    """Only a key that identifies, such as the number plate, is reported as used twice."""
    described = ("adviser=wangxiaoming", "origin=other")
    assert open_service(home, "沪C00001", *described).code == 0
    second = open_service(home, "沪C00002", *described)
    assert (second.code, second.err) == (0, "")
    twice = open_service(home, "沪C00002", *described)
    assert twice.code == 0
    assert "D000004" in twice.err
    assert "D000003" not in twice.err


def test_a_key_of_few_words_takes_no_other(home):
    """Where a car was sold is own or other; anything else is refused with the list."""
    wrong = open_service(home, "沪C00003", "origin=somewhere")
    assert wrong.code == 2
    assert "own, other" in wrong.err
    assert len(home.json("dossier", "list")) == 2
