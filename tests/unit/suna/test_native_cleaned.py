"""What a native call's arguments hold beside what can be stored is replaced, and that is flagged (P30)."""

import json

import pytest

from executions.suna.wire import PROFILES


def body_of(arguments: str, *, where: str = "content") -> bytes:
    row = {"is_llm_message": True, "created_at": "2026-01-22T10:00:00+00:00"}
    content: dict[str, object] = {"role": "assistant", "content": ""}
    metadata: dict[str, object] = {}
    if where == "content":
        content["tool_calls"] = [{"id": "c", "function": {"name": "complete", "arguments": arguments}}]
    else:
        metadata["tool_calls"] = [{"function_name": "complete", "arguments": json.loads(arguments)}]
    asked = {**row, "message_id": "m-0", "type": "user", "content": {"content": "?"}, "metadata": {}}
    said = {**row, "message_id": "m-1", "type": "assistant", "content": content, "metadata": metadata}
    return json.dumps({"messages": [asked, said]}).encode()


@pytest.mark.parametrize("profile", ["2025-12", "2026-01"])
@pytest.mark.parametrize("where", ["content", "metadata"])
@pytest.mark.parametrize(
    ("text", "stored"), [("a\x00b\ud800c", "a\ufffdb\ufffdc"), ("\u202e \U0001f600 \x1b[31m", None)]
)
def test_what_is_cleaned_in_a_native_argument_is_flagged(profile, where, text, stored):
    body = body_of(json.dumps({"text": text}), where=where)
    result = PROFILES[profile].read_result(body, run_id="r", runs=None)
    assert result is not None
    assert (result.text, result.cleaned) == (stored or text, stored is not None)
