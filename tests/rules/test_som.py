"""The self-organising map against a few lines of NumPy, against MiniSom, and by hand."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

import glassnet as gn
from glassnet.data import open_data
from glassnet.errors import ArgumentError, DataError, ModelFileError, ShapeError
from glassnet.ops import philox
from glassnet.rules import maps
from glassnet.rules.grid import Grid
from glassnet.rules.self_organising_map import SelfOrganisingMap

RNG = np.random.default_rng(7)
X = RNG.normal(size=(40, 3)) + np.repeat([[0.0], [3.0]], 20, axis=0)
Y = np.repeat(["left", "right"], 20)


def quiet(rows: int = 4, columns: int = 5, **settings: Any) -> SelfOrganisingMap:
    return SelfOrganisingMap(rows, columns, progress=False, **settings)


def digits(n: int) -> tuple[Any, Any]:
    data: Any = open_data("digits").data
    return data.pixels[:n].reshape(n, -1) / 16.0, data.labels[:n]


# --- the grid, by hand ----------------------------------------------------------------------------
def test_rectangular_distances() -> None:
    # 0 1 2
    # 3 4 5
    squares = Grid(2, 3).squared_distances()
    assert squares[0].tolist() == [0, 1, 4, 1, 2, 5]
    assert squares[4].tolist() == [2, 1, 2, 1, 0, 1]


def test_torus_distances() -> None:
    squares = Grid(4, 5, torus=True).squared_distances(np.array([0]))[0].reshape(4, 5)
    assert squares.tolist() == [
        [0, 1, 4, 4, 1],
        [1, 2, 5, 5, 2],
        [4, 5, 8, 8, 5],
        [1, 2, 5, 5, 2],
    ]


def test_hexagonal_distances() -> None:
    # 0   1   2
    #   3   4   5
    # 6   7   8
    squares = Grid(3, 3, "hexagonal").squared_distances()
    np.testing.assert_allclose(squares[4], [3, 1, 1, 1, 0, 1, 3, 1, 1], atol=1e-12)
    np.testing.assert_allclose(squares[0], [0, 1, 4, 1, 3, 7, 3, 4, 7], atol=1e-12)


def test_hexagonal_torus_distances() -> None:
    # 0   1   2
    #   3   4   5
    # 6   7   8
    #   9  10  11     and 0 again below 9 and 11
    squares = Grid(4, 3, "hexagonal", torus=True).squared_distances(np.array([0]))[0]
    np.testing.assert_allclose(squares, [0, 1, 1, 1, 3, 1, 3, 4, 4, 1, 3, 1], atol=1e-12)


def test_neighbours() -> None:
    assert np.flatnonzero(Grid(3, 3).neighbours[0]).tolist() == [1, 3, 4]
    assert np.flatnonzero(Grid(3, 3, "hexagonal").neighbours[4]).tolist() == [1, 2, 3, 5, 7, 8]
    for topology, count in (("rectangular", 8), ("hexagonal", 6)):
        grid = Grid(4, 4, topology, torus=True)
        assert (grid.neighbours.sum(axis=1) == count).all()
        a, b = np.divmod(np.arange(256), 16)
        assert (grid.are_neighbours(a, b).reshape(16, 16) == grid.neighbours).all()


def test_hexagons_meet_without_gaps() -> None:
    grid = Grid(4, 5, "hexagonal")
    corners = maps.cells(grid)
    shoelace = corners[..., 0] * np.roll(corners[..., 1], -1, axis=1)
    shoelace -= corners[..., 1] * np.roll(corners[..., 0], -1, axis=1)
    np.testing.assert_allclose(shoelace.sum(axis=1) / 2, np.sqrt(3) / 2)  # one unit's share
    inner = corners[7]  # it shares each of its corners with two neighbours
    same = np.abs(corners[:, :, None] - inner[None, None]).max(axis=-1) < 1e-9
    assert (same.sum(axis=(0, 1)) == 3).all()


# --- the algorithms, in NumPy ---------------------------------------------------------------------
def squares_by_hand(rows: int, columns: int, topology: str, torus: bool) -> Any:
    found = np.zeros((rows * columns, rows * columns))
    for a in range(rows * columns):
        for b in range(rows * columns):
            (ra, ca), (rb, cb) = divmod(a, columns), divmod(b, columns)
            best = np.inf
            for up in (-rows, 0, rows) if torus else (0,):
                for left in (-columns, 0, columns) if torus else (0,):
                    dy, dx = ra - rb - up, ca - cb - left
                    if topology == "hexagonal":
                        dx, dy = dx + (ra % 2 - rb % 2) / 2, dy * 0.75**0.5
                    best = min(best, dx * dx + dy * dy)
            found[a, b] = best
    return found


def falling(how: str, start: float, end: float, s: float) -> float:
    return {
        "linear": start + (end - start) * s,
        "exponential": start * (end / start) ** s,
        "inverse": start / (1 + (start / end - 1) * s),
    }[how]


@pytest.mark.parametrize("engine", ["native", "reference"])
@pytest.mark.parametrize(
    ("topology", "torus", "neighbourhood", "how"),
    [
        ("rectangular", False, "gaussian", "exponential"),
        ("rectangular", True, "bubble", "linear"),
        ("hexagonal", False, "bubble", "inverse"),
        ("hexagonal", True, "gaussian", "linear"),
    ],
)
def test_online_step_for_step(
    engine: str, topology: str, torus: bool, neighbourhood: str, how: str
) -> None:
    settings: Any = {"topology": topology, "torus": torus, "neighbourhood": neighbourhood}
    settings |= {"radius_schedule": how, "learning_rate_schedule": how, "start": "random"}
    settings |= {"radius": 2.5, "final_radius": 0.5, "final_learning_rate": 0.05}
    settings |= {"shuffle": False, "epochs": 3, "dtype": "float64", "engine": engine}
    model = quiet(**settings).fit(X)
    squares = squares_by_hand(4, 5, topology, torus)
    low, high = X.min(axis=0), X.max(axis=0)
    draw = philox.uniform((20, 3), 0, stream=philox.STREAM_INITIAL)
    w = low + (high - low) * draw
    for t in range(3 * len(X)):
        x, s = X[t % len(X)], t / (3 * len(X))
        sigma, rate = falling(how, 2.5, 0.5, s), falling(how, 0.5, 0.05, s)
        r2 = squares[((x - w) ** 2).sum(axis=1).argmin()]
        h = np.exp(-r2 / (2 * sigma**2)) if neighbourhood == "gaussian" else r2 < sigma**2 + 1e-9
        w = w + rate * h[:, None] * (x - w)
    np.testing.assert_allclose(model.weights_, w, rtol=1e-9, atol=1e-9)


@pytest.mark.parametrize("engine", ["native", "reference"])
@pytest.mark.parametrize("neighbourhood", ["gaussian", "bubble"])
def test_batch_epoch_for_epoch(engine: str, neighbourhood: str) -> None:
    settings: Any = {"neighbourhood": neighbourhood, "algorithm": "batch", "epochs": 6}
    settings |= {"start": "examples", "dtype": "float64", "engine": engine}
    x = X + 1000.0  # far from the origin
    model = quiet(**settings, radius=2.0, final_radius=0.4).fit(x)
    squares = squares_by_hand(4, 5, "rectangular", torus=False)
    w = x[philox.permutation(40, 0, stream=philox.STREAM_INITIAL)[:20]]
    for epoch in range(6):
        sigma = 2.0 * (0.4 / 2.0) ** (epoch / 6)
        winner = [((row - w) ** 2).sum(axis=1).argmin() for row in x]
        r2 = squares[:, winner]
        h = np.exp(-r2 / (2 * sigma**2)) if neighbourhood == "gaussian" else 1.0 * (r2 <= sigma**2)
        share = h.sum(axis=1, keepdims=True)
        w = np.where(share > 0, h @ x / np.where(share > 0, share, 1), w)
    np.testing.assert_allclose(model.weights_, w, rtol=1e-9)


def test_float32_is_near_float64() -> None:
    found = [quiet(dtype=dtype).fit(X).quantization_error(X) for dtype in ("float32", "float64")]
    assert found[0] == pytest.approx(found[1], rel=1e-2)  # rounding may change a winner


# --- MiniSom --------------------------------------------------------------------------------------
def minisom(*arguments: Any, **settings: Any) -> Any:
    module = pytest.importorskip("minisom", reason="the oracle MiniSom is not installed")
    return module.MiniSom(*arguments, **settings)


def test_the_same_weights_as_minisom() -> None:
    x, _ = digits(300)
    settings: Any = {"radius_schedule": "inverse", "learning_rate_schedule": "inverse"}
    ours = quiet(6, 7, radius=2.0, start="random", shuffle=False, epochs=2, dtype="float64")
    ours.set_params(**settings)
    theirs = minisom(6, 7, 64, sigma=2.0, learning_rate=0.5)
    first = philox.uniform((42, 64), 0, stream=philox.STREAM_INITIAL)
    theirs._weights = (x.min(axis=0) + np.ptp(x, axis=0) * first).reshape(6, 7, 64)
    theirs.train(x, 600)
    ours.fit(x)
    np.testing.assert_allclose(ours.weights_.reshape(6, 7, 64), theirs.get_weights(), atol=1e-9)
    assert ours.quantization_error(x) == pytest.approx(theirs.quantization_error(x), rel=1e-9)
    assert ours.topographic_error(x) == pytest.approx(theirs.topographic_error(x))
    u = ours.u_matrix()
    np.testing.assert_allclose(u / u.max(), theirs.distance_map(scaling="mean"), rtol=1e-9)
    np.testing.assert_array_equal(ours.hit_map(x), theirs.activation_response(x))


def test_digits_no_worse_than_minisom() -> None:
    x, _ = digits(1000)
    epochs, errors = 4, dict[str, list[tuple[float, float]]](ours=[], theirs=[])
    for seed in range(3):
        ours = quiet(10, 10, radius=3.0, radius_schedule="inverse", start="examples", epochs=epochs)
        ours.set_params(learning_rate_schedule="inverse", seed=seed)
        ours.fit(x)
        theirs = minisom(10, 10, 64, sigma=3.0, learning_rate=0.5, random_seed=seed)
        theirs.random_weights_init(x)
        theirs.train(x, epochs * len(x), random_order=True)
        errors["theirs"].append((theirs.quantization_error(x), theirs.topographic_error(x)))
        theirs._weights = ours.weights_.reshape(10, 10, 64).astype(float)  # by their definitions
        errors["ours"].append((theirs.quantization_error(x), theirs.topographic_error(x)))
    ours_q, ours_t = np.median(errors["ours"], axis=0)
    theirs_q, theirs_t = np.median(errors["theirs"], axis=0)
    # Medians of three seeds of the same algorithm differ by chance: by 1 %, and 1 % of examples.
    assert ours_q <= 1.01 * theirs_q
    assert ours_t <= theirs_t + 0.01


# --- the estimator --------------------------------------------------------------------------------
def test_going_on_is_one_fit() -> None:
    settings: Any = {"shuffle": False, "epochs": 4, "dtype": "float64"}
    whole = quiet(**settings).fit(X, Y)
    parts = quiet(**settings)
    for _ in range(4):
        parts.partial_fit(X, Y)
    np.testing.assert_allclose(parts.weights_, whole.weights_, rtol=1e-12)
    assert parts.updates_ == whole.updates_ == 160
    assert parts.history_["learning_rate"][-1] > 0.01
    parts.partial_fit(X, Y)
    assert parts.history_["learning_rate"][-1] == pytest.approx(0.01)
    with pytest.raises(ArgumentError, match="class of each"):
        parts.partial_fit(X)
    with pytest.raises(ArgumentError, match="no classes"):
        quiet().fit(X).partial_fit(X, Y)


def test_tables() -> None:
    data: Any = open_data("iris").data
    model = quiet(6, 6).fit(data)
    assert model.predict(data)[:2].tolist() == ["Iris-setosa"] * 2
    with pytest.raises(ArgumentError, match="arrays"):
        model.partial_fit(data)
    with pytest.raises(ArgumentError, match="arrays"):
        model.partial_fit(X)


def test_batch_goes_on() -> None:
    settings: Any = {"algorithm": "batch", "epochs": 3, "dtype": "float64"}
    parts = quiet(**settings)
    for _ in range(3):
        parts.partial_fit(X)
    np.testing.assert_allclose(parts.weights_, quiet(**settings).fit(X).weights_, rtol=1e-12)


def test_steps_are_those_of_fit() -> None:
    model = quiet(2, 3, epochs=2, dtype="float64")
    steps = model.steps(X)
    assert len(steps) == 80
    first = steps["h"][0]
    assert first[int(steps["i(x)"][0][0])] == 1.0
    assert float(steps["σ"][0]) == 1.5
    np.testing.assert_allclose(steps["w"][-1], model.fit(X).weights_, rtol=1e-12)
    assert len(model.steps(X, epochs=1)) == 40
    with pytest.raises(ArgumentError, match="online"):
        quiet(algorithm="batch").steps(X)


def test_answers() -> None:
    model = quiet().fit(X)
    apart = np.sqrt(((X[:, None] - model.weights_[None]) ** 2).sum(axis=2))
    np.testing.assert_allclose(model.transform(X), apart, rtol=1e-5)
    np.testing.assert_array_equal(model.predict(X), apart.argmin(axis=1))
    rows, columns = np.divmod(apart.argmin(axis=1), 5)
    np.testing.assert_array_equal(model.places(X), np.column_stack([rows, columns]))
    assert model.quantization_error(X) == pytest.approx(apart.min(axis=1).mean(), rel=1e-6)
    assert model.score(X) == -model.quantization_error(X)
    assert model.hit_map(X).sum() == 40
    assert model.task is None
    np.testing.assert_array_equal(model.component_plane(1).reshape(-1), model.weights_[:, 1])
    with pytest.raises(ArgumentError, match="without classes"):
        model.label_map()


def test_units_without_examples_take_the_nearest_label() -> None:
    model = quiet(1, 6, epochs=1)
    model.fit(X, Y)
    model.votes_ = np.array([[0, 0], [3, 1], [0, 0], [0, 0], [1, 2], [0, 0]])
    model.remember(model.learnt())
    assert model.labels_.tolist() == [0, 0, 0, 1, 1, 1]
    assert model.label_map().tolist() == [["left", "left", "left", "right", "right", "right"]]


def test_digits_are_told_apart() -> None:
    x, y = digits(1200)
    model = quiet(12, 12, epochs=5).fit(x[:900], y[:900])
    assert model.score(x[900:], y[900:]) > 0.85
    assert model.predict(x[:3]).tolist() == y[:3].tolist()


def test_pca_start_is_the_plane_of_most_variance() -> None:
    x = RNG.normal(size=(200, 4)) * [0.1, 3.0, 1.0, 0.1] + 5.0
    start = quiet(3, 5, epochs=1, dtype="float64", learning_rate=1e-12).fit(x).weights_
    values, vectors = np.linalg.eigh(np.cov(x.T, bias=True))
    along = start.reshape(3, 5, 4)
    for side, number in ((along[0, -1] - along[0, 0], 3), (along[-1, 0] - along[0, 0], 2)):
        expected = 2 * np.sqrt(values[number]) * vectors[:, number]
        np.testing.assert_allclose(np.abs(side), np.abs(expected), rtol=1e-6, atol=1e-9)
    np.testing.assert_allclose(start.mean(axis=0), x.mean(axis=0))


def test_saved_and_loaded(tmp_path: Path) -> None:
    for y in (None, Y):
        model = quiet(topology="hexagonal", torus=True).fit(X, y)
        model.save(tmp_path / "map.safetensors")
        again: Any = gn.load(tmp_path / "map.safetensors")
        assert again.get_params() == model.get_params()
        np.testing.assert_array_equal(again.predict(X), model.predict(X))
        assert again.facts() == model.facts()
        again.partial_fit(X, y)
        model.partial_fit(X, y)
        np.testing.assert_array_equal(again.weights_, model.weights_)
        again.rows = 2
        with pytest.raises(ModelFileError, match="units"):
            again.remember(model.learnt())


def test_one_unit_and_one_input() -> None:
    model = quiet(1, 1).fit(X[:, :1])
    assert model.predict(X[:, :1]).tolist() == [0] * 40
    assert model.u_matrix().tolist() == [[0.0]]
    with pytest.raises(ArgumentError, match="one unit"):
        model.topographic_error(X[:, :1])
    assert quiet(3, 3, epochs=1).fit(X[:1]).weights_.shape == (9, 3)  # one example


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"rows": 0}, "rows must be a whole number"),
        ({"columns": 2.5}, "columns must be"),
        ({"topology": "hexagon"}, "hexagonal"),
        ({"rows": 3, "topology": "hexagonal", "torus": True}, "even number of rows"),
        ({"neighbourhood": "square"}, "gaussian, bubble"),
        ({"radius": 0}, "radius must be"),
        ({"final_radius": float("nan")}, "final_radius must be"),
        ({"radius_schedule": "none"}, "radius_schedule must be"),
        ({"learning_rate": 1.5}, "learning_rate must be"),
        ({"learning_rate": "constnt 0.1"}, "constant"),
        ({"final_learning_rate": 0}, "final_learning_rate"),
        ({"learning_rate_schedule": "fast"}, "learning_rate_schedule"),
        ({"algorithm": "offline"}, "online, batch"),
        ({"start": "zero"}, "pca, examples, random"),
        ({"epochs": 0}, "epochs"),
        ({"dtype": "float16"}, "dtype"),
        ({"engine": "gpu"}, "engine"),
    ],
)
def test_settings_out_of_range(settings: Any, said: str) -> None:
    with pytest.raises(ArgumentError, match=said):
        quiet().set_params(**settings).fit(X)


def test_bad_examples() -> None:
    bad = X.copy()
    bad[4, 2] = np.nan
    with pytest.raises(DataError, match="row 4, column 2"):
        quiet().fit(bad)
    with pytest.raises(DataError, match="one class"):
        quiet().fit(X, ["a"] * 40)
    with pytest.raises(ShapeError):
        quiet().fit(X, Y[:-1])
    with pytest.raises(DataError):
        quiet().fit(X[:0])
    model = quiet().fit(X)
    for call in (model.predict, model.transform, model.hit_map, model.topographic_error):
        with pytest.raises(ShapeError):
            call(X[:, :2])
    with pytest.raises(ArgumentError, match="component"):
        model.component_plane(3)
    with pytest.raises(ArgumentError, match="fit first"):
        quiet().u_matrix()
    with pytest.raises(ArgumentError, match="fit first"):
        quiet().predict(X)


# --- pictures -------------------------------------------------------------------------------------
@pytest.mark.parametrize("topology", ["rectangular", "hexagonal"])
def test_pictures(topology: str, tmp_path: Path) -> None:
    pytest.importorskip("matplotlib", reason="pictures need matplotlib")
    model = quiet(topology=topology).fit(X, Y)
    model.plot(tmp_path / "all.png", model.input_rows(X))
    maps.draw_u_matrix(model, tmp_path / "u.svg")
    maps.draw_hit_map(model, tmp_path / "hits.pdf", X)
    maps.draw_label_map(model, tmp_path / "labels.svg")
    maps.draw_component_planes(model, tmp_path / "planes.png", [0, 2], ["length", "width"])
    heads = {"png": b"\x89PNG", "svg": b"<?xml", "pdf": b"%PDF"}
    made = list(tmp_path.iterdir())
    assert len(made) == 5
    assert all(path.read_bytes().startswith(heads[path.suffix[1:]]) for path in made)
    with pytest.raises(ArgumentError, match="must end in"):
        maps.draw_u_matrix(model, tmp_path / "u.gif")
    with pytest.raises(ArgumentError, match="component"):
        maps.draw_component_planes(model, tmp_path / "p.png", [3])
    unnamed = quiet(topology=topology).fit(X)
    unnamed.plot(tmp_path / "two.png", unnamed.input_rows(X))
    with pytest.raises(ArgumentError, match="without classes"):
        maps.draw_label_map(unnamed, tmp_path / "l.png")


def test_scikit_learn_can_copy_it() -> None:
    base = pytest.importorskip("sklearn.base", reason="scikit-learn is not installed")
    model = quiet(3, 4, topology="hexagonal", learning_rate="constant 0.1")
    assert base.clone(model).get_params() == model.get_params()
