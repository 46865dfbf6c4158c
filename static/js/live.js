// Shows what running agents do, as it comes: their text and their tool calls.
// All of it is an agent's, so it is put into the page as text and as nothing else.
(function () {
  "use strict";
  const source = document.getElementById("live-source");
  if (!source || !window.EventSource) {
    return;
  }
  const words = source.dataset;
  const MAX_PARTS = 300;
  const MAX_CHARS = 50000;
  const HIDDEN_FOR_MS = 20000;
  const REFUSED_FOR_MS = 15000;
  const runs = new Map();
  let stream = null;
  let timer = null;
  let over = false;

  // What deceives is named, as teams/markdown/visible.py does in all that the server draws.
  const CODES = new RegExp(
    "(?:\\x1b\\[|\\x9b)[0-?]{0,64}[ -/]{0,8}[@-~]" +
      "|(?:\\x1b\\]|\\x9d)[^\\x07\\x1b\\x9c]{0,4096}(?:\\x07|\\x1b\\\\|\\x9c)" +
      "|\\x1b[ -/]{0,8}[0-~]",
    "gu"
  );
  const ENDS = /\r\n?|[\x0b\x0c\x85\u2028\u2029]/gu;
  const HIDDEN = new RegExp(
    "[\\x00-\\x08\\x0e-\\x1f\\x7f-\\x9f\\u00ad\\u034f\\u061c\\u115f\\u1160\\u17b4\\u17b5\\u180e\\u200b\\u200e\\u200f" +
      "\\u202a-\\u202e\\u2060-\\u206f\\u3164\\ufeff\\uffa0\\ufff9-\\ufffb\\ud800-\\udfff\\u{e0000}-\\u{e0fff}]",
    "gu"
  );

  function visible(text) {
    return String(text || "")
      .replace(CODES, "")
      .replace(ENDS, "\n")
      .replace(HIDDEN, function (one) {
        return "⟨U+" + one.codePointAt(0).toString(16).toUpperCase().padStart(4, "0") + "⟩";
      });
  }

  function make(tag, name, text) {
    const element = document.createElement(tag);
    if (name) {
      element.className = name;
    }
    if (text) {
      element.textContent = text;
    }
    return element;
  }

  // A run that the page has no place for yet is kept until the server renders one.
  function runOf(id) {
    if (!runs.has(id)) {
      const place = document.querySelector('[data-live-run="' + CSS.escape(id) + '"]');
      runs.set(id, { place: place || make("div"), parts: new Map(), notes: 0 });
    }
    return runs.get(id);
  }

  function clear(run) {
    run.place.replaceChildren(make("p", "quiet", words.empty));
    run.parts.clear();
    run.note = null;
  }

  function partOf(run, key, build) {
    if (!run.parts.has(key)) {
      const element = build();
      if (run.parts.size === 0) {
        run.place.replaceChildren();
      }
      run.parts.set(key, element);
      run.place.append(element);
      while (run.place.childElementCount > MAX_PARTS) {
        run.place.firstElementChild.remove();
      }
    }
    return run.parts.get(key);
  }

  function textOf(run, message) {
    return partOf(run, "text " + message, function () {
      return make("div", "text");
    });
  }

  function append(element, text) {
    element.append(document.createTextNode(visible(text)));
    if (element.textContent.length > MAX_CHARS) {
      element.textContent = element.textContent.slice(-MAX_CHARS / 2);
    }
  }

  function toolOf(run, call) {
    return partOf(run, "tool " + call, function () {
      const tool = make("details", "tool");
      const head = make("summary");
      head.append(make("code"), " ", make("span", "quiet", words.running));
      const given = make("pre");
      const found = make("pre");
      given.hidden = found.hidden = true;
      tool.append(head, given, found);
      return tool;
    });
  }

  function fill(element, text) {
    element.textContent = visible(text);
    element.hidden = !text;
  }

  function note(run, text) {
    run.notes += 1;
    partOf(run, "note " + run.notes, function () {
      return make("p", "quiet", text);
    });
  }

  const shows = {
    run: clear,
    begin: clear,
    text: function (run, data) {
      append(textOf(run, data.message), data.text);
    },
    message: function (run, data) {
      const element = textOf(run, data.message);
      if (!data.is_cut || !element.textContent) {
        element.textContent = visible(data.text);
      }
    },
    tool_started: function (run, data) {
      const tool = toolOf(run, data.call);
      tool.querySelector("code").textContent = visible(data.name);
      fill(tool.querySelectorAll("pre")[0], data.arguments);
    },
    tool_finished: function (run, data) {
      const tool = toolOf(run, data.call);
      tool.querySelector("code").textContent = visible(data.name);
      tool.querySelector("span").textContent = data.ok ? words.done : words.failed;
      if (data.output) {
        fill(tool.querySelectorAll("pre")[1], data.output);
      }
    },
    left_out: function (run) {
      note(run, words.leftOut);
    },
    unavailable: function (run) {
      if (!run.note || run.note !== run.place.lastElementChild) {
        run.note = make("p", "quiet", words.unavailable);
        run.place.append(run.note);
      }
    },
  };

  function show(event) {
    const data = JSON.parse(event.data);
    if (!Object.hasOwn(shows, data.kind)) {
      return;
    }
    const run = runOf(data.run);
    const place = run.place;
    const isAtEnd = place.scrollHeight - place.scrollTop - place.clientHeight < 40;
    shows[data.kind](run, data);
    if (isAtEnd) {
      place.scrollTop = place.scrollHeight;
    }
  }

  // The server renders the steps anew whenever one changes; what was shown of a run goes into the new place.
  function moveIn() {
    for (const place of document.querySelectorAll("[data-live-run]")) {
      const run = runs.get(place.dataset.liveRun);
      if (run && run.place !== place) {
        const top = run.top === undefined ? run.place.scrollTop : run.top;
        place.replaceChildren(...run.place.childNodes);
        run.place = place;
        place.scrollTop = top;
      }
    }
  }

  function keepPlaces() {
    for (const run of runs.values()) {
      const isAtEnd = run.place.scrollHeight - run.place.scrollTop - run.place.clientHeight < 40;
      run.top = isAtEnd ? Number.MAX_SAFE_INTEGER : run.place.scrollTop;
    }
  }

  function open() {
    if (stream || over) {
      return;
    }
    stream = new EventSource(words.address);
    stream.addEventListener("live", show);
    stream.addEventListener("over", function () {
      over = true;
      close();
    });
    stream.addEventListener("error", function () {
      // Refused: a browser asks again by itself only where the connection was lost.
      if (stream && stream.readyState === EventSource.CLOSED) {
        stream = null;
        timer = setTimeout(open, REFUSED_FOR_MS);
      }
    });
  }

  function close() {
    clearTimeout(timer);
    if (stream) {
      stream.close();
      stream = null;
    }
  }

  // A browser keeps few connections to one server: pages that nobody looks at must not hold them all.
  document.addEventListener("visibilitychange", function () {
    clearTimeout(timer);
    if (document.hidden) {
      timer = setTimeout(close, HIDDEN_FOR_MS);
    } else {
      open();
    }
  });
  document.body.addEventListener("htmx:beforeSwap", keepPlaces);
  document.body.addEventListener("htmx:afterSwap", moveIn);
  window.addEventListener("pagehide", close);
  open();
})();
