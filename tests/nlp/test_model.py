from __future__ import annotations

import torch
from torch import nn
from transformers import AutoModel, AutoTokenizer

from nlp.batching import batches
from nlp.embedded import EmbeddedScorer
from nlp.model import SparkwatchModel
from nlp.quantized import Int8Embedding, Int8Linear
from nlp.shipped import SHIPPED, read_model
from nlp.text import normalise

TEXTS = (
    "They lost my bag and hung up on me!",
    "太棒了，谢谢你们的服务",
    "the flight leaves at ten",
    "😡😡",
)
MOST_BYTES = 45_000_000


def test_the_shipped_folder_stays_under_45_megabytes() -> None:
    assert sum(file.stat().st_size for file in SHIPPED.iterdir()) < MOST_BYTES


def test_transformers_loads_the_shipped_folder_and_agrees_with_our_own_loader(
    scorer: EmbeddedScorer,
) -> None:
    model = AutoModel.from_pretrained(SHIPPED).eval()
    tokenizer = AutoTokenizer.from_pretrained(SHIPPED)
    assert isinstance(model, SparkwatchModel)
    inputs = tokenizer([normalise(text) for text in TEXTS], padding=True, return_tensors="pt")
    with torch.inference_mode():
        odds = model(**inputs).sentiment
    said = scorer.score(TEXTS)
    cooling = [scorer.calibration.temperature("sentiment", each.language) for each in said]
    shares = torch.softmax(odds / torch.tensor(cooling)[:, None], dim=-1)
    ours = [[each.negative, each.neutral, each.positive] for each in said]
    assert torch.allclose(shares, torch.tensor(ours), atol=0.02)


def test_the_tokenizer_gives_back_what_it_was_given() -> None:
    tokenizer = read_model(SHIPPED).tokenizer
    for text in ("They lost my bag and hung up on me!", "航班取消了,没有人管我们"):
        assert tokenizer.decode(tokenizer.encode(text).ids) == text


def test_the_trimmed_vocabulary_still_covers_english_and_chinese() -> None:
    tokenizer = read_model(SHIPPED).tokenizer
    unknown = tokenizer.token_to_id("<unk>")
    for text in ("baggage reimbursement fiasco 😡", "行李赔偿一塌糊涂，简直令人愤慨"):
        assert unknown not in tokenizer.encode(text).ids


def test_a_very_long_text_is_cut_to_the_pieces_that_the_model_reads() -> None:
    model = read_model(SHIPPED)
    assert len(model.tokenizer.encode("bag lost " * 5_000).ids) == 256


def test_whole_numbers_multiply_like_floats() -> None:
    torch.manual_seed(0)
    plain = nn.Linear(384, 96)
    whole = Int8Linear(384, 96)
    whole.set_from(plain.weight.detach(), plain.bias.detach())
    rows = torch.randn(50, 384)
    with torch.inference_mode():
        expected, found = plain(rows), whole(rows)
    assert float((expected - found).norm() / expected.norm()) < 0.02


def test_a_row_of_zeros_multiplies_to_the_bias() -> None:
    whole = Int8Linear(8, 4)
    whole.set_from(torch.ones(4, 8), torch.arange(4.0))
    assert whole(torch.zeros(1, 8)).tolist() == [[0.0, 1.0, 2.0, 3.0]]


def test_the_network_in_whole_numbers_agrees_with_the_same_one_in_floats() -> None:
    model = read_model(SHIPPED)
    plain = read_model(SHIPPED).network
    for module in list(plain.modules()):
        for name, part in module.named_children():
            if isinstance(part, Int8Linear):
                linear = nn.Linear(part.weight.shape[1], part.weight.shape[0])
                linear.weight = nn.Parameter(part.weight.float() * part.scale[:, None])
                linear.bias = nn.Parameter(part.bias)
                setattr(module, name, linear)
    pieces = [model.tokenizer.encode(normalise(text)).ids for text in TEXTS]
    with torch.inference_mode():
        for _, ids, lengths in batches(pieces):
            whole, floats = model.network(ids, lengths), plain(ids, lengths)
            assert float(torch.cosine_similarity(whole, floats).min()) > 0.98


def test_a_table_gives_back_its_rows() -> None:
    table = Int8Embedding(5, 16)
    weight = torch.randn(5, 16)
    table.set_from(weight)
    assert torch.allclose(table(torch.tensor([3, 1])), weight[[3, 1]], atol=0.02)
