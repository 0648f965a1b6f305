package dev.lavalier.app;

import dev.lavalier.hub.HubConfig;
import java.io.IOException;
import java.io.PrintStream;
import java.net.InetAddress;
import java.util.concurrent.Callable;
import java.util.concurrent.CountDownLatch;
import org.slf4j.bridge.SLF4JBridgeHandler;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;

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

  @Mixin private ListenOptions listening;
  @Mixin private CaptureOptions capture;
  @Mixin private LimitOptions limits;

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
      err.println(listening.refusal(e));
      server.close();
      return FAILED;
    }
    stopOnSignal(server);
    String address = display(config.address().getAddress()) + ":" + server.port();
    if (listening.isExposed()) {
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
    HubConfig hub =
        new HubConfig(
            capture.period(),
            limits.maxSubscribers(),
            limits.stallLimit(),
            capture.history(),
            capture.keptOpen());
    return new ServerConfig(
        listening.address(),
        capture.format(),
        capture.deviceFormats(),
        hub,
        capture.demo(),
        capture.virtualDevices());
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
