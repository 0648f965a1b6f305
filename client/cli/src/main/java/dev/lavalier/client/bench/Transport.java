package dev.lavalier.client.bench;

import io.grpc.Channel;

/** The connections of a run. For use by one thread. */
interface Transport extends AutoCloseable {

  /** Returns a probe of the machine and of the threads that call the listeners. */
  LoadProbe probe();

  /**
   * Creates a connection. The listeners of its calls run on the thread that received the message.
   */
  Channel connect();

  /** Ends every call. Afterwards no listener runs. */
  @Override
  void close();
}
