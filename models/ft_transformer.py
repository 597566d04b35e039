"""FT-Transformer (Gorishniy et al. 2021, section 3.3) in the default configuration of the authors'
package: three blocks of width 192.

For tables of more than 512 columns it uses the linear attention that the authors propose, since the
memory of exact attention is quadratic in the number of columns.
"""

import rtdl_revisiting_models as rtdl
from torch import Tensor, nn

from models.base import BuildContext, Model, Network, ScratchFamily, TrainingSettings

MANY_FEATURES = 512
LINFORMER = {
    "linformer_kv_compression_ratio": 0.2,
    "linformer_kv_compression_sharing": "headwise",
}


class FTTransformerBody(nn.Module):
    """All layers before the last: (n, d) continuous features to (n, d_block)."""

    def __init__(self, transformer: rtdl.FTTransformer) -> None:
        super().__init__()
        self.transformer = transformer

    def forward(self, x: Tensor) -> Tensor:
        hidden: Tensor = self.transformer(x, None)
        return hidden


def build(context: BuildContext) -> Model:
    """The FT-Transformer without its last linear layer, and that layer."""
    (d_in,) = context.input_shape
    transformer = rtdl.FTTransformer(
        n_cont_features=d_in,
        cat_cardinalities=[],
        d_out=context.n_classes,
        **rtdl.FTTransformer.get_default_kwargs(),
        **(LINFORMER if d_in > MANY_FEATURES else {}),
    )
    output = transformer.backbone.output
    transformer.backbone.output = nn.Sequential(output.normalization, output.activation)
    return Model(Network(FTTransformerBody(transformer), output.linear))


FT_TRANSFORMER = ScratchFamily("tabular", TrainingSettings(10, 32, 0.01), build)
