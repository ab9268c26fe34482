"""Who there is: accounts, people, official accounts, groups."""

from __future__ import annotations

from .world import OFFICIAL, Account, Change, Room, User, World


class People:
    """Accounts, people and conversations."""

    world: World

    def account(self, name: str = "Gateway", *, wechat_id: str = "") -> Account:
        """An account that a web client can log in as, the one there is by that name."""
        return self.world.account(name, wechat_id)

    @property
    def first(self) -> Account:
        """The account that is meant where none is named."""
        return self.world.first

    def user(
        self,
        name: str = "Ann",
        *,
        friend: bool = True,
        account: Account | None = None,
        remark: str = "",
        sex: int = 0,
        wechat_id: str = "",
    ) -> User:
        """A person; a friend of *account*, kept under *remark*, or a stranger.

        *sex*: 1 is male, 2 female, 0 not said.
        """
        number = next(self.world.numbers)
        user = User(name, f"wxid_{number:012d}", 630000000 + number, sex=sex, wechat_id=wechat_id)
        self.world.users.append(user)
        if friend:
            self.befriend(user, account, remark=remark)
        return user

    def official(self, name: str = "News", *, account: Account | None = None) -> User:
        """An official account that *account* follows."""
        user = self.user(name, account=account)
        user.id, user.verify_flag = f"gh_{user.seq}", OFFICIAL
        return user

    def befriend(self, user: User, account: Account | None = None, *, remark: str = "") -> None:
        """Make *user* a friend of *account*, as the phone does it."""
        account = account or self.first
        account.friends[user] = remark
        if isinstance(user, Account):
            user.friends.setdefault(account, "")
            self.world.tell(user, Change(account))
        self.world.tell(account, Change(user))

    def unfriend(self, user: User, account: Account | None = None) -> None:
        """They are friends no more."""
        account = account or self.first
        account.friends.pop(user, None)
        self.world.tell(account, Change(user, gone=True))

    def drop(self, user: User, account: Account | None = None, *, blocks: bool = False) -> None:
        """*user* wants no more of *account*, or *blocks* it; it still has them in its list.

        What it sends is taken, and answered by WeChat itself: nobody got it.
        """
        words = "消息已发出，但被对方拒收了。"
        if not blocks:
            words = f"{user.name}开启了朋友验证，你还不是他（她）朋友。"
            words += "请先发送朋友验证请求，对方验证通过后，才能聊天。"
        (account or self.first).lost[user] = words

    def private(self, user: User, account: Account | None = None) -> Room:
        """The conversation of *user* with *account*, the first one where it is not said."""
        return self.world.private(user, account or self.first)

    @property
    def filehelper(self) -> User:
        """What people send notes and files to themselves with."""
        return self.world.filehelper

    def group(
        self,
        title: str,
        *members: User,
        account: Account | tuple[Account, ...] | None = None,
        saved: bool = True,
        aliases: dict[User, str] | None = None,
    ) -> Room:
        """A group of *members* and one account, or several; *aliases* is what they call themselves in it.

        *saved*: it is among the contacts; if not, a client learns of it by its messages only.
        """
        accounts = account if isinstance(account, tuple) else (account or self.first,)
        number = next(self.world.numbers)
        room = Room(f"{number}@chatroom", title, accounts[0], [*accounts, *members], 640000000 + number)
        room.saved, room.aliases, room.owner = saved, dict(aliases or {}), (members or accounts)[0]
        self.world.open(room)
        if saved:
            self._changed(room)
        return room

    def rename(self, room: Room, user: User, alias: str, *, told: bool = True) -> None:
        """*user* calls themselves *alias* in a group from now on; "": by their own name.

        *told*: web clients hear of it; they do not always.
        """
        room.aliases[user] = alias
        if told:
            self._changed(room)

    def retitle(self, room: Room, title: str) -> None:
        """Change a group's name."""
        room.title = title
        self._changed(room)

    def join(self, room: Room, user: User) -> None:
        """*user* comes into a group."""
        room.members.append(user)
        self._changed(room)

    def leave(self, room: Room, user: User | None = None) -> None:
        """*user* leaves: a group, or being a friend. None: the account itself."""
        if room.user is not None:
            self.unfriend(room.user, room.account)
            return
        gone = user or room.account
        room.members.remove(gone)
        if isinstance(gone, Account):
            self.world.tell(gone, Change(room, gone=True))
        self._changed(room)

    def _changed(self, room: Room) -> None:
        for account in room.accounts():
            self.world.tell(account, Change(room))
