r"""# Libraries: where their names are documented

A name that leads out of the book, such as `torch.nn.Linear`, becomes a link to the
documentation of its library. Two things make sure that the link is right.

The *address* follows from a rule. Each library has a table: for a module, its own page,
and how the address of what it holds is written. A name that no rule covers is no link.

The *existence* is checked when the site is built: [`lookup`][] resolves the name in
the library that is installed, and also says how it is called and what it is for. A name
that a module does not have is a mistake of the author. The facts are kept in a cache,
so the libraries are imported only when a name, a library or Python is new. A library
that is not installed gets no links. Nothing is asked of the network.
"""

import json
import subprocess
import sys
from collections.abc import Collection, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from importlib.metadata import PackageNotFoundError, version
from itertools import accumulate
from pathlib import Path
from typing import TypeAlias

from litweave.cache import digest, write_text
from litweave.features.links import introspect

# ## Where things are documented


@dataclass(frozen=True)
class Library:
    """A library, and the rules by which addresses in its documentation are written.

    `modules` gives the page of a module, and `members` how the address of a class or
    function in it is written; `{name}` stands for the whole name. `special` holds the
    addresses that follow no rule, and `None` for what has none. `members_on_page` tells
    that a method has a place of its own on the page of its class, and `constants` that
    a constant has one, too.
    """

    root: str
    distribution: str
    base: str
    modules: Mapping[str, str]
    members: Mapping[str, str]
    special: Mapping[str, str | None] = field(default_factory=dict)
    members_on_page: bool = False
    constants: bool = False


_GENERATED = "generated/{name}.html"
_page_of = _GENERATED.replace("{name}", "{}").format
_ATTRIBUTES = "tensor_attributes.html#"
_GRAD_MODE = "generated/torch.autograd.grad_mode."

# Functions that `torch` offers too, and documents under `torch.nn.functional` alone.
_FUNCTIONAL = (
    *("adaptive_avg_pool1d", "avg_pool1d", "bilinear", "conv1d", "conv2d", "conv3d"),
    *("conv_transpose1d", "conv_transpose2d", "conv_transpose3d", "cosine_similarity"),
    *("hardshrink", "pairwise_distance", "pdist", "pixel_shuffle", "pixel_unshuffle"),
    *("prelu", "relu_", "rrelu_", "threshold_"),
)
# Public by their name, but on no page.
_WITHOUT = (
    *("torch.AcceleratorError", "torch.AggregationType", "torch.DispatchKey"),
    *("torch.GradScaler", "torch.OutOfMemoryError", "torch.ScriptFunction"),
    *("torch.autocast", "torch.celu_", "torch.channel_shuffle", "torch.conv_tbc"),
    *("torch.empty_permuted", "torch.fork", "torch.hash_tensor", "torch.hspmm"),
    *("torch.import_ir_module", "torch.import_ir_module_from_buffer"),
    *("torch.init_num_threads", "torch.is_inference", "torch.nonzero_static"),
    *("torch.merge_type_from_type_comment", "torch.native_channel_shuffle"),
    *("torch.parse_ir", "torch.parse_schema", "torch.parse_type_comment"),
    *("torch.quantize_per_tensor_dynamic", "torch.segment_reduce", "torch.selu_"),
    *("torch.smm", "torch.split_with_sizes_copy", "torch.sspaddmm"),
    *("torch.thread_safe_generator", "torch.to_dlpack", "torch.typename"),
    *("torch.unify_type_list", "torch.unsafe_chunk", "torch.unsafe_split"),
    *("torch.wait", "torch.while_loop"),
    "torch.nn.functional.multi_head_attention_forward",
)
_CLASSES = ("Event", "Generator", "Stream")
_PARAMETERS = ("Buffer", "Parameter", "UninitializedBuffer", "UninitializedParameter")

_TORCH = Library(
    root="torch",
    distribution="torch",
    base="https://docs.pytorch.org/docs/stable/",
    modules={
        "torch": "torch.html",
        "torch.cuda": "cuda.html",
        "torch.fft": "fft.html",
        "torch.linalg": "linalg.html",
        "torch.nn": "nn.html",
        "torch.nn.functional": "nn.functional.html",
        "torch.nn.init": "nn.init.html",
        "torch.optim": "optim.html",
        "torch.utils.data": "data.html",
    },
    members={
        "torch": _GENERATED,
        "torch.Tensor": _GENERATED,
        "torch.cuda": _GENERATED,
        "torch.fft": _GENERATED,
        "torch.linalg": _GENERATED,
        "torch.nn": _GENERATED,
        "torch.nn.functional": _GENERATED,
        "torch.nn.init": "nn.init.html#{name}",
        "torch.nn.parameter": _GENERATED,
        "torch.nn.utils": _GENERATED,
        "torch.nn.utils.rnn": _GENERATED,
        "torch.optim": _GENERATED,
        "torch.optim.lr_scheduler": _GENERATED,
        "torch.optim.swa_utils": _GENERATED,
        "torch.utils.data": "data.html#{name}",
        "torch.utils.flop_counter": _GENERATED,
    },
    special={
        **dict.fromkeys(_WITHOUT),
        **{f"torch.{n}": _page_of(f"torch.nn.functional.{n}") for n in _FUNCTIONAL},
        **{f"torch.nn.{n}": _page_of(f"torch.nn.parameter.{n}") for n in _PARAMETERS},
        **{f"torch.{n}": _page_of(f"torch.{n}") for n in _CLASSES},
        "torch.Size": "size.html#torch.Size",
        "torch.Tensor": "tensors.html#torch.Tensor",
        "torch.device": f"{_ATTRIBUTES}torch.device",
        "torch.dtype": f"{_ATTRIBUTES}torch.dtype",
        "torch.inference_mode": f"{_GRAD_MODE}inference_mode.html",
        "torch.layout": f"{_ATTRIBUTES}torch.layout",
        "torch.memory_format": f"{_ATTRIBUTES}torch.memory_format",
        "torch.set_grad_enabled": f"{_GRAD_MODE}set_grad_enabled.html",
    },
    members_on_page=True,
)

_EINOPS = Library(
    root="einops",
    distribution="einops",
    base="https://einops.rocks/",
    modules={"einops": ""},
    members={},
    special={
        "einops.einsum": "api/einsum/",
        "einops.pack": "api/pack_unpack/",
        "einops.parse_shape": "api/parse_shape/",
        "einops.rearrange": "api/rearrange/",
        "einops.reduce": "api/reduce/",
        "einops.repeat": "api/repeat/",
        "einops.unpack": "api/pack_unpack/",
    },
)

# Short names for functions that are documented under their long ones.
_ALIASES = {
    **{"abs": "absolute", "concat": "concatenate", "pow": "power"},
    **{"acos": "arccos", "asin": "arcsin", "atan": "arctan", "atan2": "arctan2"},
    **{"acosh": "arccosh", "asinh": "arcsinh", "atanh": "arctanh"},
}
_CONSTANTS = ("e", "inf", "nan", "pi")
_SCALARS = (
    *("bool", "int8", "int16", "int32", "int64", "uint8", "uint16", "uint32", "uint64"),
    *("float16", "float32", "float64", "complex64", "complex128", "generic", "number"),
    *("integer", "floating", "inexact"),
)

_NUMPY = Library(
    root="numpy",
    distribution="numpy",
    base="https://numpy.org/doc/stable/reference/",
    modules={
        "numpy": "index.html",
        "numpy.fft": "routines.fft.html",
        "numpy.linalg": "routines.linalg.html",
        "numpy.random": "random/index.html",
    },
    members={
        "numpy": _GENERATED,
        "numpy.fft": _GENERATED,
        "numpy.linalg": _GENERATED,
        "numpy.ndarray": _GENERATED,
    },
    special={
        "numpy.random.Generator": "random/generator.html#numpy.random.Generator",
        "numpy.random.default_rng": "random/generator.html#numpy.random.default_rng",
        **{f"numpy.{n}": _page_of(f"numpy.{long}") for n, long in _ALIASES.items()},
        **{f"numpy.{c}": f"constants.html#numpy.{c}" for c in _CONSTANTS},
        **{f"numpy.{s}": f"arrays.scalars.html#numpy.{s}" for s in _SCALARS},
    },
)

# Python documents each module on a page of its own, except these, which have none.
_WITHOUT_PAGE = {
    *("antigravity", "distutils", "encodings", "genericpath", "idlelib", "lib2to3"),
    *("ntpath", "nturl2path", "opcode", "posixpath", "pydoc_data", "sre_compile"),
    *("sre_constants", "sre_parse", "this", "turtledemo"),
}
# Of the modules within others, these have a page.
_INNER = {
    *("collections.abc", "concurrent.futures", "curses.ascii", "curses.panel"),
    *("email.charset", "email.header", "email.message", "email.parser", "email.policy"),
    *("html.entities", "html.parser", "http.client", "http.cookies", "http.server"),
    *("importlib.metadata", "importlib.resources", "importlib.resources.abc"),
    *("logging.config", "logging.handlers", "multiprocessing.shared_memory", "os.path"),
    *("unittest.mock", "urllib.error", "urllib.parse", "urllib.request"),
    *("xml.dom", "xml.dom.minidom", "xml.sax"),
}
_MODULES = {n for n in sys.stdlib_module_names if n not in _WITHOUT_PAGE} | _INNER


def _python(root: str) -> Library:
    inside = [n for n in _MODULES if n.partition(".")[0] == root]
    pages = {name: f"{name}.html" for name in inside}
    return Library(
        root=root,
        distribution="",
        base="https://docs.python.org/3/library/",
        modules=pages,
        # What `asyncio` holds is spread over many pages.
        members={n: p + "#{name}" for n, p in pages.items() if n != "asyncio"},
        members_on_page=True,
        constants=True,
    )


_PYTHON = (_python(name) for name in _MODULES if not name.startswith("_"))
LIBRARIES = {library.root: library for library in (_TORCH, _EINOPS, _NUMPY)}
LIBRARIES |= {library.root: library for library in _PYTHON if "." not in library.root}


# ## What is known of a name


@dataclass(frozen=True)
class Fact:
    """What [`lookup`][] found out about a name: its table tells what each means."""

    kind: str
    own: bool = True
    public: str = ""
    signature: str = ""
    summary: str = ""
    documented: bool = True
    type: str = ""
    near: str = ""


Facts: TypeAlias = dict[str, Fact]


def address(name: str, facts: Mapping[str, Fact]) -> str | None:
    """Where a name is documented, if a rule says so and the library has it."""
    library, fact = LIBRARIES.get(name.partition(".")[0]), facts.get(name)
    if library is None or fact is None or fact.kind in ("missing", "unknown"):
        return None
    page = _page(library, name, fact, facts)
    if page is None and fact.public not in ("", name):
        page = _page(library, fact.public, fact, facts)
    return None if page is None else library.base + page


def _page(
    library: Library, name: str, fact: Fact, facts: Mapping[str, Fact]
) -> str | None:
    if name in library.special:
        return library.special[name]
    if fact.kind == "module":
        return library.modules.get(name)
    owner, _, last = name.rpartition(".")
    # Beside what is documented, `torch` holds much that is there for its own use.
    if last.startswith("_") or not (fact.documented or library.constants):
        return None
    if fact.kind == "data" and not library.constants:
        # `torch.float32` is explained where its type is.
        return library.special.get(fact.type)
    if owner in library.members:
        shown = fact.own or _is_class(owner, facts)
        return library.members[owner].format(name=name) if shown else None
    if library.members_on_page and fact.own and _is_class(owner, facts):
        page = _page(library, owner, facts[owner], facts)
        return page and f"{page.partition('#')[0]}#{name}"
    return None


def _is_class(name: str, facts: Mapping[str, Fact]) -> bool:
    return name in facts and facts[name].kind == "class"


# ## Asking the libraries


@dataclass(frozen=True)
class Answers:
    """The facts about names, and the libraries that are not there to be asked."""

    facts: Facts
    absent: tuple[str, ...]


def ask(names: Collection[str], cache: Path) -> Answers:
    """Look names up in the libraries that they belong to, and what they stand in.

    `cache` is a file that keeps what is known. Only for names that are new, or when a
    library or Python is another version, does a process import what is asked for.

    **Raises.** `RuntimeError` if that process fails.
    """
    roots = sorted({_root(name) for name in names} & LIBRARIES.keys())
    versions = {root: found for root in roots if (found := _version(root))}
    wanted = {part for name in names for part in accumulate(name.split("."), _dot)}
    asked = [name for name in sorted(wanted) if _root(name) in versions]
    known, versions = _remembered(cache, versions)
    new = [name for name in asked if name not in known]
    if new:
        known |= _look_up(new)
        _remember(cache, known, versions)
    absent = tuple(root for root in roots if root not in versions)
    return Answers({name: known[name] for name in asked}, absent)


def _dot(before: str, after: str) -> str:
    return f"{before}.{after}"


def _root(name: str) -> str:
    return name.partition(".")[0]


def _version(root: str) -> str | None:
    distribution = LIBRARIES[root].distribution
    try:
        return version(distribution) if distribution else sys.version
    except PackageNotFoundError:
        return None


def _look_up(names: Sequence[str]) -> Facts:
    command = [sys.executable, "-I", introspect.__file__]
    answer = subprocess.run(
        command,
        input=json.dumps(names),
        capture_output=True,
        encoding="utf-8",
        errors="replace",
    )
    if answer.returncode:
        raise RuntimeError(f"the libraries cannot be asked for names:\n{answer.stderr}")
    return {name: Fact(**fact) for name, fact in json.loads(answer.stdout).items()}


# ## Remembering


def _key() -> str:
    # What is asked, and what an answer looks like.
    return digest(sys.version, files=[Path(introspect.__file__), Path(__file__)])


def _remembered(
    cache: Path, versions: Mapping[str, str]
) -> tuple[Facts, dict[str, str]]:
    """What is known of libraries that are still the same, and all versions."""
    try:
        stored = json.loads(cache.read_text("utf-8"))
    except (OSError, ValueError):  # none yet, or one that was cut off: ask anew
        return {}, dict(versions)
    if stored["key"] != _key():
        return {}, dict(versions)
    now = {**stored["versions"], **versions}
    same = {root for root in now if stored["versions"].get(root) == now[root]}
    facts = {n: Fact(**f) for n, f in stored["facts"].items() if _root(n) in same}
    return facts, now


def _remember(cache: Path, facts: Facts, versions: Mapping[str, str]) -> None:
    stored = {name: asdict(fact) for name, fact in sorted(facts.items())}
    whole = {"key": _key(), "versions": versions, "facts": stored}
    write_text(cache, json.dumps(whole, ensure_ascii=False))
