package dev.lavalier.simulation;

import static dev.lavalier.simulation.FleetServers.SECOND;

import dev.lavalier.fleet.Link;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.SplittableRandom;

/** Sends what no server of a fleet sends: garbage, and blocks that were sent before. */
final class FleetIntruder {

  private static final int MAX_BLOCKS = 100;

  private final FleetWorld world;
  private final SplittableRandom random;
  private final SimNetwork.SimLink link;

  FleetIntruder(FleetWorld world, SimNetwork network, SplittableRandom random) {
    this.world = world;
    this.random = random;
    this.link = network.connect("intruder", world.operator());
  }

  /** Records blocks of a node for a short time, and sends them again later. */
  void act(String node) {
    world.trace(() -> "blocks of " + node + " are repeated");
    List<Link.Message> blocks = new ArrayList<>();
    Link.Registration registration =
        link.subscribe(
            "lav.1.pcm.%s.*".formatted(node),
            message -> {
              if (blocks.size() < MAX_BLOCKS) {
                blocks.add(message);
              }
            });
    later(
        random.nextLong(SECOND),
        () -> {
          registration.close();
          later(random.nextLong(4 * SECOND), () -> blocks.forEach(this::repeat));
        });
    for (String subject : List.of("hb.", "cat.", "ctl.edge0.", "ctl." + node + ".")) {
      link.publish("lav.1." + subject + node, garbage(random.nextInt(100)));
    }
  }

  private void later(long nanos, Runnable task) {
    world.scheduler().at(world.scheduler().now() + nanos, world.operator(), task);
  }

  private void repeat(Link.Message block) {
    byte[] payload = block.payload();
    link.publish(
        block.subject(),
        switch (random.nextInt(6)) {
          case 0 -> garbage(random.nextInt(payload.length));
          case 1 -> garbage(300_000);
          case 2 -> Arrays.copyOf(payload, random.nextInt(payload.length));
          default -> payload;
        });
  }

  private byte[] garbage(int length) {
    byte[] bytes = new byte[length];
    random.nextBytes(bytes);
    return bytes;
  }
}
