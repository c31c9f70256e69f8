"use strict";
// Draws every map of the page from packed data; needs nothing but the page itself.
(() => {
  const data = JSON.parse(document.getElementById("data").textContent);
  const byId = (id) => document.getElementById(id);
  const units = (variable) => data.variables[variable]?.[1] ?? "";
  const isPercent = (variable) => units(variable).startsWith("%");
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
  // levels ascend; colours has one more; `clear` is the colour that shows the ground. Per cent end
  // at 100: the last colour then reaches up to `end`, and not beyond.
  const sequential = (variable, feature, period) => {
    const ramp = data.features[feature][isDark() ? "dark" : "light"];
    if (data.single && isPercent(variable)) return { levels: [50], clear: 0, start: null,
      colours: blend(ramp, 4).filter((_, i) => i % 2 === 0), names: ["absent", "present"] };
    const top = sharedTop(variable, feature, period) || (isPercent(variable) ? 100 : 0);
    const step = niceStep(top / 9), count = Math.max(2, Math.ceil(top / step - 1e-9));
    const levels = Array.from({ length: count }, (_, i) => step * (i + 1));
    const end = isPercent(variable) && step * (count + 1) >= 100 ? 100 : null;
    const inner = end ? levels.filter((v) => v < 100 - 1e-9) : levels;
    return { levels: inner, clear: 0, start: 0, end, colours: blend(ramp, inner.length + 1) };
  };
  const diverging = (top) => {
    if (data.single) return { levels: [-50, 50], clear: 1, start: null, end: null,
      names: ["first only", "same", "second only"],
      colours: blend(data.diverging[isDark() ? "dark" : "light"], 7).filter((_, i) => i % 2 === 1) };
    const step = niceStep(top / 5), count = Math.max(2, Math.ceil(top / step - 1e-9));
    const all = [.2 * step, ...Array.from({ length: count }, (_, i) => step * (i + 1))];
    const half = all.length > 2 ? all.filter((v) => v < 100 - 1e-9) : all;
    return { end: null, levels: [...half.map((v) => -v).reverse(), ...half], clear: half.length, start: null,
      colours: blend(data.diverging[isDark() ? "dark" : "light"], 2 * half.length + 1) };
  };
  // One scale for all experiments that show the same thing.
  const sharedTop = (variable, feature, period) => Math.max(0, ...data.experiments.map(
    (e) => data.maps[[e.name, variable, feature, period].join("|")]?.top ?? 0));
  const largest = (values) => {
    const sizes = Float32Array.from(values, Math.abs).filter((v) => v === v).sort();
    return sizes.length ? sizes[Math.floor(0.999 * (sizes.length - 1))] : 0;
  };
  const drawLegend = (element, scale, prefix, units) => {
    const shown = [...(scale.start === null ? [] : [scale.start]), ...scale.levels,
      ...(scale.end ? [scale.end] : [])];
    const cells = scale.colours.map((c, i) => `<i style="background:${i === scale.clear ? css("--sea") : `rgb(${c})`}"></i>`);
    const offset = scale.start === null ? 1 : 0, n = cells.length;
    // As many ticks as there is room for; a symmetric scale stays symmetric.
    const room = Math.max(3, (element.clientWidth || 300) / 38), every = Math.ceil(shown.length / room);
    const isDiverging = scale.start === null;
    const position = (i) => !isDiverging ? i : 1 + (i < scale.clear ? scale.clear - 1 - i : i - scale.clear);
    const ticks = scale.names ? scale.names.map((name, i) =>
      `<span style="left:${100 * (i + .5) / n}%">${name}</span>`) : shown.map((v, i) => position(i) % every ? "" :
      `<span style="left:${100 * (i + offset) / n}%">${format(v)}</span>`);
    element.innerHTML = `<div class="bar">${cells.join("")}</div><div class="ticks">${ticks.join("")}</div>`
      + `<span class="units">${prefix}${scale.names ? "" : (prefix && ", ") + units}</span>`;
  };
  const format = (v) => {
    if (!Number.isFinite(v)) return "–";
    const text = v === 0 ? "0" : Math.abs(v) >= 100 ? v.toFixed(0) : String(+v.toPrecision(3));
    return text.replace("-", "−");
  };

  // --- Projections ----------------------------------------------------------------------------
  // Each has half its width and height (X, Y), forward(lon, lat) -> [x, y, away] or null where it
  // does not show the place, and inverse(x, y) -> [lon, lat] or null; x to the right, y upwards.
  // `away` is the longitude from the middle: a line that jumps in it is broken.
  const RAD = Math.PI / 180, [WEST, EAST, SOUTH, NORTH] = data.box;
  const turned = (lon, centre) => ((lon - centre + 540) % 360 + 360) % 360 - 180;
  const PROJECTIONS = {
    // Equal Earth (Šavrič, Patterson and Jenny 2018).
    "equal-earth": () => {
      const A = [1.340264, -0.081106, 0.000893, 0.003796], CENTRE = 205, S3 = Math.sqrt(3);
      const height = (t) => t * (A[0] + A[1] * t ** 2 + t ** 6 * (A[2] + A[3] * t ** 2));
      const slope = (t) => A[0] + 3 * A[1] * t ** 2 + t ** 6 * (7 * A[2] + 9 * A[3] * t ** 2);
      const halfWidth = (t) => 2 * Math.PI * Math.cos(t) / (S3 * slope(t));
      const X = 2 * Math.PI / (S3 * A[0]), Y = height(Math.asin(S3 / 2));
      let last = NaN, known = 0; // pixels come row by row: the same y again and again
      const theta = (y) => {
        if (y === last) return known;
        let t = y;
        for (let i = 0; i < 8; i++) t -= (height(t) - y) / slope(t);
        last = y; known = t;
        return t;
      };
      return {
        X, Y, margin: 2, graticule: 30,
        forward: (lon, lat) => {
          const t = Math.asin(S3 / 2 * Math.sin(lat * RAD)), away = turned(lon, CENTRE);
          return [halfWidth(t) * away / 180, height(t), away];
        },
        inverse: (x, y) => {
          if (Math.abs(y) > Y) return null;
          const t = theta(y), away = x / halfWidth(t) * 180;
          if (Math.abs(away) > 180) return null;
          return [turned(CENTRE + away, 0), Math.asin(2 / S3 * Math.sin(t)) / RAD];
        },
        outline: (path, at) => {
          for (let lat = -90; lat <= 90; lat += 2) path.lineTo(...at(CENTRE + 179.9999, lat));
          for (let lat = 90; lat >= -90; lat -= 2) path.lineTo(...at(CENTRE - 179.9999, lat));
          path.closePath();
        },
      };
    },
    // Polar stereographic, on a disc; the central longitude points down (in the south, up).
    polar: ({ pole, central_lon: central, limit } = { ...data, limit: data.pole > 0 ? SOUTH : -NORTH }) => {
      const radius = (lat) => Math.tan((90 - pole * lat) / 2 * RAD) / Math.tan((90 - limit) / 2 * RAD);
      return {
        X: 1, Y: 1, margin: 2, graticule: 30,
        forward: (lon, lat) => {
          const r = radius(lat), angle = (lon - central) * RAD;
          return r < 3 ? [r * Math.sin(angle), -pole * r * Math.cos(angle), 0] : null;
        },
        inverse: (x, y) => {
          const r = Math.hypot(x, y);
          if (r > 1) return null;
          const lat = 90 - 2 * Math.atan(r * Math.tan((90 - limit) / 2 * RAD)) / RAD;
          return [turned(central + Math.atan2(x, -pole * y) / RAD, 0), pole * lat];
        },
        outline: (path, at, f) => path.arc(f.cx, f.cy, f.s, 0, 2 * Math.PI),
      };
    },
    // Equirectangular, true at the middle latitude.
    rectangle: () => {
      const centre = (WEST + EAST) / 2, middle = (SOUTH + NORTH) / 2;
      const k = Math.max(.2, Math.cos(middle * RAD)), width = EAST - WEST;
      return {
        X: k * width / 2, Y: (NORTH - SOUTH) / 2, margin: 1,
        graticule: width > 120 ? 30 : width > 40 ? 10 : 5,
        forward: (lon, lat) => { const away = turned(lon, centre); return [k * away, lat - middle, away]; },
        inverse: (x, y) => Math.abs(x) > k * width / 2 || Math.abs(y) > (NORTH - SOUTH) / 2 ? null
          : [turned(centre + x / k, 0), middle + y],
        outline: (path, at, f) => {
          const [x, y] = [f.s * k * width / 2, f.s * (NORTH - SOUTH) / 2];
          path.rect(f.cx - x, f.cy - y, 2 * x, 2 * y);
        },
      };
    },
  };
  // The page's projection; small maps of an experiment round a pole are drawn from above it (`seenBy`).
  const usual = { ...PROJECTIONS[data.projection](), id: "" };
  let projection = usual;
  const polar = Object.fromEntries(data.experiments.filter((e) => e.view).map((e) =>
    [e.name, { ...PROJECTIONS.polar(e.view), id: `polar${Object.values(e.view)}` }]));
  // Draw at once, without waiting for anything, in another projection.
  const seenBy = (other, draw) => { projection = other; try { return draw(); } finally { projection = usual; } };
  root.style.setProperty("--aspect", String(projection.X / projection.Y));
  const frame = (w, h) => ({ w, h, cx: w / 2, cy: h / 2,
    s: Math.min((w / 2 - projection.margin) / projection.X, (h / 2 - projection.margin) / projection.Y) });
  const forward = (lon, lat, f) => {
    const place = projection.forward(lon, lat);
    return place && [f.cx + f.s * place[0], f.cy - f.s * place[1], place[2]];
  };
  const inverse = (px, py, f) => projection.inverse((px - f.cx) / f.s, (f.cy - py) / f.s);
  // Fractional row and column of a place on the raster; NaN outside it.
  const rowAt = (lat) => {
    if (lat < SOUTH - 1e-6 || lat > NORTH + 1e-6) return NaN;
    if (lat <= data.lat[0]) return 0;
    if (lat >= data.lat[nlat - 1]) return nlat - 1;
    let low = 0, high = nlat - 1;
    while (high - low > 1) { const mid = low + high >> 1; data.lat[mid] <= lat ? low = mid : high = mid; }
    return low + (lat - data.lat[low]) / (data.lat[high] - data.lat[low]);
  };
  const columnAt = (lon) => {
    if (data.wraps) return ((lon - data.lon[0]) % 360 + 360) % 360 * nlon / 360;
    const away = ((lon - WEST) % 360 + 360) % 360;
    if (away > EAST - WEST + 1e-6) return NaN;
    return Math.min(nlon - 1, Math.max(0, away / (EAST - WEST) * nlon - .5));
  };
  const interpolate = (values, row, column) => {
    const r0 = Math.floor(row), r1 = Math.min(r0 + 1, nlat - 1), fr = row - r0;
    const c0 = Math.floor(column) % nlon, fc = column - Math.floor(column);
    const c1 = data.wraps ? (c0 + 1) % nlon : Math.min(c0 + 1, nlon - 1);
    return (values[r0 * nlon + c0] * (1 - fc) + values[r0 * nlon + c1] * fc) * (1 - fr)
      + (values[r1 * nlon + c0] * (1 - fc) + values[r1 * nlon + c1] * fc) * fr;
  };
  const valueAt = (values, lon, lat) => {
    const row = rowAt(lat), column = columnAt(lon);
    return row === row && column === column ? interpolate(values, row, column) : NaN;
  };

  // --- Drawing -------------------------------------------------------------------------------
  const rgba = ([r, g, b]) => (255 << 24 | b << 16 | g << 8 | r) >>> 0;
  // What each pixel of a w × h map shows: place on the raster, and land (1), sea (0) or nothing (2).
  const pixelPlaces = new Map();
  const placesOf = (w, h, land) => once(pixelPlaces, `${w}x${h}${projection.id}`, () => {
    const f = frame(w, h), rows = new Float32Array(w * h).fill(NaN), columns = new Float32Array(w * h);
    const kinds = new Uint8Array(w * h).fill(2), [lrows, lcolumns] = data.land.shape;
    const [lwest, least, lsouth, lnorth] = data.land.box;
    for (let py = 0, i = 0; py < h; py++) for (let px = 0; px < w; px++, i++) {
      const place = inverse(px + .5, py + .5, f);
      if (!place) continue;
      const [lon, lat] = place;
      rows[i] = rowAt(lat); columns[i] = columnAt(lon);
      const lrow = Math.floor((lat - lsouth) / (lnorth - lsouth) * lrows);
      const lcolumn = Math.floor(((lon - lwest) % 360 + 360) % 360 / (least - lwest) * lcolumns);
      kinds[i] = bits(land, Math.min(lrows - 1, Math.max(0, lrow)) * lcolumns + Math.min(lcolumns - 1, lcolumn));
    }
    return { rows, columns, kinds };
  });
  // Paint a field over land and sea into an offscreen canvas of w × h device pixels.
  const paint = (values, scale, w, h, land, doubtful) => {
    const image = new ImageData(w, h), pixels = new Uint32Array(image.data.buffer);
    const ground = ["--sea", "--land"].map((name) => rgba(channels(css(name))));
    const dot = rgba(channels(css("--coast"))), missing = rgba(channels(css("--missing")));
    const colours = scale ? scale.colours.map(rgba) : [], levels = scale ? scale.levels : [];
    const dotSize = Math.max(1, Math.round(w / 330)), spacing = 4 * dotSize;
    const { rows, columns, kinds } = placesOf(w, h, land);
    for (let i = 0; i < kinds.length; i++) {
      if (kinds[i] === 2) continue;
      pixels[i] = ground[kinds[i]];
      const row = rows[i], column = columns[i];
      const v = values && row === row && column === column ? interpolate(values, row, column) : NaN;
      if (v !== v) {
        // No map at all is no map of zeros.
        if ((i % w + Math.floor(i / w)) % (2 * spacing) < dotSize) pixels[i] = missing;
        continue;
      }
      let k = 0;
      while (k < levels.length && v >= levels[k]) k++;
      if (k === scale.clear) continue;
      pixels[i] = colours[k];
      if (doubtful && i % w % spacing < dotSize && Math.floor(i / w) % spacing < dotSize
        && !bits(doubtful, Math.round(row) * nlon + Math.round(column) % nlon)) pixels[i] = dot;
    }
    const canvas = document.createElement("canvas");
    canvas.width = w; canvas.height = h;
    canvas.getContext("2d").putImageData(image, 0, 0);
    return canvas;
  };
  const outlines = new Map();
  const outline = (w, h) => once(outlines, `${w}x${h}${projection.id}`, () => {
    const f = frame(w, h), path = new Path2D();
    projection.outline(path, (lon, lat) => forward(lon, lat, f).slice(0, 2), f);
    return path;
  });
  // Add a line through places to a path, broken where it leaves the map or jumps across it.
  const trace = (path, places, f) => {
    let before = null;
    for (const [lon, lat] of places) {
      const place = forward(lon, lat, f);
      if (!place) { before = null; continue; }
      if (before === null || Math.abs(place[2] - before) > 180) path.moveTo(place[0], place[1]);
      else path.lineTo(place[0], place[1]);
      before = place[2];
    }
  };
  const range = (from, to, step) => Array.from({ length: Math.floor((to - from) / step + 1.000001) }, (_, i) => from + i * step);
  const coasts = new Map();
  const coast = (w, h, ground) => once(coasts, `${w}x${h}${projection.id}`, () => {
    const f = frame(w, h), path = new Path2D();
    let i = 0;
    for (const length of ground.lengths) {
      const line = Array.from({ length }, (_, k) => [ground.points[2 * (i + k)] / 100, ground.points[2 * (i + k) + 1] / 100]);
      trace(path, line, f);
      i += length;
    }
    return path;
  });
  const graticules = new Map();
  const graticule = (w, h) => once(graticules, `${w}x${h}${projection.id}`, () => {
    const f = frame(w, h), path = new Path2D(), every = projection.graticule;
    for (const lon of range(0, 360 - every, every)) trace(path, range(-90, 90, 3).map((lat) => [lon, lat]), f);
    for (const lat of range(-90 + every, 90 - every, every)) trace(path, range(0, 360, 3).map((lon) => [lon, lat]), f);
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
  const readings = new Map(); // canvas -> [values, units], for the tooltip
  const projectionOf = ({ map, difference: change }) => {
    if (map) return polar[map.split("|")[0]] ?? usual;
    const c = data.comparisons.find((e) => e.name === change.split("|")[0]);
    return polar[c.second] && polar[c.first] || usual;
  };
  const drawSmall = async (canvas) => {
    if (!canvas.clientWidth) return;
    const own = projectionOf(canvas.dataset);
    const { land, ...lines } = await ground, [w, h] = fit(canvas);
    if (canvas.dataset.difference) {
      const { values, doubtful, what } = await difference(canvas.dataset.difference);
      readings.set(canvas, [values, what, own]);
      seenBy(own, () => compose(canvas, paint(values, diverging(largest(values)), w, h, land, doubtful), null, 0, lines));
    } else {
      const [name, variable, feature, period] = canvas.dataset.map.split("|");
      const values = await field([name, variable, feature, period].join("|"));
      const scale = values && sequential(variable, feature, period);
      readings.set(canvas, [values, units(variable), own]);
      seenBy(own, () => compose(canvas, paint(values, scale, w, h, land), null, 0, lines));
    }
    canvas.dataset.drawn = "yes";
  };
  const minus = (a, b) => { const d = new Float32Array(a.length); for (let i = 0; i < d.length; i++) d[i] = a[i] - b[i]; return d; };
  const unitsOfChange = (variable) => isPercent(variable) ? "percentage points" : units(variable);
  // key: comparison, class and period, and the variable where it is not the comparison's own.
  const difference = async (key) => {
    const [name, feature, period, other] = key.split("|"), c = data.comparisons.find((e) => e.name === name);
    const variable = other ?? c.variable;
    const [first, second] = await Promise.all([c.first, c.second].map((e) => field([e, variable, feature, period].join("|"))));
    return { values: minus(second, first), doubtful: await significance(key), what: unitsOfChange(variable) };
  };
  const small = [...document.querySelectorAll("canvas[data-map], canvas[data-difference]")];
  for (const canvas of small) {
    const own = projectionOf(canvas.dataset);
    if (own !== usual) canvas.style.setProperty("--aspect", String(own.X / own.Y));
  }
  const watcher = new IntersectionObserver((entries) => entries.forEach((entry) => {
    if (entry.isIntersecting) { watcher.unobserve(entry.target); drawSmall(entry.target); }
  }), { rootMargin: "300px" });
  const drawLegends = async () => {
    document.querySelectorAll("[data-legend-map]").forEach((element) => {
      const [, variable, feature, period] = element.dataset.legendMap.split("|");
      const prefix = element.closest("figure") ? "" : `${data.features[feature].short} ${data.variables[variable][0].toLowerCase()}`;
      drawLegend(element, sequential(variable, feature, period), prefix, units(variable));
    });
    for (const element of document.querySelectorAll("[data-legend-difference]")) {
      const { values, what } = await difference(element.dataset.legendDifference);
      drawLegend(element, diverging(largest(values)), "", what);
    }
  };

  // --- The explorer ----------------------------------------------------------------------------
  const big = byId("big"), divider = byId("divider"), tip = byId("tip");
  const names = data.experiments.map((e) => e.name);
  const titleOf = (name) => data.experiments.find((e) => e.name === name).title;
  const first = data.comparisons[0];
  const features = Object.keys(data.features);
  const state = {
    feature: features.reduce((a, b) => sharedTop("count", b, "annual") > sharedTop("count", a, "annual") ? b : a),
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
  segments("mode", MODES, "mode");
  byId("mode").hidden = names.length < 2;
  byId("feature").hidden = features.length < 2;
  byId("variable").innerHTML = Object.entries(data.variables).map(([v, [text]]) => option(v, text)).join("");
  byId("variable").closest("label").hidden = Object.keys(data.variables).length < 2;
  byId("period").innerHTML = Object.entries(data.periods).map(([p, text]) => option(p, text)).join("");
  for (const side of ["left", "right"]) byId(side).innerHTML = data.experiments.map((e) => option(e.name, escape(e.title))).join("");
  for (const id of ["variable", "period", "left", "right"]) byId(id).addEventListener("change", (event) => {
    state[id] = event.target.value; update();
  });
  byId("exchange").addEventListener("click", () => { [state.left, state.right] = [state.right, state.left]; update(); });
  const key = (side) => [state[side], state.variable, state.feature, state.period].join("|");

  const update = async () => {
    if (state.variable !== "count") state.period = "annual";
    byId("period-label").hidden = state.variable !== "count" || Object.keys(data.periods).length < 2;
    for (const id of ["variable", "period", "left", "right"]) byId(id).value = state[id];
    for (const id of ["feature", "mode"]) byId(id).querySelectorAll("button").forEach((b) =>
      b.setAttribute("aria-pressed", String(b.dataset.value === state[id])));
    const { land, ...lines } = await ground, [w, h] = fit(big);
    const [a, b] = await Promise.all([field(key("left")), field(key("right"))]);
    const isDifference = state.mode === "difference" && a && b;
    const change = isDifference ? minus(b, a) : null;
    const scale = isDifference ? diverging(largest(change)) : sequential(state.variable, state.feature, state.period);
    shown = { a, b, change, lines,
      left: paint(isDifference ? change : a, scale, w, h, land),
      right: state.mode === "swipe" || state.mode === "flip" ? paint(b, scale, w, h, land) : null };
    drawLegend(byId("big-legend"), scale, "", isDifference ? `${unitsOfChange(state.variable)}, B − A` : units(state.variable));
    redraw();
  };
  const redraw = () => {
    const split = state.mode === "flip" ? (state.flipped ? 0 : 1) : state.split;
    compose(big, shown.left, shown.right, split, shown.lines);
    const isSwipe = state.mode === "swipe";
    divider.hidden = !isSwipe;
    divider.style.left = `${big.offsetLeft + state.split * big.clientWidth}px`;
    const share = Math.round(100 * state.split);
    divider.setAttribute("aria-valuenow", String(share));
    divider.setAttribute("aria-valuetext", `${titleOf(state.left)} on the left ${share} per cent of the map, ${titleOf(state.right)} on the rest`);
    drawCross();
    const [badgeA, badgeB] = [byId("badge-a"), byId("badge-b")];
    badgeA.hidden = state.mode === "flip" && state.flipped;
    badgeB.hidden = !(isSwipe || (state.mode === "flip" && state.flipped));
    const called = (side, letter, values) => (names.length > 1 ? `${letter}  ` : "") + titleOf(state[side])
      + (values ? "" : state.period === "annual" || !data.maps[[state[side], state.variable, state.feature, "annual"].join("|")]
        ? ": no map of this" : `: no time steps in ${data.periods[state.period]}`);
    badgeA.textContent = state.mode === "difference" && shown.a && shown.b
      ? `${titleOf(state.right)} − ${titleOf(state.left)}` : called("left", "A", shown.a);
    badgeB.textContent = called("right", "B", shown.b);
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
    byId("readout").textContent = reading(place);
  };
  // What the map says of a place, in one line.
  const reading = (place) => {
    const [a, b] = [shown.a, shown.b].map((values) => values ? format(valueAt(values, ...place)) : "–");
    const what = units(state.variable);
    return `${words(...place)}: ` + (state.mode === "one" ? `${a} ${what}` : `A ${a}, B ${b} ${what}`);
  };
  // The cross that arrow keys move; it starts at the middle of the map.
  const drawCross = () => {
    if (!state.cross) return;
    const [w, h, ratio] = fit(big), at = forward(...state.cross, frame(w, h));
    if (!at) return;
    const context = big.getContext("2d"), reach = 9 * ratio;
    for (const [width, colour] of [[4, css("--surface")], [1.6, css("--ink")]]) {
      context.lineWidth = width * ratio; context.strokeStyle = colour;
      context.beginPath();
      context.moveTo(at[0] - reach, at[1]); context.lineTo(at[0] + reach, at[1]);
      context.moveTo(at[0], at[1] - reach); context.lineTo(at[0], at[1] + reach);
      context.stroke();
    }
  };
  const MOVES = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, 1], ArrowDown: [0, -1] };
  big.addEventListener("keydown", (event) => {
    const move = MOVES[event.key];
    if (!move || !shown.lines) return;
    event.preventDefault();
    const step = event.shiftKey ? 1 : 5, start = state.cross ?? projection.inverse(0, 0) ?? [(WEST + EAST) / 2, (SOUTH + NORTH) / 2];
    const lat = Math.min(NORTH, Math.max(SOUTH, start[1] + step * move[1]));
    const lon = turned(start[0] + step * move[0], 0);
    if (projection.forward(lon, lat) && columnAt(lon) === columnAt(lon)) state.cross = [lon, lat];
    redraw();
    byId("readout").textContent = reading(state.cross ?? start);
  });
  big.addEventListener("blur", () => { state.cross = null; if (shown.lines) redraw(); });
  const placeTip = (event) => {
    const isRight = event.clientX > window.innerWidth * .6;
    tip.style.left = `${event.clientX + (isRight ? -12 - tip.offsetWidth : 14)}px`;
    tip.style.top = `${Math.max(4, event.clientY - 46)}px`;
  };
  const pointSmall = (event) => {
    const canvas = event.target, box = canvas.getBoundingClientRect();
    const [values, what, own] = readings.get(canvas) ?? [];
    const place = values && seenBy(own, () => inverse(event.clientX - box.left, event.clientY - box.top, frame(box.width, box.height)));
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
    for (const cache of [pixelPlaces, outlines, coasts, graticules]) cache.clear();
    clearTimeout(pending);
    pending = setTimeout(redrawAll, 150);
  });
  const find = byId("find");
  find?.closest("p").removeAttribute("hidden");
  find?.addEventListener("input", () => {
    const wanted = find.value.trim().toLowerCase();
    document.querySelectorAll("[data-name]").forEach((one) => { one.hidden = !one.dataset.name.includes(wanted); });
    const found = document.querySelectorAll("details[data-name]:not([hidden])").length;
    byId("found").textContent = `${found} experiment${found === 1 ? "" : "s"}`;
  });
  document.querySelectorAll("details").forEach((element) => element.addEventListener("toggle", () => {
    if (element.open) element.querySelectorAll("canvas[data-map]").forEach((canvas) => { if (!canvas.dataset.drawn) drawSmall(canvas); });
  }));
  small.forEach((canvas) => watcher.observe(canvas));
  drawLegends();
  update();
})();
