"""Pictures of workflows: where each step and each arrow goes. Nothing here knows what a step does."""

from teams.drawing.layout import MAX_DRAWN, Arrow, Box, Drawing, find_layout

__all__ = ["MAX_DRAWN", "Arrow", "Box", "Drawing", "find_layout"]
