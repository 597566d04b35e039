"""Training: the record it leaves, its order, its reproducibility, its errors."""

import numpy as np
import pytest
import torch
from torch import nn
from torch.nn.functional import cross_entropy

from common.errors import UserError
from influence.record import TrainingRecord
from models.base import Network, TrainingSettings
from models.training import LabelledInputs, fit, predict_after_training

N, M, D, C = 41, 23, 5, 3
SETTINGS = TrainingSettings(epochs=3, batch_size=8, learning_rate=0.1)


def make_network(*, dropout: float = 0.0, norm: bool = False) -> Network:
    torch.manual_seed(0)
    layers = [nn.Linear(D, 7), *([nn.BatchNorm1d(7)] if norm else []), nn.ReLU()]
    return Network(nn.Sequential(*layers, nn.Dropout(dropout)), nn.Linear(7, C))


def make_data() -> tuple[LabelledInputs, LabelledInputs]:
    rng = np.random.default_rng(0)
    x, y = torch.from_numpy(rng.normal(size=(N, D)).astype(np.float32)), rng.integers(0, C, N)
    x_validation = torch.from_numpy(rng.normal(size=(M, D)).astype(np.float32))
    return LabelledInputs(x, y), LabelledInputs(x_validation, rng.integers(0, C, M))


def run(
    network: Network, settings: TrainingSettings = SETTINGS, *, seed: int = 1
) -> TrainingRecord:
    return fit(network, *make_data(), settings, seed=seed)


def assert_equal_records(a: TrainingRecord, b: TrainingRecord) -> None:
    for left, right in ((a.trace.train, b.trace.train), (a.trace.validation, b.trace.validation)):
        np.testing.assert_array_equal(left.logits, right.logits)
        np.testing.assert_array_equal(np.stack(left.inputs), np.stack(right.inputs))


def test_record_is_what_the_checkpoints_compute() -> None:
    record = run(make_network(norm=True))
    (x, y), (x_validation, y_validation) = make_data()
    for epoch in range(1, SETTINGS.epochs + 1):
        network = record.checkpoints.at(epoch)
        assert isinstance(network, Network)
        for samples, inputs in ((record.trace.train, x), (record.trace.validation, x_validation)):
            with torch.no_grad():
                hidden: torch.Tensor = network.body(inputs)
                logits = network.head(hidden)
            np.testing.assert_allclose(samples.inputs[epoch - 1], hidden.numpy(), rtol=1e-6)
            np.testing.assert_allclose(samples.logits[epoch - 1], logits.numpy(), rtol=1e-5)
    np.testing.assert_array_equal(record.trace.train.labels, y)
    np.testing.assert_array_equal(record.trace.validation.labels, y_validation)
    np.testing.assert_array_equal(record.trace.learning_rates, [0.1] * 3)
    assert record.trace.bias


def test_equals_a_plain_loop_of_sgd() -> None:
    record = run(make_network())
    (x, y), _ = make_data()
    network = make_network().train()
    optimizer = torch.optim.SGD(network.parameters(), lr=0.1)
    order = torch.Generator().manual_seed(1)
    for _ in range(SETTINGS.epochs):
        shuffled = torch.randperm(N, generator=order)
        # 41 = 5 * 8 + 1: the single one joins the batch before it
        for batch in shuffled.split([8, 8, 8, 8, 9]):
            optimizer.zero_grad()
            cross_entropy(network(x[batch]), torch.from_numpy(y)[batch]).backward()
            optimizer.step()
    for name, value in network.state_dict().items():
        torch.testing.assert_close(record.checkpoints.states[-1][name], value)


def test_checkpoints_are_copies() -> None:
    states = run(make_network()).checkpoints.states
    weights = [state["head.weight"] for state in states]
    assert not torch.equal(weights[0], weights[1])
    assert not torch.equal(weights[1], weights[2])


def test_equal_seeds_give_equal_bits_whatever_ran_before() -> None:
    first = run(make_network(dropout=0.5))
    torch.rand(100)
    assert_equal_records(first, run(make_network(dropout=0.5)))


def test_another_seed_gives_another_training() -> None:
    first, second = run(make_network()), run(make_network(), seed=2)
    assert not np.array_equal(first.trace.train.logits, second.trace.train.logits)


def test_global_generator_is_left_alone() -> None:
    network = make_network(dropout=0.5)
    before = torch.random.get_rng_state()
    run(network)
    assert torch.equal(before, torch.random.get_rng_state())


def test_fixed_body_lists_one_array() -> None:
    torch.manual_seed(0)
    record = run(Network(nn.Identity(), nn.Linear(D, C)))
    (x_train, _), (x_validation, _) = make_data()
    for samples, x in ((record.trace.train, x_train), (record.trace.validation, x_validation)):
        assert all(inputs is samples.inputs[0] for inputs in samples.inputs)
        np.testing.assert_array_equal(samples.inputs[0], x.numpy())
    assert not np.array_equal(record.trace.train.logits[0], record.trace.train.logits[1])


def test_frozen_parameters_stay() -> None:
    network = make_network()
    weight = network.body.get_parameter("0.weight").requires_grad_(False)
    before = weight.clone()
    run(network)
    assert torch.equal(before, weight)


def test_divergence_names_epoch_and_learning_rate() -> None:
    settings = TrainingSettings(epochs=5, batch_size=8, learning_rate=1e30)
    with pytest.raises(UserError, match=r"diverged in epoch 1 of 5 at learning rate 1e\+30"):
        run(make_network(), settings)


def test_batches_of_one() -> None:
    one = TrainingSettings(epochs=1, batch_size=1, learning_rate=0.1)
    assert run(make_network(), one).trace.epochs == 1
    with pytest.raises(UserError, match="batch_size must be at least 2"):
        run(make_network(norm=True), one)


def test_predictions_without_a_record_are_those_of_the_last_checkpoint() -> None:
    train, (x_validation, _) = make_data()
    record = run(make_network(dropout=0.3, norm=True))
    network = make_network(dropout=0.3, norm=True)
    predicted = predict_after_training(network, train, x_validation, SETTINGS, seed=1)
    np.testing.assert_array_equal(predicted, record.trace.validation.logits[-1].argmax(axis=1))
    diverging = TrainingSettings(epochs=3, batch_size=8, learning_rate=1e30)
    with pytest.raises(UserError, match="diverged in epoch 3 of 3"):
        predict_after_training(make_network(), train, x_validation, diverging, seed=1)


def test_last_layer_without_bias() -> None:
    record = run(Network(nn.Identity(), nn.Linear(D, C, bias=False)))
    assert not record.trace.bias


def test_last_layer_must_be_linear() -> None:
    with pytest.raises(UserError, match=r"must be nn\.Linear, got Sequential"):
        Network(nn.Identity(), nn.Sequential(nn.Linear(D, C)))  # type: ignore[arg-type]  # as a user may


@pytest.mark.gpu
def test_on_the_gpu() -> None:
    on_cpu = run(make_network(norm=True))
    on_gpu = fit(make_network(norm=True).to("cuda"), *make_data(), SETTINGS, seed=1)
    again = fit(make_network(norm=True).to("cuda"), *make_data(), SETTINGS, seed=1)
    np.testing.assert_allclose(on_gpu.trace.train.logits, on_cpu.trace.train.logits, atol=1e-3)
    assert_equal_records(on_gpu, again)
