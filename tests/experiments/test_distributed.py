"""Several processes: the same losses as one, and one that writes."""

import pytest
import torch
from torch import nn

from labml_style_nn.experiments import distributed, mixer_images
from labml_style_nn.experiments.command import main
from labml_style_nn.experiments.distributed import where
from labml_style_nn.layers.batch_norm import BatchNorm
from labml_style_nn.models.conv_mixer import ConvMixer
from tests.experiments.common import SHORT, TINY, ended, in_two, learned_alike, start

# 1437 images in batches of 251: the last has 182, and neither number is even.
LINE = [*SHORT, *TINY, "--batch-size=251"]


def test_two_processes_learn_what_one_does(tmp_path) -> None:
    one, two = tmp_path / "one", tmp_path / "two"
    assert main(mixer_images.EXPERIMENT, [*LINE, f"--out={one}"]) == 0
    said = in_two(mixer_images.__name__, [*LINE, f"--out={two}"], tmp_path)
    learned_alike(one, two)
    assert said.count("written:") == 1
    assert "written:" not in (tmp_path / "said-1").read_text()
    # What two processes saved, one can read: the run is over.
    assert main(mixer_images.EXPERIMENT, [*LINE, f"--out={two}"]) == 0


def test_torchrun_tells_its_processes_what_in_two_tells_them(tmp_path) -> None:
    said = tmp_path / "said"
    line = ["--nproc-per-node=2", "--no-python", "env"]
    told = ended(start("torch.distributed.run", line, said), said).splitlines()
    assert {"RANK=0", "RANK=1", "LOCAL_RANK=0", "LOCAL_RANK=1"} <= {*told}
    assert told.count("WORLD_SIZE=2") == 2
    names = [variable.partition("=")[0] for variable in told]
    assert names.count("MASTER_ADDR") == names.count("MASTER_PORT") == 2


def test_batch_norms_become_one_for_all_gpus() -> None:
    sizes = {"patch_size": 2, "hidden_dim": 5, "num_layers": 2, "kernel_size": 3}
    model = ConvMixer(**sizes, in_channels=1, num_classes=3)
    images = torch.rand(4, 1, 8, 8)
    model(images)  # so that the statistics are those of something
    model.eval()
    scores, state = model(images), model.state_dict()
    before = sum(isinstance(layer, BatchNorm) for layer in model.modules())
    distributed.synchronise(model)
    model.eval()
    kinds = [type(layer) for layer in model.modules()]
    assert kinds.count(nn.SyncBatchNorm) == before == 5
    assert BatchNorm not in kinds
    assert model.state_dict().keys() == state.keys()
    torch.testing.assert_close(model(images), scores)


def test_gpu_that_is_not_there_is_an_error(monkeypatch) -> None:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    assert where("auto") == torch.device("cpu")
    with pytest.raises(ValueError, match="there is no GPU that PyTorch can use"):
        where("cuda")
