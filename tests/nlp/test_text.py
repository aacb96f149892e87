from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nlp.text import LONGEST, normalise


@pytest.mark.parametrize(
    ("written", "read"),
    [
        ("@JetBlue where is my bag? https://t.co/AbC", "@user where is my bag? http"),
        ("write to jane.doe@example.com please", "write to @user please"),
        ("//@王小明: 说得对", "//@user: 说得对"),
        ("@王曰有一次我们去了很远很远的地方结果什么都没有看到很失望", None),
        ("AT&amp;T &lt;3 you", "AT&T <3 you"),
        ("<b>never</b> again<br/>", "never again"),
        ("sooooooo bad!!!!!!", "sooo bad!!!"),
        ("thumbs 👍🏽 up ❤️", "thumbs 👍 up ❤"),
        ("zero\u200bwidth\ufeff and\x00null", "zerowidth and null"),
        ("\u202egnol ytrid\u202c", "gnol ytrid"),
        ("行李費太貴，簡直搶劫", "行李费太贵，简直抢劫"),
        ("飛行機の荷物が壊れた", "飛行機の荷物が壊れた"),
        ("", ""),
        ("\x00\x00", ""),
    ],
)
def test_a_text_is_read_as_the_model_knows_it(written: str, read: str | None) -> None:
    assert normalise(written) == (written if read is None else read)


@given(st.text(max_size=300))
def test_no_control_or_invisible_character_gets_through(text: str) -> None:
    assert all(character.isprintable() for character in normalise(text))


@given(st.text(alphabet="abc @#:/.&;!行費😡", max_size=80))
def test_what_was_normalised_once_stays_as_it_is(text: str) -> None:
    once = normalise(text)
    assert normalise(once) == once


def test_only_the_beginning_of_a_very_long_text_is_read() -> None:
    assert len(normalise("bag lost " * 100_000)) <= LONGEST
