"""Layers and models need nothing of the renderer that shows them."""

import json
import subprocess
import sys

from support import ROOT


def test_a_layer_imports_nothing_of_litweave() -> None:
    code = (
        "import json, sys, labml_style_nn.layers, labml_style_nn.models.mlp_mixer\n"
        "print(json.dumps([name for name in sys.modules if 'litweave' in name]))"
    )
    answer = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True
    )
    assert json.loads(answer.stdout) == []
