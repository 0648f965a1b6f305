package dev.lavalier.client.bench;

import io.grpc.Channel;

/** What a run reaches the server by. One thread uses it. */
interface Transport extends AutoCloseable {

  /** Returns what looks at the machine and at the threads that the transport delivers on. */
  LoadProbe probe();

  /** Makes another connection. The listeners of its calls run on the thread that received. */
  Channel connect();

  /** Ends every call; afterwards no listener runs. */
  @Override
  void close();
}
