"""Keys that describe a dossier: who answers for it, and words out of a few."""

from archive_home import PERSON, Home


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


def test_keys_and_events_go_by_their_chinese_names(home):
    """What a clerk writes as 车牌号=… and 交车=… is what programs call plate and delivery."""
    opened = home.json("dossier", "open", "C000002", "保养档案", "--key", "車牌號=沪C00004",
                       "--event", "交车=2026-03-05")["dossier"]  # fmt: skip
    home.json("dossier", "event", opened, "交车=2026-03-06")
    row = home.json("dossier", "show", opened)
    assert (row["keys"], row["events"]) == ({"plate": "沪C00004"}, {"delivery": "2026-03-06"})


def test_an_unknown_event_is_answered_with_names_people_know(home):
    """The hint tells each event in Chinese with the id beside it."""
    wrong = home.run("dossier", "event", "D000001", "毕业=2026-03-05", ARCHIVIST_LANG="zh")
    assert wrong.code == 2
    assert "（sale）" in wrong.err


def test_a_key_of_few_words_takes_the_regulation_s_own(tmp_path):
    """消费中投诉 is kept as the word that conditions look for, and the hint tells the words."""
    home = Home(tmp_path)
    home.json("init", home.root, "--pack", "hotel-complaint", "--pack", "secrecy",
              "--person", PERSON, "--work-factor", "16")  # fmt: skip
    home.json("customer", "add", "王芳")
    opened = home.json("dossier", "open", "C000001", "complaint_hotel", "--key",
                       "投诉时间=消费中投诉")["dossier"]  # fmt: skip
    assert set(home.json("dossier", "show", opened)["keys"].values()) == {"during"}
    wrong = home.run("dossier", "open", "C000001", "complaint_hotel", "--key", "投诉时间=昨天",
                     ARCHIVIST_LANG="zh")  # fmt: skip
    assert (wrong.code, "消费中投诉" in wrong.err) == (2, True)
    home.end()


def test_customer_fields_go_by_the_names_of_the_regulation(tmp_path):
    """来源 is the field source; a name nobody declared is a mistake of the hand, not a crash."""
    home = Home(tmp_path)
    home.json("init", home.root, "--pack", "leasing", "--pack", "secrecy",
              "--person", PERSON, "--work-factor", "16")  # fmt: skip
    home.json("customer", "add", "华丰商贸", "--field", "来源=来访", "--field", "是否意向客户=是")
    home.json("customer", "edit", "C000001", "--field", "是否有中介人=否")
    known = home.json("customer", "show", "C000001")
    assert known["fields"] == {"source": "来访", "is_prospect": "是", "has_intermediary": "否"}
    assert {gap["field"] for gap in known["gaps"]} == {"contact_data", "intent"}
    assert home.run("customer", "add", "某公司", "--field", "颜色=红").code == 2
    home.end()


def test_a_time_that_the_customer_sets_is_written_so_that_it_can_be_counted(tmp_path):
    """asked_by is a day, or a day and a time; anything else is refused with an example."""
    home = Home(tmp_path)
    home.json("init", home.root, "--pack", "hotel-complaint", "--pack", "secrecy",
              "--person", PERSON, "--work-factor", "16")  # fmt: skip
    home.json("customer", "add", "王芳")
    words = ("dossier", "open", "C000001", "complaint_hotel", "--key", "stage=during")
    for said in ("明天", "2026-02-30", "2026-03-05 25:00"):
        wrong = home.run(*words, "--key", f"asked_by={said}", ARCHIVIST_LANG="zh")
        assert (wrong.code, "asked_by=2026-03-05 15:30" in wrong.err) == (2, True)
    assert home.json("dossier", "list") == []
    opened = home.json(*words, "--key", "asked_by=2026-03-05 15:30")["dossier"]
    assert home.run("dossier", "key", opened, "asked_by=下午").code == 2
    home.json("dossier", "key", opened, "asked_by=2026-03-06")
    assert home.json("dossier", "show", opened)["keys"]["asked_by"] == "2026-03-06"
    home.json("dossier", "key", opened, "asked_by=")
    home.end()
