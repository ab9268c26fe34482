"""Who is who: ids that last from login to login, and a login that is kept as JSON."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from adapters.wechat_web.contacts import Contacts, Renamed
from adapters.wechat_web.session import Cookie, Keys, Request, Session
from gateway.errors import ChatGone, WindowClosed

OWN = "@own"


def contact(user: str, name: str = "", *, seq: int = 0, **more: Any) -> dict[str, Any]:
    """Somebody as WeChat shows them."""
    url = f"/cgi-bin/mmwebwx-bin/webwxgeticon?seq={seq}&username={user}&skey=@crypt_0"
    return {"UserName": user, "NickName": name, "HeadImgUrl": url, "VerifyFlag": 0, **more}


def group(user: str, name: str, *members: str, seq: int = 0) -> dict[str, Any]:
    """A group whose members are called by what stands behind their "@", and we."""
    listed = [{"UserName": each, "NickName": each[1:].title()} for each in (OWN, *members)]
    return contact(user, name, seq=seq, MemberList=listed)


def contacts(*raws: Any) -> Contacts:
    """A login that knows those."""
    made = Contacts(OWN, "Gateway")
    made.learn(raws)
    return made


@pytest.mark.parametrize(
    ("raw", "id"),
    [
        (contact("@a", "Ann", seq=620825410, RemarkName="Annie"), "620825410"),
        (contact("@@a", "Friends", seq=648035057), "@@648035057"),
        (contact("@a", "Ann", RemarkName="Annie"), "remark:Annie"),
        (contact("@a", "Ann &amp; <span class=\"emoji emoji1f602\"></span>"), "nick:Ann & 😂"),
        (contact("@@a", "Friends"), "room:Friends"),
    ],
)  # fmt: skip
def test_an_id_lasts_from_login_to_login(raw: dict[str, Any], id: str) -> None:
    for user in (raw["UserName"], f"{raw['UserName']}later"):
        book = contacts({**raw, "UserName": user})
        assert book.id_of(user) == id
        assert book.address(id) == user


def test_who_cannot_be_told_apart_is_not_mixed_up() -> None:
    book = contacts(contact("@@a", "Friends"), contact("@@b", "Friends"), contact("@@c", ""))
    ids = {book.id_of(user) for user in ("@@a", "@@b", "@@c")}
    assert len(ids) == 3
    assert all(id.startswith("login:") for id in ids)
    assert {book.address(id) for id in ids} == {"@@a", "@@b", "@@c"}


def test_who_comes_later_by_the_same_name_takes_nobodys_id() -> None:
    book = contacts(contact("@@a", "Friends"))
    assert book.learn([contact("@@b", "Friends")]) == []
    assert book.address("room:Friends") == "@@a"
    assert book.id_of("@@b").startswith("login:")


def test_who_gets_another_name_keeps_the_past() -> None:
    book = contacts(contact("@@a", "Friends"), contact("@a", "Ann", seq=5))
    assert book.learn([contact("@@a", "Family")]) == [Renamed("@@a", "room:Friends", "room:Family")]
    assert book.learn([contact("@a", "Anna", seq=6)]) == [Renamed("@a", "5", "6")]
    assert book.address("room:Family") == "@@a"
    with pytest.raises(WindowClosed):
        book.address("room:Friends")


def test_a_number_that_is_not_told_again_is_still_there() -> None:
    book = contacts(contact("@@a", "Friends", seq=7))
    assert book.learn([contact("@@a", "Family", seq=0)]) == []
    assert book.id_of("@@a") == "@@7"


def test_a_member_who_is_a_friend_is_the_same_person() -> None:
    book = contacts(contact("@ann", "Ann", seq=5), group("@@a", "Friends", "@ann", "@bob"))
    assert book.member_id("@@a", "@ann") == "5"
    assert book.member_id("@@a", "@bob") == "member:Bob"
    assert book.member_name("@@a", "@bob") == "Bob"


def test_a_stranger_cannot_pass_for_a_friend_nor_for_another_member() -> None:
    twins = group("@@a", "Friends", "@bob", "@Bob")
    book = contacts(contact("@x", "Bob"), twins)
    ids = {book.id_of("@x"), book.member_id("@@a", "@bob"), book.member_id("@@a", "@Bob")}
    assert len(ids) == 3
    assert "member:Bob" not in ids


def test_our_names_follow_the_group() -> None:
    raw = group("@@a", "Friends", "@bob")
    book = contacts(raw)
    raw["MemberList"][0]["DisplayName"] = "Helper"
    book.learn([raw])
    assert book.our_names("@@a") == ["Helper", "Own", "Gateway"]
    raw["MemberList"][0]["DisplayName"] = ""  # taken back
    book.learn([raw])
    assert "Helper" in book.our_names("@@a")  # as what is read now may have been written before
    book.forget_former()
    assert book.our_names("@@a") == ["Own", "Gateway"]
    assert list(book.other_names("@@a")) == ["Bob"]
    assert book.our_names("@@unknown") == ["Gateway"]


def test_where_nothing_can_be_written() -> None:
    book = contacts(contact("@a", "Ann"), group("@@a", "Friends", "@bob"))
    book.shut("@a")
    book.learn([{**contact("@@a", "Friends"), "MemberList": [{"UserName": "@bob"}]}])
    for id in ("nick:Ann", "room:Friends", "nick:Nobody"):
        with pytest.raises(ChatGone):
            book.address(id)
    book.learn([contact("@a", "Ann"), group("@@a", "Friends", "@bob")])
    assert (book.address("nick:Ann"), book.address("room:Friends")) == ("@a", "@@a")


def test_a_group_that_is_not_shown_yet_may_still_come() -> None:
    for id in ("room:Friends", "@@5"):
        with pytest.raises(WindowClosed):
            contacts().address(id)


def test_who_is_not_known_can_be_answered_in_this_login() -> None:
    book = contacts()
    assert book.address(book.id_of("@stranger")) == "@stranger"


@pytest.mark.parametrize("nonsense", [None, 5, {}, {"UserName": ""}, {"UserName": "@a", "VerifyFlag": "x"}])
def test_nonsense_is_left_out(nonsense: Any) -> None:
    assert contacts().learn([nonsense]) == []


# --- a login as it is kept

SESSION = Session(
    keys=Keys("https://wx2.qq.com/x", "https://file", "https://push", "123", "sid", "", "e1", "ticket"),
    user=OWN,
    name="Gate😂way",
    key={"Count": 1, "List": [{"Key": 1, "Val": 2**31}]},
    check_key="1_2",
    cookies=(Cookie("wxsid", "secret", ".qq.com"),),
    since=1000,
    newest=2000,
    groups=("@@a",),
    requests=(Request("@b", "v2_x"),),
)


def test_a_session_survives_json() -> None:
    assert Session.from_json(SESSION.to_json()) == SESSION


@pytest.mark.parametrize("saved", ["", "{", "[]", "{}", '{"keys": 5}', SESSION.to_json()[:-2], "\x80\x04."])
def test_what_is_no_session_is_said_to_be_none(saved: str) -> None:
    with pytest.raises(ValueError, match=r".") as caught:
        Session.from_json(saved)
    assert "secret" not in str(caught.value)


def test_a_session_moves_on() -> None:
    key, check = {"Count": 1, "List": [{"Key": 1, "Val": 5}]}, {"Count": 1, "List": [{"Key": 203, "Val": 6}]}
    raw = {"BaseResponse": {"Ret": 0}, "SyncKey": key, "SyncCheckKey": check}
    cookies = (Cookie("wxsid", "other", ".qq.com"),)
    moved = SESSION.advanced(raw, cookies, newest=[1500, 3000], groups=["@@a", "@@b"])
    assert (moved.key, moved.check_key, moved.newest) == (key, "203_6", 3000)
    assert (moved.cookies, moved.groups, moved.requests) == (cookies, ("@@a", "@@b"), SESSION.requests)


def test_a_request_is_done_once() -> None:
    raw: Any = {"BaseResponse": {"Ret": 0}}
    first, second = Request("@b", "v2_x"), Request("@b", "v2_y")
    done = SESSION.settled(first)
    assert (SESSION.waiting, done.waiting) == ((first,), ())
    again = done.advanced(raw, (), requests=[first, second])
    assert again.waiting == (second,)
    for number in range(1000):
        again = again.settled(Request("@b", str(number)))
    assert again.waiting == (second,)
    assert len(again.requests) < 110


def test_an_answer_without_keys_leaves_them() -> None:
    empty = {"Count": 0, "List": list[Any]()}
    for raw in ({}, {"SyncKey": empty, "SyncCheckKey": empty}):
        moved = SESSION.advanced({"BaseResponse": {"Ret": 0}, **raw}, SESSION.cookies)
        assert (moved.key, moved.check_key) == (SESSION.key, SESSION.check_key)


def test_after_a_restart_what_was_read_is_old() -> None:
    assert SESSION.resumed().since == SESSION.newest - 60
    assert replace(SESSION, newest=0).resumed().since == SESSION.since


def test_a_session_shows_nothing_of_what_opens_it() -> None:
    assert repr(SESSION) == "Session(uin=123)"
