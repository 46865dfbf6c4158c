// The JSON editor: any <textarea data-editor> becomes one. The textarea stays the form's field.
//
// data-check-url: where the text is sent as `definition` to be judged; data-check-team: the team it is for.
// data-check-failed: what to say where the judge cannot be reached. data-words: space-separated names to
// complete inside quotation marks, such as step ids and agent ids.
import { autocompletion } from "@codemirror/autocomplete";
import { json } from "@codemirror/lang-json";
import { HighlightStyle, syntaxHighlighting, syntaxTree } from "@codemirror/language";
import { forceLinting, linter, lintGutter } from "@codemirror/lint";
import { tags } from "@lezer/highlight";
import { EditorView, basicSetup } from "codemirror";

const MEMBERS =
  "agents agent_id id role instructions input conditions depends_on join model_name services timeout retry " +
  "on_error on_question output schema title type limits max_parallel deadline version name description source " +
  "sources step field operator value any all else";
const CHECK_DELAY_MS = 600;

const colours = HighlightStyle.define([
  { tag: tags.propertyName, color: "var(--pico-primary)" },
  { tag: tags.string, color: "var(--pico-ins-color)" },
  { tag: [tags.number, tags.bool, tags.null], color: "var(--pico-del-color)" },
]);

const look = EditorView.theme({
  "&": { color: "var(--pico-color)", backgroundColor: "var(--pico-form-element-background-color)" },
  ".cm-scroller": { fontFamily: "var(--pico-font-family-monospace)", minHeight: "18rem", maxHeight: "70vh" },
  ".cm-content": { caretColor: "var(--pico-color)" },
  ".cm-cursor": { borderLeftColor: "var(--pico-color)" },
  ".cm-gutters": { backgroundColor: "transparent", color: "var(--pico-color)", border: "none" },
  ".cm-activeLine, .cm-activeLineGutter": { backgroundColor: "color-mix(in srgb, var(--pico-primary) 8%, transparent)" },
  "&.cm-focused .cm-selectionBackground, .cm-selectionBackground": {
    background: "color-mix(in srgb, var(--pico-primary) 30%, transparent) !important",
  },
  ".cm-tooltip, .cm-panels": { backgroundColor: "var(--pico-card-background-color)", color: "var(--pico-color)" },
});

// What the judge said last of the agents there are, by field.
const agents = new Map();

function judge(field) {
  return async (view) => {
    const token = field.form && field.form.querySelector('input[name="csrfmiddlewaretoken"]');
    const text = view.state.doc.toString();
    const body = new URLSearchParams({ definition: text, team: field.dataset.checkTeam || "" });
    const failed = [{ from: 0, to: 0, severity: "info", message: field.dataset.checkFailed || "" }];
    try {
      const headers = { "X-CSRFToken": token ? token.value : "", Accept: "application/json" };
      const answer = await fetch(field.dataset.checkUrl, { method: "POST", body, headers });
      if (!answer.ok) return failed[0].message ? failed : [];
      const said = await answer.json();
      agents.set(field, said.agents || []);
      const mark = (severity) => (one) => ({
        from: Math.min(one.from, text.length),
        to: Math.min(Math.max(one.to, one.from), text.length),
        severity,
        message: one.message,
      });
      return [...said.problems.map(mark("error")), ...said.warnings.map(mark("warning"))];
    } catch {
      return failed[0].message ? failed : [];
    }
  };
}

function completions(field) {
  return (context) => {
    const node = syntaxTree(context.state).resolveInner(context.pos, -1);
    if (node.name !== "PropertyName" && node.name !== "String") return null;
    const known = node.name === "PropertyName" ? MEMBERS.split(" ") : (field.dataset.words || "").split(" ");
    const ids = [...context.state.doc.toString().matchAll(/"id"\s*:\s*"([^"\\]{1,128})"/g)].map((found) => found[1]);
    const options = node.name === "PropertyName" ? known : [...known, ...ids];
    const listed = node.name === "PropertyName" ? [] : agents.get(field) || [];
    return {
      from: node.from + 1,
      options: [
        ...listed.map((agent) => ({ label: agent.id, detail: agent.name })),
        ...[...new Set(options)].filter(Boolean).map((label) => ({ label })),
      ],
      validFor: /^[\w.:-]*$/,
    };
  };
}

export function enhance(field) {
  const place = document.createElement("div");
  place.className = "json-editor";
  const label = document.querySelector(`label[for="${CSS.escape(field.id)}"]`);
  const nonce = document.querySelector("script[nonce]");
  const extensions = [
    basicSetup,
    json(),
    look,
    syntaxHighlighting(colours),
    EditorView.lineWrapping,
    // The index is said although what can be edited can be reached anyway: checkers ask for it.
    EditorView.contentAttributes.of({
      "aria-label": label ? label.textContent.trim() : field.name,
      tabindex: "0",
    }),
    autocompletion({ override: [completions(field)] }),
    EditorView.updateListener.of((update) => {
      if (!update.docChanged) return;
      field.value = update.state.doc.toString();
      field.dispatchEvent(new Event("input", { bubbles: true }));
    }),
  ];
  if (nonce) extensions.push(EditorView.cspNonce.of(nonce.nonce));
  if (field.dataset.checkUrl) extensions.push(lintGutter(), linter(judge(field), { delay: CHECK_DELAY_MS }));
  const view = new EditorView({ doc: field.value, extensions });
  place.append(view.dom);
  field.after(place);
  field.hidden = true;
  // A field that nobody sees must not keep the form from being sent.
  field.required = false;
  for (const link of document.querySelectorAll(`a[href="#${CSS.escape(field.id)}"]`)) {
    link.addEventListener("click", (event) => {
      event.preventDefault();
      view.focus();
      view.dom.scrollIntoView({ block: "nearest" });
    });
  }
  if (field.hasAttribute("autofocus")) view.focus();
  if (field.dataset.checkUrl) forceLinting(view);
  return view;
}

for (const field of document.querySelectorAll("textarea[data-editor]")) enhance(field);
