"""Search: the terms of the field lead to the right pages, and any key may be typed."""

import gzip
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page

from tests.browser.conftest import open_context, settle

INDEX = "search/search_index.json"
# The page or pages about some terms of the field, as the contents of courses and
# textbooks have them (some in the American spelling, too).
TERMS = """
layers/skip_connection/: residual connection, skip connection, ResNet
layers/mlp/: multi-layer perceptron, multilayer perceptron
layers/linear/ layers/mlp/: fully connected layer; layers/linear/: weight initialization
layers/gelu/: activation function, ReLU; layers/layer_norm/: layer normalization
layers/batch_norm/: batch normalization; layers/group_norm/: group normalization
layers/dropout/: dropout; layers/stochastic_depth/: stochastic depth, DropPath
layers/depthwise_convolution/: depthwise separable convolution
layers/pointwise_convolution/: pointwise convolution
models/conv_mixer/: receptive field; layers/head/: global average pooling, logits
layers/token_mixing/ layers/token_embedding/: token; layers/patch_embedding/: patch
layers/patch_embedding/ layers/token_embedding/: embedding
permutation/ layers/attention/ layers/positional_encoding/: permutation
layers/fourier_mixing/ models/fnet/: Fourier transform
layers/attention/: self-attention, multi-head self-attention, scaled dot-product
    attention, softmax
layers/masked_attention/: attention mask, cross-attention
layers/positional_encoding/: position embedding, positional encoding
models/vit/: vision transformer, ViT-B/16, class token; models/transformer/: encoder
models/masked_language_model/: BERT
experiments/pixel_order/ family/ models/mlp_mixer/ models/vit/: inductive bias
pretrained/: pre-training; resolution/ pretrained/ experiments/few_shot/: fine-tuning
experiments/few_shot/: transfer learning, few-shot, linear probe
experiments/training/: training loop, backpropagation, mini-batch, gradient
    clipping, gradient accumulation, mixed precision
experiments/training/ guide/run/: checkpoint
experiments/classification/: cross-entropy, label smoothing
experiments/optimizer/: optimizer, weight decay
experiments/optimizer/ layers/dropout/: regularisation
data/augmentation/ layers/dropout/ experiments/training/: overfitting
experiments/schedule/: learning-rate schedule, warm-up, cosine
experiments/ema/: EMA, exponential moving average; data/augmentation/: data augmentation
data/cropping/: random crop; data/cutmix/: mixup; results/: test accuracy, benchmark
experiments/mixer_images/: image classification
experiments/mixer_images/ experiments/conv_mixer_images/: CIFAR-10
experiments/masked_language/: masked language modelling, masked language modeling
experiments/masked_language/ experiments/masked_text/: perplexity, bits per character
experiments/token_cost/: throughput; family/: FLOPs, MACs; train/: confusion matrix
guide/install/: install; guide/read/: tensor shapes
"""
HITS = """() => [...document.querySelectorAll('.md-search-result__item')].slice(0, 3)
  .map((item) => new URL(item.querySelector('a').href).pathname.slice(1))"""
# How many queries the theme has asked its worker, and how many it was answered.
COUNT = """
window.asked = window.answered = 0;
window.Worker = class extends Worker {
  constructor(address, options) {
    super(address, options);
    this.addEventListener("message", ({ data }) => { answered += data.type === 3 });
  }
  postMessage(message, ...rest) {
    asked += message.type === 2;
    super.postMessage(message, ...rest);
  }
};
"""


@pytest.fixture
def reader(browser: Browser, searchable: str) -> Iterator[Page]:
    """A page of the site whose search is told apart from a slow one."""
    with open_context(browser, base_url=searchable) as context:
        context.add_init_script(COUNT)
        page = context.new_page()
        page.goto("guide/install/")
        yield page


def press(page: Page, key: str) -> str:
    """Press a key, and wait for what the search says then."""
    before = page.evaluate("asked")
    page.keyboard.press(key)
    page.wait_for_function(f"asked > {before} && answered === asked")
    return page.locator(".md-search-result__meta").inner_text()


def type_keys(page: Page, keys: str) -> list[str]:
    """Type key by key in place of what stands there; what is said after each."""
    page.locator(".md-search__input").fill("")
    return [press(page, key) for key in keys]


def leading(table: str) -> Iterator[tuple[str, set[str]]]:
    """Each term of a table, and the pages to which it shall lead."""
    for entry in re.split("; |\n(?! )", table.strip()):
        pages, terms = entry.split(": ")
        for term in terms.split(","):
            yield " ".join(term.split()), set(pages.split())


def assert_found(page: Page, terms: list[tuple[str, set[str]]], folder: str) -> None:
    """A right page is among the first three."""
    wrong = []
    for term, pages in terms:
        page.locator(".md-search__input").fill(term)
        press(page, "End")
        hits = page.evaluate(HITS)
        if not set(hits) & {folder + each for each in pages}:
            wrong.append(f"{term}: {hits}, not {pages}")
    assert not wrong, "\n".join(wrong)


def test_sixty_terms_of_the_field_lead_to_their_pages(reader: Page) -> None:
    terms = [*leading(TERMS)]
    assert len(terms) >= 60
    assert_found(reader, terms, "")


def test_an_operator_does_not_confuse_the_search(reader: Page) -> None:
    """`few-` finds what `few` does, and not all there is; so do the other four."""
    warnings: list[str] = []
    reader.on("console", lambda message: warnings.append(message.text))
    for word, page in {
        "few-shot": "experiments/few_shot/",
        "ViT-B/16": "models/vit/",
        "CIFAR-10": "experiments/mixer_images/",
    }.items():
        said = type_keys(reader, word)
        at = word.index("-")
        assert said[at] == said[at - 1]
        assert page in reader.evaluate(HITS), word
    for operator in "+-:^~":
        said = type_keys(reader, f"mlp{operator}m")
        assert said[3] == said[2] != said[4], operator
        assert type_keys(reader, f"{operator}mlp")[-1] == said[2], operator
    type_keys(reader, "dropout")
    assert reader.evaluate(HITS)[0] == "layers/dropout/"
    assert not warnings


def test_the_index_is_small_and_fetched_by_whoever_searches(
    site: Path, reader: Page
) -> None:
    assert len(gzip.compress((site / INDEX).read_bytes(), 6)) < 200_000
    asked: list[str] = []
    reader.on("request", lambda request: asked.append(request.url))
    reader.reload()
    settle(reader)
    assert not [url for url in asked if url.endswith(INDEX)]
    with reader.expect_response(f"**/{INDEX}"):
        reader.keyboard.press("/")
    type_keys(reader, "dropout")
    assert reader.evaluate(HITS)[0] == "layers/dropout/"
