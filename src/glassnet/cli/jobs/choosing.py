"""Which kind of training is asked for: by what the data are, and by the options that are given."""

from __future__ import annotations

from importlib import import_module
from pathlib import Path

from glassnet.cli.building import Wishes
from glassnet.cli.jobs.job import Job
from glassnet.cli.options import Reading
from glassnet.data.files import MADE_NAMES, MADE_PAIRS, TEXT_ENDINGS

__all__ = ["choose_job"]


def choose_job(wishes: Wishes) -> type[Job]:
    """Return the kind of training that is asked for; no other kind is loaded."""
    module, name = _place(wishes)
    return getattr(import_module(f"glassnet.cli.jobs.{module}"), name)


def _place(wishes: Wishes) -> tuple[str, str]:
    if wishes.rule is not None:
        return "rule", "RuleJob"
    if wishes.data in MADE_PAIRS or wishes.target_text is not None:
        return "pairs", "PairsJob"
    if wishes.data in MADE_NAMES:
        return "steps", "StepsJob"
    if _are_sentences(wishes):
        return "sentences", "SentencesJob"
    if _is_prose(wishes):
        return "characters", "CharactersJob"
    return "tables", "TablesJob"


def _are_sentences(wishes: Wishes) -> bool:
    """Return whether the data are sentences with labels."""
    if wishes.text is not None:
        return True
    if wishes.truncate is not None or wishes.streams is not None:
        return False  # any text can be learnt by its characters, if that is asked for
    if not _may_be_text(wishes.data):
        return False
    from glassnet.data.text import is_sentences

    return is_sentences(wishes.data)


def _is_prose(wishes: Wishes) -> bool:
    """Return whether the data are a plain text, to be learnt character by character."""
    if wishes.truncate is not None or wishes.streams is not None:
        return True
    alike = Reading(encoding=wishes.reading.encoding)
    if wishes.reading != alike or wishes.target is not None or wishes.task is not None:
        return False
    if not _may_be_text(wishes.data):
        return False
    from glassnet.data.text.prose import is_prose

    return is_prose(wishes.data)


def _may_be_text(data: str) -> bool:
    """Return whether it is worth looking into the data, which takes loading what does."""
    return data.lower().removesuffix(".gz").endswith(TEXT_ENDINGS) or Path(data).is_dir()
