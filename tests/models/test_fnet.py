"""FNet: the paper's sizes, and the types of tokens."""

import pytest
import torch

from labml_style_nn.models.fnet import fnet_base, fnet_large
from tests.models.networks import build, trained


@pytest.mark.parametrize("make", [fnet_base, fnet_large])
def test_the_tables_of_the_named_models_have_the_papers_rows(make):
    # Their counts, which the proof has, know only the sum of the three.
    with torch.device("meta"):
        model = make(num_layers=1)
    tables = model.words.weight, model.positions.table, model.types.weight
    assert [len(table) for table in tables] == [32_000, 512, 4]


def test_options_override_the_sizes():
    model = fnet_base(vocabulary_size=7, num_layers=1, hidden_dim=8, max_len=5)
    assert model(torch.tensor([[0, 6, 3]])).shape == (1, 3, 8)


def text(high):
    """Two texts of eight numbers."""
    return torch.randint(high, (2, 8), generator=torch.Generator().manual_seed(high))


def test_without_types_all_tokens_are_of_the_first():
    # That words, positions and types are added, the proof has.
    model, tokens = trained("fnet_text"), text(30)
    torch.testing.assert_close(model(tokens), model(tokens, torch.zeros_like(tokens)))
    assert not torch.equal(model(tokens), model(tokens, text(3)))


@pytest.mark.parametrize(
    ("types", "message"),
    [
        (torch.full((2, 8), 3), "types must lie from 0 to 2, got 3 to 3"),
        (torch.zeros(2, 1).long(), r"expected shape \(2, 8\), got \(2, 1\)"),
    ],
)
def test_types_that_do_not_fit_are_refused(types, message):
    with pytest.raises(ValueError, match=message):
        build("fnet_text")(text(30), types)
