"""What repeats the brand's own words, however it is passed on, and what only speaks of the same."""

from __future__ import annotations

import pytest

from monitor.incidents.campaign import share_of_own_words, wording

OWN = "Fly to Rome with Acme Air this summer and win a suitcase of your own. Pass it on!"


@pytest.mark.parametrize(
    "text",
    [
        OWN,
        f"RT @acmeair: {OWN}",
        OWN.upper(),
        f"{OWN} #win https://acme.example/rome",
        "Fly to Rome with Acme Air this summer and win a suitcase of",
    ],
)
def test_what_passes_the_brands_words_on_is_known_again(text: str) -> None:
    assert share_of_own_words([text], [wording(OWN)]) == 1.0


@pytest.mark.parametrize(
    "text",
    [
        "Acme Air lost my suitcase on the way to Rome",
        "I wanted to fly to Rome with Acme Air this summer, and they cancelled it",
        "",
    ],
)
def test_what_only_speaks_of_the_same_is_not(text: str) -> None:
    assert share_of_own_words([text], [wording(OWN)]) == 0.0


def test_chinese_words_are_known_again_as_well() -> None:
    own = "艾克米航空今夏直飞罗马，转发本条即可赢取行李箱一只"
    passed_on = f"转发 @艾克米: {own}"
    assert share_of_own_words([passed_on, "艾克米航空弄丢了我的行李箱"], [wording(own)]) == 0.5


def test_a_few_words_of_thanks_make_nothing_a_campaign() -> None:
    assert wording("Thank you all!") == frozenset()
    assert share_of_own_words(["Thank you all!"], [wording("Thank you all!")]) == 0.0


def test_where_nothing_was_said_nothing_is_repeated() -> None:
    assert share_of_own_words([], [wording(OWN)]) == 0.0
    assert share_of_own_words([OWN], []) == 0.0
