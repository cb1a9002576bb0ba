// A map: Leaflet, loaded when the first one is opened, over the tiles that the bureau has set.
// Callers speak WGS-84 [latitude, longitude]; the tiles' datum is seen to here.
import { fromWgs84, toWgs84 } from "./datum.js";

const VENDOR = new URL("../vendor/leaflet/", import.meta.url).href;
const COUNTRY = [35, 105]; // Where a map without any place begins: the middle of China
let loading = null;

function loadLeaflet() {
  loading = loading || new Promise((resolve, reject) => {
    const style = document.createElement("link");
    style.rel = "stylesheet";
    style.href = `${VENDOR}leaflet.css`;
    const script = document.createElement("script");
    script.src = `${VENDOR}leaflet.js`;
    script.onload = () => {
      window.L.Icon.Default.imagePath = `${VENDOR}images/`;
      resolve(window.L);
    };
    script.onerror = () => { loading = null; reject(new Error("map")); };
    document.head.append(style, script);
  });
  return loading;
}

/**
 * Open a map in an element with data-map, the JSON of a template's `map_settings`.
 * @param {HTMLElement} element Needs a height (class "map").
 * @param {{center?: number[]|null, zoom?: number}} [start] WGS-84
 * @returns {Promise<StreetMap>}
 */
export async function openMap(element, { center = null, zoom = 16 } = {}) {
  const leaflet = await loadLeaflet();
  return new StreetMap(leaflet, element, JSON.parse(element.dataset.map), center, zoom);
}

export class StreetMap {
  constructor(leaflet, element, settings, center, zoom) {
    this.leaflet = leaflet;
    this.datum = settings.datum;
    const start = center || settings.center;
    this.map = leaflet.map(element, { attributionControl: Boolean(settings.attribution), maxZoom: 20, zoomControl: false });
    const [zoomInTitle, zoomOutTitle] = settings.zoom;
    leaflet.control.zoom({ zoomInTitle, zoomOutTitle }).addTo(this.map);
    this.map.attributionControl?.setPrefix(false);
    this.map.setView(this.show(start || COUNTRY), start ? zoom : 4);
    if (settings.tiles) {
      leaflet.tileLayer(settings.tiles, { maxZoom: 20, maxNativeZoom: 18, attribution: escapeText(settings.attribution || "") }).addTo(this.map);
    }
    if (settings.hint) this.label(settings.hint, "bottomright");
    leaflet.control.scale({ imperial: false }).addTo(this.map);
  }

  /** WGS-84 to what the tiles show. */
  show(place) { return fromWgs84(place, this.datum); }

  /** A Leaflet position on the tiles to WGS-84 [latitude, longitude]. */
  read(position) { return toWgs84([position.lat, position.lng], this.datum); }

  /** A round marker; `title` is read out. options: color, radius, onClick, draggable is pin()'s. */
  dot(place, { color = "#0f4c5c", radius = 8, title = "", onClick = null } = {}) {
    const marker = this.leaflet.circleMarker(this.show(place), { radius, color: "#fff", weight: 2, fillColor: color, fillOpacity: 0.95 });
    if (title) marker.bindTooltip(escapeText(title));
    if (onClick) marker.on("click", onClick);
    return marker.addTo(this.map);
  }

  /** A pin that can be dragged; onMove gets WGS-84. */
  pin(place, { title = "", onMove = null } = {}) {
    const marker = this.leaflet.marker(this.show(place), { draggable: Boolean(onMove), title, alt: title, keyboard: true });
    if (onMove) marker.on("dragend", () => onMove(this.read(marker.getLatLng())));
    return marker.addTo(this.map);
  }

  /** Cells as GeoJSON in WGS-84; style: Leaflet's, or a function of the feature. */
  cells(collection, { style = { color: "#0f4c5c", weight: 1.5, fillOpacity: 0.05 }, name = null, onClick = null } = {}) {
    const layer = this.leaflet.geoJSON(collection, {
      style,
      coordsToLatLng: ([lng, lat]) => this.leaflet.latLng(...this.show([lat, lng])),
      onEachFeature: (feature, shape) => {
        if (name) shape.bindTooltip(escapeText(name(feature)));
        if (onClick) shape.on("click", () => onClick(feature));
      },
    });
    return layer.addTo(this.map);
  }

  /** A line of words in a corner, such as the name of the cell that is shown. */
  label(text, position = "topright") {
    const made = this.leaflet.control({ position });
    made.onAdd = () => Object.assign(document.createElement("p"), { className: "map-hint", textContent: text });
    made.addTo(this.map);
  }

  /** A click on the map, in WGS-84. */
  onClick(handler) { this.map.on("click", (event) => handler(this.read(event.latlng))); }

  /** Show all of some WGS-84 places. */
  fit(places) {
    if (places.length) this.map.fitBounds(this.leaflet.latLngBounds(places.map((one) => this.show(one))).pad(0.2), { maxZoom: 17 });
  }

  fitLayer(layer) {
    const bounds = layer.getBounds();
    if (bounds.isValid()) this.map.fitBounds(bounds.pad(0.05));
  }
}

// Leaflet takes tooltips and attributions as HTML.
function escapeText(text) {
  const place = document.createElement("span");
  place.textContent = text;
  return place.innerHTML;
}
