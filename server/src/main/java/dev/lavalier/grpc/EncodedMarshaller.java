package dev.lavalier.grpc;

import io.grpc.Drainable;
import io.grpc.KnownLength;
import io.grpc.MethodDescriptor;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;

/**
 * Passes on messages that are already encoded. A frame is therefore encoded once, and copied once
 * for each subscriber: from the shared array into the buffer of the transport.
 */
final class EncodedMarshaller implements MethodDescriptor.Marshaller<byte[]> {

  @Override
  public InputStream stream(byte[] message) {
    return new Encoded(message);
  }

  @Override
  public byte[] parse(InputStream in) {
    try (in) {
      return in.readAllBytes();
    } catch (IOException e) {
      throw new IllegalArgumentException(e);
    }
  }

  private static final class Encoded extends ByteArrayInputStream
      implements Drainable, KnownLength {

    Encoded(byte[] message) {
      super(message);
    }

    @Override
    public int drainTo(OutputStream target) throws IOException {
      int length = available();
      target.write(buf, pos, length);
      pos = count;
      return length;
    }
  }
}
