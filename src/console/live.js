(() => {
  const source = new EventSource("/events");
  const ids = ["head", "tiles", "rules", "costs", "refusals", "documents", "inventory", "shadow", "policy", "around"];
  for (const id of ids) {
    source.addEventListener(id, (event) => {
      const place = document.getElementById(id);
      if (!place || place.querySelector("details[open]") || (place !== document.activeElement && place.contains(document.activeElement))) return;
      const scroll = place.querySelector(".scroll");
      const [left, top] = scroll ? [scroll.scrollLeft, scroll.scrollTop] : [0, 0];
      place.innerHTML = event.data;
      const after = place.querySelector(".scroll");
      if (after) { after.scrollLeft = left; after.scrollTop = top; }
    });
  }
})();
