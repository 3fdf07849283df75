"""`glassnet train`: from a table or images to a model."""

from __future__ import annotations

from glassnet.cli import options as common
from glassnet.cli import train_options as given
from glassnet.cli.building import Wishes
from glassnet.cli.jobs.choosing import choose_job
from glassnet.cli.options import Reading
from glassnet.cli.screen import Screen

__all__ = ["train"]


def train(
    data: common.DataArgument,
    target: given.Target = None,
    task: given.Task = None,
    rule: given.RuleOption = None,
    layers: given.Layers = None,
    dtype: given.DType = None,
    optimizer: given.OptimizerOption = None,
    loss: given.Loss = None,
    mode: given.Mode = "minibatch",
    batch_size: given.BatchSize = None,
    seed: given.Seed = 0,
    l1: given.L1 = 0.0,
    l2: given.L2 = None,
    class_weight: given.ClassWeight = None,
    clip_norm: given.ClipNorm = None,
    clip_value: given.ClipValue = None,
    engine: given.EngineOption = None,
    epochs: given.Epochs = None,
    validation: given.Validation = None,
    patience: given.Patience = None,
    test: given.Test = None,
    test_data: given.TestData = None,
    out: given.Out = None,
    plot: given.Plot = None,
    history: given.HistoryOption = None,
    as_json: common.AsJson = False,
    quiet: given.Quiet = False,
    progress: given.ShowProgress = True,
    header: common.Header = None,
    delimiter: common.Delimiter = None,
    encoding: common.Encoding = None,
    missing: common.Missing = None,
    numbers: common.Numbers = None,
    categories: common.Categories = None,
    ignore: common.Ignore = None,
    labels: common.Labels = None,
    standardize: given.Standardize = True,
    impute: given.Impute = True,
    minutes: given.Minutes = None,
    truncate: given.Truncate = None,
    streams: given.Streams = None,
    text: given.Text = None,
    target_text: given.TargetText = None,
    words: given.LongestWords = None,
    attention: given.Attention = None,
    teacher_forcing: given.TeacherForcing = None,
) -> int:
    """Train a network on DATA and save it as a model.

    DATA is a table, images, a plain text (.txt, .md), whose characters are learnt one after the
    other, or sentences with labels (.txt: on each line a sentence, a TAB and its label). All
    options may be left out: what is chosen does well, and is printed.
    With --rule, a classical learning rule learns in place of a network with back-propagation.

    [bold]Examples[/bold]

    glassnet train iris

    glassnet train houses.csv --target price --layers "64 relu, 32 relu, linear"

    glassnet train digits --optimizer "nesterov 0.05" --plot curves.svg

    glassnet train digits --rule "nearest k=3"

    glassnet train book.txt --minutes 10

    glassnet train german.txt --target-text english.txt

    glassnet train reviews.txt --text all
    """
    wishes = Wishes(
        data,
        target,
        task,
        rule,
        layers,
        dtype,
        loss,
        optimizer,
        mode,
        batch_size,
        class_weight,
        clip_norm,
        clip_value,
        l1,
        l2,
        seed,
        engine,
        epochs,
        patience,
        validation,
        test,
        test_data,
        standardize,
        impute,
        out,
        plot,
        history,
        progress and not quiet,
        Reading(header, delimiter, encoding, missing, numbers, categories, ignore, labels),
        minutes,
        truncate,
        streams,
        text,
        target_text,
        words,
        attention,
        teacher_forcing,
    )
    screen = Screen(quiet=quiet or as_json)
    return choose_job(wishes)(wishes, screen, as_json=as_json).run()
