// The stretch between a phone and the service: cut it, and requests on their
// way as well as answers are lost, as on a staircase.
import { connect, createServer } from "node:net";

export class Network {
  /** Opens the stretch to a service; `origin` is what the phone is given. */
  static async to(service) {
    const network = new Network();
    const port = Number(new URL(service).port);
    network.up = true;
    network.pairs = new Set();
    network.server = createServer((near) => {
      if (!network.up) { near.destroy(); return; }
      const far = connect(port, "127.0.0.1");
      const pair = { near, far };
      network.pairs.add(pair);
      const end = () => { near.destroy(); far.destroy(); network.pairs.delete(pair); };
      for (const side of [near, far]) side.on("error", end).on("close", end);
      near.pipe(far);
      far.pipe(near);
    });
    await new Promise((resolve) => network.server.listen(0, "127.0.0.1", resolve));
    network.origin = `http://127.0.0.1:${network.server.address().port}`;
    return network;
  }

  /** From now on nothing comes through, either way. `context`: the browser is told, too. */
  async cut(context) {
    this.up = false;
    for (const { near, far } of this.pairs) { near.destroy(); far.destroy(); }
    await context?.setOffline(true).catch(() => {});
  }

  async mend(context) {
    this.up = true;
    await context?.setOffline(false).catch(() => {});
  }

  close() {
    this.up = false;
    for (const { near, far } of this.pairs) { near.destroy(); far.destroy(); }
    this.server.close();
  }
}
