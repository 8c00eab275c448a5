// Bytes from a port to the application, for runs without the sidecar.
import net from 'node:net';

export function relay(upstream, port) {
  const {hostname, port: target} = new URL(upstream);
  const server = net.createServer(client => {
    const inner = net.connect(Number(target), hostname);
    client.pipe(inner).pipe(client);
    for (const [one, other] of [[client, inner], [inner, client]]) one.on('error', () => other.destroy());
  });
  return new Promise(resolve => server.listen(port, '127.0.0.1', () => resolve(server)));
}
