import pytest

from canary.edge.notes import NoteCall, is_note_call, parse_note_call

CALL = {"verb": "note", "rollout": "orders-1", "text": "x"}


@pytest.mark.parametrize("raw", [None, [], "note", {"verb": "abort"}])
def test_other_calls_are_not_about_a_note(raw):
    assert not is_note_call(raw)


def test_a_call_names_a_rollout_and_says_something():
    assert is_note_call(CALL)
    assert parse_note_call(CALL) == (NoteCall("orders-1", "x", is_false_alarm=False), ())
    assert parse_note_call({**CALL, "false_alarm": True})[0] == NoteCall("orders-1", "x", is_false_alarm=True)


@pytest.mark.parametrize(
    ("changes", "problem"),
    [
        ({"text": ""}, "text: a note must be one line of 1 to 500 characters, got 0"),
        ({"text": "x" * 501}, "text: a note must be one line of 1 to 500 characters, got 501"),
        ({"text": "red\x1b[31m"}, "text: a note must be one line"),
        ({"text": "two\nlines"}, "text: a note must be one line"),
        ({"rollout": "a b"}, "rollout: not a rollout's id"),
        ({"rollout": "look#1"}, "rollout: not a rollout's id"),
        ({"target": "orders"}, "target: unknown field"),
    ],
)
def test_what_is_wrong_is_said(changes, problem):
    call, (found, *_) = parse_note_call({**CALL, **changes})

    assert call is None
    assert str(found).startswith(problem)
