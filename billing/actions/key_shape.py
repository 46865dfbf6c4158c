"""Whether a key looks like one of another service: pasted in haste, it would be sent to the wrong one."""

_BEGINNINGS = {
    "sk-ant-": "anthropic",
    "sk-or-": "openrouter",
    "sk-proj-": "openai",
    "gsk_": "groq",
    "AIza": "google",
    "tvly-": "tavily",
    "xai-": "xai",
    "pplx-": "perplexity",
    "r8_": "replicate",
    "hf_": "huggingface",
    "ghp_": "github",
    "github_pat_": "github",
    "rnm_": "renum",
    "fc-": "firecrawl",
}
"""How providers begin their keys; a beginning that is not listed is never odd."""


def other_service_of(*, service: str, key: str) -> str | None:
    """Return the service whose keys begin like that one, where it is another; None where nothing is odd.

    A service may be named in more ways than one ("google-maps" is Google's too), so that a name which holds
    the provider's is right.
    """
    for beginning, provider in _BEGINNINGS.items():
        if key.startswith(beginning):
            return None if provider in service else provider
    return None
