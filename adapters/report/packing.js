"use strict";

/* Columns of whole numbers and their head, as `adapters/report/packing.py` bundles them. */
async function unbundle(text) {
  const bytes = Uint8Array.from(atob(text), (sign) => sign.charCodeAt(0));
  const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("deflate"));
  const whole = await new Response(stream).arrayBuffer();
  const length = new DataView(whole).getUint32(0, true);
  const head = JSON.parse(new TextDecoder().decode(new Uint8Array(whole, 4, length)));
  const kinds = { 1: Int8Array, 2: Int16Array, 4: Int32Array, 8: Float64Array };
  let place = 4 + length;
  const columns = head.w.map((width) => {
    const column = new kinds[width](whole, place, head.n);
    place += Math.ceil((head.n * width) / 8) * 8;
    return column;
  });
  return { head, columns };
}
