"""All mistakes are reported at once, in the order of the document."""

from teams.workflow.parsing import read_definition

TEN_MISTAKES = {
    "type": "conditional",
    "limits": {"max_parallel": 99, "max_cost_usd": "3.00"},
    "agents": [
        {"agent_id": "triage", "retries": 2},
        {
            "agent_id": "tech",
            "timeout": "soon",
            "conditions": [{"field": "steps.triage.data", "operator": "like", "value": "x"}],
        },
        {"role": "nobody", "input": {"source": "agent_result", "agent_id": "ghost"}},
        {"agent_id": "tech"},
        {
            "agent_id": "bad id",
            "conditions": [{"field": "steps.triage.data[0]", "operator": "exists"}],
        },
    ],
}


def test_ten_mistakes_give_ten_problems_with_ten_codes_in_document_order() -> None:
    found = read_definition(TEN_MISTAKES).problems

    assert [(problem.pointer, problem.code) for problem in found] == [
        ("/limits/max_parallel", "out_of_range"),
        ("/limits/max_cost_usd", "not_supported_yet"),
        ("/agents/0/retries", "unknown_field"),
        ("/agents/1/timeout", "invalid_value"),
        ("/agents/1/conditions/0/operator", "unknown_operator"),
        ("/agents/2/input/agent_id", "unknown_reference"),
        ("/agents/2/agent_id", "required"),
        ("/agents/3/agent_id", "duplicate_id"),
        ("/agents/4/agent_id", "invalid_id"),
        ("/agents/4/conditions/0/field", "invalid_path"),
    ]
    assert len({problem.code for problem in found}) == 10


def test_a_pointer_escapes_tilde_and_slash() -> None:
    found = read_definition({"type": "graph", "agents": [{"agent_id": "a"}], "a/b~c": 1}).problems

    assert [problem.pointer for problem in found] == ["/a~1b~0c"]


def test_one_mistake_does_not_cause_others_elsewhere() -> None:
    document = {
        "type": "sequential",
        "agents": [
            {"agent_id": "not good"},
            {"agent_id": "b", "input": {"source": "agent_result", "agent_id": "not good"}},
            {"agent_id": "c", "conditions": [{"field": "steps.b.data.x", "operator": "nope"}]},
            {"agent_id": "d", "conditions": "else"},
        ],
    }

    found = read_definition(document).problems

    assert [problem.code for problem in found] == ["invalid_id", "unknown_operator"]


def test_a_hostile_number_of_mistakes_is_answered_with_the_first_thousand() -> None:
    document = {"agents": [{"agent_id": "a"}], **{f"key{n}": 1 for n in range(12_000)}}

    found = read_definition(document).problems

    assert len(found) == 1000
    assert found[0].pointer == "/key0"
