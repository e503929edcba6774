// Makes the drawn map of cameras one that can be moved, and asked about a point of it.
// What it shows stands in the drawing: without this script, or if it fails, that stays as it is.

import {
  CircleMarker, Control, DivIcon, LatLngBounds, Map, Marker, TileLayer, Tooltip,
} from "./vendor/leaflet.js";

const CLOSEST = 17; // one camera fills no screen
const DECIMALS = 6; // as the register keeps points: 11 cm

const DIAMOND =
  '<svg viewBox="0 0 48 48" width="48" height="48" aria-hidden="true" focusable="false">' +
  '<path d="M24 3l21 21l-21 21l-21 -21z" fill="#ffffff" fill-opacity=".6" stroke="#d4351c" stroke-width="4"/></svg>';

const located = (one) => one.dataset.at.split(",").map(Number);

function pinned(at, html, className, size) {
  const icon = new DivIcon({ html, className, iconSize: [size, size] });
  // No stop of the keyboard: it leads nowhere, and the list names the same.
  return new Marker(at, { icon, keyboard: false, title: "", bubblingMouseEvents: true });
}

function shown(map, one) {
  const { label, name } = one.dataset;
  if (name === undefined) return pinned(located(one), DIAMOND, "", 48);
  const text = document.createElement("span");
  text.textContent = label;
  const spot = label
    ? pinned(located(one), text, "custos-map__camera", 30)
    : new CircleMarker(located(one), { radius: 6, color: "#ffffff", weight: 1, fillColor: "#12403c", fillOpacity: 1 });
  const words = document.createElement("span"); // text, whatever a camera is called
  words.textContent = name;
  const told = new Tooltip(located(one), { content: words, direction: "top", offset: [0, label ? -14 : -4] });
  // Not bound: that would make each camera a stop of the keyboard.
  return spot.on("mouseover", () => map.openTooltip(told)).on("mouseout", () => map.closeTooltip(told));
}

function ground(map, { tiles, attribution, attributionLink, mostZoom }) {
  if (!tiles) return;
  const credit = document.createElement(attributionLink ? "a" : "span");
  credit.textContent = attribution;
  if (attributionLink) credit.href = attributionLink;
  const layer = new TileLayer(tiles, { maxNativeZoom: Number(mostZoom), maxZoom: map.getMaxZoom() });
  new Control.Attribution({ prefix: false }).addAttribution(credit.outerHTML).addTo(map);
  layer.addTo(map);
}

function north(map) {
  const control = new Control({ position: "topright" });
  control.onAdd = () => {
    const made = document.createElement("div");
    made.className = "custos-map__north";
    made.textContent = "N ↑";
    return made;
  };
  control.addTo(map);
}

function askable(map, form) {
  if (!form) return;
  const about = (at) => {
    const { lat, lng } = at.wrap();
    form.elements.where.value = `${lat.toFixed(DECIMALS)}, ${lng.toFixed(DECIMALS)}`;
  };
  map.on("click", ({ latlng }) => {
    about(latlng);
    form.submit();
  });
  form.addEventListener("submit", () => about(map.getCenter()));
  const aims = (aimed) => () => map.getContainer().classList.toggle("custos-map--aimed", aimed);
  for (const button of form.querySelectorAll("button")) {
    for (const kind of ["focus", "mouseenter"]) button.addEventListener(kind, aims(true));
    for (const kind of ["blur", "mouseleave"]) button.addEventListener(kind, aims(false));
  }
}

function replace(figure) {
  const drawing = figure.querySelector("svg");
  const box = document.createElement("div");
  box.className = "custos-map";
  box.tabIndex = 0;
  box.setAttribute("role", "region");
  box.setAttribute("aria-label", drawing.querySelector("title").textContent);
  box.setAttribute("aria-describedby", "map-help");
  figure.prepend(box);
  const still = matchMedia("(prefers-reduced-motion: reduce)").matches;
  const map = new Map(box, {
    attributionControl: false,
    doubleClickZoom: false, // a click asks
    scrollWheelZoom: false, // the wheel and one finger move the page
    dragging: !matchMedia("(pointer: coarse)").matches,
    maxZoom: Math.max(19, Number(figure.dataset.mostZoom || 0)),
    zoomAnimation: !still, fadeAnimation: !still, markerZoomAnimation: !still, inertia: !still,
  });
  const spots = [...drawing.querySelectorAll("[data-at]")];
  map.fitBounds(new LatLngBounds(spots.map(located)), { paddingTopLeft: [60, 50], paddingBottomRight: [40, 40], maxZoom: CLOSEST, animate: false });
  ground(map, figure.dataset);
  for (const one of spots) shown(map, one).addTo(map);
  new Control.Scale({ imperial: false }).addTo(map);
  north(map);
  const middle = document.createElement("div");
  middle.className = "custos-map__middle";
  box.append(middle);
  askable(map, figure.querySelector("form"));
  drawing.setAttribute("hidden", "");
  for (const one of figure.querySelectorAll("[data-with-map]")) one.hidden = false;
}

for (const figure of document.querySelectorAll("figure[data-map]")) {
  try {
    replace(figure);
  } catch (error) {
    figure.querySelector(".custos-map")?.remove();
    console.error(error);
  }
}
