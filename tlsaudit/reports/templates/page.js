// Search, filter, sort and open the tables of the page. What was captured only ever becomes the
// text of a node, never markup. Without this script the page shows the first rows of each table.
"use strict";
(() => {
  const AT_ONCE = 50;
  const PRINTED = 1000;
  const listings = new Map();
  const words = JSON.parse(document.getElementById("capture-words").textContent);

  function element(name, attributes = {}, ...children) {
    const made = document.createElement(name);
    for (const [key, value] of Object.entries(attributes)) {
      if (key === "on") for (const [event, act] of Object.entries(value)) made.addEventListener(event, act);
      else if (value !== null && value !== undefined) made.setAttribute(key, value);
    }
    made.append(...children.filter((child) => child !== null));
    return made;
  }

  async function copy(text, button) {
    let done = true;
    try {
      await navigator.clipboard.writeText(text);
    } catch {
      // Some browsers keep the clipboard from pages that were opened from disk.
      const area = element("textarea", { class: "off-screen", "aria-hidden": "true" });
      area.value = text;
      document.body.append(area);
      area.select();
      done = document.execCommand("copy");
      area.remove();
      button.focus();
    }
    button.textContent = done ? "Copied" : "Not copied";
    setTimeout(() => { button.textContent = button.dataset.label; }, 1500);
  }

  function copyButton(text, label) {
    return element("button", {
      type: "button", class: "copy", "data-label": label,
      on: { click: (event) => copy(text(), event.currentTarget) },
    }, label);
  }

  class Listing {
    constructor(box) {
      this.box = box;
      const data = JSON.parse(box.querySelector("script").textContent);
      Object.assign(this, { name: data.name, columns: data.columns, more: data.more, opens: data.opens });
      const first = this.columns[0];
      this.length = (first.numbers || first.cells).length;
      this.table = box.querySelector("table");
      this.body = this.table.tBodies[0];
      this.reset();
      this.makeControls();
      this.makeHeads();
      this.update();
    }

    reset() {
      this.query = "";
      this.filters = new Map();
      this.sorted = null;
      this.descending = false;
      this.shown = AT_ONCE;
      this.open = new Set();
    }

    column(title) {
      return this.columns.find((column) => column.title === title);
    }

    // Which rows hold every word of the search, each in any column: asked of each text once.
    search(rows) {
      for (const word of this.query.toLowerCase().split(/\s+/).filter(Boolean)) {
        const has = (text) => text.toLowerCase().includes(word);
        const hits = this.columns.map((column) => ({
          cells: column.cells,
          main: column.cells && column.values.map(has),
          below: column.below,
          part: column.below && column.parts.map((part) => part.some((each) => has(Array.isArray(each) ? each[0] : each))),
          numbers: column.numbers,
        }));
        rows = rows.filter((row) => hits.some((hit) =>
          (hit.cells && hit.main[hit.cells[row]]) ||
          (hit.below && hit.part[hit.below[row]]) ||
          (hit.numbers && String(hit.numbers[row] ?? "") === word)));
      }
      return rows;
    }

    chosen() {
      let rows = Array.from({ length: this.length }, (_, row) => row);
      for (const [title, value] of this.filters) {
        const { values, cells } = this.column(title);
        const wanted = values.indexOf(value);
        rows = rows.filter((row) => cells[row] === wanted);
      }
      rows = this.search(rows);
      if (this.sorted !== null) {
        const column = this.column(this.sorted);
        const keys = column.numbers || column.cells;
        const sign = this.descending ? -1 : 1;
        // What has no number comes last either way.
        rows.sort((a, b) => (keys[a] === null) - (keys[b] === null) || sign * (keys[a] - keys[b]) || a - b);
      }
      return rows;
    }

    makeControls() {
      const search = element("input", {
        type: "search", id: `${this.name}-search`, autocomplete: "off", spellcheck: "false",
        on: { input: () => this.change(() => { this.query = search.value; }) },
      });
      this.searchField = search;
      this.selects = new Map();
      this.status = element("span", { role: "status", class: "soft small" });
      this.chips = element("span", { class: "chips" });
      const controls = element("div", { class: "controls" },
        element("label", { for: search.id }, "Search "), search);
      for (const column of this.columns) {
        if (!column.choices || column.values.length < 2 || column.values.length > 60) continue;
        const select = element("select", {
          on: { change: () => this.change(() => this.filter(column.title, select.value)) },
        }, element("option", { value: "" }, "all"));
        for (const value of column.values) {
          select.append(element("option", { value: `=${value}` }, value || "(none)"));
        }
        this.selects.set(column.title, select);
        controls.append(element("label", {}, `${column.title} `, select));
      }
      controls.append(this.chips, this.status);
      this.moreButton = element("button", {
        type: "button", class: "more",
        on: { click: () => { this.shown = Math.max(this.shown * 2, 200); this.update(); } },
      }, "Show more rows");
      this.box.prepend(controls);
      this.box.append(this.moreButton);
    }

    filter(title, choice) {
      if (choice === "") this.filters.delete(title);
      else this.filters.set(title, choice.slice(1));
    }

    makeHeads() {
      const heads = this.table.tHead.rows[0].cells;
      this.columns.forEach((column, place) => {
        const head = heads[place];
        const sort = () => this.change(() => {
          if (this.sorted === column.title) this.descending = !this.descending;
          else { this.sorted = column.title; this.descending = Boolean(column.numbers); }
        });
        head.replaceChildren(element("button", { type: "button", class: "sort", on: { click: sort } }, column.title));
      });
      if (this.canOpen()) {
        this.table.tHead.rows[0].prepend(element("th", { class: "opener", scope: "col" },
          element("span", { class: "off-screen" }, "Details")));
      }
    }

    canOpen() {
      return Boolean(this.more || this.opens);
    }

    // What a reader changes is kept in the address, so that it can be sent to someone.
    change(act) {
      act();
      this.shown = AT_ONCE;
      this.open.clear();
      this.update();
      history.replaceState(null, "", this.address());
    }

    address(row = null) {
      const state = new URLSearchParams();
      if (this.query) state.set("q", this.query);
      for (const [title, value] of this.filters) state.set(`is.${title}`, value);
      if (this.sorted !== null) state.set("sort", (this.descending ? "-" : "") + this.sorted);
      if (row !== null) state.set("row", row + 1);
      const text = state.toString();
      return `#${this.name}${text ? `?${text}` : ""}`;
    }

    restore(text) {
      this.reset();
      let row = null;
      for (const [key, value] of new URLSearchParams(text)) {
        if (key === "q") this.query = value;
        else if (key === "sort") {
          this.descending = value.startsWith("-");
          const title = this.descending ? value.slice(1) : value;
          this.sorted = this.column(title) ? title : null;
        } else if (key === "row" && Number(value) >= 1 && Number(value) <= this.length) {
          row = Number(value) - 1;
        } else if (key.startsWith("is.") && this.column(key.slice(3))?.values) {
          this.filters.set(key.slice(3), value);
        }
      }
      if (row !== null && this.canOpen()) this.open.add(row);
      if (row !== null) this.shown = Math.max(AT_ONCE, this.chosen().indexOf(row) + 1);
      this.update();
      const section = this.box.closest("section");
      const target = row === null ? section : this.body.querySelector(`[data-row="${row}"]`) || section;
      target.scrollIntoView({ block: "start" });
    }

    update() {
      const rows = this.chosen();
      this.body.replaceChildren(...rows.slice(0, this.shown).flatMap((row) => this.rowElements(row)));
      this.moreButton.hidden = rows.length <= this.shown;
      const all = this.length.toLocaleString("en-US");
      this.status.textContent = rows.length === this.length
        ? `${all} ${this.length === 1 ? "row" : "rows"}`
        : `${rows.length.toLocaleString("en-US")} of ${all} rows`;
      this.searchField.value = this.query;
      for (const [title, select] of this.selects) {
        select.value = this.filters.has(title) ? `=${this.filters.get(title)}` : "";
      }
      const chips = [...this.filters].filter(([title]) => !this.selects.has(title));
      this.chips.replaceChildren(...chips.map(([title, value]) => element("button", {
        type: "button", class: "chip", title: "Show all again",
        on: { click: () => this.change(() => this.filters.delete(title)) },
      }, `${title}: ${value} ×`)));
      const heads = [...this.table.tHead.rows[0].cells].slice(this.canOpen() ? 1 : 0);
      this.columns.forEach((column, place) => {
        if (this.sorted !== column.title) heads[place].removeAttribute("aria-sort");
        else heads[place].setAttribute("aria-sort", this.descending ? "descending" : "ascending");
      });
    }

    rowElements(row) {
      const made = element("tr", { "data-row": row });
      if (this.canOpen()) made.append(this.opener(row));
      for (const column of this.columns) made.append(cellElement(column, row));
      return this.open.has(row) ? [made, this.detailRow(row)] : [made];
    }

    opener(row) {
      const isOpen = this.open.has(row);
      const name = this.columns.slice(0, 4).map((column) => textOf(column, row)).join(", ");
      const toggle = () => {
        if (isOpen) this.open.delete(row); else this.open.add(row);
        this.update();
        this.body.querySelector(`[data-row="${row}"] button`).focus();
      };
      return element("td", { class: "opener" }, element("button", {
        type: "button", "aria-expanded": String(isOpen), "aria-label": `Details of ${name}`,
        on: { click: toggle },
      }, isOpen ? "▾" : "▸"));
    }

    detailRow(row) {
      const cell = element("td", { class: "details", colspan: this.columns.length + 1 });
      if (this.more) cell.append(...evidence(this.more, row));
      if (this.opens) cell.append(related(this, row));
      cell.append(element("p", {}, copyButton(
        () => location.href.split("#")[0] + this.address(row), "Copy the link to this row")));
      return element("tr", { class: "detail-row" }, cell);
    }
  }

  function textOf(column, row) {
    if (column.numbers) {
      const number = column.numbers[row];
      return number === null ? "" : number.toLocaleString("en-US");
    }
    return column.values[column.cells[row]];
  }

  function cellElement(column, row) {
    const text = textOf(column, row);
    const cell = element("td", { class: column.classes || null, "data-label": column.title });
    if (text === "" && !column.below) return cell;
    const link = column.links && column.links[column.cells[row]];
    if (column.classes.includes("badges")) cell.append(element("span", { class: `badge ${text}` }, text));
    else if (link) cell.append(element("div", {}, element("a", { href: `#${link}` }, text)));
    else cell.append(element("div", {}, text));
    for (const part of column.below ? column.parts[column.below[row]] : []) {
      cell.append(element("div", { class: "soft small" },
        Array.isArray(part) ? element("a", { href: `#${part[1]}` }, part[0]) : part));
    }
    return cell;
  }

  // The frames that show it, the command that shows the frames, and the hellos side by side.
  function evidence(more, row) {
    const capture = more.capture[row];
    const frames = more.frames[row];
    const hellos = more.hellos ? more.hellos[row] : null;
    const parts = [];
    if (frames.length) {
      parts.push(element("p", {}, `${capture}: ${frames.length === 1 ? "frame" : "frames"} ${frames.join(", ")}`));
      const word = words[capture];
      if (word) {
        const line = commands(word, frames);
        parts.push(element("div", { class: "copied" },
          element("code", { class: "command" }, line), copyButton(() => line, "Copy")));
      }
    }
    if (hellos) {
      parts.push(element("div", { class: "hellos" },
        side("Offered: ClientHello", hellos.frames[0], hellos.offer, "no ClientHello was captured"),
        side("Chosen: ServerHello", hellos.frames[1], hellos.choice, "no ServerHello was captured")));
    }
    return parts;
  }

  // The command that shows frames: one for each file, where the capture lies in several; behind one
  // that converts it, where tshark can't read it.
  function commands(word, frames) {
    if (word.before) return word.before + commands(word.file, frames);
    const files = new Map();
    for (const frame of frames) {
      const [before, file] = typeof word === "string" ? [0, word] : word.findLast((each) => each[0] < frame);
      files.set(file, [...(files.get(file) || []), frame - before]);
    }
    return [...files].map(([file, numbers]) => {
      const condition = numbers.map((number) => `frame.number == ${number}`).join(" || ");
      return `tshark -2 -r ${file} -Y "${condition}"`;
    }).join(" && ");
  }

  function side(title, frame, pairs, nothing) {
    const head = element("h3", {}, frame === null ? title : `${title}, frame ${frame}`);
    if (!pairs.length) return element("div", {}, head, element("p", { class: "soft" }, nothing));
    const list = element("dl", {});
    for (const [name, value] of pairs) list.append(element("dt", {}, name), element("dd", {}, value));
    return element("div", {}, head, list);
  }

  // The rows of another table that are about the same client or service.
  function related(listing, row) {
    const [name, title] = listing.opens;
    const other = listings.get(name);
    const value = textOf(listing.column(listing.columns[0].title), row);
    const column = other && other.column(title);
    const wanted = column && column.values ? column.values.indexOf(value) : -1;
    const rows = [];
    if (wanted >= 0) column.cells.forEach((cell, place) => { if (cell === wanted) rows.push(place); });
    if (!rows.length) {
      // Of a very long table the page holds the beginning.
      const isReady = textOf(listing.column("Worst verdict"), row) === "ready";
      return element("p", {}, isReady
        ? "Everything that was seen of it keeps working."
        : `What was seen of it is in ${name}.csv.`);
    }
    const items = rows.slice(0, 20).map((place) => element("li", {},
      element("a", { href: other.address(place).replace(/\?.*/, "") + `?row=${place + 1}` },
        `${textOf(other.columns[0], place)}: ${textOf(other.column("Client"), place)} at ${textOf(other.column("Service"), place)}`),
      element("div", { class: "soft small" }, textOf(other.column("Why"), place))));
    if (rows.length > items.length) items.push(element("li", {}, `and ${rows.length - items.length} more`));
    return element("ul", { class: "related" }, ...items);
  }

  function follow(hash) {
    const [name, state] = decodeFirst(hash);
    if (listings.has(name) && state !== null) listings.get(name).restore(state);
  }

  function decodeFirst(hash) {
    const mark = hash.indexOf("?");
    return mark < 0 ? [hash.slice(1), null] : [hash.slice(1, mark), hash.slice(mark + 1)];
  }

  for (const box of document.querySelectorAll("[data-listing]")) {
    const listing = new Listing(box);
    listings.set(listing.name, listing);
  }
  for (const link of document.querySelectorAll("a[data-state]")) {
    link.setAttribute("href", `${link.getAttribute("href")}?${link.dataset.state}`);
  }
  for (const block of document.querySelectorAll(".remedy .command")) {
    block.after(copyButton(() => block.textContent.trim() + "\n", "Copy"));
  }
  // A link into a folded part unfolds it.
  function unfold() {
    const target = document.getElementById(decodeFirst(location.hash)[0]);
    for (const part of target ? target.querySelectorAll("details") : []) part.open = true;
  }
  window.addEventListener("hashchange", () => { follow(location.hash); unfold(); });
  window.addEventListener("beforeprint", () => {
    for (const listing of listings.values()) {
      listing.before = listing.shown;
      listing.shown = PRINTED;
      listing.update();
    }
  });
  window.addEventListener("afterprint", () => {
    for (const listing of listings.values()) {
      listing.shown = listing.before;
      listing.update();
    }
  });
  document.documentElement.classList.add("scripted");
  follow(location.hash);
})();
