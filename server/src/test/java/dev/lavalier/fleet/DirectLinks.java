package dev.lavalier.fleet;

import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Consumer;

/** Links between which messages are delivered at once, on the thread of their sender. */
final class DirectLinks {

  private final List<DirectLink> links = new ArrayList<>();

  /** Whether all messages are lost. */
  boolean lost;

  /** Whether the reading of what is recorded fails. */
  boolean recordingFails;

  /** Whether blocks wait on their way, until {@link #release}. */
  boolean holdsBlocks;

  private final List<Runnable> held = new ArrayList<>();

  private final Map<String, List<byte[]>> recorded = new HashMap<>();

  /** Returns how many messages were published on subjects that begin with a prefix. */
  long published(String prefix) {
    return links.stream()
        .flatMap(each -> each.published.stream())
        .filter(each -> each.startsWith(prefix))
        .count();
  }

  /** Delivers the blocks that wait. */
  void release() {
    holdsBlocks = false;
    held.forEach(Runnable::run);
    held.clear();
  }

  /** What another release sends in place of a message. */
  interface Release {
    /** Returns the message that it publishes or requests with. */
    byte[] message(String subject, byte[] payload);

    /** Returns the answer that it gives to a request. */
    byte[] answer(byte[] request, byte[] answer);
  }

  private static final Release THIS_RELEASE =
      new Release() {
        @Override
        public byte[] message(String subject, byte[] payload) {
          return payload;
        }

        @Override
        public byte[] answer(byte[] request, byte[] answer) {
          return answer;
        }
      };

  /** What happens while a request waits for its answer. */
  Runnable whileWaiting = () -> {};

  DirectLink connect() {
    DirectLink link = new DirectLink();
    links.add(link);
    return link;
  }

  /** One link. */
  final class DirectLink implements Link {

    private record Registered(String pattern, Receiver receiver) {}

    private final List<Registered> registered = new ArrayList<>();

    /** The subjects of the messages that were published. */
    final List<String> published = new ArrayList<>();

    /** Whether no message reaches it, and none leaves it. */
    boolean cut;

    /** Whether it takes messages. */
    boolean ready = true;

    /** The release of its server. */
    Release release = THIS_RELEASE;

    @Override
    public boolean isReady() {
      return ready;
    }

    /** Blocks that were read before this steady time are late. */
    long lateBefore = Long.MIN_VALUE;

    @Override
    public boolean isLate(long readNanos) {
      return readNanos < lateBefore;
    }

    @Override
    public void onReady(Runnable listener) {}

    @Override
    public void publish(String subject, byte[] message) {
      if (!ready || lost || cut) {
        return;
      }
      byte[] payload = release.message(subject, message);
      published.add(subject);
      if (subject.startsWith("lav.1.rec.")) {
        recorded.computeIfAbsent(subject, s -> new ArrayList<>()).add(payload);
      }
      if (holdsBlocks && subject.startsWith("lav.1.pcm.")) {
        held.add(() -> send(subject, payload, reply -> {}));
      } else {
        send(subject, payload, reply -> {});
      }
    }

    @Override
    public Registration subscribe(String pattern, Receiver receiver) {
      Registered added = new Registered(pattern, receiver);
      registered.add(added);
      return () -> registered.remove(added);
    }

    /** Returns the answer if there is one at once, or soon. */
    @Override
    public byte[] request(String subject, byte[] payload, Duration timeout)
        throws NoReplyException {
      byte[][] answer = {null};
      send(subject, release.message(subject, payload), reply -> answer[0] = reply);
      for (int i = 0; i < 10 && answer[0] == null; i++) {
        whileWaiting.run();
      }
      if (answer[0] == null) {
        throw new NoReplyException("no answer");
      }
      return answer[0];
    }

    @Override
    public List<byte[]> recorded(String subject, Duration back, int maxBytes) {
      if (recordingFails) {
        throw new IllegalStateException("the recording is damaged");
      }
      return recorded.getOrDefault(subject, List.of());
    }

    /** Sends a request whose answer can be later. */
    void send(String subject, byte[] payload, Consumer<byte[]> reply) {
      for (DirectLink to : links) {
        for (Registered each : List.copyOf(to.registered)) {
          String regex = each.pattern().replace(".", "\\.").replace("*", "[^.]*");
          if (to != this && !to.cut && subject.matches(regex)) {
            each.receiver()
                .onMessage(
                    new Message(
                        subject,
                        payload,
                        answer -> reply.accept(to.release.answer(payload, answer))));
          }
        }
      }
    }
  }
}
