package dev.lavalier.app;

import dev.lavalier.access.Credential;
import dev.lavalier.access.Grants;
import dev.lavalier.access.InvalidFileException;
import dev.lavalier.access.TokenEntry;
import dev.lavalier.access.TokenFile;
import dev.lavalier.access.TokenFileEditor;
import dev.lavalier.common.LogText;
import java.io.PrintWriter;
import java.nio.file.Path;
import java.security.SecureRandom;
import java.time.DateTimeException;
import java.time.Duration;
import java.time.Instant;
import java.time.LocalDate;
import java.time.ZoneOffset;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import javax.security.auth.x500.X500Principal;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/**
 * {@code lavalier-server token}: who has access. A server that runs with the same file follows
 * within two seconds.
 */
@Command(
    name = "token",
    mixinStandardHelpOptions = true,
    sortOptions = false,
    description = "Gives access, shows it, takes it away; a running server follows within 2 s.",
    footer = {"", "Exit codes: 0 done, 1 could not be done, 2 wrong usage."})
final class TokenCommand implements Runnable {

  private static final Pattern DURATION = Pattern.compile("(\\d{1,6})([dhm])");

  @Spec private CommandSpec spec;

  @Override
  public void run() {
    throw new CommandLine.ParameterException(
        spec.commandLine(), "token: nothing (expected: add, list or revoke)");
  }

  private interface Work {
    void run() throws InvalidFileException;
  }

  private static int exitCode(CommandSpec spec, Work work) {
    try {
      work.run();
      return CommandLine.ExitCode.OK;
    } catch (InvalidFileException e) {
      spec.commandLine().getErr().println(e.getMessage());
      return CommandLine.ExitCode.SOFTWARE;
    } catch (IllegalArgumentException e) {
      spec.commandLine().getErr().println(e.getMessage());
      return CommandLine.ExitCode.USAGE;
    }
  }

  private static String checkedName(String name) {
    if (!TokenEntry.isName(name)) {
      throw new IllegalArgumentException(
          "name: not one (expected: %s)".formatted(TokenEntry.NAME_SYNTAX)); // it may be a token
    }
    return name;
  }

  @Command(
      name = "add",
      mixinStandardHelpOptions = true,
      sortOptions = false,
      description = {
        "Gives somebody access, and prints the token, which can be seen this once only.",
        "With --certificate there is no token: the client's certificate says who it is."
      })
  int add(
      @Parameters(paramLabel = "NAME", description = "What it is called in records.") String name,
      @Option(
              names = "--token-file",
              paramLabel = "FILE",
              required = true,
              description = "The file, made where there is none.")
          Path file,
      @Option(
              names = "--list",
              paramLabel = "DEVICE_ID",
              description = "May know of this device; * for all. May be given again.")
          Set<String> list,
      @Option(
              names = "--stream",
              paramLabel = "DEVICE_ID",
              description = "May hear this device, and know of it; * for all. May be given again.")
          Set<String> stream,
      @Option(names = "--admin", description = "May see who listens, and the server's insides.")
          boolean admin,
      @Option(
              names = "--expires",
              paramLabel = "30d|DATE",
              description =
                  "Until when: in so many days (d), hours (h) or minutes (m), or at a date or instant in UTC (default: for good).")
          String expires,
      @Option(
              names = "--certificate",
              paramLabel = "SUBJECT",
              description = "Known by a client certificate with this subject, as CN=ann,O=Studio.")
          String subject) {
    return exitCode(
        spec,
        () -> {
          Grants grants = grants(list, stream, admin);
          String token = Credential.Token.random(new SecureRandom());
          Credential credential =
              subject == null ? Credential.Token.of(token) : certificate(subject);
          TokenEntry entry =
              new TokenEntry(
                  checkedName(name),
                  credential,
                  grants,
                  Optional.ofNullable(expires).map(text -> expiry(text, Instant.now())));
          new TokenFileEditor(file).add(entry);
          if (subject == null) {
            spec.commandLine().getOut().println(token);
            spec.commandLine().getOut().flush();
          }
        });
  }

  @Command(name = "list", mixinStandardHelpOptions = true, description = "Shows who has access.")
  int list(@Option(names = "--token-file", paramLabel = "FILE", required = true) Path file) {
    return exitCode(
        spec,
        () -> {
          PrintWriter out = spec.commandLine().getOut();
          TokenFile.read(file).entries().forEach(entry -> out.println(line(entry, Instant.now())));
          out.flush();
        });
  }

  @Command(
      name = "revoke",
      mixinStandardHelpOptions = true,
      sortOptions = false,
      description = "Takes access away; what runs by it ends.")
  int revoke(
      @Parameters(paramLabel = "NAME") String name,
      @Option(names = "--token-file", paramLabel = "FILE", required = true) Path file) {
    return exitCode(spec, () -> new TokenFileEditor(file).revoke(checkedName(name)));
  }

  private static Grants grants(Set<String> list, Set<String> stream, boolean admin) {
    Grants grants = new Grants(ids("list", list), ids("stream", stream), admin);
    if (grants.equals(Grants.NONE)) {
      throw new IllegalArgumentException(
          "grants: none (expected: --list, --stream or --admin, or the entry is good for nothing)");
    }
    return grants;
  }

  private static Set<String> ids(String key, Set<String> values) {
    Set<String> ids = values == null ? Set.of() : values;
    for (String id : ids) {
      if (id.isEmpty() || !LogText.isOneLine(id)) {
        throw new IllegalArgumentException(
            "%s: %s (expected: a device_id, or * for all)"
                .formatted(key, id.isEmpty() ? "empty" : "not one line"));
      }
    }
    return ids;
  }

  private static Credential certificate(String subject) {
    try {
      if (!subject.isBlank() && LogText.isOneLine(subject)) {
        return new Credential.Certificate(new X500Principal(subject));
      }
    } catch (IllegalArgumentException e) {
      // Said below.
    }
    throw new IllegalArgumentException(
        "certificate: %s (expected: a subject, as CN=ann,O=Studio)"
            .formatted(LogText.isOneLine(subject) ? subject : "not one line"));
  }

  /** Understands {@code 30d}, {@code 12h}, {@code 90m}, a date and an instant. */
  static Instant expiry(String text, Instant now) {
    Instant expiry = null;
    Matcher span = DURATION.matcher(text);
    try {
      if (span.matches()) {
        long count = Long.parseLong(span.group(1));
        expiry =
            now.plus(
                    switch (span.group(2)) {
                      case "d" -> Duration.ofDays(count);
                      case "h" -> Duration.ofHours(count);
                      default -> Duration.ofMinutes(count);
                    })
                .truncatedTo(ChronoUnit.SECONDS);
      } else if (text.contains("T")) {
        expiry = Instant.parse(text);
      } else {
        expiry = LocalDate.parse(text).atStartOfDay(ZoneOffset.UTC).toInstant();
      }
    } catch (DateTimeException e) {
      // Said below.
    }
    if (expiry == null || !expiry.isAfter(now)) {
      throw new IllegalArgumentException(
          "expires: %s (expected: 30d, 12h, 90m, or a date or instant to come, as 2027-01-31 or"
                  .formatted(text)
              + " 2027-01-31T12:00:00Z)");
    }
    return expiry;
  }

  private static String line(TokenEntry entry, Instant now) {
    String credential =
        entry.credential() instanceof Credential.Token ? "token" : entry.credential().toString();
    String expires =
        entry.expires().map(e -> (e.isAfter(now) ? "expires " : "expired ") + e).orElse("for good");
    return "%s  %s  %s  %s".formatted(entry.name(), credential, describe(entry.grants()), expires);
  }

  private static String describe(Grants grants) {
    List<String> words = new ArrayList<>();
    grants.list().stream().sorted().forEach(id -> words.add("list=" + id));
    grants.stream().stream().sorted().forEach(id -> words.add("stream=" + id));
    if (grants.admin()) {
      words.add("admin");
    }
    return words.isEmpty() ? "nothing" : String.join(" ", words);
  }
}
