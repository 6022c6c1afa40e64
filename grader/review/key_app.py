"""The application behind `hw9 review`: pages of a key, and the changes they ask for."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from typing import TypeVar

from pydantic import BaseModel, ValidationError
from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, Response
from starlette.routing import Route

from grader.key_changes.key_file import KeyChangedError
from grader.review import key_views as views
from grader.review.key_review import KeyReview
from grader.review.pages import rendered, static_file, words
from grader.review.requests import Decide, DoRegrade, Sign
from solver.errors import Hw9Error, InputError

R = TypeVar("R", bound=BaseModel)


def key_app(review: KeyReview) -> Starlette:
    """Return the application of a key under review."""
    app = _App(review)

    @asynccontextmanager
    async def lifespan(_: Starlette) -> AsyncIterator[None]:
        await run_in_threadpool(review.start)
        yield
        await run_in_threadpool(review.end)

    gets = {
        "/": app.shell,
        "/list": app.list,
        "/question/{id}": app.question,
        "/figures/{id}": app.figures,
        "/attention/{id}/{place:int}/{layer:int}/{head:int}": app.attention,
        "/finish": app.finish,
    }
    posts = {
        "/preview": app.preview,
        "/decide": app.decide,
        "/sign": app.sign,
        "/regrade": app.regrade,
    }
    routes = [Route(path, page(each), methods=["GET"]) for path, each in gets.items()]
    routes += [Route(path, page(each), methods=["POST"]) for path, each in posts.items()]
    routes.append(Route("/static/{name}", static, methods=["GET"]))
    return Starlette(routes=routes, lifespan=lifespan)


def page(
    handle: Callable[[Request, bytes], Response],
) -> Callable[[Request], object]:
    """Run a handler on a thread; a fault becomes a sentence for the page."""

    async def served(request: Request) -> Response:
        body = await request.body() if request.method == "POST" else b""
        try:
            # Handlers read files and wait for the lock: on the loop they would hold up all others.
            return await run_in_threadpool(handle, request, body)
        except KeyChangedError as problem:
            # The page offers to load the key anew only for this one.
            return JSONResponse({"error": str(problem), "changed": True}, 409)
        except Hw9Error as problem:
            return JSONResponse({"error": str(problem)}, 400)

    return served


async def static(request: Request) -> Response:
    """Serve a style sheet or a module that ships."""
    found = static_file(request.path_params["name"])
    return Response(found[0], media_type=found[1]) if found else Response("", 404)


def wanted(kind: type[R], body: bytes) -> R:
    """Return a request's body as its form.

    Raises:
        InputError: it has another form.
    """
    try:
        return kind.model_validate_json(body)
    except ValidationError as problem:
        first = problem.errors()[0]
        where = ".".join(map(str, first["loc"]))
        raise InputError(
            f"the page sent {where or 'something'} that is none: {first['msg']}"
        ) from None


class _App:
    def __init__(self, review: KeyReview) -> None:
        self._review = review

    def shell(self, request: Request, body: bytes) -> Response:
        self._review.look_again()
        return HTMLResponse(
            rendered("review/key.html", title=self._review.bank.header.title, list=self._list())
        )

    def list(self, request: Request, body: bytes) -> Response:
        self._review.look_again()
        return JSONResponse({"version": self._review.version, "html": self._list()})

    def _list(self) -> str:
        review = self._review
        return rendered(
            "review/list.html",
            lines=views.lines_of(review),
            key=review.key,
            version=review.version,
            signature=review.key.signature,
            problem=review.page_problem,
            with_class=review.the_class is not None,
        )

    def question(self, request: Request, body: bytes) -> Response:
        review, name = self._review, request.path_params["id"]
        view, contested = views.view_of(review, name)
        html = rendered(
            "review/question.html",
            view=view,
            entry=view.entry,
            contested=contested,
            groups=views.choices_of(view),
            counting=views.counting(view.entry, view.asked),
            in_class=views.class_html(review, name),
            with_class=review.the_class is not None,
        )
        return JSONResponse({"version": review.version, "html": html})

    def figures(self, request: Request, body: bytes) -> Response:
        name = request.path_params["id"]
        # Raises for an id that the key has not, before the process is asked.
        self._review.entry(name)
        drawn = self._review.worker.draw(name)
        return JSONResponse({"html": rendered("review/figures.html", drawn=drawn, question=name)})

    def attention(self, request: Request, body: bytes) -> Response:
        asked = request.path_params
        self._review.entry(asked["id"])
        head = self._review.worker.head(asked["id"], asked["place"], asked["layer"], asked["head"])
        return JSONResponse({"html": rendered("review/head.html", head=head)})

    def preview(self, request: Request, body: bytes) -> Response:
        review, asked = self._review, wanted(Decide, body)
        with review.lock:
            # Nobody has to give the reason before the effect is seen; this key is not written.
            try:
                key = review.changed(asked.model_copy(update={"why": asked.why or "-"}))
            except Hw9Error as problem:  # a choice not made to its end is no bad request
                return JSONResponse({"error": str(problem)})
            the_class = review.the_class
            if the_class is None:
                return JSONResponse({"html": ""})
            if not the_class.asked(asked.question):
                html = rendered("review/effect.html", effect=None)
            else:
                plan = the_class.plan(key, (asked.question,))
                effect = the_class.effect(plan, " · ".join(words().pair("chart")))
                html = rendered("review/effect.html", effect=effect)
        return JSONResponse({"html": html})

    def decide(self, request: Request, body: bytes) -> Response:
        self._review.decide(wanted(Decide, body))
        return self._now()

    def sign(self, request: Request, body: bytes) -> Response:
        asked = wanted(Sign, body)
        self._review.sign(asked.version, asked.by, asked.when)
        return self._now()

    def regrade(self, request: Request, body: bytes) -> Response:
        asked = wanted(DoRegrade, body)
        moved = self._review.regrade(asked.version, asked.by, asked.why)
        return JSONResponse({"version": self._review.version, "moved": moved})

    def _now(self) -> Response:
        return JSONResponse({"version": self._review.version, "html": self._list()})

    def finish(self, request: Request, body: bytes) -> Response:
        review = self._review
        effect, questions = views.total_effect(review, " · ".join(words().pair("chart")))
        html = rendered(
            "review/finish.html",
            key=review.key,
            signature=review.key.signature,
            effect=effect,
            questions=questions,
            folder=str(review.the_class.folder) if review.the_class else "",
            why="; ".join(_reasons(review, questions)),
        )
        return JSONResponse({"version": review.version, "html": html})


def _reasons(review: KeyReview, questions: Sequence[str]) -> list[str]:
    found = []
    for entry in review.key.questions:
        if entry.id in questions:
            why = (
                entry.override.why if entry.override else entry.decided.why if entry.decided else ""
            )
            found.append(f"{entry.id}: {why}" if why else entry.id)
    return found
