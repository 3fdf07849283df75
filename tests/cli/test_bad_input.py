"""Whatever is wrong with what is typed or read: one message with the key facts, exit status 2."""

from __future__ import annotations

import gzip
import shlex
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from tests.cli.conftest import FLOWERS, Result, Run

HOUSES = "size,rooms,price\n" + "".join(
    f"{40 + i},{1 + i % 4},{100 + 7 * i}.5\n" for i in range(30)
)


@dataclass(frozen=True)
class Bad:
    """A mistake: what is typed, the files that are there, and the facts that the message names."""

    what: str
    typed: str
    facts: tuple[str, ...]
    files: dict[str, str | bytes] = field(default_factory=dict[str, str | bytes])


def data(what: str, text: str | bytes, *facts: str, options: str = "") -> Bad:
    """Return a mistake in the file `bad.csv`, trained on."""
    return Bad(what, f"train bad.csv {options}", facts, {"bad.csv": text})


def flowers(what: str, options: str, *facts: str) -> Bad:
    """Return a mistake in the options of training on a good file."""
    return Bad(what, f"train flowers.csv {options}", facts)


ROWS = FLOWERS.splitlines()
IN_DATA = [
    data("empty file", "", "bad.csv", "empty"),
    data("only spaces", "\n\n \n", "bad.csv", "empty"),
    data("header only", "a,b\n", "bad.csv", "no rows of data"),
    data("one row", "a,b\n1,x\n", "bad.csv", "only one row", "at least 2"),
    data("a row with too many cells", "a,b\n1,x\n2,y,z\n3,x\n", "line 3", "3 cells", "2 are"),
    data("a row with too few cells", "a,b,c\n1,2,x\n2,y\n3,4,x\n", "line 3", "2 cells"),
    data(
        "a word among numbers",
        HOUSES.replace("\n45,", "\nbig,"),
        "line 7",
        "column 'size'",
        "'big' is not a number",
        "--missing",
    ),
    data(
        "thousands separated",
        HOUSES.replace("\n45,", '\n"1,045",'),
        "line 7",
        "'1,045'",
        "separators between thousands",
    ),
    data("an infinite number", HOUSES.replace("\n45,", "\n1e999,"), "line 7", "1e999", "infinite"),
    data(
        "a number too large",
        HOUSES.replace("\n45,", "\n1e300,"),
        "line 7",
        "column 'size'",
        "too large",
        "float32",
    ),
    data(
        "numbers too large",
        HOUSES.replace(",1,", ",1e300,"),
        "'rooms'",
        "too large to standardise",
    ),
    data("one class only", "a,b\n" + "1,x\n2,x\n3,x\n", "column 'b'", "only one class", "'x'"),
    data("one value only", "a,same\n1,0.5\n2,0.5\n", "nothing to learn", options="--target same"),
    data("target without values", "a,b\n1,?\n2,?\n3,?\n", "'b'", "every cell is missing"),
    data("an all-missing column", "a,b\n?,x\n?,y\n?,x\n", "no column is left", "'a'", "no values"),
    data("a constant column", "a,b\n7,x\n7,y\n7,x\n", "no column is left", "'a'", "constant: '7'"),
    data("only the target", "b\nx\ny\nx\n", "no column is left"),
    data("every row a class of its own", "a,b\n" + "".join(f"{i},n{i}\n" for i in range(30)),
         "'b'", "30 rows have classes of their own"),
    data("a date as target", "a,b\n1,2024-01-01\n2,2024-02-01\n3,2024-03-01\n", "'b'", "date"),
    data("latin-1 text", "größe,b\n1,x\n2,y\n".encode("latin-1"), "line 1", "0xf6", "--encoding"),
    data("an encoding unknown", "a,b\n1,x\n2,y\n", "'utf8x'", "utf-8", options="--encoding utf8x"),
    data("UTF-16 read as UTF-8", "a,b\n1,x\n".encode("utf-16-le"), "bad.csv", "NUL"),
    data("a zip archive", b"PK\x03\x04" + bytes(50), "bad.csv", "zip"),
    data("a picture", b"\x89PNG\r\n\x1a\n" + bytes(50), "bad.csv", "PNG"),
    data("a damaged gzip file", gzip.compress(HOUSES.encode())[:-9], "bad.csv", "gzip"),
    data("the same name twice", "a,a,b\n1,2,x\n2,3,y\n", "columns 1 and 2", "'a'"),
    data("a quotation mark not closed", 'a,b\n1,"x\n2,y\n', "line 2", "never closed"),
    data("a header read as data", HOUSES, "line 1", "'size' is not", options="--no-header"),
    data("missing values refused", FLOWERS, "'colour'", "no value", options="--no-impute"),
    data("too few rows to test", "a,b\n1,x\n2,y\n3,x\n", "3 rows", "test", options="--test 0.1"),
    Bad("a folder", "train folder", ("'folder'", "folder, not a file"), {"folder/x": ""}),
    Bad("no such file", "train flower.csv", ("'flower.csv'", "did you mean 'flowers.csv'?")),
    Bad("a built-in name misspelt", "train irs", ("'irs'", "did you mean 'iris'?", "digits")),
    Bad("no data", "train", ("missing argument 'DATA'", "iris", "digits", "--help")),
    Bad("a model as data", "train iris.safetensors", ("'iris.safetensors' is a model",)),
    Bad("images cut short", "train x-idx3-ubyte", ("x-idx3-ubyte", "cut short"),
        {"x-idx3-ubyte": b"\0\0\x08\x03\0\0\0\x02\0\0\0\x02\0\0\0\x02\1\2\3"}),
    Bad("images without labels", "train x-idx3-ubyte", ("x-idx3-ubyte", "no labels", "`labels`"),
        {"x-idx3-ubyte": b"\0\0\x08\x03\0\0\0\x02\0\0\0\x01\0\0\0\x01\1\2"}),
    Bad("an option of tables for images", "train digits --header", ("images", "header")),
]  # fmt: skip

IN_OPTIONS = [
    flowers("target misspelt", "--target speceis", "'speceis'", "did you mean 'species'?"),
    flowers("target number too large", "--target 9", "no column '9'", "'length'"),
    flowers("task misspelt", "--task regresion", "'regresion'", "did you mean 'regression'?"),
    flowers("regression on text", "--task regression", "'species'", "numbers", "'setosa'"),
    flowers("a text column as numbers", "--numbers colour", "line 2", "'colour'", "'red'"),
    flowers("a column to ignore misspelt", "--ignore color", "'color'", "did you mean 'colour'?"),
    flowers("all columns ignored", "--ignore 1,2,3,4", "every column is ignored"),
    flowers("target ignored", "--ignore species --target species", "'species'"),
    flowers("two characters as delimiter", "--delimiter ;;", "';;'", "one character"),
    flowers("labels for a table", "--labels x", "labels", "idx"),
    flowers("layers misspelt", "--layers '16 tahn, softmax'", "'tahn'", "did you mean 'tanh'?"),
    flowers("an output misspelt", "--layers '16 tanh, sofmax'", "'sofmax'", "mean 'softmax'?"),
    flowers("softmax with one output", "--layers '1 softmax'", "softmax", "one output", "2 out"),
    flowers("outputs that do not fit", "--layers '16 tanh, 5 softmax'", "5 softmax", "2 classes"),
    flowers("no output layer", "--layers '16 tanh'", "16 tanh outputs", "2 classes", "'softmax'"),
    flowers("no probabilities", "--layers '8 relu, linear'", "linear", "softmax", "--loss mse"),
    flowers("an empty entry", "--layers '16 tanh,,softmax'", "entry is empty"),
    flowers("no layers", "--layers ''", "entry is empty"),
    flowers("no neurons", "--layers '0 tanh, softmax'", "units", "at least 1", "got 0"),
    flowers("half a neuron", "--layers '1.5 tanh, softmax'", "units", "'1.5'"),
    flowers("too much dropout", "--layers '8 tanh, dropout 1.5, softmax'", "1.5", "below 1"),
    flowers("a neuron without gradient", "--layers '8 threshold, softmax'", "threshold", "rule"),
    flowers("batch size 0", "--batch-size 0", "batch_size", "at least 1", "got 0"),
    flowers(
        "batch size in words", "--batch-size many", "'--batch-size'", "'many' is not a whole number"
    ),
    flowers("batch size online", "--mode online --batch-size 8", "online", "one example", "8"),
    flowers("mode misspelt", "--mode minibach", "'minibach'", "did you mean 'minibatch'?"),
    flowers("negative rate", "--optimizer 'adam -0.1'", "learning_rate", "above 0", "-0.1"),
    flowers("optimiser misspelt", "--optimizer nestorov", "'nestorov'", "mean 'nesterov'?"),
    flowers("setting misspelt", "--optimizer 'adam bta1=0.8'", "'bta1'", "did you mean 'beta1'?"),
    flowers("loss misspelt", "--loss crossentropy", "'crossentropy'", "mean 'cross_entropy'?"),
    flowers("a loss that does not fit", "--loss binary_cross_entropy", "logistic", "softmax"),
    flowers("no epochs", "--epochs 0", "epochs", "at least 1", "got 0"),
    flowers("negative patience", "--patience -1", "patience", "at least 0", "-1"),
    flowers("patience without validation", "--patience 5 --validation 0", "--validation is 0"),
    flowers("validation above 1", "--validation 1.5", "validation", "below 1", "1.5"),
    flowers("nothing left to learn from", "--validation 0.5 --test 0.5", "below 1", "0.5 + 0.5"),
    flowers("two tests", "--test 0.2 --test-data flowers.csv", "--test-data", "exclude"),
    flowers("test data missing", "--test-data later.csv", "no file 'later.csv'"),
    flowers("negative seed", "--seed -1", "seed", "at least 0", "-1"),
    flowers("a type unknown", "--dtype float16", "'float16'", "float32, float64"),
    flowers("an engine unknown", "--engine nativ", "'nativ'", "did you mean 'native'?"),
    flowers("negative penalty", "--l2 -1", "l2", "at least 0", "-1"),
    flowers("gradients clipped to nothing", "--clip-norm 0", "clip_norm", "above 0", "got 0"),
    flowers("weight of an unknown class", "--class-weight setosaa=2", "mean 'setosa'?"),
    flowers("weight of no class", "--class-weight 3", "class=weight", "'3'"),
    flowers("weight in words", "--class-weight setosa=much", "'setosa'", "'much'"),
    Bad("weights for numbers", "train line.csv --class-weight balanced", ("class_weight", "numb")),
    Bad("two outputs for one number", "train line.csv --layers '2 linear'", ("2 linear", "'y'")),
    Bad("softmax for a number", "train line.csv --layers softmax", ("softmax", "'linear'")),
    Bad("a rate without measure", "train line.csv --optimizer 'sgd 1e30'", ("step 2",)),
    flowers("an option unknown", "--epoch 3", "no such option: --epoch", "--epochs", "--help"),
    flowers("one argument too many", "more.csv", "unexpected", "more.csv"),
    Bad("a command unknown", "trian iris", ("no such command 'trian'", "ou mean 'train'?")),
]

IN_FILES = [
    flowers("a folder that is not there", "--out no/where.safetensors", "no/where", "no folder"),
    flowers("a folder as model", "--out folder", "'folder'", "a folder of that name"),
    flowers("another file as model", "--out notes.txt", "'notes.txt'", "no model"),
    flowers("the data as model", "--out flowers.csv", "'flowers.csv'", "no model"),
    flowers("the data as history", "--history flowers.csv", "--history and DATA", "same file"),
    flowers("one file twice", "--plot a.svg --history a.svg", "--history and --plot"),
    flowers("a device", "--history /dev/null", "/dev/null", "no ordinary file"),
    flowers("a picture of another kind", "--plot curves.gif", ".svg, .png, .pdf", "curves.gif"),
    Bad("the data as answers", "predict flowers.safetensors flowers.csv --out ./flowers.csv",
        ("--out and DATA", "same file")),
    Bad("the model as answers", "predict flowers.safetensors flowers.csv --out flowers.safetensors",
        ("--out and MODEL", "same file")),
    Bad("answers into no folder", "predict flowers.safetensors flowers.csv --out no/x.csv",
        ("no/x.csv", "no folder")),
]  # fmt: skip

AT_PREDICTION = [
    Bad("no such model", "predict gone.safetensors flowers.csv", ("no file 'gone.safetensors'",)),
    Bad("data and model exchanged", "predict flowers.csv flowers.safetensors",
        ("flowers.csv is text", "the model comes first")),
    Bad("a data set as model", "evaluate iris iris", ("'iris' is a data set", "glassnet train")),
    Bad("a model as data", "predict iris.safetensors iris.safetensors", ("is a model", "first")),
    Bad("a folder as model", "info folder", ("'folder' is a folder",)),
    Bad("no data", "predict iris.safetensors", ("missing argument 'DATA'",)),
    Bad("no model", "info", ("missing argument 'MODEL'", "glassnet train")),
    Bad("columns missing", "predict flowers.safetensors new.csv",
        ("new.csv", "'width'", "did you mean 'widht'?"),
        {"new.csv": "length,widht,colour\n5,3,red\n"}),
    Bad("another number of columns", "predict iris.safetensors new.csv",
        ("new.csv", "3 columns", "5 or 4"), {"new.csv": "5,3,1\n4,2,1\n"}),
    Bad("a word for a number", "predict flowers.safetensors new.csv",
        ("line 3", "column 'length'", "'long' is not a number"),
        {"new.csv": "length,width,colour\n5,3,red\nlong,3,red\n"}),
    Bad("an empty file", "predict flowers.safetensors new.csv", ("empty",), {"new.csv": ""}),
    Bad("images for a table", "predict iris.safetensors digits", ("images", "takes a table")),
    Bad("no target to compare with", "evaluate flowers.safetensors new.csv",
        ("'species'", "new.csv"), {"new.csv": "length,width,colour\n5,3,red\n"}),
    Bad("an unknown class", "evaluate flowers.safetensors new.csv",
        ("line 2", "'tulip'", "'setosa'"),
        {"new.csv": "length,width,colour,species\n5,3,red,tulip\n"}),
]  # fmt: skip

CASES = [*IN_DATA, *IN_OPTIONS, *IN_FILES, *AT_PREDICTION]


def contents(folder: Path) -> dict[str, bytes]:
    """Return all files of a folder with what they hold."""
    return {str(file): file.read_bytes() for file in folder.rglob("*") if file.is_file()}


def check_message(result: Result, facts: tuple[str, ...]) -> None:
    """Check that a command failed as it should, with a message that names the facts."""
    assert result.status == 2
    errors = [line for line in result.err.splitlines() if line.startswith("error: ")]
    assert len(errors) == 1, result.err
    assert result.err.splitlines()[-1] == errors[0]
    assert [fact for fact in facts if fact not in errors[0]] == [], errors[0]
    assert "Traceback" not in result.out + result.err
    assert "Results" not in result.out


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.what)
def test_one_message_and_nothing_written(case: Bad, run: Run, models: Path) -> None:
    (models / "folder").mkdir(exist_ok=True)
    (models / "notes.txt").write_text("mine")
    for name, content in case.files.items():
        (models / name).parent.mkdir(exist_ok=True)
        (models / name).write_bytes(content if isinstance(content, bytes) else content.encode())
    before = contents(models)
    check_message(run(*shlex.split(case.typed)), case.facts)
    assert contents(models) == before


def test_there_are_enough_cases() -> None:
    assert len(CASES) >= 40
    assert len({case.what for case in IN_DATA}) == len(IN_DATA)
