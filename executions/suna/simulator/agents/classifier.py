"""The classifier: it decides by the words of the message."""

from dataclasses import dataclass

from executions.suna.simulator.agents.language import Language, words_of

# Stems, accents folded, English and Portuguese together: real messages mix them.
_STEMS: dict[str, tuple[str, ...]] = {
    "technical": (
        "error", "erro", "bug", "crash", "fail", "falh", "broken", "quebr", "login", "password", "senha",
        "install", "instal", "server", "servidor", "slow", "lent", "timeout", "api", "connect", "conex",
        "conect", "reset", "updat", "atualiz", "loading", "carreg", "technical", "tecnic", "travou", "trava",
        "acessar", "offline", "outage", "config", "screen", "tela", "software", "app", "aplicativo",
        "integration", "integrac", "funciona",
    ),
    "billing": (
        "invoice", "fatura", "bill", "billing", "cobran", "cobrad", "charge", "payment", "pagament", "paid",
        "pago", "pagar", "pay", "refund", "reembols", "estorn", "card", "cartao", "boleto", "subscription",
        "assinatura", "receipt", "recibo", "overcharged", "twice", "duplicad", "mensalidade", "pix",
        "financeir",
    ),
    "sales": (
        "buy", "compra", "purchase", "quote", "orcament", "demo", "discount", "descont", "pricing", "preco",
        "upgrade", "plan", "plano", "trial", "contratar", "contract", "contrato", "sales", "vend",
        "enterprise", "licens", "licenc", "proposal", "proposta",
    ),
}  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """`category` is technical, billing, sales or other; `confidence` between 0.5 and 0.98."""

    category: str
    confidence: float
    reason: str


def classify(text: str, language: Language) -> Verdict:
    """Return the category whose words occur most often; a tie goes to technical, then billing, then sales."""
    words = words_of(text)
    hits = {
        category: [word for word in words if word.startswith(stems)] for category, stems in _STEMS.items()
    }
    category = max(hits, key=lambda name: len(hits[name]))
    found = list(dict.fromkeys(hits[category]))
    if not found:
        reason = "no word decides it" if language == "en" else "nenhuma palavra decide"
        return Verdict(category="other", confidence=0.5, reason=reason)
    total = sum(len(words) for words in hits.values())
    confidence = round(0.55 + 0.4 * len(hits[category]) / total + 0.01 * min(3, len(found)), 2)
    quoted = ", ".join(found[:4])
    reason = f"the message says {quoted}" if language == "en" else f"a mensagem diz {quoted}"
    return Verdict(category=category, confidence=confidence, reason=reason)
