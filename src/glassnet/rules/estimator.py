"""What all classical rules have in common: scikit-learn's habits, model files, tables.

A rule is one file: a dataclass whose fields are its settings, the graph of its step, and what it
answers. Declaring it with a name registers it: the command line, model files and the conformance
tests find it there.
"""

from __future__ import annotations

import dataclasses
import os
import shlex
import typing
from collections.abc import Mapping
from html import escape
from typing import TYPE_CHECKING, Any, ClassVar, Self

import numpy as np

from glassnet.errors import ArgumentError, DataError, GlassnetError, ShapeError, nearest
from glassnet.graph.types import Array, DType
from glassnet.learning.schedule import Schedule
from glassnet.rules.examples import Examples, read_classes, read_examples
from glassnet.training.history import History
from glassnet.training.network import LARGEST_SEED, Encoded, as_rows
from glassnet.training.tables import as_data, is_table
from glassnet.unit import check_choice, check_number, check_whole, read_setting

if TYPE_CHECKING:
    from glassnet.data import Preprocessing

__all__ = ["RULES", "Estimator"]

RULES: dict[str, type[Estimator]] = {}


class Estimator:
    """The parent of all classical rules.

    A member is a dataclass (`@dataclass(eq=False)`): its fields are its settings, stored as given,
    and checked by `fit`. What `fit` learns is stored in attributes whose names end with "_".

    Attributes:
        rule: Its name on the command line and in model files.
        wants: What it learns from besides the examples: "classes", "numbers", "either", "labels"
            (classes, if they are given) or "nothing".
        state: The arrays that it learns, and the names of their axes. "source" is the number of
            inputs, "class" that of the classes; other axes may have any length, the same wherever
            the name stands. A name that begins with "?" marks an array that may be missing.
        n_features_in_: How many numbers an example has.
        classes_: The classes, where the targets are classes.
        history_: A row of measures for each epoch.
        notes_: What was decided or noticed on the way.
    """

    rule: ClassVar[str] = ""
    wants: ClassVar[str] = "classes"
    state: ClassVar[Mapping[str, tuple[str, ...]]] = {}
    whole: ClassVar[frozenset[str]] = frozenset()  # names in `state` of whole numbers

    dtype: str
    n_features_in_: int
    classes_: Array
    history_: History
    notes_: tuple[str, ...]

    def __init_subclass__(cls, rule: str = "", **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        if rule:
            cls.rule = rule
            assert RULES.get(rule, cls).__qualname__ == cls.__qualname__, rule
            RULES[rule] = cls

    # --- settings ---------------------------------------------------------------------------------
    def get_params(self, deep: bool = True) -> dict[str, Any]:
        """Return the settings by name; `deep` is there for scikit-learn."""
        del deep
        return {field.name: getattr(self, field.name) for field in _settings(type(self))}

    def set_params(self, **settings: Any) -> Self:
        """Change settings; what was learnt stays until the next `fit`.

        Raises:
            ArgumentError: There is no such setting.
        """
        known = [field.name for field in _settings(type(self))]
        for name, value in settings.items():
            if name not in known:
                raise ArgumentError(
                    f"{type(self).__name__} has no setting {name!r}{nearest(name, known)}; "
                    f"it has {', '.join(known)}"
                )
            setattr(self, name, value)
        vars(self).pop("_answerer", None)  # it may have been made with the old settings
        return self

    def check(self) -> None:
        """Raise ArgumentError if a setting has a value that is not allowed.

        Members add their own checks to these of the settings that many have.
        """
        known = self.get_params()
        check_choice("dtype", str(self.dtype), ("float32", "float64"))
        if "seed" in known:
            check_whole("seed", known["seed"], low=0, high=LARGEST_SEED)
        optional = getattr(type(self), "epochs", 0) is None  # the rule chooses if none are given
        if "epochs" in known and not (optional and known["epochs"] is None):
            check_whole("epochs", known["epochs"])
        if "engine" in known and known["engine"] is not None:
            check_choice("engine", known["engine"], ("native", "reference"))
        rate = known.get("learning_rate")
        if isinstance(rate, str):
            try:
                Schedule.of(rate)
            except ArgumentError as error:
                raise ArgumentError(f"learning_rate: {error}, or a number above 0") from None
        elif rate is not None and not isinstance(rate, Schedule):
            check_number("learning_rate", rate, low=0, open_low=True)

    # --- learning ---------------------------------------------------------------------------------
    def fit(self, X: Any, y: Any = None) -> Self:
        """Learn from examples; what was learnt before is forgotten.

        Args:
            X: n examples, of shape (n, inputs); or a table or data frame with a target column.
            y: The targets, one for each example; for a table the name of its target column.

        Returns:
            The estimator itself. Ctrl-C ends it with what was learnt so far.

        Raises:
            ArgumentError: A setting has a value that is not allowed.
            DataError, ShapeError: Examples or targets are missing, not finite, or do not fit.
        """
        self.check()
        return self.fit_examples(read_examples(X, y, DType(self.dtype), wants=self.wants))

    def fit_examples(self, examples: Examples) -> Self:
        """Learn from examples that were read and checked before."""
        self.check()
        self._begin(examples)
        try:
            self._learn(examples)
        except GlassnetError:  # half of what is learnt would look like a rule that has learnt
            self._forget()
            raise
        return self

    def _forget(self) -> None:
        """Forget what was learnt."""
        for name in [name for name in vars(self) if name.endswith("_")]:
            delattr(self, name)

    def _begin(self, examples: Examples) -> None:
        """Forget what was learnt, and remember what is known of the examples."""
        self._forget()
        self.n_features_in_ = examples.x.shape[1]
        self.history_ = History()
        self.notes_ = examples.notes
        self.preprocessing_: Preprocessing | None = examples.preprocessing
        self.training_: dict[str, Any] = {}
        if examples.classes is not None:
            self.classes_ = np.array(examples.classes)

    def _learn(self, examples: Examples) -> None:
        """Learn; called by `fit` when all is checked."""
        raise NotImplementedError(f"{type(self).__name__} has no way to learn")

    @classmethod
    def of(cls, text: str) -> Estimator:
        """Return a rule from text: its name and settings, as in "som rows=10 columns=12".

        Raises:
            ArgumentError: There is no such rule (the nearest is suggested) or setting, or a value
                is not allowed.
        """
        try:
            words = shlex.split(text.replace(",", " "))
        except ValueError as error:
            raise ArgumentError(f"rule {text!r} cannot be read: {error}") from None
        member = cls.named(words[0] if words else "")
        name = member.rule
        fields = [field.name for field in _settings(member)]
        hints = typing.get_type_hints(member)
        given: dict[str, Any] = {}
        for position, word in enumerate(words[1:]):
            key, equals, value = word.partition("=")
            if not (equals and key.isidentifier()):
                key, value = fields[position] if position < len(fields) else "", word
            if key not in fields:
                raise ArgumentError(
                    f"{name} has no setting {key or value!r}{nearest(key, fields)}; "
                    f"it has {', '.join(fields)}"
                )
            if hints[key] is Any:
                raise ArgumentError(f"{name}: {key} can be given in Python only, as an array")
            given[key] = read_setting(f"{name}: {key}", value, hints[key])
        model = member(**given)
        model.check()
        return model

    @classmethod
    def named(cls, name: str) -> type[Estimator]:
        """Return a rule by its name, or by that of its class: "som", "SelfOrganisingMap".

        Raises:
            ArgumentError: There is no such rule; the nearest is suggested.
        """
        sought = _squeezed(name)
        for member in RULES.values():
            if sought in (_squeezed(member.rule), _squeezed(member.__name__)):
                return member
        raise ArgumentError(
            f"there is no rule named {name!r:.80}{nearest(name[:80].lower(), RULES)}; choose one "
            f"of {', '.join(RULES)}"
        )

    def _arrays_only(self, X: Any) -> None:
        """Raise if `partial_fit` is given a table, or goes on from one."""
        if is_table(X) or (self.is_fitted and self.preprocessing_ is not None):
            raise ArgumentError(
                "partial_fit learns from arrays of numbers, and goes on from them; what columns of "
                "a table become depends on the whole table: call fit"
            )

    # --- answering --------------------------------------------------------------------------------
    @property
    def is_fitted(self) -> bool:
        """Whether `fit` has been called."""
        return hasattr(self, "n_features_in_")

    def input_rows(self, X: Any) -> Array:
        """Return examples as the array that the rule works on, or raise saying what is wrong."""
        self._must_be_fitted()
        if isinstance(X, Encoded):
            return X.rows
        preprocessing = self.preprocessing_
        if preprocessing is None:
            if is_table(X):
                raise DataError(
                    f"this {type(self).__name__} learnt from plain numbers: it has no rule for "
                    "table columns; give it an array"
                )
            return self.array(X)
        table = X if is_table(X) else preprocessing.table_of(X)
        return self.array(preprocessing.transform(as_data(table)))

    def array(self, X: Any) -> Array:
        """Return numbers that went through the preprocessing already as a checked array."""
        return as_rows(X, (self.n_features_in_,), DType(self.dtype))

    def encoded(self, X: Any) -> Encoded:
        """Return numbers that went through the preprocessing already, for `predict` to take."""
        return Encoded(self.array(X))

    def predict(self, X: Any) -> Array:
        """Return the answer to each example: classes or numbers, as it was taught, (n,).

        Raises:
            ShapeError, DataError: The examples have another shape or columns than in training, or
                numbers that are not finite.
        """
        answers = self.predict_rows(self.input_rows(X))
        preprocessing = self.preprocessing_
        if self.task != "regression" or preprocessing is None:
            return answers
        values = preprocessing.decode_predictions(answers.reshape(len(answers), -1))
        return np.asarray(values, np.float64).reshape(answers.shape)

    def predict_rows(self, rows: Array) -> Array:
        """Return the answer to each of the rows that `input_rows` has returned.

        A number is in the units in which the rule learnt it.
        """
        raise NotImplementedError(f"{type(self).__name__} gives no answers")

    def score(self, X: Any, y: Any) -> float:
        """Return how good the answers are: the share of right ones for classes, R² for numbers."""
        answers = self.predict(X)
        wanted = np.asarray(y)
        if wanted.shape[0] != len(answers):
            raise ShapeError(f"{len(answers)} examples need {len(answers)} targets")
        if self.task == "classification":
            return float((answers == wanted.reshape(answers.shape)).mean())
        wanted = wanted.reshape(answers.shape).astype(np.float64)
        rest = ((wanted - answers) ** 2).sum()
        spread = ((wanted - wanted.mean(axis=0)) ** 2).sum()
        return float(1.0 - rest / spread) if spread > 0 else (1.0 if rest == 0 else 0.0)

    # --- what the command line asks any model -----------------------------------------------------
    @property
    def preprocessing(self) -> Preprocessing | None:
        """How the columns of a table become numbers; None if it learnt from arrays."""
        return self.preprocessing_

    @property
    def training(self) -> dict[str, Any]:
        """How it was taught: settings, engine, seconds, measures."""
        return self.training_

    @property
    def task(self) -> str | None:
        """What it answers: "classification", "regression", or None."""
        if hasattr(self, "classes_"):
            return "classification"
        return "regression" if self.wants in ("numbers", "either") else None

    @property
    def classes(self) -> tuple[Any, ...] | None:
        """The classes, or None."""
        return tuple(self.classes_.tolist()) if hasattr(self, "classes_") else None

    @property
    def gives_probabilities(self) -> bool:
        """Whether `predict_proba` gives probabilities of classes."""
        return False

    def predict_proba(self, X: Any) -> Array:
        """Return the probability of each class, (n, classes), where the rule has such."""
        raise ArgumentError(f"{type(self).__name__} gives no probabilities")

    def transform(self, X: Any) -> Array:
        """Return what the rule makes of each example, (n, outputs), where it transforms."""
        raise ArgumentError(f"{type(self).__name__} does not transform: use predict")

    def outputs(self) -> list[str]:
        """Return the names of the columns that `transform` gives."""
        return []

    def answer_columns(self, X: Any) -> dict[str, Array]:
        """Return what a rule without targets makes of examples: columns by name, (n,) each."""
        found = np.asarray(self.transform(X))
        return {name: found[:, i] for i, name in enumerate(self.outputs())}

    # --- pictures ---------------------------------------------------------------------------------
    def has_picture(self, inputs: int, *, classes: bool) -> bool:
        """Return whether `plot` has something to draw of such examples."""
        return hasattr(type(self), "epochs") or (inputs == 2 and classes)

    def plot(self, path: str | os.PathLike[str], X: Any = None, y: Any = None) -> None:
        """Draw what was learnt to an SVG, PNG or PDF file (needs matplotlib).

        Two inputs and classes: the regions of the classes, with the examples. Otherwise the
        measures of each epoch, for which no examples are needed.

        Args:
            path: The file.
            X: Examples, as for `predict`.
            y: The class of each, (n,), which gives it its colour; or none.

        Raises:
            ArgumentError: Another ending, matplotlib is not installed, examples are needed, or
                there is nothing to draw.
            OutputError: The file cannot be written.
        """
        from glassnet.rules.pictures import draw_history, draw_regions

        self._must_be_fitted()
        if self.n_features_in_ != 2 or self.task != "classification":
            draw_history(self.history_, path)
            return
        if X is None:
            raise ArgumentError("give the examples, which say where to draw: plot(path, X, y)")
        rows = self.input_rows(X)
        numbers = None if y is None else read_classes(y, len(rows), self.classes)[0]
        draw_regions(self, path, rows, numbers)

    def _must_be_fitted(self) -> None:
        if not self.is_fitted:
            raise ArgumentError(f"this {type(self).__name__} has not learnt yet: call fit first")

    def _rate_fact(self) -> list[tuple[str, str]]:
        """Return the learning rate as a fact, where the settings do not say it already."""
        used: Any = self.training_.get("learning_rate")
        try:
            first, last = (f"{float(rate):.4g}" for rate in used)
        except (TypeError, ValueError):  # none, or not what a file should hold
            return []
        chosen = getattr(self, "learning_rate", None) is None
        if first == last:
            return [("learning rate", first)] if chosen else []
        return [("learning rate", f"from {first} to {last}")]

    def facts(self) -> list[tuple[str, str]]:
        """Return what a person wants to know of what was learnt: names and values, in order."""
        return []

    # --- files ------------------------------------------------------------------------------------
    def learnt(self) -> dict[str, Any]:
        """Return what was learnt besides the arrays, as plain data for a model file."""
        return {}

    def remember(self, learnt: Mapping[str, Any]) -> None:
        """Take over what `learnt` gave, read from a model file and not to be trusted.

        Raises:
            ModelFileError, ArgumentError: An entry is missing or of the wrong kind.
        """
        del learnt

    def save(self, path: str | os.PathLike[str]) -> None:
        """Write what was learnt to one file (safetensors), which `glassnet.load` reads.

        Raises:
            ArgumentError: Nothing was learnt yet.
            OutputError: The file cannot be written; what stood there before is untouched.
        """
        from glassnet.rules.model_file import save

        save(self, path)

    def __getstate__(self) -> dict[str, Any]:
        """Return what copies hold: all but the programs that answer, made when needed."""
        return {key: value for key, value in vars(self).items() if key != "_answerer"}

    # --- showing itself ---------------------------------------------------------------------------
    def __repr__(self) -> str:
        words = [
            f"{field.name}={getattr(self, field.name)!r}"
            for field in _settings(type(self))
            if not _same(getattr(self, field.name), field.default)
        ]
        return f"{type(self).__name__}({', '.join(words)})"

    def _repr_html_(self) -> str:
        rows = [("rule", repr(self)), *self.facts()] if self.is_fitted else [("rule", repr(self))]
        cells = "".join(f"<tr><th>{escape(k)}</th><td>{escape(v)}</td></tr>" for k, v in rows)
        return f"<table>{cells}</table>"

    def __sklearn_tags__(self) -> Any:
        """Tell scikit-learn, where it is in use, what kind of estimator this is."""
        from sklearn.utils import ClassifierTags, RegressorTags, Tags, TargetTags

        kind = {"classes": "classifier", "numbers": "regressor", "either": None}.get(self.wants)
        return Tags(
            estimator_type=kind,
            target_tags=TargetTags(required=self.wants in ("classes", "numbers", "either")),
            classifier_tags=ClassifierTags() if kind == "classifier" else None,
            regressor_tags=RegressorTags() if kind == "regressor" else None,
        )

    def __sklearn_is_fitted__(self) -> bool:
        return self.is_fitted


def _settings(cls: type[Estimator]) -> tuple[dataclasses.Field[Any], ...]:
    return tuple(f for f in dataclasses.fields(typing.cast("Any", cls)) if f.init)


def _squeezed(name: str) -> str:
    """Return a name without what people write in different ways.

    >>> _squeezed("Nearest_Neighbours"), _squeezed("self-organising-map")
    ('nearestneighbours', 'selforganisingmap')
    """
    return name.lower().replace("_", "").replace("-", "")


def _same(value: Any, default: Any) -> bool:
    try:
        return bool(value is default or value == default)
    except ValueError:  # arrays
        return False
