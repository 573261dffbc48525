"""FNet: the paper's sizes, and what it knows of order, types and padding."""

import pytest
import torch
from torch import nn

from labml_style_nn.models.fnet import FNetBlock, fnet_base, fnet_large
from tests.models.networks import build, trained
from tests.tensors import close, draw, randomised


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


def test_a_block_learns_nothing_about_tokens():
    block = FNetBlock(20, 52)
    assert not list(block.token_mixing.parameters())
    for tokens in (5, 50):
        assert block(torch.zeros(2, tokens, 20)).shape == (2, tokens, 20)


def test_a_whole_stack_sees_no_mirror_unless_it_is_told():
    blocks = nn.Sequential(*(randomised(FNetBlock(20, 52)) for _ in range(3)))
    mirror = -torch.arange(24) % 24
    x = draw(2, 24, 20)
    close(blocks(x[:, mirror]), blocks(x)[:, mirror], 1e-10)
    model = trained("fnet")
    tokens = model.patch_embedding(draw(2, 3, 16, 24))

    def scores(tokens):
        for block in model.blocks:
            tokens = block(tokens)
        return model.head(tokens)

    close(scores(tokens), scores(tokens[:, mirror]), 1e-10)
    told = scores(model.positions(tokens)), scores(model.positions(tokens[:, mirror]))
    assert not torch.allclose(*told)


def test_shuffled_tokens_change_the_answer_without_positions_too():
    block, order, x = randomised(FNetBlock(20, 52)), torch.randperm(24), draw(2, 24, 20)
    assert not torch.allclose(block(x[:, order]), block(x)[:, order])
    assert not torch.allclose(block(x[:, order]).mean(dim=1), block(x).mean(dim=1))


def text(high):
    """Two texts of eight numbers."""
    return torch.randint(high, (2, 8), generator=torch.Generator().manual_seed(high))


def test_padding_is_read_as_text():
    model, tokens = trained("fnet_text"), text(30)
    padded = nn.functional.pad(tokens, (0, 1))
    assert not torch.allclose(model(padded)[:, :-1], model(tokens))


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
