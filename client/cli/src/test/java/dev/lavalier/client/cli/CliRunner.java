package dev.lavalier.client.cli;

import dev.lavalier.client.ConnectOptions;
import dev.lavalier.client.FakeServer;
import dev.lavalier.client.LavalierClient;
import dev.lavalier.client.bench.LoadGenerator;
import java.io.ByteArrayOutputStream;
import java.io.OutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.atomic.AtomicReference;

/** Runs the program in this JVM against a fake server, and keeps what it prints. */
final class CliRunner {

  static final String DEFAULT_SERVER = "127.0.0.1:50051"; // the default

  private final FakeServer server;
  private final ByteArrayOutputStream out = new ByteArrayOutputStream();
  private final ByteArrayOutputStream err = new ByteArrayOutputStream();
  private final List<ConnectOptions> connected = new CopyOnWriteArrayList<>();

  private OutputStream target = out;
  private boolean outIsPipe;
  private final AtomicReference<Optional<Runnable>> onReaderLeft =
      new AtomicReference<>(Optional.empty());
  private boolean outIsTerminal;
  private boolean errIsTerminal;
  private Map<String, String> environment = Map.of();
  private TerminalSize size = new TerminalSize(80, 24);

  CliRunner(FakeServer server) {
    this.server = server;
  }

  /** Makes standard output and standard error a terminal. */
  CliRunner onTerminal() {
    outIsTerminal = true;
    errIsTerminal = true;
    return this;
  }

  /** Makes only standard error a terminal. */
  CliRunner withErrorsOnTerminal() {
    errIsTerminal = true;
    return this;
  }

  /** Sets the size of the terminal. */
  CliRunner withSize(int columns, int rows) {
    size = new TerminalSize(columns, rows);
    return this;
  }

  /** Writes standard output to a target, which is a pipe or not. */
  CliRunner withOutput(OutputStream next, boolean isPipe) {
    target = next;
    outIsPipe = isPipe;
    return this;
  }

  /** Lets the reader of standard output leave. A watch of it ends; writes do not fail yet. */
  void leaveOutput() {
    onReaderLeft.get().ifPresent(Runnable::run);
  }

  /** Returns whether a command watches the reader of standard output. */
  boolean watchesOutput() {
    return onReaderLeft.get().isPresent();
  }

  /** Sets the environment variables. */
  CliRunner withEnvironment(Map<String, String> variables) {
    environment = variables;
    return this;
  }

  /** Runs the program; returns its exit code. */
  int run(String... args) {
    return LavalierCli.run(args, this::connect, LoadGenerator::of, terminal());
  }

  /** Returns the terminal that {@link #run} uses. */
  Terminal terminal() {
    return new Terminal(
        new StandardOutput(target, StandardCharsets.UTF_8, () -> outIsPipe, this::startReaderWatch),
        new PrintStream(err, true, StandardCharsets.UTF_8),
        outIsTerminal,
        errIsTerminal,
        environment,
        () -> size);
  }

  private Runnable startReaderWatch(Runnable next) {
    onReaderLeft.set(Optional.of(next));
    return () -> onReaderLeft.set(Optional.empty());
  }

  private LavalierClient connect(ConnectOptions options) {
    connected.add(options);
    return options.equals(ConnectOptions.builder(DEFAULT_SERVER).build())
        ? server.client()
        : LavalierClient.connect(options);
  }

  /** Returns the options of the connections so far. */
  List<ConnectOptions> connected() {
    return connected;
  }

  /** Returns the bytes of standard output so far. */
  byte[] outBytes() {
    return out.toByteArray();
  }

  /** Returns standard output so far. */
  String out() {
    return out.toString(StandardCharsets.UTF_8);
  }

  /** Returns standard error so far. */
  String err() {
    return err.toString(StandardCharsets.UTF_8);
  }

  /** Forgets what was printed. */
  void reset() {
    out.reset();
    err.reset();
  }
}
