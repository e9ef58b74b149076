"""Replay of documentation: every request shown is made, every answer compared.

A document shows a request as a fenced block and its answer as the next one:

    ```http request
    GET /registers/country/records/GB
    Accept: text/turtle
    ```
    ```http response
    200
    Content-Type: text/turtle; charset=utf-8

    …the body, or its beginning and a line of `...` alone
    ```

or as a block marked `console`, with `$ curl …` lines, each followed by what it prints.
A line of three dots stands for any lines; three dots within a line for any text; the
headers shown must be there, others may be too. Of curl, the options `-s -S -i -L -I -G
-X -H -d --data-urlencode` are understood; the address must be on this server. What is
shown of a body need not end as it does: leading and trailing empty lines are passed
over.
"""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol
from urllib.parse import quote, urlsplit

_BLOCK = re.compile(r"^```([^\n]*)\n(.*?)^```$", re.DOTALL | re.MULTILINE)
_COMMAND = re.compile(r"^\$ (curl (?:[^\n]*\\\n)*[^\n]*)\n?", re.MULTILINE)
_WITH_VALUE = ("-X", "-H", "-d", "--data-urlencode")
_FORM = "application/x-www-form-urlencoded"


class Answer(Protocol):
    """What a client gives back; httpx and Starlette's test client do."""

    @property
    def status_code(self) -> int: ...

    @property
    def headers(self) -> Mapping[str, str]: ...

    @property
    def text(self) -> str: ...


class Client(Protocol):
    """Makes a request to a path of the server under test."""

    def __call__(
        self,
        method: str,
        path: str,
        headers: Mapping[str, str],
        content: str,
        follow: bool,
    ) -> Answer: ...


@dataclass
class Example:
    """One request and what the document shows of its answer."""

    line: int
    method: str = "GET"
    path: str = "/"
    headers: dict[str, str] = field(default_factory=dict)
    content: str = ""
    follow: bool = False
    shows_head: bool = False
    expected: str = ""


def examples_in(path: Path) -> list[Example]:
    """All requests with answers of a Markdown file, in order."""
    text = path.read_text(encoding="utf-8")
    found: list[Example] = []
    waiting: Example | None = None
    for block in _BLOCK.finditer(text):
        kind, body = block[1].strip(), block[2]
        line = text.count("\n", 0, block.start()) + 1
        if kind == "http request":
            waiting = _request(body, line)
        elif kind == "http response":
            assert waiting is not None, f"{path.name}:{line}: an answer to nothing"
            waiting.expected, waiting.shows_head = body, True
            found.append(waiting)
            waiting = None
        elif kind == "console":
            found += _commands(body, line)
    assert waiting is None, f"{path.name}: a request without its answer"
    return found


def _request(body: str, line: int) -> Example:
    head, _, content = body.partition("\n\n")
    first, *headers = head.strip().splitlines()
    method, _, target = first.partition(" ")
    pairs = (header.partition(": ") for header in headers)
    return Example(
        line, method, target, {n: v for n, _, v in pairs}, content.rstrip("\n")
    )


def _commands(body: str, line: int) -> Iterator[Example]:
    commands = list(_COMMAND.finditer(body))
    ends = [command.start() for command in commands[1:]] + [len(body)]
    for command, end in zip(commands, ends, strict=True):
        words = shlex.split(command[1].replace("\\\n", " "))[1:]
        example = _curl(words, line + body.count("\n", 0, command.start()) + 1)
        # What follows a `$` line that is not curl is another program's.
        example.expected = re.split(r"^\$ ", body[command.end() : end], flags=re.M)[0]
        yield example


def _curl(words: list[str], line: int) -> Example:
    """The request that a curl command makes; fails on an option that is not known."""
    example, data, in_url = Example(line), list[str](), False
    rest = iter(words)
    for word in rest:
        if word in _WITH_VALUE:
            _option(word, next(rest), example, data)
        elif word.startswith("-"):
            assert set(word[1:]) <= set("sSiLIG"), f"curl {word} is not understood"
            example.shows_head |= "i" in word or "I" in word
            example.follow |= "L" in word
            example.method = "HEAD" if "I" in word else example.method
            in_url |= "G" in word
        else:
            parts = urlsplit(word)
            example.path = parts.path + (f"?{parts.query}" if parts.query else "")
    if data and in_url:
        example.path += ("&" if "?" in example.path else "?") + "&".join(data)
    elif data:
        example.content = "&".join(data)
        example.headers.setdefault("Content-Type", _FORM)
        example.method = "POST" if example.method == "GET" else example.method
    return example


def _option(word: str, value: str, example: Example, data: list[str]) -> None:
    if word == "-X":
        example.method = value
    elif word == "-H":
        name, _, text = value.partition(": ")
        example.headers[name] = text
    elif word == "-d":
        data.append(value)
    else:
        name, _, text = value.partition("=")
        data.append(f"{name}={quote(text, safe='')}")


def difference(example: Example, client: Client) -> str | None:
    """What is not as the document shows it; None when all is."""
    answer = client(
        example.method, example.path, example.headers, example.content, example.follow
    )
    body = example.expected
    if example.shows_head:
        head, _, body = body.partition("\n\n")
        wrong = _head_difference(head, answer)
        if wrong:
            return wrong
    if _pattern(body).fullmatch(answer.text.replace("\r\n", "\n").strip("\n")):
        return None
    return f"{example.method} {example.path} answers:\n{answer.text}\nnot:\n{body}"


def _head_difference(head: str, answer: Answer) -> str | None:
    first, *headers = head.strip().splitlines()
    status = next(word for word in first.split() if word.isdigit())
    if int(status) != answer.status_code:
        return f"status {answer.status_code}, not {status}: {answer.text}"
    for header in headers:
        name, _, value = header.partition(": ")
        if name == "...":
            continue
        given = answer.headers.get(name)
        if given is None or not _pattern(value).fullmatch(given):
            return f"{name} is {given}, not {value}"
    return None


def _pattern(shown: str) -> re.Pattern[str]:
    """Shown text as a pattern: three dots stand for anything."""
    text = re.escape(shown.strip("\n"))
    text = re.sub(r"(?m)^\s*(?:\\ )*\\\.\\\.\\\.$", r"[\\s\\S]*?", text)
    return re.compile(text.replace(r"\.\.\.", "[^\n]*?"))
