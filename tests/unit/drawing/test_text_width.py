"""Texts are cut to the room that they have, whatever their letters are."""

from hypothesis import given
from hypothesis import strategies as st

from teams.drawing import cut_to_width, measure

FONT_PX = 13


@given(st.text(max_size=80), st.integers(20, 300), st.booleans())
def test_what_is_cut_fits_and_is_a_beginning_of_the_text(text: str, width_px: int, is_bold: bool) -> None:
    cut = cut_to_width(text, width_px=width_px, font_px=FONT_PX, is_bold=is_bold)

    assert measure(cut, font_px=FONT_PX, is_bold=is_bold) <= width_px
    if cut != text:
        assert cut.endswith("…")
        assert text.startswith(cut[:-1])
        assert measure(text, font_px=FONT_PX, is_bold=is_bold) > width_px


def test_wide_letters_leave_room_for_fewer() -> None:
    lengths = [
        len(cut_to_width(letter * 99, width_px=144, font_px=FONT_PX)) for letter in ("i", "n", "O", "分")
    ]

    assert lengths == sorted(lengths, reverse=True)
    assert len(set(lengths)) == 4


def test_bold_letters_need_more_room() -> None:
    assert measure("name", font_px=13, is_bold=True) > measure("name", font_px=13)
    assert cut_to_width("researcher", width_px=144, font_px=13, is_bold=True) == "researcher"
