"""Who may append: custodians' keys, and for which registers.

A key is a bearer token, `tp_{id}_{secret}`: 12 and 64 lower-case hex digits, so that
scanners for leaked secrets find one by its form. It belongs to an organisation, is for
named registers or for all, and may expire or be revoked. `{keys}/custodians.json` has
all of it but the secret, of which it has the SHA-256. A slow hash, as passwords need,
would gain nothing: the secret is 256 random bits, which nobody tries out.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import re
import secrets
from collections.abc import Collection, Iterable
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

from trigpoint.dates import days_of, now, today
from trigpoint.errors import InvalidInput, KeyRequired, NotPermitted
from trigpoint.log.entry import BatchKey
from trigpoint.organisations import check_organisation
from trigpoint.private import held_lock, read_private, write_private
from trigpoint.schema.shape import check_name

ALL = "*"
OWNER = "The owner of this installation"
OWNER_FILE = "custodian.key"
_FILE = "custodians.json"
_FORMAT = 1
_MOST_BYTES = 4_000_000  # of custodians.json: some ten thousand keys
_TOKEN = re.compile(r"tp_([0-9a-f]{12})_([0-9a-f]{64})", re.ASCII)
_TOKEN_BYTES = 200  # of a file that holds one
_NOBODY = "0" * 64  # what an unknown id is compared with: no secret hashes to it


@dataclass(frozen=True)
class Token:
    """A key as its holder has it; neither `repr` nor `str` shows the secret."""

    id: str
    secret: str = field(repr=False)

    @classmethod
    def new(cls) -> Token:
        return cls(secrets.token_hex(6), secrets.token_hex(32))

    @classmethod
    def parse(cls, text: str) -> Token:
        """Raises KeyRequired for text that is no key, without repeating it."""
        match = _TOKEN.fullmatch(text)
        if match is None:
            raise KeyRequired(
                "what was given is not a custodian's key: expected tp_, 12 hex "
                "digits, _ and 64 hex digits"
            )
        return cls(match[1], match[2])

    def reveal(self) -> str:
        """The token itself, for its holder's eyes only."""
        return f"tp_{self.id}_{self.secret}"

    @property
    def hash(self) -> str:
        """SHA-256 of the secret, as hex."""
        return hashlib.sha256(self.secret.encode()).hexdigest()


@dataclass(frozen=True)
class CustodianKey:
    """What is known of a key. `registers` are names, or only `*` for all of them.

    `expires` is the first day (UTC) on which the key is refused, `revoked` the time
    from which it is.
    """

    id: str
    name: str
    registers: tuple[str, ...]
    made: str
    expires: str | None = None
    revoked: str | None = None

    @property
    def signed(self) -> BatchKey:
        """What the log says of a batch that is appended with this key."""
        return BatchKey(self.id, self.name)

    def check(self, registers: Iterable[str] = ()) -> None:
        """Raises NotPermitted when the key was revoked, has expired, or is not for one
        of these registers."""
        mine = f"the key {self.id} of {self.name}"
        if self.revoked is not None:
            raise NotPermitted(
                f"{mine} was revoked at {self.revoked}: ask for another",
                key=self.id,
                revoked=self.revoked,
            )
        if self.expires is not None and self.expires <= today():
            raise NotPermitted(
                f"{mine} expired on {self.expires}: ask for another",
                key=self.id,
                expires=self.expires,
            )
        for register in registers:
            if register not in self.registers and ALL not in self.registers:
                raise NotPermitted(
                    f"{mine} is not for the register {register}, but for "
                    + ", ".join(self.registers),
                    key=self.id,
                    register=register,
                )


class Custodians:
    """The keys that are known, kept in the keys folder of an installation."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._path = folder / _FILE

    def known(self) -> list[CustodianKey]:
        """Every key that was made, oldest first; revoked and expired ones too."""
        return [key for key, _ in self._read()]

    def identify(self, text: str) -> CustodianKey:
        """The key that a token is; raises KeyRequired when it is none that is known.

        Takes as long for an unknown id as for a wrong secret: both are compared.
        """
        token = Token.parse(text)
        known = {key.id: (key, digest) for key, digest in self._read()}
        key, digest = known.get(token.id, (None, _NOBODY))
        same = hmac.compare_digest(token.hash, digest)
        if key is None or not same:
            raise KeyRequired("the custodian's key given is not known here")
        return key

    def permit(self, text: str | None, registers: Collection[str]) -> CustodianKey:
        """The key that may append to these registers: the one given, else the owner's
        if this user can read it. Raises KeyRequired or NotPermitted."""
        key = self.identify(self._owner_token() if text is None else text)
        key.check(registers)
        return key

    def add(
        self, name: str, registers: Iterable[str], expires: str | None = None
    ) -> Token:
        """Make a key; its token is to be had from here only, this once.

        Raises InvalidInput for a name that is none of an organisation, for no register
        or a name that is none, and for a date that is none or past.
        """
        token = Token.new()
        self._add(token, name, _checked_registers(registers), _checked_date(expires))
        return token

    def revoke(self, id: str) -> CustodianKey:
        """Have a key refused from now on; raises InvalidInput for one not known."""
        with held_lock(self.folder / f"{_FILE}.lock"):
            held = self._read()
            if id not in {key.id for key, _ in held}:
                raise InvalidInput(
                    f"there is no key {id[:40]}: see `trigpoint key list`"
                )
            held = [
                (replace(key, revoked=key.revoked or now()) if key.id == id else key, d)
                for key, d in held
            ]
            self._write(held)
        return next(key for key, _ in held if key.id == id)

    def _add(
        self, token: Token, name: str, registers: tuple[str, ...], expires: str | None
    ) -> None:
        key = CustodianKey(
            token.id, check_organisation(name), registers, now(), expires
        )
        self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        with held_lock(self.folder / f"{_FILE}.lock"):
            self._write([*self._read(), (key, token.hash)])

    def _owner_token(self) -> str:
        path = self.folder / OWNER_FILE
        if not path.exists():
            raise KeyRequired(
                "appending needs a custodian's key: name a file that holds one with "
                "--key or TRIGPOINT_KEY"
            )
        return read_token(path)

    def _read(self) -> list[tuple[CustodianKey, str]]:
        try:
            state = json.loads(read_private(self._path, _MOST_BYTES))
            return [_known(row) for row in state["keys"]]
        except FileNotFoundError:
            return []
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise KeyRequired(
                f"no key can be judged, since {self._path} cannot be read: {error}"
            ) from error

    def _write(self, held: list[tuple[CustodianKey, str]]) -> None:
        rows = [asdict(key) | {"secret-sha-256": digest} for key, digest in held]
        state = {"format": _FORMAT, "keys": rows}
        write_private(self._path, json.dumps(state, ensure_ascii=False, indent=1))


def _known(row: dict[str, Any]) -> tuple[CustodianKey, str]:
    digest = str(row.pop("secret-sha-256"))
    return CustodianKey(**row | {"registers": tuple(row["registers"])}), digest


def read_token(path: Path) -> str:
    """The token in a file; raises KeyRequired when it cannot be read, or by others."""
    try:
        return read_private(path, _TOKEN_BYTES).strip()
    except (OSError, ValueError) as error:
        raise KeyRequired(f"the key in {path} cannot be used: {error}") from error


def make_owner(folder: Path) -> CustodianKey:
    """A key for all registers whose token lies in the keys folder, for whoever may
    read it there; the one that is there already, if it is in force."""
    custodians, path = Custodians(folder), folder / OWNER_FILE
    if path.exists():
        token = Token.parse(read_token(path))
        for key in custodians.known():
            if key.id == token.id and key.revoked is None:
                return key
    # The file comes first: after a crash between the two it names no key, and another
    # is made; the other way round a key would be in force that nobody has.
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    token = Token.new()
    write_private(path, token.reveal() + "\n")
    custodians._add(token, OWNER, (ALL,), None)
    return custodians.identify(token.reveal())


def _checked_registers(registers: Iterable[str]) -> tuple[str, ...]:
    names = tuple(dict.fromkeys(registers))
    if not names:
        raise InvalidInput(f"name the registers that the key is for, or {ALL} for all")
    if ALL in names:
        return (ALL,)
    return tuple(sorted(map(check_name, names)))


def _checked_date(expires: str | None) -> str | None:
    if expires is None:
        return None
    first, last = days_of(expires, "expires")
    if first != last or first != expires or first <= today():
        raise InvalidInput(
            f"expires is “{expires[:40]}”: expected a day to come, such as 2027-01-01"
        )
    return first
