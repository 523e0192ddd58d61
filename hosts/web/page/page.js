"use strict";
// The page around the WebAssembly module: shows the module's state and passes clicks to it.
(async () => {
  const octets = Uint8Array.from(atob("/*{{module}}*/"), (c) => c.charCodeAt(0));
  const core = (await WebAssembly.instantiate(octets)).instance.exports;
  const $ = (id) => document.getElementById(id);
  const decoder = new TextDecoder();
  const json = (length) =>
    JSON.parse(decoder.decode(new Uint8Array(core.memory.buffer, core.buffer(), length)));

  const NAMES = ["receiver", "A", "B"];
  const HISTORY_MAX = 400;
  let timer = null, chosen = null, octet = [[], []], part = ["", ""], ruled = "";

  // One sentence about what is going on, and the section of docs/protocol.md that says it.
  const RULES = {
    "": "Nothing has been sent.",
    mark: "Eight ones begin a transmission: no classic text begins so. (Section 3)",
    flag: "A flag, 01111110, stands before and after each frame. (Section 4)",
    "inserted zero": "After five ones inside a frame a zero is inserted, so that content never looks like a flag. (Section 4)",
    address: "Every frame begins with the address FF. (Section 4)",
    control: "The control octet numbers the frame and says whether it is the first or the last. (Section 4)",
    octets: "Each frame says how many octets of the message it carries: a frame that is cut short never checks. (Section 4)",
    version: "The first frame names the version of the protocol. (Section 4)",
    "message number": "A random number tells this message from all others. (Section 4)",
    length: "The first frame says how long the message is. (Section 4)",
    payload: "Octets of the message, least significant bit first. (Section 4)",
    check: "The last frame carries a check over the whole message. (Section 4)",
    FCS: "The frame check sequence: a damaged frame is not accepted. (Section 4)",
    verdict: "The acknowledgments of this flag are the verdict: all SIGUSR2 means accepted; if they go on alternating, the frame is sent again. (Section 6)",
    reason: "The acknowledgments of sixteen zeros spell why the message is refused. (Section 6)",
    unknown: "The two ends are out of step. The sender waits until the line is quiet and repeats the frame. (Section 7)",
    parity: "Each acknowledgment differs from the one before it, so a lost or doubled signal shows at once. (Section 5)",
    timeout: "No acknowledgment came in time: the bit is sent again. (Section 7)",
    "classic timeout": "No acknowledgment came. Classic cannot tell a lost bit from a lost acknowledgment, so a resend may damage the text. (Section 2)",
    classic: "Eight bits make a byte. Nothing says which bit is which: one lost or doubled, and all that follows is shifted. (Section 2)",
    paced: "Nothing is acknowledged: a lost signal is noticed by nobody. (Section 2)",
    merged: "The same signal was pending already. Signals do not queue: the second is dropped. (Section 1)",
  };

  const signal = (symbol) => (symbol.bit ? "SIGUSR2" : "SIGUSR1");
  const item = (list, text, name) => {
    const line = document.createElement("li");
    line.textContent = text;
    if (name) line.className = name;
    list.append(line);
    while (list.children.length > HISTORY_MAX) list.firstChild.remove();
    list.scrollTop = list.scrollHeight;
  };
  const hex = (value) => value.toString(16).toUpperCase().padStart(2, "0");
  const shown = (value) => (value > 0x20 && value < 0x7f ? ` '${String.fromCharCode(value)}'` : "");

  // What a bit of a classic sender means: the byte that it completes, if any.
  const classicMeaning = (symbol) => {
    const bits = octet[symbol.from - 1];
    bits.push(symbol.bit);
    if (bits.length < 8) return "";
    const value = parseInt(bits.splice(0).join(""), 2);
    return value ? ` = ${hex(value)}${shown(value)}` : " = 00, the end";
  };

  const tell = (entry) => {
    const history = $("history");
    if (entry.what === "sent") {
      const { from, to, bit } = entry.symbol;
      if (from === 0) {
        item(history, `            ← ${NAMES[to]}  ${signal(entry.symbol)}`, "ack");
        return;
      }
      let meaning = entry.part ? ` ${entry.part}` : classicMeaning(entry.symbol);
      if (entry.octet !== undefined) meaning += ` = ${hex(entry.octet)}${entry.part === "payload" ? shown(entry.octet) : ""}`;
      item(history, `${NAMES[from]} → ${bit}  ${signal(entry.symbol)} ${meaning}`, bit ? "one" : "zero");
      part[from - 1] = entry.part || "";
      ruled = entry.part || ($("mode").value === "2" ? "paced" : "classic");
    } else if (entry.what === "merged") {
      item(history, `${signal(entry.symbol)} for the ${NAMES[entry.symbol.to]} was pending already: dropped`, "fault");
      ruled = "merged";
    } else if (entry.what === "timeout") {
      item(history, `timeout of ${NAMES[entry.process]}`, "timeout");
      ruled = $("mode").value === "0" ? "timeout" : "classic timeout";
    } else if (["lost", "doubled", "delayed"].includes(entry.what)) {
      item(history, `a signal was ${entry.what}`, "fault");
    } else if (entry.what === "ended") {
      item(history, `the receiver has written the message of ${NAMES[entry.from]}`, "ack");
    }
  };

  const showWritten = (written) => {
    const output = $("written");
    output.replaceChildren();
    for (let at = 0; at < written.length;) {
      const from = written[at][0];
      let to = at;
      while (to < written.length && written[to][0] === from) to += 1;
      const run = document.createElement("span");
      run.className = from === 2 ? "b" : "a";
      run.textContent = decoder.decode(Uint8Array.from(written.slice(at, to), (pair) => pair[1]));
      output.append(run);
      at = to;
    }
  };

  const showFlight = (flight) => {
    const list = $("flight");
    const focused = document.activeElement?.dataset?.symbol;
    list.replaceChildren();
    for (const symbol of flight) {
      const button = document.createElement("button");
      button.type = "button";
      button.dataset.symbol = symbol.id;
      button.className = (symbol.bit ? "one" : "zero") + (symbol.delayed ? " delayed" : "");
      button.textContent = `${NAMES[symbol.from]} → ${NAMES[symbol.to]}: ${signal(symbol)}`;
      button.setAttribute("aria-pressed", String(symbol.id === chosen));
      button.addEventListener("click", () => { chosen = symbol.id; show(); });
      const line = document.createElement("li");
      line.append(button);
      list.append(line);
      if (String(symbol.id) === focused) button.focus();
    }
    $("flight-empty").hidden = flight.length > 0;
    if (!flight.some((symbol) => symbol.id === chosen)) chosen = null;
    for (const button of $("faults").querySelectorAll("button")) button.disabled = chosen === null;
    $("chosen").hidden = chosen !== null;
  };

  const OUTCOMES = {
    sending: "on its way", delivered: "confirmed: the receiver has written all of it",
    sent: "sent; nothing confirms it", failed: "failed: the sender knows that it is damaged",
  };

  const count = (number, noun) => `${number} ${noun}${number === 1 ? "" : "s"}`;

  // What a sender is doing, and how many frames it had to repeat.
  const doing = (sender, index, flight) => {
    if (!sender) return "has nothing to send";
    if (sender.outcome !== "sending") return "has ended";
    const isQuiet = !flight.some(({ from, to }) => from === index + 1 || to === index + 1);
    const states = [isQuiet ? "waits for the line" : part[index] ? `sends: ${part[index]}` : "sends a byte"];
    states.push(`${count(sender.bytes, "byte")} confirmed`);
    if (sender.repeated) states.push(`${count(sender.repeated, "frame")} repeated`);
    return states.join(", ");
  };

  // What the receiver is doing with the bits of a sender.
  const receiving = (sender, index) => {
    if (!sender || sender.receiver === "not known yet") return "not known yet";
    if (sender.receiver !== "framed") return `${sender.receiver}: collects eight bits`;
    const state = { verdict: "spells the verdict", reason: "spells the reason", mark: "waits for a flag" };
    return `framed: ${state[part[index]] || "reads a frame"}`;
  };

  const show = () => {
    for (const entry of json(core.occurrences())) tell(entry);
    const state = json(core.state());
    $("clock").textContent = `${state.micros.toLocaleString("en")} µs`;
    state.senders.forEach((sender, index) => {
      const field = (name) => document.querySelector(`#sender-${index + 1} [data-show=${name}]`);
      field("phase").textContent = doing(sender, index, state.flight);
      field("outcome").textContent = sender ? OUTCOMES[sender.outcome] : "none";
      field("symbols").textContent = sender ? sender.symbols : 0;
      $(`protocol-${index + 1}`).textContent = receiving(sender, index);
    });
    showFlight(state.flight);
    showWritten(state.written);
    if ($("rule").textContent !== RULES[ruled]) $("rule").textContent = RULES[ruled];
  };

  const step = () => {
    const more = core.step();
    show();
    if (!more) pause();
    return more;
  };
  const pause = () => {
    clearInterval(timer);
    timer = null;
    $("run").setAttribute("aria-pressed", "false");
    $("run").textContent = "Run";
  };
  const run = () => {
    pause();
    timer = setInterval(step, Number($("speed").value));
    $("run").setAttribute("aria-pressed", "true");
    $("run").textContent = "Pause";
  };
  const reset = () => {
    pause();
    core.reset(Number($("mode").value));
    $("history").replaceChildren();
    [chosen, ruled, octet, part] = [null, "", [[], []], ["", ""]];
    show();
  };

  for (const form of document.querySelectorAll("form[data-sender]")) {
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      const sender = Number(form.dataset.sender);
      const text = new TextEncoder().encode(form.elements.text.value);
      if (text.length > core.text_capacity()) return;
      new Uint8Array(core.memory.buffer, core.text(sender), text.length).set(text);
      octet[sender] = [];
      core.send(sender, text.length);
      show();
    });
  }
  $("controls").addEventListener("submit", (event) => event.preventDefault());
  $("step").addEventListener("click", step);
  $("run").addEventListener("click", () => (timer ? pause() : run()));
  $("reset").addEventListener("click", reset);
  $("mode").addEventListener("change", reset);
  $("speed").addEventListener("change", () => timer && run());
  $("second").addEventListener("change", (event) => {
    $("sender-2").hidden = !event.target.checked;
    for (const part of document.querySelectorAll("dt.b, dd.b")) part.hidden = !event.target.checked;
  });
  $("faults").addEventListener("click", (event) => {
    const fault = event.target.dataset?.fault;
    if (fault === undefined || chosen === null) return;
    core.disturb(chosen, Number(fault));
    chosen = null;
    show();
  });
  reset();
  document.documentElement.dataset.ready = "true";
})();
