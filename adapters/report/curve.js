"use strict";

/* Equity above, drawdown below, on one axis of time. */
class Curve {
  constructor(canvas, curve, meta, readout, pick) {
    Object.assign(this, { curve, meta, readout, hover: null });
    this.sheet = new Sheet(canvas, (context, width, height) => this.paint(context, width, height));
    const at = (event) => {
      const box = canvas.getBoundingClientRect();
      const place = Math.round(((event.clientX - box.left) / this.width) * (curve.at.length - 1));
      return Math.max(0, Math.min(curve.at.length - 1, place));
    };
    canvas.addEventListener("pointermove", (event) => {
      this.hover = at(event);
      this.sheet.later();
    });
    canvas.addEventListener("pointerleave", () => {
      this.hover = null;
      this.sheet.later();
    });
    canvas.addEventListener("click", (event) => pick(curve.at[at(event)]));
  }

  x(point) {
    return (point / Math.max(1, this.curve.at.length - 1)) * this.width;
  }

  paint(context, width, height) {
    const { at, equity, down } = this.curve;
    const colours = this.sheet.colours;
    if (!at.length) return;
    this.width = width - AXIS;
    const middle = (height - FOOT) * 0.7;
    const floor = height - FOOT;
    const start = this.curve.start;
    const most = equity.reduce((one, other) => Math.max(one, other), start);
    const least = equity.reduce((one, other) => Math.min(one, other), start);
    const margin = (most - least || 1) * 0.08;
    const deepest = down.reduce((one, other) => Math.max(one, other), 0.0001) * 1.08;
    const money = (value) => 8 + ((most + margin - value) / (most - least + 2 * margin)) * (middle - 16);
    const share = (value) => middle + 8 + (value / deepest) * (floor - middle - 12);
    context.font = `11.5px ${colours.sans}`;
    context.textBaseline = "middle";
    this.axes(context, { most, least, deepest, money, share, floor, colours });
    const path = (values, scale) => {
      context.beginPath();
      context.moveTo(0, scale(values === equity ? start : 0));
      values.forEach((value, point) => context.lineTo(this.x(point), scale(value)));
    };
    path(equity, money);
    context.lineTo(this.width, money(start));
    context.lineTo(0, money(start));
    const fade = context.createLinearGradient(0, 8, 0, middle);
    fade.addColorStop(0, tint(colours.accent, 0.22));
    fade.addColorStop(1, tint(colours.accent, 0.03));
    context.fillStyle = fade;
    context.fill();
    path(equity, money);
    context.strokeStyle = colours.accent;
    context.lineWidth = 1.75;
    context.lineJoin = "round";
    context.stroke();
    path(down, share);
    context.lineTo(this.width, share(0));
    context.lineTo(0, share(0));
    context.fillStyle = tint(colours.loss, 0.25);
    context.fill();
    path(down, share);
    context.strokeStyle = colours.loss;
    context.lineWidth = 1;
    context.stroke();
    this.cross(context, { money, share, floor, colours });
  }

  axes(context, { most, least, deepest, money, share, floor, colours }) {
    const { at } = this.curve;
    context.textAlign = "left";
    const step = roundStep(most - least || 1, 4, 0.01);
    for (let value = Math.ceil(least / step) * step; value <= most; value += step) {
      context.fillStyle = colours.hair;
      context.fillRect(0, Math.round(money(value)), this.width, 1);
      context.fillStyle = colours.muted;
      context.fillText(value.toLocaleString("en-US", { maximumFractionDigits: step < 1 ? 2 : 0 }), this.width + 8, money(value));
    }
    context.fillStyle = colours.faint;
    context.fillRect(0, Math.round(money(this.curve.start)), this.width, 1);
    const half = roundStep(deepest, 2, 0.0001);
    for (let value = half; value <= deepest; value += half) {
      context.fillStyle = colours.hair;
      context.fillRect(0, Math.round(share(value)), this.width, 1);
      context.fillStyle = colours.muted;
      context.fillText(`-${(100 * value).toFixed(half < 0.01 ? 2 : 1).replace(/\.0$/, "")} %`, this.width + 8, share(value));
    }
    context.fillStyle = colours.line;
    context.fillRect(0, Math.round(share(0)), this.width, 1);
    context.fillRect(0, floor, this.width, 1);
    const days = (at[at.length - 1] - at[0]) / 1440;
    const key = days > 900 ? (minute) => wall.day(minute).slice(0, 4) : days > 45 ? (minute) => wall.day(minute).slice(0, 7) : (minute) => wall.day(minute);
    let used = -100;
    context.textAlign = "left";
    for (let point = 1; point < at.length; point++) {
      if (key(at[point]) === key(at[point - 1])) continue;
      const x = this.x(point);
      if (x - used < 58 || x > this.width - 40) continue;
      used = x;
      context.fillStyle = colours.hair;
      context.fillRect(Math.round(x), 0, 1, floor);
      context.fillStyle = colours.muted;
      const [year, , day] = wall.day(at[point]).split("-");
      const text = days > 900 ? year : days > 45 ? `${wall.month(at[point])}${wall.month(at[point]) === "Jan" ? ` ${year}` : ""}` : `${Number(day)} ${wall.month(at[point])}`;
      context.fillText(text, x + 3, floor + FOOT / 2);
    }
  }

  cross(context, { money, share, floor, colours }) {
    if (this.hover === null) {
      this.readout.textContent = "";
      return;
    }
    const { at, equity, down } = this.curve;
    const x = this.x(this.hover);
    context.fillStyle = colours.faint;
    context.fillRect(Math.round(x), 0, 1, floor);
    for (const [y, colour] of [[money(equity[this.hover]), colours.accent], [share(down[this.hover]), colours.loss]]) {
      context.fillStyle = colour;
      context.beginPath();
      context.arc(x, y, 4, 0, 7);
      context.fill();
    }
    const amount = equity[this.hover].toLocaleString("en-US", { minimumFractionDigits: 2 });
    this.readout.textContent = `${wall.day(at[this.hover])}  ${amount} ${this.meta.currency}  -${(100 * down[this.hover]).toFixed(2)} %`;
  }
}
