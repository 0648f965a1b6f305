package dev.lavalier.client.it;

import dev.lavalier.audio.PcmFormat;
import dev.lavalier.capture.Devices;
import dev.lavalier.capture.line.LineSettings;
import dev.lavalier.capture.virtual.ToneDevice;
import dev.lavalier.capture.virtual.VirtualDevices;
import dev.lavalier.common.TimeSource;
import dev.lavalier.fleet.NodeAgent;
import dev.lavalier.fleet.nats.NatsLink;
import dev.lavalier.fleet.nats.NatsOptions;
import dev.lavalier.hub.DeliveryLoop;
import dev.lavalier.hub.Hub;
import dev.lavalier.hub.HubConfig;
import dev.lavalier.hub.HubObserver;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import java.util.concurrent.Executor;
import java.util.concurrent.Executors;

/**
 * Many nodes in one process, for bench/fleet.py: {@code URL[,URL] COUNT}. Each has its own
 * connection to the engine, and a tone. It exits at the end of its input.
 */
final class FleetCrowd {

  private FleetCrowd() {}

  /** Runs the program. */
  public static void main(String[] args) throws Exception {
    List<String> urls = List.of(args[0].split(",", -1));
    TimeSource time = TimeSource.system();
    Executor loops = Executors.newSingleThreadExecutor();
    Random boots = new Random();
    int count = Integer.parseInt(args[1]);
    for (int i = 0; i < count; i++) {
      String id = "crowd-" + i;
      Devices devices =
          new VirtualDevices(
              List.of(new ToneDevice()),
              ToneDevice.NAME,
              new LineSettings(any -> PcmFormat.parse("16000/1/s16le"), any -> true, time));
      devices.start();
      Hub hub = new Hub(devices, time, HubConfig.DEFAULTS, HubObserver.NONE);
      hub.start();
      NatsLink link =
          NatsLink.connect(
              new NatsOptions(urls, id, Optional.empty(), Optional.empty(), true), time);
      new NodeAgent(
              id, boots.nextLong(), any -> true, hub, new DeliveryLoop(loops, time), link, time)
          .start();
    }
    System.out.println("ready");
    while (System.in.read() >= 0) {
      // until the end of the input
    }
    System.exit(0);
  }
}
