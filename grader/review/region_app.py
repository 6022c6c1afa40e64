"""The application behind `hw9 regions draw`."""

from __future__ import annotations

import json

from pydantic import BaseModel, ConfigDict, Field
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, Response
from starlette.routing import Route

from grader.review.key_app import page, static, wanted
from grader.review.pages import rendered
from grader.review.region_drawing import RegionDrawing
from grader.review.requests import Version
from solver.bundle.regions import Name, Region, RegionWords


class Save(BaseModel):
    """One picture's regions, as the page has them."""

    model_config = ConfigDict(extra="forbid")

    version: Version
    place: int
    # Far more than a picture has; without an end, one request could fill the memory.
    regions: dict[Name, Region] = Field(max_length=200)
    names: dict[Name, RegionWords] = Field(max_length=200)


class Import(BaseModel):
    """A labelme file for one picture."""

    model_config = ConfigDict(extra="forbid")

    version: Version
    place: int
    text: str


def region_app(drawing: RegionDrawing) -> Starlette:
    """Return the application of a bundle whose regions are drawn."""

    def shell(request: Request, body: bytes) -> Response:
        return HTMLResponse(rendered("regions/draw.html", title=drawing.bank.header.title))

    def state(request: Request, body: bytes) -> Response:
        return JSONResponse(drawing.state())

    def picture(request: Request, body: bytes) -> Response:
        return Response(drawing.png(request.path_params["place"]), media_type="image/png")

    def export(request: Request, body: bytes) -> Response:
        place = request.path_params["place"]
        text = json.dumps(drawing.labelme(place), indent=2)
        name = f'attachment; filename="{drawing.picture(place).name}.json"'
        return Response(text, media_type="application/json", headers={"Content-Disposition": name})

    def save(request: Request, body: bytes) -> Response:
        asked = wanted(Save, body)
        return JSONResponse(drawing.save(asked.version, asked.place, asked.regions, asked.names))

    def take(request: Request, body: bytes) -> Response:
        asked = wanted(Import, body)
        drawing.take(asked.version, asked.place, asked.text)
        return JSONResponse(drawing.state())

    gets = {
        "/": shell,
        "/state": state,
        "/picture/{place:int}": picture,
        "/labelme/{place:int}": export,
    }
    routes = [Route(path, page(each), methods=["GET"]) for path, each in gets.items()]
    routes += [
        Route("/save", page(save), methods=["POST"]),
        Route("/import", page(take), methods=["POST"]),
        Route("/static/{name}", static, methods=["GET"]),
    ]
    return Starlette(routes=routes)
