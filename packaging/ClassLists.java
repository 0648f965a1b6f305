import java.io.BufferedReader;
import java.io.IOException;
import java.lang.ProcessBuilder.Redirect;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.TimeUnit;

/**
 * Runs the real server, and some commands of the client, and writes which classes each of them
 * loads: the build packages the lists, and {@code make-archives} makes archives by them for the
 * Java at hand.
 *
 * <p>Run from its source: {@code java ClassLists.java SERVER_JAR CLIENT_JAR DIRECTORY}.
 */
final class ClassLists {

  private static final String READY = "lavalier-server listening on ";
  private static final int SECONDS = 60;

  private final Path serverJar;
  private final Path clientJar;
  private final Path directory;
  private final Set<String> clientClasses = new LinkedHashSet<>(); // the lines of all lists

  private ClassLists(String[] args) {
    serverJar = Path.of(args[0]).normalize();
    clientJar = Path.of(args[1]).normalize();
    directory = Path.of(args[2]);
  }

  public static void main(String[] args) throws IOException, InterruptedException {
    if (args.length != 3) {
      System.err.println("usage: java ClassLists.java SERVER_JAR CLIENT_JAR DIRECTORY");
      System.exit(2);
    }
    new ClassLists(args).write();
  }

  private void write() throws IOException, InterruptedException {
    Files.createDirectories(directory);
    Process server =
        new ProcessBuilder(command("lavalier-server", serverJar, "--demo", "--port", "0"))
            .redirectError(Redirect.DISCARD)
            .start();
    try (BufferedReader out = server.inputReader(StandardCharsets.UTF_8)) {
      String line = out.readLine();
      if (line == null || !line.startsWith(READY)) {
        throw new IOException("unexpected first line of the server: " + line);
      }
      String address = line.substring(READY.length());
      client(address, 0, "--version");
      client(address, 0, "devices");
      client(address, 0, "meter", "--device", "tone", "--seconds", "0.1");
      client(address, 0, "record", "--device", "tone", "--seconds", "0.1", "-");
      client(address, 0, "doctor", "--device", "tone");
      client(address, 1, "devices", "--tls"); // the server has no TLS
      Files.write(directory.resolve("lavalier.classes"), clientClasses);
    } finally {
      // SIGTERM: a JVM that is killed writes no list.
      server.destroy();
      if (!server.waitFor(SECONDS, TimeUnit.SECONDS)) {
        server.destroyForcibly();
      }
    }
    checkWithoutNats(directory.resolve("lavalier-server.classes"));
  }

  /** A server that is not part of a fleet must not pay for one. */
  private static void checkWithoutNats(Path list) throws IOException {
    List<String> loaded =
        Files.readAllLines(list).stream().filter(each -> each.startsWith("io/nats/")).toList();
    if (!loaded.isEmpty()) {
      throw new IOException("a server without --fleet loads classes of NATS: " + loaded);
    }
  }

  /** Runs a command of the client that ends with an exit code, and adds the classes that it loads. */
  private void client(String address, int exitCode, String... call)
      throws IOException, InterruptedException {
    List<String> command = command("lavalier-run", clientJar, "--server", address);
    command.addAll(List.of(call));
    Process client =
        new ProcessBuilder(command)
            .redirectOutput(Redirect.DISCARD)
            .redirectError(Redirect.DISCARD)
            .start();
    if (!client.waitFor(SECONDS, TimeUnit.SECONDS)) {
      client.destroyForcibly();
      throw new IOException("the client did not end: " + String.join(" ", command));
    }
    if (client.exitValue() != exitCode) {
      throw new IOException("exit " + client.exitValue() + ": " + String.join(" ", command));
    }
    Path run = directory.resolve("lavalier-run.classes");
    clientClasses.addAll(Files.readAllLines(run));
    Files.delete(run); // the package contains every list in the directory
  }

  private List<String> command(String program, Path jar, String... args) {
    List<String> command = new ArrayList<>();
    command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
    command.add("-Xshare:off");
    command.add("-XX:DumpLoadedClassList=" + directory.resolve(program + ".classes"));
    command.add("-jar");
    command.add(jar.toString());
    command.addAll(List.of(args));
    return command;
  }
}
