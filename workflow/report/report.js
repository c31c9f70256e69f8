"use strict";
// Draws every map of the page from packed data; needs nothing but the page itself.
(() => {
  const data = JSON.parse(document.getElementById("data").textContent);
  const byId = (id) => document.getElementById(id);
  const nlat = data.lat.length, nlon = data.lon.length;
  const root = document.documentElement;

  // --- Unpacking -----------------------------------------------------------------------------
  const inflate = async (text) => {
    const bytes = Uint8Array.from(atob(text), (c) => c.charCodeAt(0));
    const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("deflate"));
    return new Uint8Array(await new Response(stream).arrayBuffer());
  };
  const fields = new Map();
  const once = (cache, key, make) => {
    if (!cache.has(key)) cache.set(key, make());
    return cache.get(key);
  };
  // A map as Float32Array (lat, lon), NaN where there is no value; null if the page lacks it.
  const field = (key) => once(fields, key, async () => {
    const packed = data.maps[key];
    if (!packed) return null;
    const raw = await inflate(packed.data), size = nlat * nlon, values = new Float32Array(size);
    for (let row = 0, i = 0; row < nlat; row++) {
      for (let column = 0, sum = 0; column < nlon; column++, i++) {
        sum = (sum + (raw[i] | raw[size + i] << 8)) & 0xffff;
        const whole = sum << 16 >> 16;
        values[i] = whole === -32768 ? NaN : whole * packed.step;
      }
    }
    return values;
  });
  const bits = (raw, i) => raw[i >> 3] >> (i & 7) & 1;
  const significances = new Map();
  const significance = (key) => once(significances, key, async () =>
    data.significance[key] ? inflate(data.significance[key]) : null);
  const ground = (async () => {
    const points = new Int16Array((await inflate(data.land.points)).buffer);
    return { points, lengths: data.land.lengths, land: await inflate(data.land.land) };
  })();

  // --- Colour --------------------------------------------------------------------------------
  const isDark = () => root.dataset.theme === "dark";
  const css = (name) => getComputedStyle(root).getPropertyValue(name).trim();
  const channels = (hex) => [1, 3, 5].map((i) => parseInt(hex.slice(i, i + 2), 16));
  const blend = (anchors, count) => Array.from({ length: count }, (_, i) => {
    const at = count > 1 ? i * (anchors.length - 1) / (count - 1) : 0;
    const low = Math.min(Math.floor(at), anchors.length - 2), share = at - low;
    const [a, b] = [channels(anchors[low]), channels(anchors[low + 1])];
    return a.map((v, k) => Math.round(255 * ((v / 255) ** 2.2 * (1 - share)
      + (b[k] / 255) ** 2.2 * share) ** (1 / 2.2)));
  });
  const niceStep = (step) => {
    if (!(step > 0)) return 1;
    const power = 10 ** Math.floor(Math.log10(step));
    return [1, 2, 2.5, 5, 10].find((n) => n * power >= step * (1 - 1e-9)) * power;
  };
  // levels ascend; colours has one more; `clear` is the colour that shows the ground.
  const sequential = (top, feature) => {
    const step = niceStep(top / 9), count = Math.max(2, Math.ceil(top / step - 1e-9));
    return { levels: Array.from({ length: count }, (_, i) => step * (i + 1)), clear: 0, start: 0,
      colours: blend(data.features[feature][isDark() ? "dark" : "light"], count + 1) };
  };
  const diverging = (top) => {
    const step = niceStep(top / 5), count = Math.max(2, Math.ceil(top / step - 1e-9));
    const half = Array.from({ length: count }, (_, i) => step * (i + 1));
    return { levels: [...half.map((v) => -v).reverse(), ...half], clear: count, start: null,
      colours: blend(data.diverging[isDark() ? "dark" : "light"], 2 * count + 1) };
  };
  // One scale for all experiments that show the same thing.
  const sharedTop = (variable, feature, period) => Math.max(0, ...data.experiments.map(
    (e) => data.maps[[e.name, variable, feature, period].join("|")]?.top ?? 0));
  const largest = (values) => {
    const sizes = Float32Array.from(values, Math.abs).filter((v) => v === v).sort();
    return sizes.length ? sizes[Math.floor(0.999 * (sizes.length - 1))] : 0;
  };
  const drawLegend = (element, scale, units) => {
    const shown = scale.start === null ? scale.levels : [scale.start, ...scale.levels];
    const cells = scale.colours.map((c, i) => `<i style="background:${i === scale.clear ? css("--sea") : `rgb(${c})`}"></i>`);
    const offset = scale.start === null ? 1 : 0, n = cells.length;
    // As many ticks as there is room for; a symmetric scale stays symmetric.
    const room = Math.max(3, (element.clientWidth || 300) / 38), every = Math.ceil(shown.length / room);
    const isDiverging = scale.start === null;
    const position = (i) => !isDiverging ? i : 1 + (i < scale.clear ? scale.clear - 1 - i : i - scale.clear);
    const ticks = shown.map((v, i) => position(i) % every ? "" :
      `<span style="left:${100 * (i + offset) / n}%">${format(v)}</span>`);
    element.innerHTML = `<div class="bar">${cells.join("")}</div><div class="ticks">${ticks.join("")}</div>`
      + `<span class="units">${units}</span>`;
  };
  const format = (v) => {
    if (!Number.isFinite(v)) return "–";
    const text = v === 0 ? "0" : Math.abs(v) >= 100 ? v.toFixed(0) : String(+v.toPrecision(3));
    return text.replace("-", "−");
  };

  // --- Equal Earth (Šavrič, Patterson and Jenny 2018) -------------------------------------------
  const A = [1.340264, -0.081106, 0.000893, 0.003796], CENTRE = 205;
  const height = (t) => t * (A[0] + A[1] * t ** 2 + t ** 6 * (A[2] + A[3] * t ** 2));
  const slope = (t) => A[0] + 3 * A[1] * t ** 2 + t ** 6 * (7 * A[2] + 9 * A[3] * t ** 2);
  const RAD = Math.PI / 180, S3 = Math.sqrt(3);
  const XMAX = 2 * Math.PI / (S3 * A[0]), YMAX = height(Math.asin(S3 / 2));
  const halfWidth = (t) => 2 * Math.PI * Math.cos(t) / (S3 * slope(t));
  const theta = (y) => { let t = y; for (let i = 0; i < 8; i++) t -= (height(t) - y) / slope(t); return t; };
  const MARGIN = 2;
  const frame = (w, h) => ({ w, h, cx: w / 2, cy: h / 2,
    s: Math.min((w / 2 - MARGIN) / XMAX, (h / 2 - MARGIN) / YMAX) });
  const forward = (lon, lat, f) => {
    const t = Math.asin(S3 / 2 * Math.sin(lat * RAD));
    const away = ((lon - CENTRE + 540) % 360 + 360) % 360 - 180;
    return [f.cx + f.s * halfWidth(t) * away / 180, f.cy - f.s * height(t), away];
  };
  const inverse = (px, py, f) => {
    const y = (f.cy - py) / f.s;
    if (Math.abs(y) > YMAX) return null;
    const t = theta(y), away = (px - f.cx) / f.s / halfWidth(t) * 180;
    if (Math.abs(away) > 180) return null;
    return [(CENTRE + away + 540) % 360 - 180, Math.asin(2 / S3 * Math.sin(t)) / RAD];
  };
  const rowAt = (lat) => {
    if (lat <= data.lat[0]) return 0;
    if (lat >= data.lat[nlat - 1]) return nlat - 1;
    let low = 0, high = nlat - 1;
    while (high - low > 1) { const mid = low + high >> 1; data.lat[mid] <= lat ? low = mid : high = mid; }
    return low + (lat - data.lat[low]) / (data.lat[high] - data.lat[low]);
  };
  const columnAt = (lon) => ((lon - data.lon[0]) % 360 + 360) % 360 * nlon / 360;
  const valueAt = (values, lon, lat) => {
    const row = rowAt(lat), column = columnAt(lon);
    const r0 = Math.floor(row), r1 = Math.min(r0 + 1, nlat - 1), fr = row - r0;
    const c0 = Math.floor(column) % nlon, c1 = (c0 + 1) % nlon, fc = column - Math.floor(column);
    return (values[r0 * nlon + c0] * (1 - fc) + values[r0 * nlon + c1] * fc) * (1 - fr)
      + (values[r1 * nlon + c0] * (1 - fc) + values[r1 * nlon + c1] * fc) * fr;
  };

  // --- Drawing -------------------------------------------------------------------------------
  const rgba = ([r, g, b]) => (255 << 24 | b << 16 | g << 8 | r) >>> 0;
  // Paint a field over land and sea into an offscreen canvas of w × h device pixels.
  const paint = (values, scale, w, h, land, doubtful) => {
    const f = frame(w, h), image = new ImageData(w, h), pixels = new Uint32Array(image.data.buffer);
    const [landColour, seaColour] = ["--land", "--sea"].map((name) => rgba(channels(css(name))));
    const dot = rgba(channels(css("--coast")));
    const colours = scale ? scale.colours.map(rgba) : [], levels = scale ? scale.levels : [];
    const [lrows, lcolumns] = data.land.shape;
    const dotSize = Math.max(1, Math.round(w / 330)), spacing = 4 * dotSize;
    for (let py = 0; py < h; py++) {
      const y = (f.cy - py - .5) / f.s;
      if (Math.abs(y) > YMAX) continue;
      const t = theta(y), half = halfWidth(t) * f.s, lat = Math.asin(2 / S3 * Math.sin(t)) / RAD;
      const row = rowAt(lat), r0 = Math.floor(row), r1 = Math.min(r0 + 1, nlat - 1), fr = row - r0;
      const lrow = Math.min(lrows - 1, Math.floor((lat + 90) / 180 * lrows)) * lcolumns;
      const first = Math.max(0, Math.floor(f.cx - half)), last = Math.min(w, Math.ceil(f.cx + half));
      for (let px = first; px < last; px++) {
        const lon = CENTRE + (px + .5 - f.cx) / half * 180;
        const lcolumn = Math.floor(((lon + 180) % 360 + 360) % 360 / 360 * lcolumns) % lcolumns;
        let colour = bits(land, lrow + lcolumn) ? landColour : seaColour;
        if (values) {
          const column = columnAt(lon), c0 = Math.floor(column) % nlon, c1 = (c0 + 1) % nlon;
          const fc = column - Math.floor(column);
          const a = r0 * nlon, b = r1 * nlon;
          const v = (values[a + c0] * (1 - fc) + values[a + c1] * fc) * (1 - fr)
            + (values[b + c0] * (1 - fc) + values[b + c1] * fc) * fr;
          if (v === v) {
            let k = 0;
            while (k < levels.length && v >= levels[k]) k++;
            if (k !== scale.clear) {
              colour = colours[k];
              if (doubtful && px % spacing < dotSize && py % spacing < dotSize) {
                const cell = Math.round(row) * nlon + Math.round(column) % nlon;
                if (!bits(doubtful, cell)) colour = dot;
              }
            }
          }
        }
        pixels[py * w + px] = colour;
      }
    }
    const canvas = document.createElement("canvas");
    canvas.width = w; canvas.height = h;
    canvas.getContext("2d").putImageData(image, 0, 0);
    return canvas;
  };
  const outlines = new Map();
  const outline = (w, h) => once(outlines, `${w}x${h}`, () => {
    const f = frame(w, h), path = new Path2D();
    for (let lat = -90; lat <= 90; lat += 2) path.lineTo(forward(CENTRE + 179.9999, lat, f)[0], forward(0, lat, f)[1]);
    for (let lat = 90; lat >= -90; lat -= 2) path.lineTo(forward(CENTRE - 179.9999, lat, f)[0], forward(0, lat, f)[1]);
    path.closePath();
    return path;
  });
  const coasts = new Map();
  const coast = (w, h, ground) => once(coasts, `${w}x${h}`, () => {
    const f = frame(w, h), path = new Path2D();
    let i = 0;
    for (const length of ground.lengths) {
      let before = null;
      for (let k = 0; k < length; k++, i++) {
        const [x, y, away] = forward(ground.points[2 * i] / 100, ground.points[2 * i + 1] / 100, f);
        if (before === null || Math.abs(away - before) > 180) path.moveTo(x, y); else path.lineTo(x, y);
        before = away;
      }
    }
    return path;
  });
  const graticules = new Map();
  const graticule = (w, h) => once(graticules, `${w}x${h}`, () => {
    const f = frame(w, h), path = new Path2D();
    for (let lon = 0; lon < 360; lon += 30) {
      for (let lat = -90; lat <= 90; lat += 3) {
        const [x, y] = forward(lon, lat, f);
        lat === -90 ? path.moveTo(x, y) : path.lineTo(x, y);
      }
    }
    for (let lat = -60; lat <= 60; lat += 30) {
      path.moveTo(...forward(CENTRE - 179.9999, lat, f)); path.lineTo(...forward(CENTRE + 179.9999, lat, f));
    }
    return path;
  });
  const fit = (canvas) => {
    const ratio = Math.min(window.devicePixelRatio || 1, 2);
    const w = Math.round(canvas.clientWidth * ratio), h = Math.round(canvas.clientHeight * ratio);
    if (canvas.width !== w || canvas.height !== h) { canvas.width = w; canvas.height = h; }
    return [w, h, ratio];
  };
  const compose = (canvas, left, right, split, ground) => {
    const [w, h, ratio] = fit(canvas), context = canvas.getContext("2d");
    context.clearRect(0, 0, w, h);
    context.save();
    context.clip(outline(w, h));
    if (right) {
      const x = Math.round(split * w);
      if (x > 0) context.drawImage(left, 0, 0, x, h, 0, 0, x, h);
      if (x < w) context.drawImage(right, x, 0, w - x, h, x, 0, w - x, h);
    } else context.drawImage(left, 0, 0);
    const isSmall = w / ratio < 260;
    context.lineWidth = ratio * .6; context.strokeStyle = css("--grid");
    if (!isSmall) context.stroke(graticule(w, h));
    context.lineWidth = ratio * (isSmall ? .45 : .7); context.strokeStyle = css("--coast");
    context.stroke(coast(w, h, ground));
    context.restore();
    context.lineWidth = ratio * (isSmall ? .7 : 1); context.strokeStyle = css("--outline");
    context.stroke(outline(w, h));
  };

  // --- Small maps ------------------------------------------------------------------------------
  const units = (variable) => data.variables[variable]?.[1] ?? "";
  const readings = new Map(); // canvas -> [values, units], for the tooltip
  const drawSmall = async (canvas) => {
    if (!canvas.clientWidth) return;
    const { land, ...lines } = await ground, [w, h] = fit(canvas);
    if (canvas.dataset.difference) {
      const { values, doubtful } = await difference(canvas.dataset.difference);
      readings.set(canvas, [values, "percentage points"]);
      compose(canvas, paint(values, diverging(largest(values)), w, h, land, doubtful), null, 0, lines);
    } else {
      const [name, variable, feature, period] = canvas.dataset.map.split("|");
      const values = await field([name, variable, feature, period].join("|"));
      const scale = values && sequential(sharedTop(variable, feature, period), feature);
      readings.set(canvas, [values, units(variable)]);
      compose(canvas, paint(values, scale, w, h, land), null, 0, lines);
    }
    canvas.dataset.drawn = "yes";
  };
  const minus = (a, b) => { const d = new Float32Array(a.length); for (let i = 0; i < d.length; i++) d[i] = a[i] - b[i]; return d; };
  const difference = async (key) => {
    const [name, feature, period] = key.split("|"), c = data.comparisons.find((e) => e.name === name);
    const [first, second] = await Promise.all([c.first, c.second].map((e) => field([e, c.variable, feature, period].join("|"))));
    return { values: minus(second, first), doubtful: await significance(key) };
  };
  const small = [...document.querySelectorAll("canvas[data-map], canvas[data-difference]")]
    .filter((canvas) => canvas.dataset.difference || data.maps[canvas.dataset.map]);
  document.querySelectorAll("canvas[data-map]").forEach((canvas) => {
    if (data.maps[canvas.dataset.map]) return;
    canvas.closest("figure")?.remove();
    canvas.remove();
  });
  const watcher = new IntersectionObserver((entries) => entries.forEach((entry) => {
    if (entry.isIntersecting) { watcher.unobserve(entry.target); drawSmall(entry.target); }
  }), { rootMargin: "300px" });
  const drawLegends = async () => {
    document.querySelectorAll("[data-legend-map]").forEach((element) => {
      if (!data.maps[element.dataset.legendMap]) return;
      const [, variable, feature, period] = element.dataset.legendMap.split("|");
      const prefix = element.closest("figure") ? "" : `${data.features[feature].short} frequency, `;
      drawLegend(element, sequential(sharedTop(variable, feature, period), feature), prefix + units(variable));
    });
    for (const element of document.querySelectorAll("[data-legend-difference]")) {
      const { values } = await difference(element.dataset.legendDifference);
      drawLegend(element, diverging(largest(values)), "percentage points");
    }
  };

  // --- The explorer ----------------------------------------------------------------------------
  const big = byId("big"), divider = byId("divider"), tip = byId("tip");
  const names = data.experiments.map((e) => e.name);
  const titleOf = (name) => data.experiments.find((e) => e.name === name).title;
  const first = data.comparisons[0];
  const features = Object.keys(data.features);
  const state = {
    feature: features.includes("atmospheric_river") ? "atmospheric_river" : features[0],
    variable: "count", period: "annual", mode: names.length > 1 ? "swipe" : "one", split: .5, flipped: false,
    left: first ? first.first : names[0], right: first ? first.second : names[1] ?? names[0],
  };
  let shown = {};
  const option = (value, text) => `<option value="${value}">${text}</option>`;
  const escape = (text) => text.replace(/[&<>"]/g, (c) => `&#${c.charCodeAt(0)};`);
  const MODES = { one: "A", swipe: "Swipe", flip: "Flip", difference: "B − A" };
  const segments = (id, choices, key) => {
    byId(id).innerHTML = Object.entries(choices).map(([value, text]) =>
      `<button type="button" data-value="${value}">${escape(text)}</button>`).join("");
    byId(id).addEventListener("click", (event) => {
      const value = event.target.dataset.value;
      if (!value) return;
      if (key === "mode" && value === "flip") state.flipped = state.mode === "flip" ? !state.flipped : true;
      state[key] = value; update();
    });
  };
  segments("feature", Object.fromEntries(features.map((f) => [f, data.features[f].short])), "feature");
  segments("mode", names.length > 1 ? MODES : { one: "A" }, "mode");
  byId("variable").innerHTML = Object.entries(data.variables).map(([v, [text]]) => option(v, text)).join("");
  byId("period").innerHTML = data.periods.map((p) => option(p, p)).join("");
  for (const side of ["left", "right"]) byId(side).innerHTML = data.experiments.map((e) => option(e.name, escape(e.title))).join("");
  for (const id of ["variable", "period", "left", "right"]) byId(id).addEventListener("change", (event) => {
    state[id] = event.target.value; update();
  });
  byId("exchange").addEventListener("click", () => { [state.left, state.right] = [state.right, state.left]; update(); });
  const key = (side) => [state[side], state.variable, state.feature, state.period].join("|");

  const update = async () => {
    if (state.variable !== "count") state.period = "annual";
    byId("period-label").hidden = state.variable !== "count" || data.periods.length < 2;
    for (const id of ["variable", "period", "left", "right"]) byId(id).value = state[id];
    for (const id of ["feature", "mode"]) byId(id).querySelectorAll("button").forEach((b) =>
      b.setAttribute("aria-pressed", String(b.dataset.value === state[id])));
    const { land, ...lines } = await ground, [w, h] = fit(big);
    const [a, b] = await Promise.all([field(key("left")), field(key("right"))]);
    const isDifference = state.mode === "difference" && a && b;
    const change = isDifference ? minus(b, a) : null;
    const scale = isDifference ? diverging(largest(change)) : sequential(sharedTop(state.variable, state.feature, state.period), state.feature);
    shown = { a, b, change, lines,
      left: paint(isDifference ? change : a, scale, w, h, land),
      right: state.mode === "swipe" || state.mode === "flip" ? paint(b, scale, w, h, land) : null };
    drawLegend(byId("big-legend"), scale, isDifference && state.variable.endsWith("count") ? "percentage points, B − A" : units(state.variable));
    redraw();
  };
  const redraw = () => {
    const split = state.mode === "flip" ? (state.flipped ? 0 : 1) : state.split;
    compose(big, shown.left, shown.right, split, shown.lines);
    const isSwipe = state.mode === "swipe";
    divider.hidden = !isSwipe;
    divider.style.left = `${big.offsetLeft + state.split * big.clientWidth}px`;
    divider.setAttribute("aria-valuenow", String(Math.round(100 * state.split)));
    const [badgeA, badgeB] = [byId("badge-a"), byId("badge-b")];
    badgeA.hidden = state.mode === "flip" && state.flipped;
    badgeB.hidden = !(isSwipe || (state.mode === "flip" && state.flipped));
    badgeA.textContent = state.mode === "difference" ? `${titleOf(state.right)} − ${titleOf(state.left)}` : `A  ${titleOf(state.left)}`;
    badgeB.textContent = `B  ${titleOf(state.right)}`;
    big.dataset.mode = state.mode;
    big.dataset.drawn = "yes";
  };
  const words = (lon, lat) => `${Math.abs(lat).toFixed(1)}° ${lat < 0 ? "S" : "N"}, ${Math.abs(lon).toFixed(1)}° ${lon < 0 ? "W" : "E"}`;
  const point = (event) => {
    const box = big.getBoundingClientRect(), x = event.clientX - box.left, y = event.clientY - box.top;
    const place = inverse(x, y, frame(box.width, box.height));
    tip.hidden = !place || !shown.a;
    if (tip.hidden) return;
    const a = valueAt(shown.a, ...place), b = shown.b ? valueAt(shown.b, ...place) : NaN;
    const what = units(state.variable);
    const pair = state.mode === "one" ? `<b>${format(a)}</b> ${what}`
      : `A <b>${format(a)}</b> · B <b>${format(b)}</b> · B − A <b>${format(b - a)}</b><br>${what}`;
    tip.innerHTML = `${words(...place)}<br>${pair}`;
    placeTip(event);
    byId("readout").textContent = `${words(...place)}: A ${format(a)}, B ${format(b)} ${what}`;
  };
  const placeTip = (event) => {
    const isRight = event.clientX > window.innerWidth * .6;
    tip.style.left = `${event.clientX + (isRight ? -12 - tip.offsetWidth : 14)}px`;
    tip.style.top = `${Math.max(4, event.clientY - 46)}px`;
  };
  const pointSmall = (event) => {
    const canvas = event.target, box = canvas.getBoundingClientRect();
    const [values, what] = readings.get(canvas) ?? [];
    const place = values && inverse(event.clientX - box.left, event.clientY - box.top, frame(box.width, box.height));
    tip.hidden = !place;
    if (!place) return;
    tip.innerHTML = `${words(...place)}<br><b>${format(valueAt(values, ...place))}</b> ${what}`;
    placeTip(event);
  };
  small.forEach((canvas) => {
    canvas.addEventListener("pointermove", pointSmall);
    canvas.addEventListener("pointerleave", () => { tip.hidden = true; });
  });
  big.addEventListener("pointermove", point);
  big.addEventListener("pointerdown", point);
  big.addEventListener("pointerleave", () => { tip.hidden = true; });
  const setSplit = (share) => { state.split = Math.min(1, Math.max(0, share)); redraw(); };
  divider.addEventListener("pointerdown", (event) => divider.setPointerCapture(event.pointerId));
  divider.addEventListener("pointermove", (event) => {
    if (!divider.hasPointerCapture(event.pointerId)) return;
    const box = big.getBoundingClientRect();
    setSplit((event.clientX - box.left) / box.width);
  });
  divider.addEventListener("keydown", (event) => {
    const move = { ArrowLeft: -.02, ArrowRight: .02 }[event.key];
    if (move) { event.preventDefault(); setSplit(state.split + move); }
  });
  document.addEventListener("click", (event) => {
    const pair = event.target.dataset?.explore;
    if (!pair) return;
    [state.left, state.right, state.variable] = pair.split("|");
    state.mode = "swipe";
    update();
    byId("explore").scrollIntoView();
  });

  // --- Theme, size, start ------------------------------------------------------------------------
  const redrawAll = () => {
    small.forEach((canvas) => { if (canvas.dataset.drawn) drawSmall(canvas); });
    drawLegends(); update();
  };
  const remembered = () => { try { return localStorage.getItem("theme"); } catch { return null; } };
  const preference = matchMedia("(prefers-color-scheme: dark)");
  root.dataset.theme = remembered() ?? (preference.matches ? "dark" : "light");
  preference.addEventListener("change", (event) => {
    if (!remembered()) { root.dataset.theme = event.matches ? "dark" : "light"; redrawAll(); }
  });
  byId("theme").addEventListener("click", () => {
    root.dataset.theme = isDark() ? "light" : "dark";
    try { localStorage.setItem("theme", root.dataset.theme); } catch { /* a file may not remember */ }
    redrawAll();
  });
  let width = window.innerWidth, pending = 0;
  window.addEventListener("resize", () => {
    if (window.innerWidth === width) return;
    width = window.innerWidth;
    clearTimeout(pending);
    pending = setTimeout(redrawAll, 150);
  });
  document.querySelectorAll("details").forEach((element) => element.addEventListener("toggle", () => {
    if (element.open) element.querySelectorAll("canvas[data-map]").forEach((canvas) => { if (!canvas.dataset.drawn) drawSmall(canvas); });
  }));
  small.forEach((canvas) => watcher.observe(canvas));
  drawLegends();
  update();
})();
