"""Tokens and models: derived from the texts' lengths, so that a test can foretell them."""

from hashlib import sha256

SYSTEM_PROMPT_TOKENS = 350
"""What an agent's own system prompt costs on every call."""

_MODELS = {
    "researcher": "openai/gpt-4o",
    "analyst": "anthropic/claude-sonnet-4-5",
    "writer": "anthropic/claude-sonnet-4-5",
    "editor": "anthropic/claude-sonnet-4-5",
    "critic": "anthropic/claude-sonnet-4-5",
    "planner": "openai/gpt-4o",
}
DEFAULT_MODEL = "openai/gpt-4o-mini"


def model_for(part: str) -> str:
    """Return the model that a part runs on when nobody asks for one. Names that price lists know."""
    return _MODELS.get(part, DEFAULT_MODEL)


def provider_of(model: str) -> str:
    """Return who serves a model: what stands before the slash, else a guess from the name."""
    prefix, slash, _ = model.partition("/")
    if slash:
        return prefix
    for start, provider in (("claude", "anthropic"), ("gemini", "google"), ("mistral", "mistral")):
        if model.startswith(start):
            return provider
    return "openai"


def bare_name(model: str) -> str:
    """Return a model's name as its provider reports it, without the prefix; the product's aliases keep it."""
    return model if model.startswith("kortix/") else model.partition("/")[2] or model


def tokens_of_text(text: str) -> int:
    """Return the number of tokens of a text: one for four characters, at least one."""
    return max(1, -(-len(text) // 4))


def cached_tokens(prompt: str, tokens_input: int) -> int:
    """Return how many of the input tokens came from a cache: for one prompt in three, half of them."""
    return tokens_input // 2 if sha256(prompt.encode("utf-8", "replace")).digest()[0] % 3 == 0 else 0
