"""What every classical rule must do; a new one is tested by being in the registry."""

from __future__ import annotations

import dataclasses
import inspect
import warnings
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest

import glassnet as gn
from glassnet.errors import GlassnetError
from glassnet.rules import RULES, Estimator

NAMES = sorted(RULES)


@pytest.fixture(autouse=True)
def _quiet() -> Iterator[None]:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield


def examples(rule: type[Estimator], seed: int = 0) -> tuple[Any, Any]:
    rng = np.random.default_rng(seed)
    x = rng.normal(size=(40, 3)) + np.repeat([[0.0], [2.0]], 20, axis=0)
    if rule.wants == "numbers":
        return x, x @ [1.0, -2.0, 0.5] + 0.3
    return x, None if rule.wants == "nothing" else np.repeat(["a", "b"], 20)


def made(name: str, **settings: Any) -> Estimator:
    model = RULES[name]()
    known = model.get_params()
    short = {"epochs": 5, "progress": False} | settings
    return model.set_params(**{k: v for k, v in short.items() if k in known})


def answers(model: Estimator, x: Any) -> Any:
    return model.predict(x) if model.task is not None else model.transform(x)


@pytest.mark.parametrize("name", NAMES)
def test_settings_are_stored_as_given(name: str) -> None:
    rule = RULES[name]
    assert dataclasses.is_dataclass(rule)
    model = rule()
    assert list(inspect.signature(rule).parameters) == list(model.get_params())
    for key, value in model.get_params().items():
        assert getattr(model, key) is value
        assert key in (rule.__doc__ or ""), f"{key} is not explained"
    base = pytest.importorskip("sklearn.base")
    assert base.clone(model).get_params() == model.get_params()


@pytest.mark.parametrize("name", NAMES)
def test_fit_returns_itself_and_leaves_settings_alone(name: str) -> None:
    model = made(name)
    before = dict(model.get_params())
    x, y = examples(RULES[name])
    assert model.fit(x, y) is model
    assert model.get_params() == before
    assert model.n_features_in_ == 3
    for array in model.state:
        value = getattr(model, array, None)
        assert value is None or np.isfinite(value).all()
    assert len(answers(model, x)) == 40
    assert isinstance(repr(model), str)
    assert all(isinstance(text, str) for pair in model.facts() for text in pair)
    assert "<table>" in model._repr_html_()


@pytest.mark.parametrize("name", NAMES)
def test_the_same_twice(name: str) -> None:
    x, y = examples(RULES[name])
    first, second = made(name).fit(x, y), made(name).fit(x, y)
    np.testing.assert_array_equal(answers(first, x), answers(second, x))


@pytest.mark.parametrize("name", [n for n in NAMES if "engine" in RULES[n]().get_params()])
def test_engines_agree(name: str) -> None:
    x, y = examples(RULES[name])
    fitted = [
        made(name, engine=engine, dtype="float64").fit(x, y) for engine in ("native", "reference")
    ]
    for array in RULES[name].state:
        one, two = (getattr(model, array, None) for model in fitted)
        if one is not None:
            np.testing.assert_allclose(one, two, rtol=1e-9, atol=1e-9)


@pytest.mark.parametrize("name", NAMES)
def test_saved_and_loaded(name: str, tmp_path: Any) -> None:
    x, y = examples(RULES[name])
    model = made(name).fit(x, y)
    model.save(tmp_path / "model.safetensors")
    again = gn.load(tmp_path / "model.safetensors")
    assert type(again) is type(model)
    np.testing.assert_array_equal(answers(again, x), answers(model, x))
    assert again.facts() == model.facts()


@pytest.mark.parametrize("name", [n for n in NAMES if hasattr(RULES[n], "learning_rate")])
def test_a_schedule_as_text(name: str, tmp_path: Any) -> None:
    x, y = examples(RULES[name])
    model = made(name, learning_rate="exponential 0.01 0.9").fit(x, y)
    model.save(tmp_path / "model.safetensors")
    again = gn.load(tmp_path / "model.safetensors")
    assert again.get_params()["learning_rate"] == "exponential 0.01 0.9"
    np.testing.assert_array_equal(answers(again, x), answers(model, x))
    assert "learning rate" in dict(again.facts())
    with pytest.raises(GlassnetError, match="learning_rate: there is no schedule named 'fast'"):
        made(name, learning_rate="fast").fit(x, y)


@pytest.mark.parametrize("name", NAMES)
def test_settings_that_a_grid_search_gives(name: str, tmp_path: Any) -> None:
    x, y = examples(RULES[name])
    model, plain = made(name), made(name)
    for key, value in model.get_params().items():
        if type(value) in (int, float):
            kind = np.int64 if isinstance(value, int) else np.float64
            model.set_params(**{key: kind(value)})
    model.fit(x, y).save(tmp_path / "model.safetensors")
    again = gn.load(tmp_path / "model.safetensors")
    np.testing.assert_array_equal(answers(again, x), answers(plain.fit(x, y), x))


@pytest.mark.parametrize("name", [n for n in NAMES if hasattr(RULES[n], "partial_fit")])
def test_partial_fit_takes_no_table(name: str) -> None:
    pandas = pytest.importorskip("pandas")
    x, y = examples(RULES[name])
    given = () if y is None else (y,)
    frame = pandas.DataFrame(x, columns=["a", "b", "c"])
    model: Any = made(name)
    with pytest.raises(GlassnetError, match="partial_fit learns from arrays"):
        model.partial_fit(frame, *given)
    assert not model.is_fitted
    model.fit(frame.assign(y=[0] * 20 + [1] * 20 if y is None else y), "y")
    with pytest.raises(GlassnetError, match="partial_fit learns from arrays"):
        model.partial_fit(x, *given)


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("value", [np.nan, np.inf, 1e300])
def test_numbers_that_are_not_finite(name: str, value: float) -> None:
    x, y = examples(RULES[name])
    x[3, 1] = value
    with pytest.raises(GlassnetError, match="row 3, column 1"):
        made(name, dtype="float32").fit(x, y)
    good = made(name).fit(*examples(RULES[name]))
    x[3, 1] = np.nan
    with pytest.raises(GlassnetError, match="row 3, column 1"):
        answers(good, x)


@pytest.mark.parametrize("name", NAMES)
def test_wrong_shapes(name: str) -> None:
    x, y = examples(RULES[name])
    with pytest.raises(GlassnetError):
        made(name).fit(x[:0], None if y is None else y[:0])
    with pytest.raises(GlassnetError):
        made(name).fit(x[:, 0], y)
    if y is not None:
        with pytest.raises(GlassnetError):
            made(name).fit(x, y[:-1])
    model = made(name)
    with pytest.raises(GlassnetError, match="fit first"):
        model.input_rows(x)
    model.fit(x, y)
    with pytest.raises(GlassnetError, match="shape"):
        answers(model, x[:, :2])


@pytest.mark.parametrize("name", NAMES)
def test_text_names_the_rule(name: str) -> None:
    assert type(Estimator.of(name)) is RULES[name]
    with pytest.raises(GlassnetError, match="no setting"):
        Estimator.of(f"{name} nonsense=1")
    with pytest.raises(GlassnetError, match="no rule named"):
        Estimator.of(name + "xyz")


@pytest.mark.parametrize("name", NAMES)
def test_a_damaged_file_is_refused(name: str, tmp_path: Any) -> None:
    from safetensors import safe_open
    from safetensors.numpy import save_file

    x, y = examples(RULES[name])
    path = tmp_path / "model.safetensors"
    made(name).fit(x, y).save(path)
    opened: Any = safe_open(str(path), framework="numpy")
    with opened as file:
        about = file.metadata()
        tensors = {key: file.get_tensor(key) for key in file.keys()}  # noqa: SIM118
    for key, value in tensors.items():
        nothing = np.full_like(value, np.nan) if value.dtype.kind == "f" else value[None]
        for damaged in (value[..., None], nothing):
            save_file({**tensors, key: damaged}, str(path), about)
            with pytest.raises(gn.GlassnetError):
                gn.load(path)
    save_file({**tensors, "more": np.zeros(1)}, str(path), about)
    with pytest.raises(gn.GlassnetError):
        gn.load(path)
