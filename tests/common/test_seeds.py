from common.seeds import derive_seed, generator


def test_steps_and_seeds_are_independent() -> None:
    derived = {derive_seed(seed, step) for seed in range(50) for step in ("split", "inject")}
    assert len(derived) == 100
    assert all(0 <= value < 2**63 for value in derived)


def test_derived_seeds_are_pinned() -> None:
    # Published results rest on these values: a change here changes every number of the suite.
    assert derive_seed(0, "split") == 3769940940748469125
    assert derive_seed(7, "train") == 7697847470621320832


def test_a_generator_repeats_itself() -> None:
    first, second = (generator(3, "inject").random(4) for _ in range(2))
    assert (first == second).all()
