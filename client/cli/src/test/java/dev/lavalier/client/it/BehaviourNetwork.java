package dev.lavalier.client.it;

import java.io.IOException;

/** A network between the clients of all languages and a server: a proxy for each of its ports. */
record BehaviourNetwork(LoopbackProxy grpc, LoopbackProxy web, Target target)
    implements AutoCloseable {

  /** The addresses of a server: {@code HOST:PORT}, and the URL of the web port. */
  record Target(String address, String url) {

    /** Returns the ports of a server. It can be called once for each server. */
    static Target of(ServerProcess server, String scheme) throws IOException {
      return new Target(server.address(), scheme + "127.0.0.1:" + server.webPort() + "/");
    }

    String webPort() {
      return url.replaceAll("^.*:|/$", "");
    }
  }

  static BehaviourNetwork to(Target target) throws IOException {
    LoopbackProxy grpc = new LoopbackProxy(target.address());
    LoopbackProxy web = new LoopbackProxy("127.0.0.1:" + target.webPort());
    String url = target.url().replace("127.0.0.1:" + target.webPort(), web.address());
    return new BehaviourNetwork(grpc, web, new Target(grpc.address(), url));
  }

  /** Closes all connections, and each new one, until {@link #resume}. */
  void disconnect() throws IOException {
    grpc.disconnect();
    web.disconnect();
  }

  /** Transports nothing until {@link #resume}. */
  void stall() {
    grpc.stall();
    web.stall();
  }

  void resume() {
    grpc.resume();
    web.resume();
  }

  @Override
  public void close() throws IOException {
    grpc.close();
    web.close();
  }
}
