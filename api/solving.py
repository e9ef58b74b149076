"""What a door's function is called with, by a plan that is made once for each door.

FastAPI reads a function's signature into a `Dependant`: its parameters, and functions
whose results it takes. It solves that anew for each request, which costs more than a
look-up does. Here it is laid out flat when the door is made. Values are checked by
FastAPI's own fields, in its order and with its errors.
"""

from __future__ import annotations

import copy
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from inspect import isasyncgenfunction, iscoroutinefunction, isgeneratorfunction
from typing import Any

from fastapi import Request
from fastapi.dependencies.models import Dependant
from fastapi.exceptions import RequestValidationError
from starlette.concurrency import run_in_threadpool
from starlette.responses import Response

_PLAIN = (str, int, float, bool, type(None))  # defaults that nobody can change


@dataclass(frozen=True)
class _Value:
    """A parameter in the path or the query string."""

    name: str
    alias: str
    place: tuple[str, str]
    in_path: bool
    required: bool
    default: Any
    validate: Callable[..., tuple[Any, Any]]

    def read(self, given: Mapping[str, str], errors: list[Any]) -> Any:
        """The value, checked; what is wrong with it goes into `errors`."""
        text = given.get(self.alias)
        if text is None and not self.required:
            plain = isinstance(self.default, _PLAIN)
            return self.default if plain else copy.deepcopy(self.default)
        if text is None:
            missing = {"type": "missing", "loc": self.place, "msg": "Field required"}
            errors.append({**missing, "input": None})
            return None
        value, wrong = self.validate(text, {}, loc=self.place)
        errors.extend(wrong or ())
        return value


@dataclass
class _Step:
    """A call: of a function that others take the result of, or of the door's own.

    `takes` are names of its parameters, and the steps that they are the results of.
    """

    call: Callable[..., Any]
    waits: bool
    request_name: str | None
    values: list[_Value]
    takes: list[tuple[str, int]] = field(default_factory=list)
    after: list[int] = field(default_factory=list)


class Plan:
    """The calls that one door takes, each once, the door's own last.

    `parameters` are the names of the query parameters that it reads.
    """

    def __init__(self, dependant: Dependant) -> None:
        """Raises TypeError for a function that asks for more than is read here: values
        of the path and the query string, the request, and what other functions give."""
        self._steps: list[_Step] = []
        self._known: dict[Callable[..., Any], int] = {}
        self._lay(dependant)
        self.parameters = tuple(
            value.alias
            for step in (self._steps[-1], *self._steps[:-1])
            for value in step.values
            if not value.in_path
        )

    async def answer(self, request: Request) -> Response:
        """What the door says to a request; raises what it raises, or
        RequestValidationError with all that is wrong with its parameters."""
        query, path = request.query_params, request.path_params
        errors: list[Any] = []
        results: list[Any] = []
        failed: set[int] = set()
        for number, step in enumerate(self._steps):
            found = len(errors)
            given = {name: results[taken] for name, taken in step.takes}
            for value in step.values:
                source = path if value.in_path else query
                given[value.name] = value.read(source, errors)
            if step.request_name is not None:
                given[step.request_name] = request
            if len(errors) > found or not failed.isdisjoint(step.after):
                failed.add(number)
                results.append(None)
            elif step.waits:
                results.append(await step.call(**given))
            else:
                results.append(await run_in_threadpool(step.call, **given))
        if errors:
            raise RequestValidationError(errors)
        response: Response = results[-1]
        return response

    def _lay(self, dependant: Dependant) -> int:
        """Put a function's steps down, and those before it; returns its own number."""
        call = _checked(dependant)
        if call in self._known:
            return self._known[call]
        step = _Step(
            call,
            iscoroutinefunction(call) or iscoroutinefunction(type(call).__call__),
            dependant.request_param_name,
            [
                _value(one, in_path=one in dependant.path_params)
                for one in (*dependant.path_params, *dependant.query_params)
            ],
        )
        for part in dependant.dependencies:
            number = self._lay(part)
            step.after.append(number)
            if part.name is not None:
                step.takes.append((part.name, number))
        self._steps.append(step)
        self._known[call] = len(self._steps) - 1
        return self._known[call]


def _checked(dependant: Dependant) -> Callable[..., Any]:
    call = dependant.call
    if call is None:
        raise TypeError(f"{dependant.path} has no function")
    if (
        dependant.header_params
        or dependant.cookie_params
        or dependant.body_params
        or dependant.response_param_name
        or dependant.background_tasks_param_name
        or isgeneratorfunction(call)
        or isasyncgenfunction(call)
    ):
        raise TypeError(f"{call} asks for what this class of routes does not read")
    return call


def _value(known: Any, *, in_path: bool) -> _Value:
    """A parameter as FastAPI has read it from the signature."""
    required = known.field_info.is_required()
    return _Value(
        name=known.name,
        alias=known.alias,
        place=("path" if in_path else "query", known.alias),
        in_path=in_path,
        required=required,
        default=None if required else known.get_default(),
        validate=known.validate,
    )
