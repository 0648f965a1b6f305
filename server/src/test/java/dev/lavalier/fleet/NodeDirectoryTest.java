package dev.lavalier.fleet;

import static org.assertj.core.api.Assertions.assertThat;

import dev.lavalier.capture.Capture;
import dev.lavalier.capture.DeviceDescriptor;
import dev.lavalier.fleet.v1.Catalogue;
import dev.lavalier.fleet.v1.Heartbeat;
import dev.lavalier.fleet.v1.SharedDevice;
import dev.lavalier.testing.LogLines;
import dev.lavalier.testing.ManualTimeSource;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

final class NodeDirectoryTest {

  private final ManualTimeSource time = new ManualTimeSource();
  private final DirectLinks network = new DirectLinks();
  private final DirectLinks.DirectLink nodes = network.connect();
  private final FleetDevices edge = new FleetDevices("edge", network.connect(), time);

  private void heartbeat(String node) {
    nodes.publish(
        Subjects.heartbeat(node),
        Heartbeat.newBuilder().setBoot(1).setCatalogueVersion(1).build().toByteArray());
  }

  private void announce(String node) {
    heartbeat(node);
    Catalogue.Builder catalogue = Catalogue.newBuilder().setBoot(1).setVersion(1);
    for (int i = 0; i < Messages.MAX_DEVICES; i++) {
      catalogue.addDevices(
          SharedDevice.newBuilder().setLocalId("mic-" + i).setFormat("48000/1/s16le"));
    }
    nodes.publish(Subjects.catalogue(node), catalogue.build().toByteArray());
  }

  private long listed(String node) {
    return edge.list().stream().map(DeviceDescriptor::nodeId).filter(node::equals).count();
  }

  @Test
  void silentNodeWithAnOpenDevice_isNotForgotten() throws Exception {
    edge.start();
    announce("a");
    nodes.subscribe(
        Subjects.control("a", Subjects.ANY),
        message ->
            message.reply().accept(Messages.opened(1, Messages.format("48000/1/s16le"), 480, 0)));
    Capture capture = edge.open("a/mic-0");
    for (int i = 0; i < 80; i++) {
      time.advance(Duration.ofMillis(500));
    }
    assertThat(listed("a")).isEqualTo(Messages.MAX_DEVICES);
    capture.close();
    time.advance(Duration.ofMillis(500));
    assertThat(listed("a")).isZero();
  }

  @Test
  void deviceWithControlCharactersInItsId_isNotListed() throws Exception {
    edge.start();
    heartbeat("a");
    Catalogue.Builder catalogue = Catalogue.newBuilder().setBoot(1).setVersion(1);
    for (String id :
        List.of("<b>", "\u001b[201~reboot\n", "../*.>", "a\u2028", "x".repeat(601), "'; $(id)")) {
      catalogue.addDevices(SharedDevice.newBuilder().setLocalId(id).setFormat("48000/1/s16le"));
    }
    nodes.publish(Subjects.catalogue("a"), catalogue.build().toByteArray());
    assertThat(edge.list())
        .extracting(DeviceDescriptor::id)
        .containsExactly("a/<b>", "a/../*.>", "a/'; $(id)");
    List<String> requested = new ArrayList<>();
    nodes.subscribe(
        Subjects.control("a", Subjects.ANY),
        message -> {
          requested.add(message.subject());
          message.reply().accept(Messages.opened(1, Messages.format("48000/1/s16le"), 480, 0));
        });
    edge.open("a/../*.>").close();
    assertThat(requested).isNotEmpty().containsOnly("lav.1.ctl.a.edge");
  }

  @Test
  void leasesOfANodeThatIsHeardAgain_areRenewedAtOnce() throws Exception {
    edge.start();
    nodes.subscribe(
        Subjects.control(Subjects.ANY, Subjects.ANY),
        message ->
            message.reply().accept(Messages.opened(1, Messages.format("48000/1/s16le"), 480, 0)));
    List<String> names = List.of("a", "a-b", "b"); // a-b/mic-0 is before a/mic-0
    for (String name : names) {
      announce(name);
      edge.open(name + "/mic-0");
      heartbeat(name);
    }
    time.advance(Duration.ofMillis(1_700));
    for (String name : names) {
      String control = "lav.1.ctl.%s.".formatted(name);
      long others = network.published("lav.1.ctl.") - network.published(control);
      long before = network.published(control);
      heartbeat(name);
      assertThat(network.published(control)).isEqualTo(before + 1);
      assertThat(network.published("lav.1.ctl.")).isEqualTo(others + before + 1);
    }
  }

  @Test
  void devicesOfAllNodes_haveAMaximum() {
    try (LogLines log = LogLines.of(NodeDirectory.class.getName())) {
      edge.start();
      announce("z");
      for (int i = 10; i < 50; i++) {
        announce("n" + i);
      }
      time.advance(Duration.ofMillis(500));
      assertThat(edge.list()).hasSize(NodeDirectory.MAX_LISTED);
      assertThat(listed("z")).isEqualTo(Messages.MAX_DEVICES);
      assertThat(listed("n49")).isZero();
      assertThat(log.all())
          .containsExactly(
              "WARN 496 devices are not listed (expected: at most 10000 of all nodes); those of the"
                  + " nodes that were heard first are");

      for (int second = 0; second < 40; second++) {
        for (int i = 13; i < 50; i++) {
          heartbeat("n" + i);
        }
        time.advance(Duration.ofMillis(500));
        time.advance(Duration.ofMillis(500));
      }
      assertThat(listed("z")).isZero();
      assertThat(listed("n49")).isEqualTo(Messages.MAX_DEVICES);
    }
  }
}
