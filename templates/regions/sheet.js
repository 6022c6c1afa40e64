// The sheet: a picture with its regions drawn over it, and the place on it that a pointer shows.

const SVG = "http://www.w3.org/2000/svg";
const WAYS = ["polygons", "holes", "lines"];
const CORNER = 5, MIDDLE = 3.5, LONG = 26, EDGE = 14;  // pixels of the screen

export const isDerived = (region) => Boolean(region) && ["mask", "border_of", "same_as"].some((way) => region[way] !== undefined);
const path = (line, closed) => `M${line.map((point) => point.join(" ")).join("L")}${closed ? "Z" : ""}`;

function made(kind, attributes, parent) {
  const one = document.createElementNS(SVG, kind);
  for (const [name, value] of Object.entries(attributes)) one.setAttribute(name, value);
  parent?.append(one);
  return one;
}

export class Sheet {
  zoom = 1;
  #place; #svg; #image; #shapes; #size = [1, 1];

  constructor(place) {
    this.#place = place;
    this.#svg = made("svg", {role: "img"});
    // The picture stays while shapes change: it would be fetched anew at every click.
    this.#image = made("image", {preserveAspectRatio: "none"}, this.#svg);
    this.#shapes = made("g", {}, this.#svg);
  }

  // view: size, picture, regions, outlines, current, others, points, cross, colour(name)
  draw(view) {
    const [wide, high] = this.#size = view.size;
    if (!this.#svg.isConnected) this.#place.replaceChildren(this.#svg);
    this.#svg.setAttribute("viewBox", `0 0 ${wide} ${high}`);
    this.#svg.setAttribute("aria-label", view.picture.name);
    for (const [name, value] of [["width", wide], ["height", high], ["href", `picture/${view.picture.place}`]]) {
      if (this.#image.getAttribute(name) !== String(value)) this.#image.setAttribute(name, value);
    }
    this.#fit();
    const shapes = made("g", {});
    for (const name of Object.keys(view.regions)) if (name !== view.current && view.others) this.#region(shapes, view, name, "other");
    if (view.regions[view.current]) this.#region(shapes, view, view.current, "shape");
    if (view.points.length) for (const kind of ["open under", "open"]) made("path", {class: kind, d: path(view.points, false)}, shapes);
    else this.#corners(shapes, view.regions[view.current]);
    for (const [x, y] of view.points) made("circle", {class: "corner", cx: x, cy: y, r: this.units(CORNER)}, shapes);
    if (view.cross) made("path", {class: "cross", d: `M${view.cross[0]} 0V${high}M0 ${view.cross[1]}H${wide}`}, shapes);
    this.#shapes.replaceWith(shapes);
    this.#shapes = shapes;
  }

  #fit() {
    const top = this.#place.getBoundingClientRect().top + window.scrollY;
    const room = Math.max(200, Math.min(this.#place.clientWidth - 2 * EDGE, Math.max(330, window.innerHeight - top - 16 - 2 * EDGE)));
    const [wide, high] = this.#size;
    this.#place.style.maxHeight = `${room * high / wide + 2 * EDGE + 2}px`;
    this.#svg.style.width = `${room * this.zoom}px`;
    this.#svg.style.height = `${room * this.zoom * high / wide}px`;
  }

  // Units of the regions' frame that so many pixels of the screen are.
  units(pixels) {
    return pixels * this.#size[0] / this.#svg.getBoundingClientRect().width;
  }

  #region(parent, view, name, kind) {
    const region = view.regions[name], paint = view.colour(name);
    const edges = [...(region.polygons ?? []), ...(region.holes ?? [])];
    const covered = view.outlines[name] ?? edges;  // what is left where others are taken away
    if (covered.length) made("path", {class: kind, d: covered.map((line) => path(line, true)).join(""), "fill-rule": "evenodd", fill: paint, stroke: paint}, parent);
    if (kind === "shape" && covered !== edges && edges.length) made("path", {class: "whole", d: edges.map((line) => path(line, true)).join(""), stroke: paint}, parent);
    for (const line of region.lines ?? []) {
      if (!view.outlines[name]) made("path", {class: "band", d: path(line, false), stroke: paint, "stroke-width": region.width}, parent);
      made("path", {class: kind, d: path(line, false), fill: "none", stroke: paint}, parent);
    }
  }

  #corners(parent, region) {
    for (const [way, place, line] of linesOf(region)) {
      line.forEach((point, corner) => {
        const next = line[corner + 1] ?? (way === "lines" ? null : line[0]);
        if (!next || Math.hypot(next[0] - point[0], next[1] - point[1]) < this.units(LONG)) return;
        const [x, y] = [(point[0] + next[0]) / 2, (point[1] + next[1]) / 2];
        made("circle", {class: "middle", cx: x, cy: y, r: this.units(MIDDLE), "data-way": way, "data-place": place, "data-corner": corner + 1, "data-new": ""}, parent);
      });
      line.forEach(([x, y], corner) =>
        made("circle", {class: "corner", cx: x, cy: y, r: this.units(CORNER), "data-way": way, "data-place": place, "data-corner": corner}, parent));
    }
  }

  // The point of the frame under a pointer, to a tenth.
  point(event) {
    const box = this.#svg.getBoundingClientRect();
    const inside = (share, most) => Math.round(Math.max(0, Math.min(1, share)) * most * 10) / 10;
    return [inside((event.clientX - box.left) / box.width, this.#size[0]), inside((event.clientY - box.top) / box.height, this.#size[1])];
  }

  // Whether a pointer is on the picture or so near that its edge is meant.
  near(event) {
    const box = this.#svg.getBoundingClientRect();
    return event.clientX > box.left - EDGE && event.clientX < box.right + EDGE && event.clientY > box.top - EDGE && event.clientY < box.bottom + EDGE;
  }

  // Zoom by a factor (to the whole picture by 0); what lies at a place of the window stays there.
  zoomBy(factor, at) {
    const frame = this.#place.getBoundingClientRect(), before = this.#svg.getBoundingClientRect();
    const [x, y] = at ?? [frame.left + frame.width / 2, frame.top + frame.height / 2];
    const share = [(x - before.left) / before.width, (y - before.top) / before.height];
    this.zoom = Math.max(1, Math.min(12, this.zoom * factor));
    this.#fit();
    const after = this.#svg.getBoundingClientRect();
    this.#place.scrollLeft += after.left + share[0] * after.width - x;
    this.#place.scrollTop += after.top + share[1] * after.height - y;
  }
}

export function linesOf(region) {
  return WAYS.flatMap((way) => (region?.[way] ?? []).map((line, place) => [way, place, line]));
}

// The corner of a region that is nearest to a point, if it is within reach.
export function nearestCorner(region, [x, y], reach) {
  let found = null, least = reach;
  for (const [way, place, line] of linesOf(region)) {
    line.forEach((point, corner) => {
      const far = Math.hypot(point[0] - x, point[1] - y);
      if (far <= least) [found, least] = [{way, place, corner, line}, far];
    });
  }
  return found;
}
