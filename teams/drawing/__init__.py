"""Pictures of workflows: where each step and each arrow goes. Nothing here knows what a step does."""

from teams.drawing.layout import MAX_DRAWN, Arrow, Box, Drawing, find_layout
from teams.drawing.text_width import cut_to_width, measure

__all__ = ["MAX_DRAWN", "Arrow", "Box", "Drawing", "cut_to_width", "find_layout", "measure"]
