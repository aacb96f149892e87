"""What a brand's own post is to those who complain."""

from __future__ import annotations

from pathlib import Path

import pytest

import config
from monitor.casework import ResponseKind
from nlp.responses import ReplyReader, load_replies

SHIPPED = Path(config.__path__[0]) / "responses.yaml"
READER = ReplyReader(load_replies(SHIPPED))


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("We have changed our baggage policy: four bags are free for soldiers.", "policy_change"),
        ("即日起，现役军人可免费托运四件行李。", "policy_change"),
        ("即日起取消該項收費，造成不便深感抱歉。", "policy_change"),
        ("We've refunded every passenger of flight 32 and we are deeply sorry.", "refund"),
        ("已为您全额退款，请查收", "refund"),
        ("我們已為您辦理退費", "refund"),
        ("Hemos reembolsado el importe a todos los pasajeros.", "refund"),
        ("Wir erstatten allen Betroffenen den Preis.", "refund"),
        ("We apologize to the soldiers and their families.", "apology"),
        ("对此我们深表歉意", "apology"),
        ("Nous vous présentons nos excuses.", "apology"),
        ("Es tut uns leid, das hätte nicht passieren dürfen.", "apology"),
        ("We are aware of the video and are investigating. More will follow.", "holding_statement"),
        ("我们高度重视，正在核实情况", "holding_statement"),
        ("我們正在調查此事", "holding_statement"),
        ("@ann Your bag is on the next flight and lands at six this evening.", "answer"),
        ("您的行李已经在下一班飞机上，今晚六点到达", "answer"),
    ],
)
def test_an_answer_is_told_by_its_words(text: str, kind: str) -> None:
    assert READER.kind(text) is ResponseKind(kind)


@pytest.mark.parametrize(
    "text",
    [
        "Please DM us your booking reference. ^KP",
        "@ann Hi Ann, sorry to hear this! Can you send us a DM so we can look into it? ^JH",
        "请私信我们您的订单号",
        "您好，請聯繫客服熱線，謝謝",
        "Hola, envíanos un mensaje privado",
        "Hallo! Bitte schick uns eine DM",
        "Thank you for your patience!",
        "Hi @ann",
        "What happened?",
        "",
    ],
)
def test_a_hand_off_a_courtesy_or_a_question_answers_nothing(text: str) -> None:
    assert READER.kind(text) is None


@pytest.mark.parametrize(
    "text",
    [
        "We will not refund tickets of this fare, those are the terms you agreed to.",
        "If we can we will refund you, but it is not certain at all.",
        "You can find our refund policy on the website under Help.",
        "您可以在官网查看退款政策",
    ],
)
def test_a_refund_that_is_refused_or_only_spoken_of_is_none(text: str) -> None:
    assert READER.kind(text) is not ResponseKind.REFUND


@pytest.mark.parametrize(
    ("text", "content"),
    [
        ("Thank you, that was quick!", True),
        ("问题解决了，谢谢", True),
        ("謝謝，已經收到退款", True),
        ("Thanks for nothing", False),
        ("still waiting, nothing solved", False),
        ("还没解决", False),
        ("你们就这样？", False),
    ],
)
def test_a_customer_is_content_who_says_so(text: str, *, content: bool) -> None:
    assert READER.is_content(text) is content


def test_a_file_of_another_form_is_named_with_what_is_missing(tmp_path: Path) -> None:
    path = tmp_path / "mine.yaml"
    path.write_text("responses: {}\n", encoding="utf-8")
    with pytest.raises(ValueError, match=r"mine\.yaml does not tell what replies say: 'promises'"):
        load_replies(path)


@pytest.mark.parametrize("text", ["\ud800", "\u0000" * 50, "a" * 100_000, "😡" * 2000, "^" * 999])
def test_a_hostile_text_is_read_like_any_other(text: str) -> None:
    assert READER.kind(text) in (None, ResponseKind.ANSWER)
    assert list(READER.bound(text)) == []
