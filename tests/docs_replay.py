"""Replay of documentation: every request shown is made, every answer compared.

A document shows a request as a fenced block and its answer as the next one:

    ```http request
    GET /registers/country/records/GB
    Accept: text/turtle
    ```
    ```http response
    200
    Content-Type: text/turtle; charset=utf-8

    …
    ```

or as a block marked `console`, with `$ ` lines, each followed by what it prints. The
lines of curl are requests: of its options, `-s -S -i -L -I -G -X -H -d -o` and
`--data-urlencode` are understood, and the address must be on this server. Other lines
are programs, which `programs_in` gives for the caller to run.

A line with only `…` stands for any lines, `…` within a line for any text. The headers
shown must be there, others may be too. Empty lines at the ends are passed over.
"""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Protocol
from urllib.parse import quote, urlsplit

_BLOCK = re.compile(r"^```([^\n]*)\n(.*?)^```$", re.DOTALL | re.MULTILINE)
_WITH_VALUE = ("-X", "-H", "-d", "-o", "--data-urlencode")
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
    output: str | None = None
    expected: str = ""


def examples_in(path: Path) -> list[Example]:
    """All requests with answers of a Markdown file, in order."""
    text = path.read_text(encoding="utf-8")
    found: list[Example] = []
    waiting: Example | None = None
    for block in _BLOCK.finditer(text):
        kind, body = block[1].strip(), block[2]
        line = _line(text, block)
        if kind == "http request":
            waiting = _request(body, line)
        elif kind == "http response":
            assert waiting is not None, f"{path.name}:{line}: an answer to nothing"
            waiting.expected, waiting.shows_head = body, True
            found.append(waiting)
            waiting = None
        elif kind == "console":
            found += [
                replace(_curl(words[1:], number), expected=expected)
                for number, words, expected in _commands(body, line)
                if words[0] == "curl"
            ]
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


@dataclass(frozen=True)
class Program:
    """One command line that is not curl, and what the document says it prints."""

    line: int
    words: tuple[str, ...]
    expected: str


def programs_in(path: Path) -> list[Program]:
    """All command lines of a Markdown file that run a program other than curl."""
    text = path.read_text(encoding="utf-8")
    return [
        Program(line, tuple(words), expected)
        for block in _BLOCK.finditer(text)
        if block[1].strip() == "console"
        for line, words, expected in _commands(block[2], _line(text, block))
        if words[0] != "curl"
    ]


def _line(text: str, block: re.Match[str]) -> int:
    return text.count("\n", 0, block.start()) + 1


def _commands(body: str, line: int) -> Iterator[tuple[int, list[str], str]]:
    """Each command of a console block: its line, words, and what it prints."""
    lines = body.splitlines()
    starts = [n for n, text in enumerate(lines) if text.startswith("$ ")]
    for start, end in zip(starts, [*starts[1:], len(lines)], strict=True):
        for last in range(start + 1, end + 1):
            # A command goes on while a quote is open or a line ends in a backslash.
            command = "\n".join(lines[start:last]).removeprefix("$ ")
            words = _words(command)
            if words is not None:
                yield line + start + 1, words, "\n".join(lines[last:end])
                break


def _words(command: str) -> list[str] | None:
    try:
        return shlex.split(command)
    except ValueError:
        return None


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
    elif word == "-o":
        example.output = value
    else:
        name, _, text = value.partition("=")
        data.append(f"{name}={quote(text, safe='')}")


def difference(example: Example, client: Client) -> str | None:
    """What is not as the document shows it; None when all is."""
    answer = client(
        example.method, example.path, example.headers, example.content, example.follow
    )
    if example.output is not None:
        return None if answer.status_code == 200 else answer.text
    body = example.expected
    if example.shows_head:
        head, _, body = body.partition("\n\n")
        wrong = _head_difference(head, answer)
        if wrong:
            return wrong
    if matches(body, answer.text):
        return None
    return f"{example.method} {example.path} answers:\n{answer.text}\nnot:\n{body}"


def _head_difference(head: str, answer: Answer) -> str | None:
    first, *headers = head.strip().splitlines()
    status = next(word for word in first.split() if word.isdigit())
    if int(status) != answer.status_code:
        return f"status {answer.status_code}, not {status}: {answer.text}"
    for header in headers:
        if header == "…":
            continue
        name, _, value = header.partition(": ")
        given = answer.headers.get(name)
        if given is None or not matches(value, given):
            return f"{name} is {given}, not {value}"
    return None


def matches(shown: str, given: str) -> bool:
    """Whether a text is as the document shows it."""
    lines = [
        r"[\s\S]*?" if line.strip() == "…" else re.escape(line).replace("…", ".*?")
        for line in shown.strip("\n").split("\n")
    ]
    text = given.replace("\r\n", "\n").strip("\n")
    return re.fullmatch("\n".join(lines), text) is not None
