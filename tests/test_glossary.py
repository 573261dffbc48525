"""The glossary: in order, linked to pages that use its terms, and without a gap."""

import ast
import re
from functools import cache
from itertools import pairwise

from support import ROOT
from tests.test_navigation import HOME, PATH, TITLES, source

TEXT = (ROOT / "docs" / "glossary.md").read_text("utf-8")
ENTRY = re.compile(r"^(\S.*) \{ #([\w-]+) \}\n:   (.+(?:\n    .+)*)$", re.MULTILINE)
FOUND = {name: (anchor, words) for name, anchor, words in ENTRY.findall(TEXT)}
STOP = re.compile(r"\]\(([^)]+)\)")
SEE = re.compile(r"see \[([^\]]+)\]\(#[\w-]+\)\.")
SYNONYMS = {name: SEE.fullmatch(words) for name, (_, words) in FOUND.items()}
SAME = {name: found[1] for name, found in SYNONYMS.items() if found}
DEFINED = {name: words for name, (_, words) in FOUND.items() if name not in SAME}
# What counts as a term of the field: what courses on deep learning have in their tables
# of contents and indexes. The list is not made from these pages.
TERMS = """
accuracy, activation function, AdamW, attention, autoencoder, autoregressive,
average pooling, backpropagation, batch, batch normalisation, BERT, bias,
bits per character, channel, checkpoint, classification, classifier,
confusion matrix, convolution, cosine decay, cross-attention, cross-entropy,
cross-validation, CutMix, data augmentation, depthwise convolution, distillation,
dropout, early stopping, embedding, encoder, ensemble, epoch,
exponential moving average, feature map, feed forward, few-shot, fine-tuning, FLOPs,
Fourier transform, gate, GELU, gradient clipping, gradient descent,
group normalisation, hyperparameter, inductive bias, initialisation, kernel, label,
label smoothing, layer normalisation, learning curve, learning rate,
learning-rate schedule, linear probe, logits, loss, LSTM, masked language modelling,
max pooling, mixed precision, mixup, MLP, momentum, multi-head attention,
normalisation, optimiser, overfitting, patch, patch embedding, permutation,
perplexity, pooling, positional encoding, pre-training, receptive field,
recurrent network, regularisation, ReLU, residual connection, self-attention,
skip connection, softmax, stochastic depth, stride, test set, throughput, token,
training set, transfer learning, Transformer, validation set, variance,
Vision Transformer, warm-up, weight decay
""".replace("\n", " ").split(",")


@cache
def pattern(name: str) -> re.Pattern[str]:
    """A term in prose, with a space or a hyphen between its words."""
    words = [re.escape(word) for word in re.split(r"[\s-]+", name.strip())]
    return re.compile(r"\b" + r"[\s-]+".join(words), re.IGNORECASE)


@cache
def text_of(page: str) -> str:
    """What a page says: of a module its docstrings and comments."""
    text = source(page).read_text("utf-8")
    if source(page).suffix != ".py":
        return text
    kinds = ast.Module, ast.ClassDef, ast.FunctionDef
    found = (node for node in ast.walk(ast.parse(text)) if isinstance(node, kinds))
    comments = re.findall(r"^ *# (.*)", text, re.MULTILINE)
    return "\n".join([*(ast.get_docstring(node) or "" for node in found), *comments])


@cache
def prose(page: str) -> str:
    """What a page says, without its examples and names of variables."""
    code = r"^ *(>>>|\.\.\.).*|`[^`\n]*`"
    return re.sub(code, "", text_of(page), flags=re.MULTILINE)


def mentions(page: str, term: str) -> bool:
    """Whether a page has a term or its synonym, in the singular or in the plural."""
    names = [term, *(name for name, same in SAME.items() if same == term)]
    forms = [form for name in names for form in {name, name.removesuffix("s")}]
    return any(pattern(form).search(prose(page)) for form in forms)


def test_there_are_enough_terms_in_the_order_of_the_alphabet() -> None:
    assert len(DEFINED) >= 90
    order = [name.lower().replace("-", " ") for name in FOUND]
    assert [b for a, b in pairwise(order) if a > b] == []
    letters = re.findall(r"^## (.)$", TEXT, re.MULTILINE)
    assert letters == sorted({name[0].upper() for name in FOUND})
    for name, (anchor, _) in FOUND.items():
        assert anchor == re.sub(r"[^a-z0-9]+", "-", name.lower()).strip("-")
    for name, term in SAME.items():
        assert term in DEFINED, name


def test_a_definition_is_short_and_leads_to_a_page_and_to_the_first_use() -> None:
    """All its pages use the term. The first use is that on the reading path."""
    path = [page for path in PATH.findall(HOME) for page in STOP.findall(path)]
    for name, definition in DEFINED.items():
        words, arrow, links = definition.partition("\n    → ")
        assert arrow, name
        assert 4 <= len(words.split()) <= 50, name
        pages = re.findall(r"\[([^\]]+)\]\(([^)]+)\)", links)
        assert all(title == TITLES[page] for title, page in pages), name
        assert all(mentions(page, name) for _, page in pages), name
        explained = pages[0][1]
        first = next((page for page in path if mentions(page, name)), explained)
        assert [p for _, p in pages[1:]] == [first] * (first != explained), name


def test_each_term_in_a_heading_is_in_the_glossary() -> None:
    known = {name.lower().replace("-", " ") for name in FOUND}
    wrong = []
    for page in TITLES.keys() - {"glossary.md"}:
        for heading in re.findall(r"^#{1,4} (.+)$", text_of(page), re.MULTILINE):
            terms = [term.strip() for term in TERMS if pattern(term).search(heading)]
            unknown = [t for t in terms if t.lower().replace("-", " ") not in known]
            wrong += [f"{page}: {heading}: {term}" for term in unknown]
    assert wrong == []
