from __future__ import annotations

import pytest

from nlp.language import detect


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("The crew would not listen to anybody on board", "en"),
        ("退款等了三个月还没有到", "zh-Hans"),
        ("退款等了三個月還沒有到", "zh-Hant"),
        ("荷物がまだ届いていません", "ja"),
        ("수하물이 아직 도착하지 않았습니다", "ko"),
        ("Mein Koffer ist seit drei Tagen verschwunden", "de"),
        ("Mi maleta lleva tres días perdida y nadie contesta", "es"),
        ("Чемодан потеряли и никто не отвечает на звонки", "ru"),
        ("حقيبتي ضائعة منذ ثلاثة أيام ولا أحد يجيب", "ar"),
        ("กระเป๋าเดินทางหายไปสามวันแล้ว", "th"),
        ("", "und"),
        ("🙃🙃 12:30 !!", "und"),
        ("\x00", "und"),
        ("https://example.com/path @someone #tag", "und"),
    ],
)
def test_the_language_is_told(text: str, language: str) -> None:
    assert detect(text) == language


def test_the_hint_decides_where_both_chinese_scripts_write_alike() -> None:
    assert detect("不好吃", "zh-TW") == "zh-Hant"
    assert detect("不好吃", "zh-Hant") == "zh-Hant"
    assert detect("不好吃", "zh-CN") == "zh-Hans"
    assert detect("不好吃") == "zh-Hans"


def test_the_hint_decides_for_a_word_or_two_and_not_against_a_sentence() -> None:
    assert detect("No!", "es") == "es"
    assert detect("The crew would not listen to anybody", "es") == "en"


def test_a_hint_cannot_make_latin_letters_chinese() -> None:
    assert not detect("ok", "zh").startswith("zh")
