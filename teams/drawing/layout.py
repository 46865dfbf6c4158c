"""Where the steps of a graph go, and the arrows between them: Graphviz lays out, we draw.

Pixels, from the top left. The same steps and arrows give the same picture, so that it can stand still while
states change: a layout costs about 10 ms and is kept.
"""

import json
import logging
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import pygraphviz

logger = logging.getLogger(__name__)

WIDTH, HEIGHT = 168, 56
"""Of a step."""
MARGIN = 6
MAX_DRAWN = 150
"""Of more steps nobody can read a picture, and it takes seconds to lay out."""
_INCH = 72
_GAP_INCH = {"LR": 0.55, "TB": 0.4}
_KEPT = 512


@dataclass(frozen=True, slots=True, kw_only=True)
class Box:
    """The place of one step: its top left corner."""

    step_id: str
    x: float
    y: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Arrow:
    """One arrow. `path` is what an SVG path's `d` takes; the arrow's head is drawn at its end."""

    source: str
    target: str
    path: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Drawing:
    """A whole picture."""

    width: float
    height: float
    boxes: tuple[Box, ...]
    arrows: tuple[Arrow, ...]


def find_layout(
    steps: Sequence[str], arrows: Sequence[tuple[str, str]], *, is_downwards: bool = False
) -> Drawing | None:
    """Return where everything goes; None for no steps, for more than MAX_DRAWN, and where Graphviz fails.

    Arrows lead to the right, or down.

    `arrows` are pairs of steps, from and to. Whoever shows the picture shows the steps as a list too.
    """
    if not steps or len(steps) > MAX_DRAWN:
        return None
    return _lay_out(tuple(steps), tuple(arrows), "TB" if is_downwards else "LR")


@lru_cache(maxsize=_KEPT)
def _lay_out(steps: tuple[str, ...], arrows: tuple[tuple[str, str], ...], rankdir: str) -> Drawing | None:
    ranksep = _GAP_INCH[rankdir]
    graph = pygraphviz.AGraph(directed=True, rankdir=rankdir, nodesep=0.3, ranksep=ranksep)
    # Graphviz sees numbers only: an id of a person's choosing could mean something to it.
    numbers = {step: str(number) for number, step in enumerate(steps)}
    for number in numbers.values():
        graph.add_node(
            number, shape="box", fixedsize="true", label="", width=WIDTH / _INCH, height=HEIGHT / _INCH
        )
    for source, target in arrows:
        graph.add_edge(numbers[source], numbers[target])
    try:
        laid = json.loads(graph.draw(format="json", prog="dot"))
    except (OSError, ValueError) as error:
        # The picture is an extra: the page has the steps in words.
        logger.warning("Graphviz cannot lay out a graph of %d steps: %s", len(steps), error)
        return None
    finally:
        graph.close()
    return _read(laid, steps, arrows)


def _read(laid: Any, steps: tuple[str, ...], arrows: tuple[tuple[str, str], ...]) -> Drawing:
    width, height = (float(value) for value in laid["bb"].split(",")[2:])
    placed = {int(found["name"]): found["pos"].split(",") for found in laid["objects"]}

    def flip(point: str) -> str:
        # Graphviz counts from the bottom.
        x, y = (float(value) for value in point.split(","))
        return f"{x + MARGIN:.1f} {height - y + MARGIN:.1f}"

    paths = {
        (int(found["tail"]), int(found["head"])): _path(found["pos"], flip) for found in laid.get("edges", ())
    }
    by_id = {found["_gvid"]: int(found["name"]) for found in laid["objects"]}
    drawn = {(by_id[tail], by_id[head]): path for (tail, head), path in paths.items()}
    order = {step: number for number, step in enumerate(steps)}
    return Drawing(
        width=round(width + 2 * MARGIN),
        height=round(height + 2 * MARGIN),
        boxes=tuple(
            Box(
                step_id=step,
                x=round(float(placed[number][0]) - WIDTH / 2 + MARGIN, 1),
                y=round(height - float(placed[number][1]) - HEIGHT / 2 + MARGIN, 1),
            )
            for step, number in order.items()
        ),
        arrows=tuple(
            Arrow(source=source, target=target, path=drawn[order[source], order[target]])
            for source, target in dict.fromkeys(arrows)
        ),
    )


def _path(spline: str, flip: Any) -> str:
    """Return a path of cubic curves; `spline` is "e,<end> <start> <control> <control> <point>"."""
    points = spline.split()
    end = ""
    if points[0].startswith("e,"):
        end = points.pop(0)[2:]
    curves = " ".join(flip(point) for point in points[1:])
    return f"M{flip(points[0])} C{curves}" + (f" L{flip(end)}" if end else "")
