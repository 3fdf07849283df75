r"""Moodle XML, against a validator written from Moodle's documentation and its importer.

The pages are "Moodle XML format" and "Embedded Answers (Cloze) question type" of docs.moodle.org;
the expressions for fields are those of the importer, question/type/multianswer/questiontype.php
(ANSWER_REGEX and its parts), and question/format/xml/format.php says which elements it reads.
"""

from __future__ import annotations

import re
import xml.etree.ElementTree as ET
from dataclasses import dataclass, replace
from html.parser import HTMLParser

import pytest

from glassnet.explain.exercises import all_kinds, class_set, exercise, to_moodle
from glassnet.explain.exercises.moodle import _said

FORMATS = ("html", "moodle_auto_format", "plain_text", "markdown")
# element: how often it may stand, and how its content is checked
COMMON = {
    "name": (1, 1),
    "questiontext": (1, 1),
    "generalfeedback": (0, 1),
    "defaultgrade": (0, 1),
    "penalty": (0, 1),
    "hidden": (0, 1),
    "idnumber": (0, 1),
    "tags": (0, 1),
}
TYPES = {"category": {"category": (1, 1), "info": (0, 1), "idnumber": (0, 1)}, "cloze": COMMON}

FRACTION = r"=|%(-?[0-9]+(?:[.,][0-9]*)?)%"
ANSWER = r".+?(?<!\\|&)(?=[~#}]|$)"
FEEDBACK = r".*?(?<!\\)(?=[~}]|$)"
ALTERNATIVE = rf"(?:(?P<fraction>{FRACTION}))?(?P<answer>{ANSWER})(?:#(?P<feedback>{FEEDBACK}))?"
PLAIN = re.sub(r"\?P<\w+>", "?:", ALTERNATIVE).replace("(-?[0-9]", "(?:-?[0-9]")
NUMBER = r"-?(?:[0-9]+[.,]?[0-9]*|[.,][0-9]+)(?:[eE][-+]?[0-9]+)?"
FIELD = re.compile(rf"\{{([0-9]*):(NUMERICAL|NM):({PLAIN}(?:~{PLAIN})*)\}}")


@dataclass(frozen=True)
class Choice:
    """One answer of a field: its share of the mark, value, tolerance and feedback."""

    share: float
    answer: str
    tolerance: float
    feedback: str

    def takes(self, given: float) -> bool:
        return self.answer == "*" or abs(given - float(self.answer)) <= self.tolerance


def validate(text: str) -> dict[str, list[list[Choice]]]:
    """Return the fields of each question; raise AssertionError if Moodle would not import it."""
    quiz = ET.fromstring(text.encode())
    assert quiz.tag == "quiz"
    found: dict[str, list[list[Choice]]] = {}
    for question in quiz:
        assert question.tag == "question"
        allowed = TYPES[question.attrib["type"]]
        tags = [child.tag for child in question]
        for tag in tags:
            assert tag in allowed, f"<{tag}> is no part of such a question"
        for tag, (least, most) in allowed.items():
            assert least <= tags.count(tag) <= most, f"<{tag}> stands {tags.count(tag)} times"
        if question.attrib["type"] == "category":
            path = text_of(question, "category")
            assert path.startswith("$course$/")
            continue
        name = text_of(question, "name")
        assert 0 < len(name) <= 255
        assert name not in found
        for tag in ("questiontext", "generalfeedback"):
            element = question.find(tag)
            assert element is not None
            assert element.attrib["format"] in FORMATS
            check_html(text_of(question, tag))
        assert 0 <= float(question.findtext("penalty", "0")) <= 1
        assert question.findtext("hidden", "0") in ("0", "1")
        assert len(question.findtext("idnumber", "")) <= 100
        found[name] = fields(text_of(question, "questiontext"))
    ids = [element.text for element in quiz.iter("idnumber")]
    assert len(set(ids)) == len(ids), "an idnumber stands for one question of a category"
    return found


def text_of(question: ET.Element, tag: str) -> str:
    texts = question.findall(f"{tag}/text")
    assert len(texts) == 1
    assert len(texts[0]) == 0, "markup must be within CDATA"
    return texts[0].text or ""


def fields(text: str) -> list[list[Choice]]:
    matches = list(FIELD.finditer(text))
    rest = FIELD.sub("", text)
    assert matches
    assert not re.search(r"\{[0-9]*:[A-Z_]+:", rest), "a field that is not read"
    found = [choices(match[3]) for match in matches]
    for several in found:
        assert any(choice.share == 1 for choice in several), "no answer earns the whole mark"
    return found


def choices(text: str) -> list[Choice]:
    found: list[Choice] = []
    while text:
        match = re.match(f"~?{ALTERNATIVE}", text)
        assert match, text
        text = text[match.end() :]
        share = {"=": 1.0, None: 0.0}.get(match["fraction"])
        if share is None:
            share = float(match["fraction"].strip("%")) / 100
        feedback = re.sub(r"\\([}#~\\])", r"\1", match["feedback"] or "")
        number = re.fullmatch(rf"({NUMBER})(?::({NUMBER}))?", match["answer"])
        assert number or match["answer"] == "*", match["answer"]
        value, tolerance = (number[1], float(number[2] or 0)) if number else ("*", 0.0)
        found.append(Choice(share, value, tolerance, feedback))
    return found


class _Balanced(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []

    def handle_starttag(self, tag: str, attrs: object) -> None:
        if tag != "br":
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag


def check_html(text: str) -> None:
    parser = _Balanced()
    parser.feed(text)
    parser.close()
    assert not parser.open
    assert text.count(r"\(") == text.count(r"\)") > 0
    for formula in re.findall(r"\\\((.*?)\\\)", text, re.DOTALL):
        assert formula.count("{") == formula.count("}")
    assert not re.search(r"&(?!(amp|lt|gt|quot|emsp|#x27|#123);)", text), "a bare &"


# --- what is written ------------------------------------------------------------------------------
@pytest.mark.parametrize("kind", all_kinds())
@pytest.mark.parametrize("level", [1, 2, 3])
def test_questions_are_valid_and_take_the_right_answers(kind: str, level: int) -> None:
    one = exercise(kind, seed=21, level=level)
    (found,) = validate(to_moodle([one])).values()
    answers = list(one.answers().values())
    assert len(found) == len(answers)
    for field, value in zip(found, answers, strict=True):
        first = field[0]
        assert (first.share, float(first.answer)) == (1.0, pytest.approx(value, rel=1e-8))
        assert first.takes(float(f"{value:.4g}")), "rounded to the digits that are asked for"
        off = value + 0.02 * (1 + abs(value)) + 12 * first.tolerance
        assert next(choice.share for choice in field if choice.takes(off)) == 0
        if len(field) == 3:
            coarse = next(choice for choice in field if choice.takes(value + 5 * first.tolerance))
            assert (coarse.share, coarse.feedback[:6]) == (0.5, "Nearly")
        assert " = " in field[-1].feedback


def test_rounding_on_the_way_is_within_the_tolerance() -> None:
    from glassnet.explain.sheet import rounded

    for seed in range(5):
        one = exercise("backpropagation", seed=seed, level=3)
        carried = one.course.sheet.work(rounded(4))
        (found,) = validate(to_moodle([one])).values()
        asked = [entry for entry in one.course.entries if entry.role == "asked"]
        for entry, field in zip(asked, found, strict=True):
            assert field[0].takes(carried[entry.address])


def test_a_class_set() -> None:
    text = to_moodle([*class_set("neuron", 12, seed=3), *class_set("lms", 2)])
    assert len(validate(text)) == 14
    assert text.count('type="category"') == 2
    assert "$course$/top/Exercises of glassnet/The LMS rule" in text


def test_signs_that_mean_something_are_escaped() -> None:
    assert _said("a} # b ~ \\ <") == r"a\} \# b \~ \\ &lt;"
    one = exercise("neuron", seed=1)
    hostile = "x < 1 & y > 2 ]]> } ~ # {1:NUMERICAL:=1} $"
    odd = replace(one, task=hostile, problem=replace(one.problem, title=f"A {hostile}"))
    text = to_moodle([odd])
    root = ET.fromstring(text.encode())
    assert root.findtext("question/name/text") == f"A {hostile}"
    shown = root.findtext("question/questiontext/text") or ""
    assert "x &lt; 1 &amp; y &gt; 2 ]]&gt; } ~ # &#123;1:NUMERICAL:=1} $" in shown
    assert len(next(iter(validate(text).values()))) == len(one.answers())


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("~%0%*#", "~%0%#"),
        (":NUMERICAL:=", ":NUMERICAL:="[:-1]),
        ("</questiontext>", "</questiontext><questiontext/>"),
        ("]]>", "]]"),
        ("<penalty>0.3333333", "<penalty>3"),
        ('format="html"', 'format="htm"'),
        (":NUMERICAL:=", ":NUMERICAL:=x"),
        ("</li>", ""),
    ],
)
def test_the_validator_finds_mistakes(old: str, new: str) -> None:
    text = to_moodle([exercise("neuron")])
    assert old in text
    with pytest.raises((AssertionError, ET.ParseError)):
        validate(text.replace(old, new, 1))
