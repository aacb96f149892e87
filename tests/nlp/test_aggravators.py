from __future__ import annotations

import time
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import config
from monitor.domain import Aggravator
from nlp.aggravators import AggravatorFinder, Lexicon, Signs, Spared, load_aggravators

SHIPPED = Path(config.__file__).with_name("aggravators.yaml")
FINDER = AggravatorFinder(load_aggravators(SHIPPED))


def kinds(text: str) -> set[str]:
    return {found.kind.value for found in FINDER.find(text)}


@pytest.mark.parametrize(
    ("kind", "text"),
    [
        ("ignored", "3 emails, 2 phone calls and still no answer"),
        ("ignored", "been on hold w/ customer service for 2hrs and counting"),
        ("ignored", "Nobody at the desk would even look at us"),
        ("ignored", "打了八遍电话都没人接"),
        ("ignored", "在大廳等了四十分鐘沒有一個人過來問一聲"),
        ("broken_promise", "You said the refund would be here in 5 days. It's been six weeks."),
        ("broken_promise", "They promised to call me back yesterday, never did"),
        ("broken_promise", "说好的三天退款，一个月了影子都没见"),
        ("broken_promise", "承諾的賠償到現在都沒有兌現"),
        ("dead_end", "The chatbot keeps asking me the same question in a loop"),
        ("dead_end", "'There is nothing we can do' is all I hear"),
        ("dead_end", "机器人来回就那几句话，转人工怎么都转不了"),
        ("dead_end", "退款鏈接點進去是空白頁"),
        ("passed_around", "I was transferred five times"),
        ("passed_around", "Seller blames the courier, courier blames the seller"),
        ("passed_around", "客服让我找商家，商家让我找客服"),
        ("passed_around", "銀行推給保險公司，保險公司又推回銀行"),
        ("rude_staff", "The gate agent rolled her eyes and told me to shut up"),
        ("rude_staff", "treated us like criminals"),
        ("rude_staff", "服务员态度极其恶劣"),
        ("rude_staff", "店員翻白眼還說愛買不買"),
        ("rigid_policy", "two minutes late and they refused to let us check in"),
        ("rigid_policy", "Rules are rules, they said"),
        ("rigid_policy", "就晚了一分钟，死活不让登机"),
        ("rigid_policy", "一點都不通融，只會說公司規定"),
        ("unfair_charge", "charged me twice for the same order"),
        ("unfair_charge", "cancelled in March and you are still billing me"),
        ("unfair_charge", "莫名其妙扣了我三十块"),
        ("unfair_charge", "沒有開通的服務每個月都在扣錢"),
        ("safety", "found a piece of glass in my salad"),
        ("safety", "my phone caught fire overnight"),
        ("safety", "充电宝突然冒烟，差点着火"),
        ("safety", "電梯突然墜落，還摔傷了腿"),
        ("discrimination", "refused to serve me because of my accent"),
        (
            "discrimination",
            "Left behind at the gate because I use a wheelchair and they refused me",
        ),
        ("discrimination", "看我是外地人就不给换，赤裸裸的歧视"),
        ("discrimination", "對老外點頭哈腰，對我們就冷冰冰"),
    ],
)
def test_what_makes_a_complaint_worse_is_found_in_both_languages(kind: str, text: str) -> None:
    assert kind in kinds(text)


@pytest.mark.parametrize(
    "text",
    [
        "The crew was not rude at all, quite the opposite",
        "Nobody was rude and there were no hidden fees",
        "If they ignore me again I will switch",
        "Do you charge a hidden fee for the second bag?",
        "They kept their promise and the refund was here in 2 days",
        "They promised a refund within a week and it arrived the next day",
        "Someone answered right away and fixed it, no runaround",
        "I hope nobody gets hurt",
        "The food was bland and the portion tiny",
        "Airline announces training against discrimination",
        "我从来没有被乱收费过",
        "沒有踢皮球，一個電話就解決了",
        "请问会不会有额外费用？",
        "希望不要没人理我",
        "说好三天到，两天就到了，点赞",
        "味道一般，量也少",
    ],
)
def test_denial_question_fear_praise_and_plain_displeasure_show_none(text: str) -> None:
    assert kinds(text) == set()


def test_bitter_conditions_and_questions_to_the_staff_are_believed() -> None:
    assert kinds("If you like being ignored, fly with them") == {"ignored"}
    assert kinds("Why is your staff so rude?") == {"rude_staff"}


def test_several_aggravators_of_one_post_are_told_with_the_words_that_show_them() -> None:
    text = "Charged twice 😡😡 and then their agent hung up on me"
    found = {one.kind: [text[start:end] for start, end in one.spans] for one in FINDER.find(text)}
    assert found == {
        Aggravator.UNFAIR_CHARGE: ["Charged twice"],
        Aggravator.RUDE_STAFF: ["agent hung up on me"],
    }


def test_places_are_those_of_the_text_as_it_was_written() -> None:
    text = "ＲＵＬＥＳ\u200b ａｒｅ ｒｕｌｅｓ！客服\u200b態\u200b度惡劣"
    found = {one.kind: [text[start:end] for start, end in one.spans] for one in FINDER.find(text)}
    assert found[Aggravator.RIGID_POLICY] == ["ＲＵＬＥＳ\u200b ａｒｅ ｒｕｌｅｓ"]
    assert found[Aggravator.RUDE_STAFF] == ["態\u200b度惡劣"]


def test_a_handle_or_a_link_shows_nothing() -> None:
    assert kinds("@rude_staff https://example.com/scam/hidden-fees") == set()


@settings(deadline=None)  # a busy machine is slow, not wrong
@given(st.text(alphabet="nobody answers 态度差不沒有 \u200b\x00😡.,!?'@#ﷺ", max_size=200))
def test_every_place_lies_within_the_text(text: str) -> None:
    for one in FINDER.find(text):
        assert all(0 <= start < end <= len(text) for start, end in one.spans)


@pytest.mark.parametrize(
    "piece",
    [
        *("promised ", "they said they would ", "nobody ", "not ", "5 minutes late "),
        *("说好的三天", "因为我是外地人", "让我找客服", "😡", "\u200b", "\x00", " ", "ﷺ"),
    ],
)
def test_a_hundred_thousand_characters_take_no_time(piece: str) -> None:
    text = piece * (100_000 // len(piece))
    begin = time.process_time()
    FINDER.find(text)
    assert time.process_time() - begin < 0.5


def test_every_aggravator_has_names_in_both_languages_and_phrases() -> None:
    lexicon = load_aggravators(SHIPPED)
    assert set(lexicon.signs) == set(Aggravator)
    for signs in lexicon.signs.values():
        assert signs.names["en"]
        assert signs.names["zh"]
        assert signs.phrases


def test_a_lexicon_of_an_operator_works_alike() -> None:
    lexicon = Lexicon(
        classes={"nobody": ("nobody", "no one")},
        spared=Spared(before=("almost",)),
        signs={
            Aggravator.IGNORED: Signs(
                names={"en": "Ignored"}, phrases=("[nobody] waved",), unless=("waved goodbye",)
            )
        },
    )
    finder = AggravatorFinder(lexicon)
    assert [one.spans for one in finder.find("No one waved")] == [((0, 12),)]
    assert finder.find("almost nobody waved") == ()
    assert finder.find("nobody waved goodbye") == ()


@pytest.mark.parametrize(
    ("content", "complaint"),
    [
        ("[]", "is not a lexicon of aggravators"),
        ("classes: {}\nspared: {}\n", "aggravators"),
        ("classes: {}\nspared: {}\naggravators: {boring: {}}\n", "boring"),
        ("classes: {}\nspared: {never: []}\naggravators: {}\n", "never"),
    ],
)
def test_a_lexicon_of_another_form_is_refused_by_name(
    tmp_path: Path, content: str, complaint: str
) -> None:
    place = tmp_path / "mine.yaml"
    place.write_text(content, encoding="utf-8")
    with pytest.raises(ValueError, match=complaint) as refusal:
        load_aggravators(place)
    assert "mine.yaml" in str(refusal.value)


@pytest.mark.parametrize(
    ("phrase", "complaint"),
    [("[noone] answers", "noone"), ("me? ~", "not optional"), ("no* answer", "4 letters")],
)
def test_a_phrase_that_cannot_be_read_is_named(phrase: str, complaint: str) -> None:
    signs = {Aggravator.IGNORED: Signs(names={}, phrases=(phrase,))}
    with pytest.raises(ValueError, match=complaint):
        AggravatorFinder(Lexicon(classes={}, spared=Spared(), signs=signs))
