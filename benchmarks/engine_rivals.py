"""Other implementations of last-layer TracIn, with default batches and with their best ones.

Each maps a record to the influence of all training on all validation samples, summed over the
checkpoints, (m, n), and the self-influence, (n,). Two other estimators are here for their cost.
"""

from __future__ import annotations

import copy
import importlib.util
from collections.abc import Callable
from functools import partial
from tempfile import TemporaryDirectory

import torch
from captum.influence import TracInCP, TracInCPFast
from torch import Tensor, nn
from torch.utils.data import DataLoader, TensorDataset

from influence.record import TrainingRecord

Rival = Callable[[TrainingRecord], tuple[Tensor, Tensor]]


def captum(
    kind: str, record: TrainingRecord, batch_size: int | None = None
) -> tuple[Tensor, Tensor]:
    """All checkpoints in one call, validation in one batch, training in one batch by default."""
    network = copy.deepcopy(record.checkpoints.network)
    train, validation = _datasets(record)

    def load(model: nn.Module, epoch: int) -> float:
        model.load_state_dict(record.checkpoints.states[epoch - 1])
        model.eval()
        return float(record.trace.learning_rates[epoch - 1])

    checkpoints = list(range(1, record.trace.epochs + 1))
    loss = nn.CrossEntropyLoss(reduction="sum")
    batch_size = batch_size or len(train)
    if kind == "fast":
        estimator = TracInCPFast(
            network, network.head, train, checkpoints, load, loss, batch_size=batch_size
        )
    else:
        estimator = TracInCP(
            network,
            train,
            checkpoints,
            load,
            layers=["head"],
            loss_fn=loss,
            batch_size=batch_size,
            sample_wise_grads_per_batch=True,
        )
    return estimator.influence(validation[:]).detach(), estimator.self_influence().detach()


def dattri(record: TrainingRecord, batch_size: int) -> tuple[Tensor, Tensor]:
    """``TracInAttributor`` on the last layer, without its random projection."""
    from dattri.algorithm.tracin import TracInAttributor  # noqa: PLC0415  # optional
    from dattri.task import AttributionTask  # noqa: PLC0415

    network = copy.deepcopy(record.checkpoints.network)

    def loss(params: dict[str, Tensor], data: tuple[Tensor, Tensor]) -> Tensor:
        x, y = data
        logits = torch.func.functional_call(network, params, x.unsqueeze(0))
        return nn.functional.cross_entropy(logits, y.unsqueeze(0))

    task = AttributionTask(loss, network, list(record.checkpoints.states))
    attributor = TracInAttributor(
        task,
        torch.as_tensor(record.trace.learning_rates, dtype=torch.float32),
        normalized_grad=False,
        layer_name=["head.weight", "head.bias"],
    )
    attributor.projector_kwargs = None
    train, validation = (
        DataLoader(data, batch_size=size)
        for data, size in zip(
            _datasets(record), (batch_size, len(record.trace.validation)), strict=True
        )
    )
    with torch.no_grad():
        return attributor.attribute(train, validation).T, attributor.self_attribute(train)


def ek_fac(record: TrainingRecord) -> tuple[Tensor, Tensor]:
    """EK-FAC influence of the last layer at the last checkpoint, by kronfluence, one batch."""
    from kronfluence.analyzer import Analyzer, prepare_model  # noqa: PLC0415  # optional
    from kronfluence.task import Task  # noqa: PLC0415

    class Classification(Task):  # type: ignore[misc]  # kronfluence has no types
        def compute_train_loss(
            self, batch: tuple[Tensor, Tensor], model: nn.Module, sample: bool = False
        ) -> Tensor:
            x, y = batch
            logits = model(x)
            if sample:
                y = torch.multinomial(logits.detach().softmax(dim=1), 1).squeeze(1)
            return nn.functional.cross_entropy(logits, y, reduction="sum")

        def compute_measurement(self, batch: tuple[Tensor, Tensor], model: nn.Module) -> Tensor:
            return self.compute_train_loss(batch, model)

    task = Classification()
    train, validation = _datasets(record)
    batch = {"per_device_train_batch_size": len(train)}
    with TemporaryDirectory() as folder:
        model = prepare_model(copy.deepcopy(record.checkpoints.network), task)
        analyzer = Analyzer("engine", model, task, cpu=True, output_dir=folder, disable_tqdm=True)
        analyzer.fit_all_factors("factors", train, per_device_batch_size=len(train))
        analyzer.compute_pairwise_scores(
            "pairs",
            "factors",
            validation,
            train,
            per_device_query_batch_size=len(validation),
            **batch,
        )
        analyzer.compute_self_scores("self", "factors", train, **batch)
        pairs = analyzer.load_pairwise_scores("pairs")["all_modules"]
        return pairs, analyzer.load_self_scores("self")["all_modules"]


def trak(record: TrainingRecord) -> tuple[Tensor, Tensor]:
    """TRAK at the last checkpoint, gradients projected to 512 numbers; it has no self-influence."""
    from trak import TRAKer  # noqa: PLC0415  # optional

    network = copy.deepcopy(record.checkpoints.network).eval()
    train, validation = _datasets(record)
    with TemporaryDirectory() as folder:
        traker = TRAKer(
            network,
            "image_classification",
            len(train),
            save_dir=folder,
            device="cpu",
            proj_dim=512,
            use_half_precision=False,
        )
        traker.load_checkpoint(network.state_dict(), model_id=0)
        for batch in DataLoader(train, 1024):
            traker.featurize(batch, num_samples=len(batch[0]))
        traker.finalize_features()
        traker.start_scoring_checkpoint("engine", network.state_dict(), 0, len(validation))
        traker.score(validation[:], num_samples=len(validation))
        scores = torch.as_tensor(traker.finalize_scores("engine"))
    return scores.T, scores.new_zeros(len(train))


def _datasets(record: TrainingRecord) -> tuple[TensorDataset, TensorDataset]:
    trace, checkpoints = record.trace, record.checkpoints
    return (
        TensorDataset(checkpoints.x_train, torch.from_numpy(trace.train.labels.copy())),
        TensorDataset(checkpoints.x_validation, torch.from_numpy(trace.validation.labels.copy())),
    )


def installed(name: str) -> bool:
    """Whether the library that a rival's name begins with can be imported."""
    return importlib.util.find_spec(name.split(maxsplit=1)[0].strip(",").lower()) is not None


RIVALS: dict[str, Rival] = {
    "Captum TracInCPFast, one batch": partial(captum, "fast"),
    "Captum TracInCPFast, batches of 1,024": partial(captum, "fast", batch_size=1024),
    "Captum TracInCPFast, batches of 128": partial(captum, "fast", batch_size=128),
    "Captum TracInCP, batches of 1,024": partial(captum, "plain", batch_size=1024),
    "dattri TracIn, batches of 1,024": partial(dattri, batch_size=1024),
}

OTHER_ESTIMATORS: dict[str, Rival] = {
    "kronfluence EK-FAC": ek_fac,
    "TRAK, 512 projections": trak,
}
"""They estimate something else, from the last checkpoint alone."""
