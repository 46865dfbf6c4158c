"""What each part says, in English and Portuguese. Templates only; `{a}` to `{d}` are the topics' words.

`{subject}` is the first sentence of the request and `{numbers}` a remark about the numbers found in it.
"""

from executions.suna.simulator.agents.language import Language, words_of

NUMBERS: dict[Language, str] = {"en": " Figures given: {list}.", "pt": " Números informados: {list}."}
ANSWERED: dict[Language, str] = {"en": "You answered: {answer}", "pt": "Você respondeu: {answer}"}
"""Before the answer to a request that the agent had asked a question about."""

PHRASES: dict[tuple[str, Language], str] = {
    ("researcher", "en"): (
        "Research notes on: {subject}.{numbers}\n\n"
        "1. {a}: most sources agree that it shapes the outcome, and the newer ones say so more firmly.\n"
        "2. {b}: reports differ; two of three see a rise, one sees none.\n"
        "3. {c} and {d} are linked: where one is strong, the other follows with a delay.\n\n"
        "Open question: how much of this holds outside the cases studied."
    ),
    ("researcher", "pt"): (
        "Notas de pesquisa sobre: {subject}.{numbers}\n\n"
        "1. {a}: a maioria das fontes diz que isso define o resultado, e as mais novas com mais firmeza.\n"
        "2. {b}: os relatos divergem; dois de três veem alta, um não vê nenhuma.\n"
        "3. {c} e {d} estão ligados: onde um é forte, o outro acompanha com atraso.\n\n"
        "Questão em aberto: quanto disso vale fora dos casos estudados."
    ),
    ("analyst", "en"): (
        "Analysis of: {subject}.{numbers}\n\n"
        "- Strength: {a} is the clearest driver.\n- Weakness: {b} is thinly supported.\n"
        "- Risk: {c} could turn against the plan.\n- Chance: {d} is cheap to try first.\n\n"
        "Conclusion: act on {a}, measure {b}, and decide again after one cycle."
    ),
    ("analyst", "pt"): (
        "Análise de: {subject}.{numbers}\n\n"
        "- Força: {a} é o fator mais claro.\n- Fraqueza: {b} tem pouca evidência.\n"
        "- Risco: {c} pode virar contra o plano.\n- Oportunidade: {d} é barato de testar primeiro.\n\n"
        "Conclusão: agir sobre {a}, medir {b} e decidir de novo após um ciclo."
    ),
    ("writer", "en"): (
        "# {a} and {b}: what to know\n\n"
        "{subject}.{numbers}\n\n"
        "Start with {a}. It is where readers feel the change first, and where a small step pays off soonest. "
        "Then look at {b}, which decides whether the step lasts.\n\n"
        "{c} deserves a paragraph of its own: without it, {d} stays a promise. In short, begin small, watch "
        "closely and keep what works."
    ),
    ("writer", "pt"): (
        "# {a} e {b}: o que saber\n\n"
        "{subject}.{numbers}\n\n"
        "Comece por {a}. É onde o leitor sente a mudança primeiro e onde um passo pequeno rende mais cedo. "
        "Depois olhe para {b}, que decide se o passo dura.\n\n"
        "{c} merece um parágrafo próprio: sem isso, {d} continua sendo promessa. Em resumo, comece pequeno, "
        "observe de perto e mantenha o que funciona."
    ),
    ("technical_support", "en"): (
        "Thank you for the report: {subject}.{numbers}\n\n"
        "1. Note the exact message about {a} and when it appears.\n"
        "2. Restart {b} and try again in a private window.\n"
        "3. If {c} still fails, send us the log of the last hour.\n\n"
        "We keep the ticket open until {a} works again."
    ),
    ("technical_support", "pt"): (
        "Obrigado pelo relato: {subject}.{numbers}\n\n"
        "1. Anote a mensagem exata sobre {a} e quando ela aparece.\n"
        "2. Reinicie {b} e tente de novo em uma janela anônima.\n"
        "3. Se {c} continuar falhando, envie o registro da última hora.\n\n"
        "O chamado fica aberto até {a} voltar a funcionar."
    ),
    ("billing_support", "en"): (
        "Thank you for writing about: {subject}.{numbers}\n\n"
        "We have checked the account for {a}. Where {b} was charged twice, the second charge is reversed "
        "within five working days. You will receive a corrected invoice that names {c}."
    ),
    ("billing_support", "pt"): (
        "Obrigado por escrever sobre: {subject}.{numbers}\n\n"
        "Conferimos a conta quanto a {a}. Se {b} foi cobrado em dobro, a segunda cobrança é estornada em até "
        "cinco dias úteis. Você receberá uma fatura corrigida que cita {c}."
    ),
    ("sales", "en"): (
        "About your interest: {subject}.{numbers}\n\n"
        "For {a} we suggest the middle plan: it covers {b} and leaves room for {c}. A short call "
        "would settle the rest."
    ),
    ("sales", "pt"): (
        "Sobre o seu interesse: {subject}.{numbers}\n\n"
        "Para {a} sugerimos o plano intermediário: ele cobre {b} e deixa espaço para {c}. Uma conversa curta "
        "resolve o resto."
    ),
    ("reviewer", "en"): (
        "Review of: {subject}.{numbers}\n\n"
        "- Good: {a} is explained before it is used.\n- To fix: {b} is claimed without a source.\n"
        "- To cut: the aside on {c}.\n\nVerdict: accept after the fix."
    ),
    ("reviewer", "pt"): (
        "Revisão de: {subject}.{numbers}\n\n"
        "- Bom: {a} é explicado antes de ser usado.\n- Corrigir: {b} é afirmado sem fonte.\n"
        "- Cortar: o comentário sobre {c}.\n\nParecer: aceitar após a correção."
    ),
    ("critic", "en"): (
        "The strongest objection to: {subject}.{numbers}\n\n"
        "It takes {a} for granted. If {a} fails, {b} does not follow, and {c} becomes a cost. Show one case "
        "where {d} held without it."
    ),
    ("critic", "pt"): (
        "A objeção mais forte a: {subject}.{numbers}\n\n"
        "O texto toma {a} como certo. Se {a} falhar, {b} não se sustenta e {c} vira custo. Mostre um caso em "
        "que {d} valeu sem isso."
    ),
    ("editor", "en"): (
        "Edited version.\n\n{subject}.{numbers} What matters is {a}; {b} supports it, and {c} can wait. "
        "Changes made: shorter sentences, one claim each, {d} moved to the end."
    ),
    ("editor", "pt"): (
        "Versão editada.\n\n{subject}.{numbers} O que importa é {a}; {b} dá apoio e {c} pode esperar. "
        "Mudanças: frases mais curtas, uma afirmação em cada, {d} movido para o fim."
    ),
    ("translator", "en"): (
        "Translation note for: {subject}.{numbers}\n\n"
        "Terms kept: {a}, {b}. Terms adapted for the reader: {c}, {d}. Tone: plain and direct."
    ),
    ("translator", "pt"): (
        "Nota de tradução para: {subject}.{numbers}\n\n"
        "Termos mantidos: {a}, {b}. Termos adaptados ao leitor: {c}, {d}. Tom: simples e direto."
    ),
    ("planner", "en"): (
        "Plan for: {subject}.{numbers}\n\n"
        "Week 1: agree on {a}.\nWeek 2: build the smallest version of {b}.\nWeek 3: try it with {c}.\n"
        "Week 4: decide on {d}.\n\nStop rule: if week 2 slips, cut {d}."
    ),
    ("planner", "pt"): (
        "Plano para: {subject}.{numbers}\n\n"
        "Semana 1: combinar {a}.\nSemana 2: construir a menor versão de {b}.\nSemana 3: testar com {c}.\n"
        "Semana 4: decidir sobre {d}.\n\nRegra de parada: se a semana 2 atrasar, cortar {d}."
    ),
    ("summarizer", "en"): (
        "In short: {subject}.{numbers} The text turns on {a} and {b}; {c} and {d} are details."
    ),
    ("summarizer", "pt"): (
        "Em resumo: {subject}.{numbers} O texto gira em torno de {a} e {b}; {c} e {d} são detalhes."
    ),
    ("fact_checker", "en"): (
        "Checked: {subject}.{numbers}\n\n- {a}: confirmed.\n- {b}: plausible, one source.\n- {c}: not found."
    ),
    ("fact_checker", "pt"): (
        "Verificado: {subject}.{numbers}\n\n- {a}: confirmado.\n- {b}: plausível, uma fonte.\n"
        "- {c}: não encontrado."
    ),
    ("classifier", "en"): "I read the message: {subject}.{numbers} It belongs to {category}: {reason}.",
    ("classifier", "pt"): "Li a mensagem: {subject}.{numbers} Ela pertence a {category}: {reason}.",
    ("assistant", "en"): (
        "About: {subject}.{numbers}\n\nThe main point is {a}. It depends on {b}, and {c} follows from both."
    ),
    ("assistant", "pt"): (
        "Sobre: {subject}.{numbers}\n\nO ponto principal é {a}. Ele depende de {b}, e {c} decorre dos dois."
    ),
}

_FUNCTION_WORDS = (
    "this that with from have what when where which there their about would could should please into than "
    "then them they your yours ours write make need want some more most very also just like been being does "
    "role result initial prompt step agent find give tell para como mais esse essa este esta isso isto pelo "
    "pela quando onde qual quais sobre entre voce nosso nossa seus suas favor quero preciso fazer tem sao "
    "foi ser resultado pedido papel passo skipped failed finished text block begin data category confidence "
    "compare comparar compara write escreva escrever explain explique explicar describe descreva analyze "
    "analise research pesquise list liste summarize resuma consigo aparece desde ontem hoje today yesterday "
    "reason json end researcher analyst writer classifier instructions simulated"
)

LEADS = tuple(lead for text in PHRASES.values() if (lead := text.partition("{subject}")[0].strip()))
"""What stands before the request in each answer."""

COMMON_WORDS = frozenset(words_of(" ".join((_FUNCTION_WORDS, *NUMBERS.values(), *PHRASES.values()))))
"""Words that say nothing about a request: function words, and all that the agents themselves say. Without
the latter each agent would write about the phrases of the one before it."""
