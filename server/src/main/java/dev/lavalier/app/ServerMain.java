package dev.lavalier.app;

import dev.lavalier.audio.PcmFormat;
import dev.lavalier.capture.ToneDevice;
import dev.lavalier.capture.VirtualDevice;
import dev.lavalier.capture.WavDevice;
import dev.lavalier.hub.HubConfig;
import java.io.IOException;
import java.io.PrintStream;
import java.net.BindException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.UnknownHostException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.Callable;
import java.util.concurrent.CountDownLatch;
import org.slf4j.bridge.SLF4JBridgeHandler;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/** {@code lavalier-server}: see {@code --help}. */
@Command(
    name = "lavalier-server",
    mixinStandardHelpOptions = true,
    versionProvider = ServerMain.Version.class,
    sortOptions = false,
    description = "Streams this machine's microphones over gRPC.",
    footer = {
      "",
      "Exit codes: 0 stopped by a signal, 1 could not start, 2 wrong usage.",
    })
public final class ServerMain implements Callable<Integer> {

  private static final int FAILED = 1;

  /** Netty's search for buffers that were not released: the tests have it, a server pays for it. */
  private static final String LEAK_DETECTION = "io.netty.leakDetection.level";

  @Option(
      names = "--bind",
      paramLabel = "ADDRESS",
      defaultValue = "127.0.0.1",
      description = "Address to listen on (default: ${DEFAULT-VALUE}).")
  private String bind;

  @Option(
      names = "--port",
      paramLabel = "PORT",
      defaultValue = "50051",
      description = "Port to listen on; 0: a free one (default: ${DEFAULT-VALUE}).")
  private int port;

  @Option(
      names = "--insecure",
      description = "Allow an address beyond loopback: whoever reaches it can listen.")
  private boolean insecure;

  @Option(
      names = "--capture-format",
      paramLabel = "RATE/CHANNELS/ENCODING",
      defaultValue = "48000/2/s16le",
      description =
          "Format to capture in, for each device that offers it (default: ${DEFAULT-VALUE}).")
  private String captureFormat;

  @Option(
      names = "--device-format",
      paramLabel = "DEVICE_ID=FORMAT",
      description = "Format to capture one device in, as --capture-format. May be given again.")
  private final Map<String, String> deviceFormats = new LinkedHashMap<>();

  @Option(
      names = "--period-ms",
      paramLabel = "MS",
      defaultValue = "10",
      description = "Length of one read from a device, 1..100 (default: ${DEFAULT-VALUE}).")
  private int periodMs;

  @Option(
      names = "--max-subscribers",
      paramLabel = "N",
      defaultValue = "2000",
      description =
          "Streams that may run at a time, 1..100000; more are refused (default: ${DEFAULT-VALUE}).")
  private int maxSubscribers;

  @Option(
      names = "--stall-limit-s",
      paramLabel = "S",
      defaultValue = "30",
      description =
          "End a stream whose subscriber takes nothing for so long, 1..3600 (default: ${DEFAULT-VALUE}).")
  private int stallLimitSeconds;

  @Option(
      names = "--history-ms",
      paramLabel = "MS",
      defaultValue = "0",
      description =
          "Keep the last MS of each open device for streams that begin before now, 0..600000 (default: ${DEFAULT-VALUE}).")
  private int historyMs;

  @Option(
      names = "--keep-open",
      paramLabel = "DEVICE_ID",
      description =
          "Keep a device open for its history: it records before anyone asks. May be given again.")
  private final Set<String> keptOpen = new LinkedHashSet<>();

  @Option(
      names = "--demo",
      description = "Make the test tone the default device where no hardware can be captured.")
  private boolean demo;

  @Option(
      names = "--wav",
      paramLabel = "NAME=FILE",
      description = "Add a device NAME that plays FILE in a loop. May be given again.")
  private final Map<String, Path> wavs = new LinkedHashMap<>();

  private final PrintStream out;
  private final PrintStream err;

  private ServerMain(PrintStream out, PrintStream err) {
    this.out = out;
    this.err = err;
  }

  /** Runs the program. */
  public static void main(String[] args) {
    if (System.getProperty(LEAK_DETECTION) == null) {
      System.setProperty(LEAK_DETECTION, "disabled");
    }
    SLF4JBridgeHandler.removeHandlersForRootLogger();
    SLF4JBridgeHandler.install();
    System.exit(
        new CommandLine(new ServerMain(System.out, System.err))
            .setParameterExceptionHandler(ServerMain::wrongUsage)
            .execute(args));
  }

  private static int wrongUsage(CommandLine.ParameterException e, String[] args) {
    e.getCommandLine().getErr().println(e.getMessage() + " (see --help)");
    return CommandLine.ExitCode.USAGE;
  }

  @Override
  public Integer call() {
    ServerConfig config;
    try {
      config = config();
    } catch (IllegalArgumentException e) {
      err.println(e.getMessage());
      return CommandLine.ExitCode.USAGE;
    }
    LavalierServer server = new LavalierServer(config);
    try {
      server.start();
    } catch (IOException e) {
      err.println(
          "port: %d (expected: one that can be listened on at %s; %s)"
              .formatted(port, bind, reason(e)));
      server.close();
      return FAILED;
    }
    stopOnSignal(server);
    String address = display(config.address().getAddress()) + ":" + server.port();
    if (insecure && !config.address().getAddress().isLoopbackAddress()) {
      err.println("insecure: whoever reaches " + address + " can listen to this machine");
    }
    // Scripts wait for this line.
    out.println("lavalier-server listening on " + address);
    out.flush();
    suggest(address);
    awaitSignal();
    return CommandLine.ExitCode.OK;
  }

  private ServerConfig config() {
    InetAddress address;
    try {
      address = InetAddress.getByName(bind);
    } catch (UnknownHostException e) {
      throw new IllegalArgumentException(
          "bind: %s (expected: an address of this machine)".formatted(bind), e);
    }
    if (!address.isLoopbackAddress() && !insecure) {
      throw new IllegalArgumentException(
          ("bind: %s (expected: a loopback address, such as 127.0.0.1; there is no encryption and no"
                  + " password, so whoever reaches another one can listen: to allow that, add"
                  + " --insecure, or reach this server through a tunnel, as ssh -L)")
              .formatted(bind));
    }
    checkRange("port", port, 0, 65_535);
    checkRange("period-ms", periodMs, 1, 100);
    checkRange("max-subscribers", maxSubscribers, 1, 100_000);
    checkRange("stall-limit-s", stallLimitSeconds, 1, 3_600);
    checkRange("history-ms", historyMs, 0, 600_000);
    if (!keptOpen.isEmpty() && historyMs == 0) {
      throw new IllegalArgumentException(
          "keep-open: %s (expected: --history-ms with it, or there is nothing to keep it open for)"
              .formatted(String.join(", ", keptOpen)));
    }
    PcmFormat format = parseFormat("capture-format", captureFormat);
    Map<String, PcmFormat> formats = new HashMap<>();
    deviceFormats.forEach((id, text) -> formats.put(id, parseFormat("device-format", text)));
    List<VirtualDevice> devices = new ArrayList<>();
    devices.add(new ToneDevice());
    wavs.forEach(
        (name, file) -> {
          if (devices.stream().anyMatch(d -> d.name().equals(name))) {
            throw new IllegalArgumentException(
                "wav: %s=%s (expected: a name that is not taken)".formatted(name, file));
          }
          devices.add(WavDevice.of(name, file));
        });
    HubConfig hub =
        new HubConfig(
            Duration.ofMillis(periodMs),
            maxSubscribers,
            Duration.ofSeconds(stallLimitSeconds),
            Duration.ofMillis(historyMs),
            keptOpen);
    return new ServerConfig(
        new InetSocketAddress(address, port), format, formats, hub, demo, devices);
  }

  private static PcmFormat parseFormat(String flag, String text) {
    try {
      return PcmFormat.parse(text);
    } catch (IllegalArgumentException e) {
      throw new IllegalArgumentException(flag + "." + e.getMessage(), e);
    }
  }

  private static void checkRange(String flag, int value, int low, int high) {
    if (value < low || value > high) {
      throw new IllegalArgumentException(
          "%s: %d (expected: %d..%d)".formatted(flag, value, low, high));
    }
  }

  private static String reason(IOException e) {
    Throwable cause = e;
    while (cause.getCause() != null && !(cause instanceof BindException)) {
      cause = cause.getCause();
    }
    return cause.getMessage();
  }

  private static String display(InetAddress address) {
    String text = address.getHostAddress();
    return text.contains(":") ? "[" + text + "]" : text;
  }

  private void suggest(String address) {
    String client = "java -jar client/target/lavalier.jar --server " + address;
    err.printf(
        "Now try, in another terminal:%n  %s devices%n  %s meter%n  %s record --seconds 5 take.wav%n",
        client, client, client);
  }

  private static void stopOnSignal(LavalierServer server) {
    Runtime.getRuntime()
        .addShutdownHook(
            new Thread(
                () -> {
                  server.close();
                  // A signal is how this program ends well; the JVM would say 143.
                  Runtime.getRuntime().halt(0);
                },
                "lavalier-stop"));
  }

  private static void awaitSignal() {
    try {
      new CountDownLatch(1).await();
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  /** Reads the version from the jar. */
  static final class Version implements CommandLine.IVersionProvider {
    @Override
    public String[] getVersion() {
      String version = ServerMain.class.getPackage().getImplementationVersion();
      return new String[] {"lavalier-server " + (version == null ? "(unpackaged)" : version)};
    }
  }
}
