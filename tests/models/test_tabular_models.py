"""Tabular networks taken apart give what their authors' package gives whole."""

import pytest
import rtdl_revisiting_models as rtdl
import torch

from models import MODELS
from models.base import BuildContext, Network
from models.ft_transformer import MANY_FEATURES

D, C = 6, 3
WHOLE = {
    "mlp": lambda: rtdl.MLP(d_in=D, d_out=C, n_blocks=2, d_block=384, dropout=0.1),
    "tabular_resnet": lambda: rtdl.ResNet(
        d_in=D,
        d_out=C,
        n_blocks=2,
        d_block=192,
        d_hidden_multiplier=2.0,
        dropout1=0.15,
        dropout2=0.0,
    ),
    "ft_transformer": lambda: rtdl.FTTransformer(
        n_cont_features=D,
        cat_cardinalities=[],
        d_out=C,
        **rtdl.FTTransformer.get_default_kwargs(),
    ),
}


def build(name: str, d: int = D) -> Network:
    torch.manual_seed(0)
    network = MODELS[name].build(BuildContext((d,), C, pretrained=False)).network
    return network.eval()


@pytest.mark.parametrize("name", WHOLE)
def test_equals_the_whole_network(name: str) -> None:
    network = build(name)
    torch.manual_seed(0)
    whole = WHOLE[name]().eval()
    x = torch.randn(5, D)
    expected = whole(x, None) if name == "ft_transformer" else whole(x)
    assert torch.equal(network(x), expected)
    assert sum(p.numel() for p in network.parameters()) == sum(
        p.numel() for p in whole.parameters()
    )


def test_wide_tables_take_linear_attention() -> None:
    wide, narrow = build("ft_transformer", MANY_FEATURES + 1), build("ft_transformer")
    assert [name for name, _ in wide.named_parameters() if "compression" in name]
    assert not [name for name, _ in narrow.named_parameters() if "compression" in name]
    assert wide(torch.randn(2, MANY_FEATURES + 1)).shape == (2, C)
