// Minutes since the epoch as people read them: on the exchange's clock, with UTC beside.
export class Clock {
  constructor(zone) {
    this.zone = zone;
    const parts = { hourCycle: "h23", year: "numeric", month: "2-digit", day: "2-digit", hour: "2-digit", minute: "2-digit", weekday: "short" };
    this.form = new Intl.DateTimeFormat("en-GB", { ...parts, timeZone: zone });
    this.world = new Intl.DateTimeFormat("en-GB", { ...parts, timeZone: "UTC" });
  }

  parts(minute, form = this.form) {
    return Object.fromEntries(form.formatToParts(minute * 60000).map(({ type, value }) => [type, value]));
  }

  /** `Wed 2025-11-05 10:31` */
  full(minute) {
    const { weekday, year, month, day, hour, minute: past } = this.parts(minute);
    return `${weekday} ${year}-${month}-${day} ${hour}:${past}`;
  }

  time(minute) {
    const { hour, minute: past } = this.parts(minute);
    return `${hour}:${past}`;
  }

  utc(minute) {
    const { hour, minute: past } = this.parts(minute, this.world);
    return `${hour}:${past} UTC`;
  }
}
